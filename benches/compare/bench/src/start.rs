//! From process start to the first answer: what a client waits for that starts its servers itself.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::runtime::{self, Runtime};

use crate::catalog::{self, Server, Workload};
use crate::frame::Era;
use crate::load::{self, Load};
use crate::options::{Options, Paths};
use crate::pipe::Client;
use crate::process::{Process, to_f64};
use crate::results::StartRow;
use crate::stats::median;

/// How often each server is started. One more start before these fills the page cache.
const STARTS: usize = 20;

/// What one start showed: milliseconds to the answer, CPU milliseconds of the server, resident megabytes.
type Start = [f64; 3];

/// A server and how it started so far, until it failed to.
struct Candidate {
    server: Server,
    transport: &'static str,
    starts: Vec<Start>,
    error: Option<String>,
}

/// Starts all servers in turn.
pub(crate) fn measure(options: &Options, paths: &Paths) -> Result<Vec<StartRow>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let http = catalog::http(Workload::Json, options, paths)
        .into_iter()
        .map(|server| (server, "http"));
    let pipes = catalog::pipes(options, paths)
        .into_iter()
        .map(|server| (server, "stdio"));
    let candidate = |(server, transport)| Candidate {
        server,
        transport,
        starts: Vec::new(),
        error: None,
    };
    let mut candidates: Vec<Candidate> = http.chain(pipes).map(candidate).collect();
    for turn in 0..=STARTS {
        for candidate in candidates
            .iter_mut()
            .filter(|candidate| candidate.error.is_none())
        {
            let server = &candidate.server;
            match if candidate.transport == "http" {
                over_http(&runtime, server)
            } else {
                over_pipes(server)
            } {
                Ok(start) if turn > 0 => candidate.starts.push(start),
                Ok(_) => {}
                Err(error) => candidate.error = Some(format!("{error:#}")),
            }
        }
    }
    Ok(candidates.into_iter().map(Candidate::row).collect())
}

fn over_http(runtime: &Runtime, server: &Server) -> Result<Start> {
    let load = Load {
        era: Era::Modern,
        progress: false,
        echoes: server.echoes,
        connections: 1,
        duration: Duration::ZERO,
    };
    let started = Instant::now();
    let process = Process::spawn(server, 2)?;
    while let Err(error) = runtime.block_on(load::once(process.address, load)) {
        let refused = error.downcast_ref::<std::io::Error>().is_some();
        ensure!(
            refused && started.elapsed() < Duration::from_secs(10),
            "{error:#}"
        );
        sleep(Duration::from_micros(50));
    }
    finish(started, &process)
}

fn over_pipes(server: &Server) -> Result<Start> {
    let started = Instant::now();
    let mut client = Client::start(server, 2)?;
    client.call()?;
    let start = finish(started, client.process())?;
    client.check()?;
    Ok(start)
}

fn finish(started: Instant, process: &Process) -> Result<Start> {
    let elapsed = started.elapsed();
    Ok([
        elapsed.as_secs_f64() * 1e3,
        to_f64(process.cpu()?) / 1e6,
        to_f64(process.memory()?.resident) / 1024.0,
    ])
}

impl Candidate {
    fn row(self) -> StartRow {
        let of = |place: usize| median(self.starts.iter().map(|start| start[place]));
        StartRow {
            server: self.server.name.to_owned(),
            transport: self.transport.to_owned(),
            min_ms: self
                .starts
                .iter()
                .map(|start| start[0])
                .reduce(f64::min)
                .unwrap_or_default(),
            median_ms: of(0),
            cpu_ms: of(1),
            resident_mb: of(2),
            error: self.error,
        }
    }
}
