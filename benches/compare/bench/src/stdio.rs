//! Requests over pipes: one after the other, then many in flight. Blocking reads and writes on our side, as a client
//! of its own thread would make them: the least that a round trip can cost.
//!
//! Where the scheduler puts the two processes changes a round trip tenfold, so both places are fixed: on one processor,
//! where only work counts, and on two, where waking the other one counts as well.

use std::time::Duration;

use anyhow::Result;

use crate::catalog::{self, PIPE_FLOOR, Server};
use crate::options::{Options, Paths};
use crate::pipe::Client;
use crate::process::{Bound, to_f64};
use crate::results::StdioRow;
use crate::stats::median;

/// Tools of every server here; many tools are tried over HTTP.
const TOOLS: usize = 2;

/// Where client and server run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Placement {
    /// Both on one processor.
    Together,
    /// Each on its own.
    Apart,
}

/// Measures all servers with pipes, in both placements if there are two processors.
pub(crate) fn measure(options: &Options, paths: &Paths) -> Result<Vec<StdioRow>> {
    let servers = catalog::pipes(options, paths);
    let processors = std::thread::available_parallelism()?.get();
    let placements = if processors > 1 {
        &[Placement::Together, Placement::Apart][..]
    } else {
        &[Placement::Together]
    };
    let mut rows = Vec::new();
    for &placement in placements {
        let mut columns: Vec<Vec<StdioRow>> = vec![Vec::new(); servers.len()];
        for round in 1..=options.rounds {
            let mut group = Vec::new();
            for server in &servers {
                let row = measure_one(server, placement, options.duration());
                group.push(row.unwrap_or_else(|error| failed(server, placement, &error)));
            }
            let floor = group
                .iter()
                .find(|row| row.server == PIPE_FLOOR && row.errors == 0)
                .cloned();
            for (column, mut row) in columns.iter_mut().zip(group) {
                row.p50_ratio = floor.as_ref().map(|floor| row.p50_us / floor.p50_us);
                row.pipelined_ratio = floor
                    .as_ref()
                    .map(|floor| row.pipelined_per_second / floor.pipelined_per_second);
                show(round, &row);
                column.push(row);
            }
        }
        rows.extend(columns.iter().filter_map(|rounds| middle(rounds)));
    }
    Ok(rows)
}

fn show(round: u32, row: &StdioRow) {
    let StdioRow {
        server,
        placement,
        p50_us,
        cpu_us,
        pipelined_per_second,
        first_error,
        ..
    } = row;
    eprintln!(
        "stdio {placement:?} round {round}: {server:18} p50 {p50_us:7.1} µs {cpu_us:6.1} µs CPU, \
         pipelined {pipelined_per_second:8.0}/s {}",
        first_error.as_deref().unwrap_or_default()
    );
}

/// Measures one server once.
fn measure_one(server: &Server, placement: Placement, duration: Duration) -> Result<StdioRow> {
    let mut client = Client::start(server, TOOLS)?;
    client.call()?;
    client.check()?;
    // Only now: a server decides by the processors it sees at its start how many threads it wants.
    client.place(if placement == Placement::Apart { 1 } else { 0 }, 4 * duration)?;
    let _bound = Bound::to(0)?;
    let (latencies, sequential) = client
        .sequential(duration / 5)
        .and_then(|_| client.sequential(duration))?;
    let [min_us, p50_us, p99_us] = latencies.summary();
    let (pipelined_per_second, pipelined_cpu_us) = client
        .pipelined(duration / 5)
        .and_then(|_| client.pipelined(duration))?;
    Ok(StdioRow {
        server: server.name.to_owned(),
        placement,
        tools: TOOLS,
        min_us,
        p50_us,
        p99_us,
        p50_ratio: None,
        cpu_us: sequential,
        pipelined_per_second,
        pipelined_cpu_us,
        pipelined_ratio: None,
        peak_mb: to_f64(client.process().memory()?.peak) / 1024.0,
        errors: 0,
        first_error: None,
    })
}

/// Stands for a measurement that did not take place.
fn failed(server: &Server, placement: Placement, error: &anyhow::Error) -> StdioRow {
    StdioRow {
        server: server.name.to_owned(),
        placement,
        tools: TOOLS,
        min_us: 0.0,
        p50_us: 0.0,
        p99_us: 0.0,
        p50_ratio: None,
        cpu_us: 0.0,
        pipelined_per_second: 0.0,
        pipelined_cpu_us: 0.0,
        pipelined_ratio: None,
        peak_mb: 0.0,
        errors: 1,
        first_error: Some(format!("{error:#}")),
    }
}

/// One row from the rows of all rounds: medians, but the sum of the errors.
fn middle(rounds: &[StdioRow]) -> Option<StdioRow> {
    let of = |field: fn(&StdioRow) -> f64| median(rounds.iter().map(field));
    let first = rounds.first()?;
    Some(StdioRow {
        min_us: of(|row| row.min_us),
        p50_us: of(|row| row.p50_us),
        p99_us: of(|row| row.p99_us),
        p50_ratio: first
            .p50_ratio
            .map(|_| median(rounds.iter().filter_map(|row| row.p50_ratio))),
        cpu_us: of(|row| row.cpu_us),
        pipelined_per_second: of(|row| row.pipelined_per_second),
        pipelined_cpu_us: of(|row| row.pipelined_cpu_us),
        pipelined_ratio: first
            .pipelined_ratio
            .map(|_| median(rounds.iter().filter_map(|row| row.pipelined_ratio))),
        peak_mb: of(|row| row.peak_mb),
        errors: rounds.iter().map(|row| row.errors).sum(),
        first_error: rounds.iter().find_map(|row| row.first_error.clone()),
        ..first.clone()
    })
}
