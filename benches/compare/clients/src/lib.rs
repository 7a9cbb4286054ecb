//! What all measured clients share: the load, and how it is counted.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use serde::{Deserialize, Serialize};

/// What a client is told to do.
#[derive(Debug, Clone, Parser)]
pub struct Load {
    /// The endpoint of an echo server.
    #[arg(long)]
    pub url: String,
    /// Calls in flight, on one client.
    #[arg(long, default_value_t = 16)]
    pub concurrency: usize,
    /// Seconds to measure, after a warm-up of a fifth of that.
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    /// A token to send (only `client-raw` does).
    #[arg(long)]
    pub bearer: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Calls that were answered rightly.
    pub calls: u64,
    /// The same with those of the warm-up.
    pub all: u64,
    /// Processor time of this process for one call, in microseconds.
    pub cpu_us: f64,
    /// Calls a second.
    pub rate: f64,
    /// The median and the slowest hundredth, in microseconds.
    pub p50_us: f64,
    pub p99_us: f64,
    /// The most memory that was resident, in MB.
    pub rss_mb: f64,
}

/// The message of call `n`: 16 characters, new each time.
pub fn message(n: i64) -> String {
    format!("{:016x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// Calls as long as the load says. `call` yields what the tool echoed.
pub async fn run<C, F>(load: &Load, call: C) -> anyhow::Result<Outcome>
where
    C: Fn(i64) -> F + Send + Sync + 'static,
    F: Future<Output = anyhow::Result<bool>> + Send,
{
    let (call, next) = (Arc::new(call), Arc::new(AtomicI64::new(1)));
    let (stop, counting, count) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let workers: Vec<_> = (0..load.concurrency)
        .map(|_| {
            let (call, next) = (Arc::clone(&call), Arc::clone(&next));
            let (stop, counting, count) = (Arc::clone(&stop), Arc::clone(&counting), Arc::clone(&count));
            tokio::spawn(async move {
                let mut times = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let started = Instant::now();
                    anyhow::ensure!(call(next.fetch_add(1, Ordering::Relaxed)).await?, "a wrong answer");
                    if counting.load(Ordering::Relaxed) {
                        count.fetch_add(1, Ordering::Relaxed);
                        times.push(started.elapsed());
                    }
                }
                Ok(times)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs_f64(load.seconds / 5.0)).await;
    let (cpu, started) = (cpu()?, Instant::now());
    counting.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs_f64(load.seconds)).await;
    let (calls, cpu, elapsed) =
        (count.load(Ordering::Relaxed), self::cpu()? - cpu, started.elapsed().as_secs_f64());
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await??);
    }
    let all = next.load(Ordering::Relaxed).unsigned_abs() - 1;
    times.sort_unstable();
    let quantile = |q: f64| {
        let at = ((times.len() as f64 * q) as usize).min(times.len().saturating_sub(1));
        times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    anyhow::ensure!(calls > 0, "no call was answered");
    Ok(Outcome {
        calls,
        all,
        cpu_us: cpu * 1e6 / calls as f64,
        rate: calls as f64 / elapsed,
        p50_us: quantile(0.5),
        p99_us: quantile(0.99),
        rss_mb: rss()?,
    })
}

/// Seconds that the threads of this process spent on a processor.
fn cpu() -> anyhow::Result<f64> {
    let mut nanos = 0;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        nanos += text.split(' ').next().context("an empty schedstat")?.parse::<u64>()?;
    }
    Ok(nanos as f64 / 1e9)
}

fn rss() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes / 1024.0)
}

/// Prints an outcome for the program that started this one.
pub fn print(outcome: &Outcome) -> anyhow::Result<()> {
    use std::io::Write;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(outcome)?)?;
    Ok(())
}
