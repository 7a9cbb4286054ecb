//! From process start to the first answer: what a client waits for that starts its servers itself.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime::{self, Runtime};

use crate::catalog::{self, Server, Workload};
use crate::frame::Era;
use crate::load::{self, Load};
use crate::options::{Options, Paths};
use crate::process::{Process, to_f64};
use crate::results::StartRow;
use crate::stats::median;
use crate::stdio;

/// How often each server is started. One more start before these fills the page cache.
const STARTS: usize = 20;

/// What one start showed: milliseconds to the answer, CPU milliseconds of the server, resident megabytes.
type Start = [f64; 3];

/// Starts all servers in turn.
pub(crate) fn measure(options: &Options, paths: &Paths) -> Result<Vec<StartRow>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let http = catalog::http(Workload::Json, options, paths)
        .into_iter()
        .map(|server| (server, "http"));
    let pipes = catalog::pipes(options, paths)
        .into_iter()
        .map(|server| (server, "stdio"));
    let mut servers: Vec<(Server, &str, Vec<Start>)> = http
        .chain(pipes)
        .map(|(server, transport)| (server, transport, Vec::new()))
        .collect();
    for turn in 0..=STARTS {
        for (server, transport, starts) in &mut servers {
            let start = if *transport == "http" {
                over_http(&runtime, server)
            } else {
                over_pipes(server)
            };
            let start = start.with_context(|| format!("the start of `{}` over {transport}", server.name))?;
            if turn > 0 {
                starts.push(start);
            }
        }
    }
    Ok(servers
        .iter()
        .map(|(server, transport, starts)| row(server, transport, starts))
        .collect())
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
    let mut client = stdio::Client::start(server, 2)?;
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

fn row(server: &Server, transport: &str, starts: &[Start]) -> StartRow {
    let of = |place: usize| median(starts.iter().map(|start| start[place]));
    StartRow {
        server: server.name.to_owned(),
        transport: transport.to_owned(),
        min_ms: starts.iter().map(|start| start[0]).fold(f64::INFINITY, f64::min),
        median_ms: of(0),
        cpu_ms: of(1),
        resident_mb: of(2),
    }
}
