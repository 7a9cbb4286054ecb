//! Limits of two processes in one Redis, which is stopped and frozen.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp_core::service::Principal;
use mcp_edge::limit::{Asked, Dimension, Limit, Limits, Period, RedisConfig};
use mcp_edge::metrics::{Gauge, Metrics};

use crate::support::{OwnRedis, skipped, until};

const PATIENCE: Duration = Duration::from_millis(200);

/// A node with limits in Redis, connected.
async fn node(redis: &OwnRedis, limits: &[Limit], gauge: &Gauge) -> Arc<Limits> {
    let config = RedisConfig::new(redis.url()).patience(PATIENCE);
    let node = Limits::new(limits.to_vec()).unwrap().shared(&config).unwrap().gauge(gauge);
    until("a connection", || !node.is_degraded()).await;
    Arc::new(node)
}

fn gauge() -> Gauge {
    Metrics::new().gauge("ratelimit_degraded", "Whether limits are degraded.").unwrap()
}

async fn taken(node: &Limits, who: &Principal, times: usize) -> usize {
    let mut taken = 0;
    for _ in 0..times {
        taken += usize::from(node.take_shared(&asked(who)).await.is_ok());
    }
    taken
}

const fn asked(who: &Principal) -> Asked<'_> {
    Asked { principal: Some(who), method: "tools/call", tool: Some("t") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_bursts_and_quotas_of_each_tenant() {
    let Some(redis) = OwnRedis::start() else { return assert!(skipped(true, "redis-server")) };
    let limits = [
        Limit::rate("rate", 1, Period::Hour).burst(10).by([Dimension::Principal]),
        Limit::quota("quota", 7, Period::Day).by([Dimension::Org]).plans(["free"]),
    ];
    let (a, b) = (node(&redis, &limits, &gauge()).await, node(&redis, &limits, &gauge()).await);
    let (ann, mut bob) = (Principal::new("acme", "ann"), Principal::new("other", "ann"));
    assert_eq!(taken(&a, &ann, 6).await + taken(&b, &ann, 6).await, 10);
    bob.plan = Some("free".into());
    assert_eq!(taken(&b, &bob, 5).await + taken(&a, &bob, 5).await, 7);
    let refused = a.take_shared(&asked(&bob)).await.unwrap_err();
    assert_eq!(refused.limit, "quota");
    assert!(refused.wait <= Duration::from_secs(86_400));
    // The quota refused thrice and took nothing from the rate.
    bob.plan = None;
    assert_eq!(taken(&a, &bob, 9).await, 3);
}

/// The sustained rate of two nodes: what is served in `time`, against what should be.
async fn sustained(time: Duration) {
    let Some(redis) = OwnRedis::start() else { return assert!(skipped(true, "redis-server")) };
    let limits = [Limit::rate("rate", 200, Period::Second).burst(100).by([Dimension::Principal])];
    let (a, b) = (node(&redis, &limits, &gauge()).await, node(&redis, &limits, &gauge()).await);
    let start = Instant::now();
    let ask = |node: Arc<Limits>| async move {
        let (who, mut served) = (Principal::new("acme", "ann"), 0u32);
        while start.elapsed() < time {
            match node.take_shared(&asked(&who)).await {
                Ok(()) => served += 1,
                Err(refused) => tokio::time::sleep(refused.wait.min(Duration::from_millis(3))).await,
            }
        }
        assert!(!node.is_degraded(), "Redis was too slow for this test");
        served
    };
    let (a, b) = tokio::join!(tokio::spawn(ask(a)), tokio::spawn(ask(b)));
    let (served, expect) =
        (f64::from(a.unwrap() + b.unwrap()), 100.0 + 200.0 * start.elapsed().as_secs_f64());
    let off = (served - expect).abs() / expect;
    eprintln!("{served} served in {time:?}, {expect:.1} expected: {:.2} % off", off * 100.0);
    assert!(off <= 0.02, "{served} served, {expect} expected");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_keep_one_rate() {
    sustained(Duration::from_secs(4)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "thirty seconds"]
async fn soak_two_nodes_keep_one_rate_for_thirty_seconds() {
    sustained(Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_each_node_holds_the_limit_and_says_so() {
    let Some(mut redis) = OwnRedis::start() else { return assert!(skipped(true, "redis-server")) };
    let limits = [Limit::rate("rate", 1, Period::Hour).burst(10).by([Dimension::Principal])];
    let (gauge_a, gauge_b) = (gauge(), gauge());
    let (a, b) = (node(&redis, &limits, &gauge_a).await, node(&redis, &limits, &gauge_b).await);
    let ann = Principal::new("acme", "ann");
    assert_eq!(taken(&a, &ann, 20).await, 10);
    assert_eq!((gauge_a.value(), gauge_b.value()), (0.0, 0.0));

    // Frozen: connections stay, answers do not come.
    redis.signal("-STOP");
    for (node, gauge) in [(&a, &gauge_a), (&b, &gauge_b)] {
        let start = Instant::now();
        assert_eq!(taken(node, &ann, 50).await, 10, "each node by itself, and not unlimited");
        assert!(start.elapsed() < PATIENCE * 4, "one call waits, not fifty: {:?}", start.elapsed());
        assert_eq!(gauge.value(), 1.0);
        assert!(node.is_degraded());
    }
    redis.signal("-CONT");
    until("the thaw", || !a.is_degraded() && !b.is_degraded()).await;
    assert_eq!((gauge_a.value(), gauge_b.value()), (0.0, 0.0));
    assert_eq!(taken(&a, &ann, 5).await, 0, "what was taken before counts");

    // Gone: connections break.
    let bob = Principal::new("other", "bob");
    redis.kill();
    assert_eq!(taken(&a, &bob, 50).await, 10);
    assert_eq!(gauge_a.value(), 1.0);
    redis.restart();
    until("the restart", || !a.is_degraded()).await;
    assert_eq!(taken(&a, &bob, 50).await, 10, "a new Redis knows nothing");
}
