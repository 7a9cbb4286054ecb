//! A client that speaks to its server through pipes.

use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::answer::Expected;
use crate::catalog::Server;
use crate::frame::{self, Frame};
use crate::process::{Process, Watch, to_f64};
use crate::stats::Latencies;

/// Requests in flight in the pipelined part.
const WINDOW: u32 = 64;
/// How long a server may keep us waiting beyond the time of measuring.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server and both ends of its pipes.
pub(crate) struct Client {
    // Before the process: fields are dropped in this order.
    watch: Watch,
    process: Process,
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

    /// Puts the server on a processor and grants it that much time before it is ended.
    pub(crate) fn place(&mut self, processor: usize, time: Duration) -> Result<()> {
        self.watch = self.process.watch(PATIENCE + time)?;
        self.process.bind(processor)
    }

    /// Round trips one after the other: their latencies and the server's CPU time for one, in microseconds.
    pub(crate) fn sequential(&mut self, duration: Duration) -> Result<(Latencies, f64)> {
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
    pub(crate) fn pipelined(&mut self, duration: Duration) -> Result<(f64, f64)> {
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
