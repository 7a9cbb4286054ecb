//! Requests over pipes: one after the other, then many in flight. Blocking reads and writes on our side, as a client
//! of its own thread would make them: the least that a round trip can cost.
//!
//! Where the scheduler puts the two processes changes a round trip tenfold, so both places are fixed: on one processor,
//! where only work counts, and on two, where waking the other one counts as well.

use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::answer::Expected;
use crate::catalog::{self, PIPE_FLOOR, Server};
use crate::frame::{self, Frame};
use crate::options::{Options, Paths};
use crate::process::{Bound, Process, Watch, to_f64};
use crate::results::StdioRow;
use crate::stats::{Latencies, median};

/// Requests in flight in the pipelined part.
const WINDOW: u32 = 64;

/// How long a server may keep us waiting beyond the time of measuring.
const PATIENCE: Duration = Duration::from_secs(20);

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
                let row =
                    Client::start(server, 2).and_then(|client| client.measure(placement, options.duration()));
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

/// A server and both ends of its pipes.
pub(crate) struct Client {
    // Before the process: fields are dropped in this order.
    watch: Watch,
    process: Process,
    name: &'static str,
    tools: usize,
    echoes: bool,
    stdin: ChildStdin,
    stdout: ChildStdout,
    frame: Frame,
    sent: u32,
    answered: u32,
    outgoing: Vec<u8>,
    received: Vec<u8>,
    chunk: Box<[u8; 65_536]>,
}

impl Client {
    /// Starts a server.
    pub(crate) fn start(server: &Server, tools: usize) -> Result<Self> {
        let mut process = Process::spawn(server, tools)?;
        let stdin = process.child.stdin.take().context("no pipe")?;
        let stdout = process.child.stdout.take().context("no pipe")?;
        Ok(Self {
            watch: process.watch(PATIENCE)?,
            process,
            name: server.name,
            tools,
            echoes: server.echoes,
            stdin,
            stdout,
            frame: Frame::line(),
            sent: 0,
            answered: 0,
            outgoing: Vec::new(),
            received: Vec::new(),
            chunk: Box::new([0; 65_536]),
        })
    }

    /// The process behind the pipes.
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// One call and its answer, which `check` looks at afterwards.
    pub(crate) fn call(&mut self) -> Result<()> {
        self.send(1)?;
        while !self.received.ends_with(b"\n") {
            self.receive()?;
        }
        Ok(())
    }

    /// Checks every whole line that was received; says how many there were.
    pub(crate) fn check(&mut self) -> Result<u32> {
        let mut done = 0;
        let mut start = 0;
        while let Some(length) = self.received[start..].iter().position(|&byte| byte == b'\n') {
            check(&self.received[start..start + length], self.echoes)?;
            start += length + 1;
            done += 1;
        }
        self.received.drain(..start);
        self.answered += done;
        Ok(done)
    }

    fn measure(mut self, placement: Placement, duration: Duration) -> Result<StdioRow> {
        self.call()?;
        self.check()?;
        self.watch = self.process.watch(PATIENCE + 4 * duration)?;
        // Only now: a server decides by the processors it sees at its start how many threads it wants.
        self.process
            .bind(if placement == Placement::Apart { 1 } else { 0 })?;
        let _bound = Bound::to(0)?;
        let (latencies, sequential) = self
            .sequential(duration / 5)
            .and_then(|_| self.sequential(duration))?;
        let [min_us, p50_us, p99_us] = latencies.summary();
        let (pipelined_per_second, pipelined_cpu_us) = self
            .pipelined(duration / 5)
            .and_then(|_| self.pipelined(duration))?;
        Ok(StdioRow {
            server: self.name.to_owned(),
            placement,
            tools: self.tools,
            min_us,
            p50_us,
            p99_us,
            p50_ratio: None,
            cpu_us: sequential,
            pipelined_per_second,
            pipelined_cpu_us,
            pipelined_ratio: None,
            peak_mb: to_f64(self.process.memory()?.peak) / 1024.0,
            errors: 0,
            first_error: None,
        })
    }

    /// Round trips one after the other: their latencies and the server's CPU time for one, in microseconds.
    fn sequential(&mut self, duration: Duration) -> Result<(Latencies, f64)> {
        let mut latencies = Latencies::default();
        let (cpu, first, end) = (self.process.cpu()?, self.answered, Instant::now() + duration);
        loop {
            let started = Instant::now();
            if started >= end {
                break;
            }
            self.call()?;
            latencies.push(started.elapsed().as_nanos());
            self.check()?;
        }
        Ok((latencies, self.cpu_since(cpu, first)?))
    }

    /// Round trips with a window in flight: their rate and the server's CPU time for one, in microseconds.
    fn pipelined(&mut self, duration: Duration) -> Result<(f64, f64)> {
        let (cpu, first, started) = (self.process.cpu()?, self.answered, Instant::now());
        self.send(WINDOW)?;
        while started.elapsed() < duration {
            self.receive()?;
            let done = self.check()?;
            self.send(done)?;
        }
        while self.answered < self.sent {
            self.receive()?;
            self.check()?;
        }
        let rate = f64::from(self.answered - first) / started.elapsed().as_secs_f64();
        Ok((rate, self.cpu_since(cpu, first)?))
    }

    fn cpu_since(&self, cpu: u64, first: u32) -> Result<f64> {
        // The server may still be on its way to sleep after the last answer.
        std::thread::sleep(Duration::from_millis(20));
        Ok(to_f64(self.process.cpu()? - cpu) / 1e3 / f64::from(self.answered - first))
    }

    /// Sends some requests in one write.
    fn send(&mut self, count: u32) -> Result<()> {
        self.outgoing.clear();
        for _ in 0..count {
            self.sent += 1;
            let (_, _, line) = self.frame.stamp(self.sent, scramble(self.sent));
            self.outgoing.extend_from_slice(line);
        }
        self.stdin.write_all(&self.outgoing)?;
        Ok(())
    }

    /// Reads what is there.
    fn receive(&mut self) -> Result<()> {
        let count = self.stdout.read(&mut *self.chunk)?;
        ensure!(count > 0, "the server closed its end");
        self.received.extend_from_slice(&self.chunk[..count]);
        Ok(())
    }
}

/// Answers may come in any order: the message that belongs to an answer follows from its id.
fn check(line: &[u8], echoes: bool) -> Result<()> {
    #[derive(serde::Deserialize)]
    struct Id {
        id: u64,
    }
    let id = serde_json::from_slice::<Id>(line)
        .context("a line without an id")?
        .id;
    let sequence = u32::try_from(id)?.saturating_sub(frame::FIRST_ID);
    let message = frame::message(scramble(sequence));
    ensure!(
        Expected {
            id,
            message: &message,
            echoes
        }
        .check(line)?,
        "a note instead of an answer"
    );
    Ok(())
}

/// A number of a fixed sequence, by its place: every run sends the same messages.
fn scramble(sequence: u32) -> u64 {
    u64::from(sequence).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Stands for a measurement that did not take place.
fn failed(server: &Server, placement: Placement, error: &anyhow::Error) -> StdioRow {
    StdioRow {
        server: server.name.to_owned(),
        placement,
        tools: 2,
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
