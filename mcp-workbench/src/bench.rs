//! Load on one tool of a server: how many calls it takes, and how long they last.
//!
//! Callers call one after the other, as fast as they are answered; or, with a rate, at moments that are set beforehand. Then a latency counts from the
//! moment at which the call was due, so that a server that stops for a while does not hide what waited meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use mcp_core::Client;
use mcp_core::protocol::CallToolResult;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Digits that a latency keeps: it is right to a thousandth.
const DIGITS: u8 = 3;
/// Sorts of failures that are told apart.
const SORTS: usize = 20;

/// What is done.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// How many call at once.
    pub callers: usize,
    /// How long calls are not counted at first.
    pub warm_up: Duration,
    /// How long calls are begun after that.
    pub lasts: Duration,
    /// How many calls are begun in a second, at most.
    pub rate: Option<f64>,
    /// How long one may be without a sign of life.
    pub timeout: Duration,
}

/// How far a run is, and its end.
#[derive(Debug, Default)]
pub struct Run {
    calls: AtomicU64,
    failed: AtomicU64,
    stopped: AtomicBool,
    ended: Notify,
}

impl Run {
    /// Calls that ended, of those that count.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Those that failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Begins no more calls.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.ended.notify_waiters();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Waits until a moment; false where the run is stopped before that.
    async fn until(&self, moment: Instant) -> bool {
        let ended = self.ended.notified();
        tokio::pin!(ended);
        // INVARIANT: it listens before it looks, so that no end goes unheard in between.
        ended.as_mut().enable();
        if self.is_stopped() {
            return false;
        }
        tokio::select! {
            biased;
            () = ended => false,
            () = tokio::time::sleep_until(moment) => true,
        }
    }
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Calls that were answered well.
    pub calls: u64,
    /// Calls that failed.
    pub failed: u64,
    /// How they failed, and how often.
    pub failures: BTreeMap<String, u64>,
    /// How long it took, from the end of the warm-up to the last answer.
    pub seconds: f64,
    /// Good answers in a second.
    pub per_second: f64,
    /// How long good answers took, in milliseconds; none where there are none.
    pub latency_ms: Option<Latency>,
    /// How many took how long.
    pub histogram: Vec<Bucket>,
}

/// Latencies in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Latency {
    /// The shortest.
    pub min: f64,
    /// The mean.
    pub mean: f64,
    /// Half of them took no longer.
    pub p50: f64,
    /// Nine of ten took no longer.
    pub p90: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// Answers that took about as long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Bucket {
    /// No longer than this, in milliseconds, and longer than what the one before says.
    pub to_ms: f64,
    /// How many.
    pub calls: u64,
}

/// What one caller saw.
struct Seen {
    latencies: Histogram<u64>,
    failures: BTreeMap<String, u64>,
}

impl Seen {
    fn new() -> Self {
        let latencies = Histogram::new(DIGITS).expect("invariant: up to five digits can be kept");
        Self { latencies, failures: BTreeMap::new() }
    }

    fn failure(&mut self, said: String) {
        let said = if self.failures.len() < SORTS || self.failures.contains_key(&said) {
            said
        } else {
            "other failures".to_owned()
        };
        *self.failures.entry(said).or_default() += 1;
    }
}

/// When calls begin.
struct Schedule {
    begins: Instant,
    counts: Instant,
    ends: Instant,
    /// Time between two calls, where there is a rate.
    apart: Option<Duration>,
    next: AtomicU64,
}

impl Schedule {
    fn new(plan: &Plan) -> Self {
        let begins = Instant::now();
        let counts = begins + plan.warm_up;
        let apart = plan.rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
        Self { begins, counts, ends: counts + plan.lasts, apart, next: AtomicU64::new(0) }
    }

    /// Waits until the next call is due, and tells since when; none where the time is over.
    async fn due(&self, run: &Run) -> Option<Instant> {
        let now = Instant::now();
        let due = match self.apart {
            None => now,
            Some(apart) => self.begins + apart.mul_f64(self.next.fetch_add(1, Ordering::Relaxed) as f64),
        };
        if due >= self.ends || now >= self.ends || run.is_stopped() {
            return None;
        }
        if due <= now {
            return Some(due);
        }
        // Timers are up to a millisecond late, which is not the server's doing.
        run.until(due).await.then(Instant::now)
    }
}

/// Calls a tool again and again. `run` tells meanwhile how far it is, and can end it early.
pub async fn bench(client: &Client, plan: &Plan, run: &Arc<Run>) -> Report {
    let schedule = Arc::new(Schedule::new(plan));
    let arguments = Arc::new(Value::Object(plan.arguments.clone()));
    let mut callers = JoinSet::new();
    for _ in 0..plan.callers {
        let (client, run, schedule) = (client.clone(), Arc::clone(run), Arc::clone(&schedule));
        let (tool, arguments, timeout) = (plan.tool.clone(), Arc::clone(&arguments), plan.timeout);
        callers.spawn(async move {
            let mut seen = Seen::new();
            while let Some(due) = schedule.due(&run).await {
                let answer = client.call_tool(&tool, &*arguments).timeout(timeout).await;
                let took = due.elapsed();
                if due < schedule.counts {
                    continue;
                }
                run.calls.fetch_add(1, Ordering::Relaxed);
                match failure(answer) {
                    // INVARIANT: the histogram grows by itself, so that any latency has a place.
                    None => drop(seen.latencies.record(nanos(took))),
                    Some(said) => {
                        run.failed.fetch_add(1, Ordering::Relaxed);
                        seen.failure(said);
                    }
                }
            }
            seen
        });
    }
    let mut all = Seen::new();
    while let Some(seen) = callers.join_next().await {
        // A caller does not panic, and is not aborted.
        let Ok(seen) = seen else { continue };
        // INVARIANT: both keep as many digits, and grow by themselves.
        let _ = all.latencies.add(&seen.latencies);
        for (said, times) in seen.failures {
            *all.failures.entry(said).or_default() += times;
        }
    }
    report(&all, schedule.counts.elapsed())
}

fn failure(answer: Result<CallToolResult, mcp_core::client::Error>) -> Option<String> {
    match answer {
        Ok(answer) if answer.is_error => {
            let text = answer.content.iter().find_map(|block| match block {
                mcp_core::protocol::ContentBlock::Text(text) => text.text.lines().next(),
                _ => None,
            });
            Some(format!("the tool failed: {}", text.unwrap_or("it does not say why")))
        }
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    }
}

fn nanos(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}

fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

fn report(seen: &Seen, took: Duration) -> Report {
    let latencies = &seen.latencies;
    let at = |quantile: f64| millis(latencies.value_at_quantile(quantile));
    let latency = (!latencies.is_empty()).then(|| Latency {
        min: millis(latencies.min()),
        mean: latencies.mean() / 1e6,
        p50: at(0.5),
        p90: at(0.9),
        p99: at(0.99),
        max: millis(latencies.max()),
    });
    Report {
        calls: latencies.len(),
        failed: seen.failures.values().sum(),
        failures: seen.failures.clone(),
        seconds: took.as_secs_f64(),
        per_second: latencies.len() as f64 / took.as_secs_f64().max(f64::EPSILON),
        latency_ms: latency,
        histogram: buckets(latencies),
    }
}

/// How many took how long: bounds of 1, 2 and 5 times powers of ten, from the shortest to the longest.
fn buckets(latencies: &Histogram<u64>) -> Vec<Bucket> {
    if latencies.is_empty() {
        return Vec::new();
    }
    let bounds = (0..=15u32).flat_map(|power| [1, 2, 5].map(|digit| digit * 10u64.pow(power)));
    let (mut buckets, mut below) = (Vec::new(), 0);
    for bound in bounds {
        let upto = latencies.count_between(0, bound);
        if upto > 0 {
            buckets.push(Bucket { to_ms: millis(bound), calls: upto.saturating_sub(below) });
        }
        below = upto;
        if bound >= latencies.max() {
            break;
        }
    }
    buckets
}
