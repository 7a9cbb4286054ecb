//! Requests over HTTP: every server in turn, the same load for each, round after round.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use tokio::runtime;

use crate::catalog::{self, REFERENCE, Server, Workload};
use crate::frame::Era;
use crate::load::{self, Load, Sample};
use crate::options::{Options, Paths};
use crate::process::{Memory, Process, to_f64};
use crate::results::HttpRow;
use crate::stats::median;

/// A server under one load, by its place in the order of rows.
type Cell = (usize, usize);

/// Measures all workloads.
pub(crate) fn measure(options: &Options, paths: &Paths) -> Result<Vec<HttpRow>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for workload in [Workload::Json, Workload::Stream, Workload::Session] {
        let servers = catalog::http(workload, options, paths);
        for &tools in options
            .tools
            .iter()
            .filter(|&&tools| workload == Workload::Json || tools == 2)
        {
            let servers: Vec<_> = servers
                .iter()
                .filter(|server| tools <= server.max_tools)
                .cloned()
                .collect();
            rows.extend(runtime.block_on(matrix(options, workload, tools, &servers))?);
        }
    }
    Ok(rows)
}

/// All rounds of one workload with one number of tools.
async fn matrix(
    options: &Options,
    workload: Workload,
    tools: usize,
    servers: &[Server],
) -> Result<Vec<HttpRow>> {
    let mut cells: BTreeMap<Cell, Vec<HttpRow>> = BTreeMap::new();
    for round in 1..=options.rounds {
        let mut running = Vec::new();
        for server in servers {
            running.push(start(server, workload, tools, options).await);
        }
        for (place, &connections) in options.connections.iter().enumerate() {
            let mut group = Vec::new();
            for (server, running) in servers.iter().zip(&running) {
                let load = load_for(workload, server, connections, options);
                let (sample, idle, peak) = match running {
                    Ok((process, idle)) => {
                        let sample = load::run(process, load)
                            .await
                            .unwrap_or_else(|error| Sample::failed(&error));
                        (sample, *idle, process.memory()?)
                    }
                    Err(error) => (Sample::failed(error), Memory::default(), Memory::default()),
                };
                group.push(row(workload, server, load, tools, sample, (idle, peak)));
            }
            let reference = group
                .iter()
                .find(|row| row.server == REFERENCE && row.errors == 0)
                .map(|row| row.cpu_us);
            for (number, mut row) in group.into_iter().enumerate() {
                row.ratio = reference.map(|reference| row.cpu_us / reference);
                show(round, &row);
                cells.entry((place, number)).or_default().push(row);
            }
        }
    }
    Ok(cells.into_values().filter_map(|rounds| middle(&rounds)).collect())
}

fn show(round: u32, row: &HttpRow) {
    let HttpRow {
        workload,
        tools,
        connections,
        server,
        cpu_us,
        requests_per_second,
        p50_us,
        ..
    } = row;
    eprintln!(
        "{workload:?} {tools} tools c={connections} round {round}: {server:14} {cpu_us:8.1} µs CPU \
         {requests_per_second:8.0}/s p50 {p50_us:7.0} µs {}",
        row.first_error.as_deref().unwrap_or_default()
    );
}

/// Starts a server and sends it one call.
async fn start(
    server: &Server,
    workload: Workload,
    tools: usize,
    options: &Options,
) -> Result<(Process, Memory)> {
    let process = Process::listening(server, tools)?;
    load::once(process.address, load_for(workload, server, 1, options))
        .await
        .context("the first call")?;
    let memory = process.memory()?;
    Ok((process, memory))
}

fn load_for(workload: Workload, server: &Server, connections: usize, options: &Options) -> Load {
    Load {
        era: if workload == Workload::Session {
            Era::Legacy
        } else {
            Era::Modern
        },
        progress: workload == Workload::Stream,
        echoes: server.echoes,
        connections,
        duration: options.duration(),
    }
}

fn row(
    workload: Workload,
    server: &Server,
    load: Load,
    tools: usize,
    sample: Sample,
    (idle, peak): (Memory, Memory),
) -> HttpRow {
    // A load without one right answer has errors, and no other number of it counts.
    let requests = to_f64(sample.requests.max(1));
    let [_, p50_us, p99_us] = sample.latencies.summary();
    HttpRow {
        workload,
        server: server.name.to_owned(),
        tools,
        connections: load.connections,
        requests_per_second: to_f64(sample.requests) / sample.seconds.max(1e-9),
        p50_us,
        p99_us,
        cpu_us: to_f64(sample.server_cpu) / 1e3 / requests,
        ratio: None,
        cpu_range_us: [0.0; 2],
        client_cpu_us: to_f64(sample.client_cpu) / 1e3 / requests,
        notes: to_f64(sample.notes) / requests,
        idle_mb: to_f64(idle.resident) / 1024.0,
        peak_mb: to_f64(peak.peak) / 1024.0,
        errors: sample.errors,
        first_error: sample.first_error,
    }
}

/// One row from the rows of all rounds: medians, but the sum of the errors.
fn middle(rounds: &[HttpRow]) -> Option<HttpRow> {
    let of = |field: fn(&HttpRow) -> f64| median(rounds.iter().map(field));
    let first = rounds.first()?;
    Some(HttpRow {
        requests_per_second: of(|row| row.requests_per_second),
        p50_us: of(|row| row.p50_us),
        p99_us: of(|row| row.p99_us),
        cpu_us: of(|row| row.cpu_us),
        ratio: first
            .ratio
            .map(|_| median(rounds.iter().filter_map(|row| row.ratio))),
        cpu_range_us: [f64::min, f64::max].map(|pick| {
            rounds
                .iter()
                .map(|row| row.cpu_us)
                .reduce(pick)
                .unwrap_or_default()
        }),
        client_cpu_us: of(|row| row.client_cpu_us),
        notes: of(|row| row.notes),
        idle_mb: of(|row| row.idle_mb),
        peak_mb: of(|row| row.peak_mb),
        errors: rounds.iter().map(|row| row.errors).sum(),
        first_error: rounds.iter().find_map(|row| row.first_error.clone()),
        ..first.clone()
    })
}
