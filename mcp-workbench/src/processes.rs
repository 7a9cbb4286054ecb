//! A stack whose services are processes of their own: one that dies takes no other with it, and is started again.
//!
//! Each listens on a Unix socket below the directory of the stack, which only its owner can reach, and believes who calls by the signature of this process
//! alone; guardrails stand before the others here, and are asked over theirs. Where they give no answer, calls are refused.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_core::client::{Error as ClientError, Target};
use mcp_core::server::{BuildError, Proxy, ProxyError};
use mcp_core::service::SharedService;
use mcp_core::{Client, client};
use mcp_guardrails::layer::RemoteGuard;
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_layer::Layer as _;

use crate::connect::Part;
use crate::running::Notice;
use crate::stack::{ANSWERING, Services};
use crate::voucher::{CALLER, Voucher};

/// How long a service may take to answer for the first time.
const START: Duration = Duration::from_secs(20);
/// Between two tries to reach it.
const STEP: Duration = Duration::from_millis(10);
/// Before a service is started again: at first, and at most.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(10);
/// A service that lived this long was well.
const WELL: Duration = Duration::from_secs(30);
/// How long a service may take to end.
const END: Duration = Duration::from_secs(10);

/// How services are started.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program: this one.
    pub program: PathBuf,
    /// What comes before `serve` and the name of the service.
    pub before: Vec<String>,
    /// What comes after its socket.
    pub after: Vec<String>,
    /// Where the stack keeps what it knows.
    pub directory: PathBuf,
}

/// The services cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// One did not answer in time.
    #[error("the service `{name}` gave no answer within {} s: its log says why", START.as_secs())]
    Start {
        /// Which.
        name: &'static str,
        /// The last try.
        source: Box<ClientError>,
    },
    /// The place of sockets cannot be made.
    #[error("the place of sockets `{}` cannot be made", path.display())]
    Sockets {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no key to sign with.
    #[error("the system has no random numbers")]
    Key(#[source] io::Error),
    /// One cannot be stood for.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The server before them cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Services that are processes. Dropping it ends them without asking; [`stop`](Self::stop) asks.
#[derive(Debug)]
pub struct Processes {
    services: Services,
    orders: watch::Sender<Orders>,
    keepers: JoinSet<()>,
}

/// What all services are told.
#[derive(Debug, Clone, Copy, Default)]
struct Orders {
    stop: bool,
    /// How often they were told to read their files again.
    reads: u64,
}

/// A line that a service wrote to its standard error.
pub type Told = Arc<dyn Fn(&str, &str) + Send + Sync>;

impl Processes {
    /// Starts them, waits until each answers, and starts again whichever ends.
    ///
    /// # Errors
    /// One gives no answer.
    pub async fn start(plan: Plan, notice: Arc<Mutex<Notice>>, told: Told) -> Result<Self, ProcessError> {
        let sockets = plan.directory.join("sockets");
        private(&sockets).map_err(|source| ProcessError::Sockets { path: sockets.clone(), source })?;
        let voucher = Voucher::new().map_err(ProcessError::Key)?;
        let (orders, heard) = watch::channel(Orders::default());
        let mut keepers = JoinSet::new();
        for part in Part::SERVICES {
            let keeper = Keeper {
                part,
                plan: plan.clone(),
                socket: socket(&sockets, part),
                notice: Arc::clone(&notice),
                told: Arc::clone(&told),
                voucher: voucher.clone(),
            };
            keepers.spawn(keeper.run(heard.clone()));
        }
        let connect = async |part| connect(part, &socket(&sockets, part)).await;
        let memory = Proxy::new(connect(Part::Memory).await?).into_server().await?;
        let patterns = Proxy::new(connect(Part::Patterns).await?).into_server().await?;
        let rules = connect(Part::Guardrails).await?;
        let guardrails = Proxy::new(rules.clone()).into_server().await?;
        // It asks for nobody: what rules are to know of a caller is in the question.
        let guard =
            RemoteGuard::new(rules).server("local").deadline(ANSWERING).meta(CALLER, voucher.sign(None));
        let open = |server| voucher.signing(server);
        let guarded = |service| SharedService::new(guard.layer().layer(service));
        let services = Services::assemble(memory, guardrails, patterns, open, guarded)?;
        Ok(Self { services, orders, keepers })
    }

    /// Has them read their files again.
    pub fn read_again(&self) -> impl Fn() + Send + Sync + use<> {
        let orders = self.orders.clone();
        move || orders.send_modify(|orders| orders.reads += 1)
    }

    /// What they serve, guardrails before what they guard.
    #[must_use]
    pub const fn services(&self) -> &Services {
        &self.services
    }

    /// Ends them.
    pub async fn stop(mut self) {
        self.orders.send_modify(|orders| orders.stop = true);
        while self.keepers.join_next().await.is_some() {}
    }
}

fn socket(sockets: &Path, part: Part) -> PathBuf {
    sockets.join(format!("{}.sock", part.name()))
}

/// A folder that nobody else may enter.
fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

/// A client of a service that has just been started.
async fn connect(part: Part, socket: &Path) -> Result<Client, ProcessError> {
    let begun = Instant::now();
    loop {
        let builder: client::ClientBuilder = Client::builder("mcp", env!("CARGO_PKG_VERSION"));
        match builder.connect(Target::unix(socket)).await {
            Ok(client) => return Ok(client),
            Err(error) if begun.elapsed() > START => {
                return Err(ProcessError::Start { name: part.name(), source: Box::new(error) });
            }
            Err(_) => tokio::time::sleep(STEP).await,
        }
    }
}

/// Keeps one service alive.
struct Keeper {
    part: Part,
    plan: Plan,
    socket: PathBuf,
    notice: Arc<Mutex<Notice>>,
    told: Told,
    voucher: Voucher,
}

impl Keeper {
    async fn run(self, mut orders: watch::Receiver<Orders>) {
        let (name, mut pause) = (self.part.name(), FIRST);
        loop {
            let begun = Instant::now();
            match self.spawn().await {
                Ok((child, held)) => {
                    let asked = self.keep(child, &mut orders).await;
                    drop(held);
                    if asked {
                        return;
                    }
                }
                Err(error) => tracing::error!(%error, "the service `{name}` cannot be started"),
            }
            pause = if begun.elapsed() > WELL { FIRST } else { pause };
            tracing::warn!("the service `{name}` is started again in {pause:?}");
            tokio::select! {
                _ = orders.wait_for(|orders| orders.stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST);
        }
    }

    /// The process, and the pipe by which it notices when this one is gone.
    async fn spawn(&self) -> io::Result<(Child, Option<ChildStdin>)> {
        let mut child = Command::new(&self.plan.program)
            .args(&self.plan.before)
            .args(["serve", self.part.name(), "--alone", "--vouched", "--socket"])
            .arg(&self.socket)
            .args(&self.plan.after)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(pid) = child.id()
            && let Err(error) = self.notice.lock().service(self.part.name(), pid)
        {
            tracing::warn!(%error, "other commands do not learn of the service's process");
        }
        let mut pipe = child.stdin.take();
        if let Some(pipe) = &mut pipe {
            pipe.write_all(self.voucher.line().expose().as_bytes()).await?;
        }
        Ok((child, pipe))
    }

    /// Passes on what it writes, until it ends; whether it was to end.
    async fn keep(&self, mut child: Child, orders: &mut watch::Receiver<Orders>) -> bool {
        let (name, told) = (self.part.name(), Arc::clone(&self.told));
        let lines = child.stderr.take().map(|stderr| {
            tokio::spawn(async move {
                let mut lines = BufReader::new(stderr).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    told(name, &line);
                }
            })
        });
        let mut reads = orders.borrow_and_update().reads;
        let asked = loop {
            let next = tokio::select! {
                ended = child.wait() => {
                    match ended {
                        Ok(status) => tracing::error!("the service `{name}` ended: {status}"),
                        Err(error) => tracing::error!(%error, "the service `{name}` is lost"),
                    }
                    break false;
                }
                next = orders.wait_for(|orders| orders.stop || orders.reads > reads) => next.ok().map(|next| *next),
            };
            match next {
                Some(Orders { stop: false, reads: now }) => {
                    reads = now;
                    signal(&child, Signal::HUP);
                }
                _ => break true,
            }
        };
        if asked {
            end(&mut child).await;
        }
        if let Some(lines) = lines {
            // The pipe ended with the process.
            let _ = lines.await;
        }
        asked
    }
}

/// Asks a process to end, and makes it.
async fn end(child: &mut Child) {
    signal(child, Signal::TERM);
    if tokio::time::timeout(END, child.wait()).await.is_err()
        && let Err(error) = child.kill().await
    {
        tracing::warn!(%error, "the process cannot be ended");
    }
}

fn signal(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, signal)
    {
        tracing::debug!(%error, "the process had ended already");
    }
}
