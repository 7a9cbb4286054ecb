//! The thread that talks to a server, and how a session begins.

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_postgres::config::Host;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::MemoryError;
use crate::crypto::Lookup;
use crate::store::sql::Error;

/// How long a server may take to let somebody in.
const PATIENCE: Duration = Duration::from_secs(10);

/// What each session goes by: a writer waits as long as one of a file does; nobody who hangs keeps others from writing for ever; and
/// what is committed is on the disk, also where a database is set up for less.
const SETTINGS: &str =
    "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'; SET tcp_user_timeout = '20s';
SET client_min_messages = warning;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// A schema of a database, and the thread that talks to it.
pub(crate) struct Target {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    schema: String,
    lock: i64,
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Target {
    pub(super) fn start(
        mut config: Config,
        tls: Option<MakeRustlsConnect>,
        schema: String,
    ) -> Result<Self, MemoryError> {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_application_name().is_none() {
            config.application_name("mcp-memory");
        }
        let failed = MemoryError::doing("opened");
        let runtime = Builder::new_current_thread().enable_all().build().map_err(&failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        // Connections move on this thread, whoever asks and from wherever: also from within another runtime, where none may be waited for.
        let talk = move || runtime.block_on(async { drop(stopped.await) });
        let thread = thread::Builder::new().name("memory-postgres".into()).spawn(talk).map_err(&failed)?;
        // A number for a name: there is nothing secret in it.
        let [a, b, c, d, e, f, g, h, ..] = Lookup::new(&[0; 32]).of("writer", &[schema.as_bytes()]);
        let lock = i64::from_le_bytes([a, b, c, d, e, f, g, h]);
        Ok(Self { config, tls, schema, lock, handle, stop: Some(stop), thread: Some(thread) })
    }

    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// The advisory lock that whoever writes to the schema has.
    pub(super) const fn lock(&self) -> i64 {
        self.lock
    }

    /// A new session.
    pub(super) fn connect(&self) -> Result<Client, Error> {
        let (tell, told) = channel();
        let (config, tls) = (self.config.clone(), self.tls.clone());
        self.handle.spawn(async move {
            let connected = match tls {
                Some(tls) => connected(&config, tls).await,
                None => connected(&config, NoTls).await,
            };
            drop(tell.send(connected));
        });
        let client = told.recv().map_err(|_| Error::Closed)?.map_err(Error::Unreachable)?;
        wait(client.batch_execute(&format!("SET search_path TO \"{}\"; {SETTINGS}", self.schema)))
            .map_err(Error::Unreachable)?;
        Ok(client)
    }
}

/// A session, and what moves it running.
async fn connected<T>(config: &Config, tls: T) -> Result<Client, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket, Stream: Send + 'static, TlsConnect: Send>,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls).await?;
    // It ends with the client. What breaks it, whoever asks next is told.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Where it is gone, there is nobody to be told.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Waits for something that another thread moves.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// A host that is not this machine.
pub(super) fn elsewhere(config: &Config) -> Option<String> {
    let named = config.get_hosts().iter().filter_map(|host| match host {
        Host::Tcp(name) => Some(name.clone()),
        #[cfg(unix)]
        Host::Unix(_) => None,
    });
    let addresses = config.get_hostaddrs().iter().map(ToString::to_string);
    let is_here = |host: &str| {
        host == "localhost"
            || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
    };
    named.chain(addresses).find(|host| !is_here(host))
}

/// Tables and indexes as PostgreSQL takes them, from a description for SQLite.
pub(crate) fn described(sql: &str) -> String {
    let identity = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY";
    sql.replace("INTEGER PRIMARY KEY AUTOINCREMENT", identity)
        .replace("INTEGER PRIMARY KEY", identity)
        .replace("INTEGER", "BIGINT")
        .replace("BLOB", "BYTEA")
        .replace(" WITHOUT ROWID", "")
}
