//! What each part of the edge adds to a `tools/call`: CPU time of the whole process, its threads for log and disk included, with
//! sixteen callers on two threads. Run with `cargo bench -p mcp-benches --bench edge`.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use std::error::Error;
use std::hint::black_box;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_benches::{call, request, server};
use mcp_core::service::{McpService, Outcome, Principal};
use mcp_edge::audit::{Audit, Redaction};
use mcp_edge::limit::{Asked, Dimension, Limit, Limits, Period};
use mcp_edge::log::CallLog;
use mcp_edge::policy::{Call, Format, Policy, PolicyFile};
use mcp_edge::trace::{OtlpConfig, Tracer};
use mcp_edge::{CallRecord, Edge, EdgeBuilder};
use rustix::time::{ClockId, clock_gettime};
use tower_layer::Layer;

type Outcomes<T> = Result<T, Box<dyn Error>>;

const CALLERS: u32 = 16;
const CALLS: u32 = 20_000;
const ROUNDS: usize = 7;

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// CPU nanoseconds of one call, once.
fn once<S: McpService>(runtime: &tokio::runtime::Runtime, service: &S) -> f64 {
    let (frame, start) = (call("echo", 16), cpu());
    runtime.block_on(async {
        let callers = (0..CALLERS).map(|caller| {
            let (mut service, frame) = (service.clone(), frame.clone());
            let mut who = Principal::new(format!("org-{}", caller % 4), format!("user-{caller}"));
            who.role = Some("reader".to_owned());
            let who = Arc::new(who);
            tokio::spawn(async move {
                for _ in 0..CALLS {
                    let mut request = request(&frame);
                    request.peer.principal = Some(Arc::clone(&who));
                    request.peer.correlation = Some("0af7651916cd43dd8448eb211c80319c".into());
                    let answer = service.call(request).await;
                    assert!(answer.is_ok_and(|answer| matches!(answer.outcome, Outcome::Result(_))));
                }
            })
        });
        for caller in callers.collect::<Vec<_>>() {
            assert!(caller.await.is_ok());
        }
    });
    (cpu() - start).as_secs_f64() * 1e9 / f64::from(CALLERS * CALLS)
}

/// A hundred rules, the last of which allows the call after looking at its arguments.
fn policy() -> Outcomes<PolicyFile> {
    let mut text = String::from("rules:\n");
    for i in 0..99 {
        text.push_str(&format!(
            "- {{ id: r{i}, effect: allow, roles: [r{i}], tools: [tool_{i}, 'x{i}_*'] }}\n"
        ));
    }
    text.push_str("- { id: echo, effect: allow, roles: [reader], tools: [echo], when: { /message: { length: { max: 4096 } } } }\n");
    Ok(PolicyFile::fixed(Policy::parse(&text, "bench", Format::Yaml)?))
}

/// Per caller, per tool, and a quota.
fn limits() -> Outcomes<Limits> {
    let million = 1_000_000_000;
    Ok(Limits::new([
        Limit::rate("caller", million, Period::Second).by([Dimension::Principal]),
        Limit::rate("tool", million, Period::Second).by([Dimension::Principal, Dimension::Tool]),
        Limit::quota("day", million, Period::Day).by([Dimension::Org]),
    ])?)
}

fn main() -> Outcomes<()> {
    parts()?;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    let server = server(2)?;
    let log = || CallLog::new("bench", io::sink());
    let log_file = || CallLog::file("bench", folder.path().join("calls.jsonl"));
    let mut audits = 0;
    let mut audit = || {
        audits += 1;
        let redaction = Redaction::keep(["/message"])?;
        Ok::<_, Box<dyn Error>>(
            Audit::folder(folder.path().join(format!("audit-{audits}"))).redaction(redaction).open()?,
        )
    };
    // Nobody listens there: spans are made and dropped.
    let tracer = Tracer::otlp("bench", &OtlpConfig::new("http://127.0.0.1:9"))?;
    let edges: Vec<(&str, EdgeBuilder)> = vec![
        ("metrics", Edge::builder()),
        ("metrics, policy", Edge::builder().policy(policy()?)),
        ("metrics, limits", Edge::builder().limits(limits()?)),
        ("metrics, log to nowhere", Edge::builder().log(log()?)),
        ("metrics, log to a file", Edge::builder().log(log_file()?)),
        ("metrics, audit", Edge::builder().audit(audit()?)),
        ("metrics, trace", Edge::builder().tracer(tracer)),
        (
            "all but trace",
            Edge::builder().policy(policy()?).limits(limits()?).log(log_file()?).audit(audit()?),
        ),
    ];
    let edges = edges.into_iter().map(|(name, edge)| Ok((name, edge.build()?.layer().layer(server.clone()))));
    let edges = edges.collect::<Outcomes<Vec<_>>>()?;
    let mut bare = Vec::new();
    let mut with = vec![Vec::new(); edges.len()];
    for _ in 0..ROUNDS {
        bare.push(once(&runtime, &server));
        for ((_, service), times) in edges.iter().zip(&mut with) {
            times.push(once(&runtime, service));
        }
    }
    let bare = median(&mut bare);
    println!(
        "\n| in front of the server | CPU ns per call | added |\n|---|---|---|\n| nothing | {bare:.0} | |"
    );
    for ((name, _), times) in edges.iter().zip(&mut with) {
        let time = median(times);
        println!("| {name} | {time:.0} | {:.0} |", time - bare);
    }
    Ok(())
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The parts by themselves, on one thread.
fn parts() -> Outcomes<()> {
    println!("| part | ns |\n|---|---|");
    let who = Principal::new("acme", "ann");
    let mut reader = who.clone();
    reader.role = Some("reader".to_owned());
    let policy = policy()?.current();
    time("policy: 100 rules, one condition", || {
        policy.decide(Some(&reader), &Call::tool("echo", r#"{"message":"xxxxxxxxxxxxxxxx"}"#)).is_allowed()
    });
    let limits = limits()?;
    let asked = Asked { principal: Some(&who), method: "tools/call", tool: Some("echo") };
    time("limits: three", || limits.take(&asked).is_ok());
    let one = Limits::new([Limit::rate("caller", 1_000_000_000, Period::Second).by([Dimension::Principal])])?;
    time("limits: one", || one.take(&asked).is_ok());
    let quota = governor::Quota::per_second(NonZeroU32::MAX);
    let governor = governor::RateLimiter::<(String, String, String), _, _>::dashmap(quota);
    time("the same by governor", || {
        governor.check_key(&(who.issuer.clone(), who.org.clone(), who.user.clone())).is_ok()
    });
    let log = CallLog::new("bench", io::sink())?;
    let mut record = CallRecord::new(Duration::from_secs(1_800_000_000), "tools/call");
    record.principal = Some(&who);
    record.tool = Some("echo");
    record.arguments = Some(r#"{"message":"xxxxxxxxxxxxxxxx"}"#);
    time("log: a line", || log.write(&record));
    let folder = tempfile::tempdir()?;
    let audit = Audit::folder(folder.path()).open()?;
    time("audit: an entry in a file", || drop(black_box(audit.append(&record))));
    Ok(())
}

fn time<R>(name: &str, mut act: impl FnMut() -> R) {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        for _ in 0..100_000 {
            black_box(act());
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e4);
    }
    println!("| {name} | {best:.0} |");
}
