//! A server that is a child process.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, Command};

use super::duplex::{Duplex, Owner};
use super::lines::{LineSink, LineSource};
use crate::client::{Error, Inbox};

/// How long a server may take to end by itself, and then to end when told to.
const GRACE: Duration = Duration::from_secs(2);
/// Bytes of standard error that are kept for errors.
const LAST_WORDS: usize = 4 * 1024;

/// A program to start, with its arguments and surroundings.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    pub(crate) program: String,
    args: Vec<String>,
    envs: Vec<(String, String)>,
    directory: Option<std::path::PathBuf>,
}

impl Program {
    /// A program; looked for in `PATH` unless it has a path.
    pub fn new(program: impl Into<String>) -> Self {
        Self { program: program.into(), args: Vec::new(), envs: Vec::new(), directory: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment, where the credentials of a local server belong.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.envs.push((name.into(), value.into()));
        self
    }

    /// Sets the directory it starts in.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<std::path::PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.envs.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What was not ended politely ends with us.
            .kill_on_drop(true);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments and variables may hold secrets.
        f.debug_struct("Program").field("program", &self.program).finish_non_exhaustive()
    }
}

/// Starts a program and speaks to it on its standard input and output.
pub(crate) fn start(program: &Program, limit: usize, inbox: Arc<Inbox>) -> Result<Duplex, Error> {
    let fail = |source| Error::Spawn { program: program.program.clone(), source };
    let mut child = program.command().spawn().map_err(fail)?;
    let (Some(input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(fail(std::io::Error::other("its standard streams are missing")));
    };
    let words = Arc::new(Mutex::new(VecDeque::new()));
    let listening = tokio::spawn(listen(errors, Arc::clone(&words), program.program.clone()));
    let process = Process { child: tokio::sync::Mutex::new((child, Some(listening))), words };
    Ok(Duplex::new(LineSource::new(output, limit), LineSink(input), Some(Box::new(process)), inbox))
}

/// A child process and what it said last.
struct Process {
    child: tokio::sync::Mutex<(Child, Option<tokio::task::JoinHandle<()>>)>,
    words: Arc<Mutex<VecDeque<u8>>>,
}

impl Owner for Process {
    fn ended(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            let mut guard = self.child.lock().await;
            let (child, listening) = &mut *guard;
            end(child).await;
            if let Some(listening) = listening.take() {
                // A grandchild may hold the pipe open.
                _ = tokio::time::timeout(GRACE, listening).await;
            }
        })
    }

    fn last_words(&self) -> String {
        let words: Vec<u8> = self.words.lock().iter().copied().collect();
        String::from_utf8_lossy(&words).trim().to_owned()
    }
}

/// Waits for a process whose input is closed; then tells it to end, then ends it.
async fn end(child: &mut Child) {
    if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
        return;
    }
    #[cfg(unix)]
    if let Some(id) = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
        _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
            return;
        }
    }
    tracing::warn!("a server did not end when told to, and was killed");
    if let Err(error) = child.kill().await {
        tracing::warn!(%error, "a server could not be killed");
    }
}

/// Keeps the last words of a process, and passes them on to the log.
async fn listen(mut errors: ChildStderr, words: Arc<Mutex<VecDeque<u8>>>, program: String) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = errors.read(&mut buffer).await {
        let text = buffer.get(..read).unwrap_or_default();
        tracing::debug!(target: "mcp_core::client::stderr", program, "{}", String::from_utf8_lossy(text).trim_end());
        let mut words = words.lock();
        words.extend(text);
        let surplus = words.len().saturating_sub(LAST_WORDS);
        words.drain(..surplus);
    }
}
