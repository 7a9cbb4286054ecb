//! Memory of idle 2025-11-25 sessions: clients connect in the morning and do nothing all day.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime;
use tokio::time::sleep;

use crate::catalog::{self, Server, Workload};
use crate::connection::Connection;
use crate::frame;
use crate::load;
use crate::options::{Options, Paths};
use crate::process::{Process, to_f64};
use crate::results::SessionRow;

/// Descriptors that a process needs besides its streams.
const SPARE: usize = 200;
/// Time for a server to put away what it used for the last request.
const SETTLE: Duration = Duration::from_millis(500);

/// Opens idle sessions on every server that keeps sessions.
pub(crate) fn measure(options: &Options, paths: &Paths) -> Result<Vec<SessionRow>> {
    let streams = allowed_streams(options.sessions)?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let servers = catalog::http(Workload::Session, options, paths);
    let mut rows = Vec::new();
    for server in servers
        .iter()
        .filter(|server| !matches!(server.name, "rmcp-nodelay" | "rmcp-stateless"))
    {
        let row = runtime.block_on(idle(server, options.sessions, streams));
        let row = row.unwrap_or_else(|error| SessionRow {
            server: server.name.to_owned(),
            error: Some(format!("{error:#}")),
            ..SessionRow::default()
        });
        eprintln!("{row:?}");
        rows.push(row);
    }
    Ok(rows)
}

/// Raises the limit of open files, which servers inherit, and says how many streams fit.
fn allowed_streams(wanted: usize) -> Result<usize> {
    let limit = getrlimit(Resource::Nofile);
    let needed = u64::try_from(wanted + SPARE)?;
    let current = limit.current.unwrap_or(u64::MAX);
    if current < needed {
        let raised = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: Some(raised),
                maximum: limit.maximum,
            },
        )?;
    }
    let current = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let streams = usize::try_from(current)?.saturating_sub(SPARE).min(wanted);
    if streams < wanted {
        eprintln!("the limit of {current} open files leaves room for {streams} streams only");
    }
    Ok(streams)
}

async fn idle(server: &Server, count: usize, streams: usize) -> Result<SessionRow> {
    let process = Process::listening(server, 2)?;
    // One session first: what a server sets up once is not a session's memory.
    let mut connection = Connection::open(process.address).await?;
    let first = load::handshake(&mut connection).await?;
    ensure!(first.is_some(), "the server opened no session");
    let (empty, cpu) = (resident(&process).await?, process.cpu()?);
    let mut sessions = Vec::with_capacity(count);
    for _ in 0..count {
        sessions.push(
            load::handshake(&mut connection)
                .await?
                .context("no session any more")?,
        );
    }
    let opened = process.cpu()? - cpu;
    let without = resident(&process).await?;
    let (open, remark) = listen(&process, &sessions[..streams]).await;
    let with = resident(&process).await?;
    let mut remarks: Vec<String> = remark.into_iter().collect();
    if streams < count {
        remarks.push(format!(
            "the limit of open files leaves room for {streams} streams"
        ));
    }
    Ok(SessionRow {
        server: server.name.to_owned(),
        sessions: count,
        streams: open.len(),
        empty_mb: empty,
        sessions_mb: without - empty,
        streams_mb: (!open.is_empty()).then_some(with - empty),
        open_cpu_us: to_f64(opened) / 1e3 / to_f64(u64::try_from(count.max(1))?),
        remark: (!remarks.is_empty()).then(|| remarks.join("; ")),
        error: None,
    })
}

/// Opens a stream for each session; ends with a remark at the first that fails.
async fn listen(process: &Process, sessions: &[String]) -> (Vec<Connection>, Option<String>) {
    let mut open = Vec::with_capacity(sessions.len());
    for session in sessions {
        match stream(process, session).await {
            Ok(connection) => open.push(connection),
            Err(error) => {
                let remark = format!("stream {} failed: {error:#}", open.len() + 1);
                return (open, Some(remark));
            }
        }
    }
    (open, None)
}

async fn stream(process: &Process, session: &str) -> Result<Connection> {
    let mut connection = Connection::open(process.address).await?;
    let head = connection.begin(&frame::listen(session)).await?;
    ensure!(head.status == 200 && head.events, "status {}", head.status);
    Ok(connection)
}

async fn resident(process: &Process) -> Result<f64> {
    sleep(SETTLE).await;
    Ok(to_f64(process.memory()?.resident) / 1024.0)
}
