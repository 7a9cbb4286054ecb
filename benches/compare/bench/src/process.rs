//! A server as a child process, and what the kernel's books say about it.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::catalog::Server;

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Process {
    /// The child, whose pipes the owner may take.
    pub(crate) child: Child,
    /// Where it listens; meaningless for pipes.
    pub(crate) address: SocketAddr,
}

/// Memory of a process in kilobytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident: u64,
    /// The most it ever was.
    pub(crate) peak: u64,
}

impl Process {
    /// Starts a server on a free port without waiting for it.
    pub(crate) fn spawn(server: &Server, tools: usize) -> Result<Self> {
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let mut command = Command::new(&server.binary);
        command.args(server.args).args(["--tools", &tools.to_string()]);
        if !server.args.contains(&"--stdio") {
            command
                .args(["--listen", &address.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null());
        } else {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
        }
        let child = command
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start `{}`", server.binary.display()))?;
        Ok(Self { child, address })
    }

    /// Starts a server and waits until it accepts connections.
    pub(crate) fn listening(server: &Server, tools: usize) -> Result<Self> {
        let mut process = Self::spawn(server, tools)?;
        let started = Instant::now();
        while TcpStream::connect(process.address).is_err() {
            if let Some(status) = process.child.try_wait()? {
                bail!("`{}` ended with {status}", server.name);
            }
            if started.elapsed() > Duration::from_secs(10) {
                bail!("`{}` does not listen", server.name);
            }
            sleep(Duration::from_millis(1));
        }
        Ok(process)
    }

    /// Binds all its threads to one processor; those they start later inherit it.
    pub(crate) fn bind(&self, processor: usize) -> Result<()> {
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let number = thread?.file_name().to_string_lossy().parse()?;
            // A thread that ended since the listing needs no place.
            let _ = sched_setaffinity(Pid::from_raw(number), &only(processor));
        }
        Ok(())
    }

    /// Ends the process if this lasts longer than the patience: a blocked read of ours then returns.
    pub(crate) fn watch(&self, patience: Duration) -> Result<Watch> {
        let process = Pid::from_raw(i32::try_from(self.child.id())?).context("no such process")?;
        let (done, waiting) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            if waiting.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                // It may have ended by itself.
                let _ = kill_process(process, Signal::KILL);
            }
        });
        Ok(Watch {
            done: Some(done),
            thread: Some(thread),
        })
    }

    /// CPU time that its threads have run, in nanoseconds. Threads that ended take their time with them: the servers
    /// here keep theirs, or end them long after a measurement.
    pub(crate) fn cpu(&self) -> Result<u64> {
        cpu(&self.child.id().to_string())
    }

    /// Resident memory, now and at its highest.
    pub(crate) fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
                .with_context(|| format!("no {name}"))
        };
        Ok(Memory {
            resident: field("VmRSS:")?,
            peak: field("VmHWM:")?,
        })
    }
}

/// Limits how long a server may keep us waiting. Drop it before the process, whose number may be used again after.
#[derive(Debug)]
pub(crate) struct Watch {
    done: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.done.take());
        // The thread cannot panic, and there is nobody to tell here.
        self.thread.take().map(JoinHandle::join);
    }
}

/// The calling thread on one processor; on all it had before when this is dropped, lest servers started later
/// inherit it.
#[derive(Debug)]
pub(crate) struct Bound(CpuSet);

impl Bound {
    /// Binds the calling thread.
    pub(crate) fn to(processor: usize) -> Result<Self> {
        let before = sched_getaffinity(None)?;
        sched_setaffinity(None, &only(processor))?;
        Ok(Self(before))
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        // What was allowed before is allowed now.
        let _ = sched_setaffinity(None, &self.0);
    }
}

fn only(processor: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(processor);
    set
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if the child is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Nanoseconds on a processor of all threads of a process, `self` for this one.
pub(crate) fn cpu(process: &str) -> Result<u64> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end between the listing and the reading.
        if let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) {
            let ran = text.split(' ').next().context("empty schedstat")?;
            sum += ran.parse::<u64>()?;
        }
    }
    Ok(sum)
}

/// CPU seconds of the children that this process has waited for, and of theirs.
pub(crate) fn children_cpu() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("odd stat")?;
    // After the name: state is field 3, cutime and cstime are 16 and 17.
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .skip(13)
        .take(2)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let per_second = rustix::param::clock_ticks_per_second();
    Ok(to_f64(ticks.iter().sum()) / to_f64(per_second))
}

/// Counts as numbers to calculate with; those here stay far below the 52 bits that a double holds.
#[expect(
    clippy::as_conversions,
    reason = "there is no lossless conversion, and none is needed"
)]
pub(crate) fn to_f64(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_ends_with_its_guard() {
        let before = sched_getaffinity(None).unwrap();
        let bound = Bound::to(0).unwrap();
        assert_eq!(sched_getaffinity(None).unwrap(), only(0));
        drop(bound);
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }

    #[test]
    fn the_books_show_work_that_was_done() {
        let before = cpu("self").unwrap();
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(30) {
            std::hint::spin_loop();
        }
        let spent = cpu("self").unwrap() - before;
        assert!(spent > 0, "{spent} ns for a busy loop");
        assert!(children_cpu().unwrap() >= 0.0);
    }
}
