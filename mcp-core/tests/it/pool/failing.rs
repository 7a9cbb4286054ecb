//! Upstreams that cannot be reached, or are lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use mcp_core::client::{Backoff, ClientPool, PoolError, Target, Upstream, UpstreamHealth};
use mcp_core::protocol::RpcError;
use mcp_core::service::{Request, Response, SharedService};
use mcp_core::testing::service_fn;
use tokio::time::{Instant, advance};

use super::{named, says, state, up};

/// A server that refuses every handshake until it is told otherwise, and how often it was asked: more
/// than once for each attempt, since an older revision is tried too.
fn refusing() -> (Target, Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (open, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (is_open, count, service) =
        (Arc::clone(&open), Arc::clone(&asked), SharedService::new(named("one").server));
    let service = service_fn(move |request: Request| {
        if request.method.as_str() == "server/discover" {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let response = is_open.load(Ordering::Relaxed).then(|| service.handle(request));
        async move {
            match response {
                Some(response) => response.await,
                None => Ok(Response::error(RpcError::internal("not today"))),
            }
        }
    });
    (Target::service(service), open, asked)
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_is_left_alone_for_longer_and_longer() {
    let ((target, open, asked), two) = (refusing(), named("two"));
    let pool = ClientPool::builder()
        .backoff(Backoff::new(Duration::from_secs(1), Duration::from_secs(8)))
        .upstream("a", Upstream::new(target).unwrap())
        .upstream("b", up(&two.server))
        .build()
        .unwrap();
    let a = pool.get("a").unwrap();
    let start = Instant::now();
    let mut before = 0;
    for (attempt, most) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8)] {
        let PoolError::Unreachable { failures, retry_in, last, .. } = a.ping().await.unwrap_err() else {
            panic!()
        };
        assert_eq!(failures, attempt);
        let seen = asked.load(Ordering::Relaxed);
        assert!(seen > std::mem::replace(&mut before, seen), "every attempt asks");
        let most = Duration::from_secs(most);
        assert!((most / 2..=most).contains(&retry_in), "{retry_in:?} of {most:?}");
        assert!(last.contains("not today"), "{last}");

        // Until then calls fail at once and say when, and nobody asks the server.
        advance(retry_in - Duration::from_millis(1)).await;
        let now = Instant::now();
        let error = a.call::<String>("name", ()).await.unwrap_err().to_string();
        assert_eq!(now.elapsed(), Duration::ZERO);
        assert!(
            error.starts_with(&format!(
                "upstream `a` cannot be reached; {attempt} failed so far, next try in "
            ))
        );
        assert_eq!(asked.load(Ordering::Relaxed), seen);
        let state = state(&pool, "a");
        assert_eq!((state.health, state.failures), (UpstreamHealth::Failing, attempt));
        assert_eq!(state.lasting, start.elapsed(), "since the first failure");
        assert!(state.retry_in.is_some() && state.last_error.unwrap().contains("not today"));
        advance(Duration::from_millis(1)).await;
    }
    assert_eq!(says(&pool, "b").await, "two");

    open.store(true, Ordering::Relaxed);
    assert_eq!(says(&pool, "a").await, "one");
    let state = state(&pool, "a");
    assert_eq!((state.health, state.failures, state.last_error), (UpstreamHealth::Ready, 0, None));
}

#[tokio::test(start_paused = true)]
async fn a_probe_waits_for_nothing_and_finds_out() {
    let ((target, open, asked), two) = (refusing(), named("two"));
    let pool = ClientPool::builder()
        .upstream("a", Upstream::new(target).unwrap())
        .upstream("b", up(&two.server))
        .build()
        .unwrap();
    assert_eq!(pool.probe("a").await.unwrap().health, UpstreamHealth::Failing);
    let seen = asked.load(Ordering::Relaxed);
    open.store(true, Ordering::Relaxed);
    assert!(pool.get("a").unwrap().ping().await.is_err(), "a call has to wait");
    assert_eq!(pool.probe("a").await.unwrap().health, UpstreamHealth::Ready);
    assert_eq!(asked.load(Ordering::Relaxed), seen + 1);
    assert_eq!(pool.probe("b").await.unwrap().health, UpstreamHealth::Ready);
    assert!(matches!(pool.probe("c").await, Err(PoolError::Unknown { .. })));

    // Connected, it is looked at again.
    open.store(false, Ordering::Relaxed);
    assert_eq!(pool.probe("a").await.unwrap().health, UpstreamHealth::Ready, "a refusal is an answer");
    assert_eq!(asked.load(Ordering::Relaxed), seen + 2);
}

#[tokio::test(start_paused = true)]
async fn failures_are_found_and_mended_in_the_background() {
    let ((target, open, _), two) = (refusing(), named("two"));
    let pool = ClientPool::builder()
        .backoff(Backoff::new(Duration::from_secs(5), Duration::from_secs(5)))
        .probe_every(Duration::from_secs(1))
        .upstream("a", Upstream::new(target).unwrap())
        .upstream("b", up(&two.server))
        .build()
        .unwrap();
    assert!(pool.get("a").unwrap().ping().await.is_err());
    assert_eq!(says(&pool, "b").await, "two");
    open.store(true, Ordering::Relaxed);
    let since = Instant::now();
    while state(&pool, "a").health != UpstreamHealth::Ready {
        assert!(since.elapsed() < Duration::from_secs(10));
        advance(Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
    }
    assert!(since.elapsed() >= Duration::from_millis(2500), "not before it was due");
    assert_eq!(state(&pool, "b").health, UpstreamHealth::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_does_not_stop_the_connecting() {
    let (two, gate) = (named("two"), Arc::new(tokio::sync::Semaphore::new(0)));
    let (service, held) = (SharedService::new(named("one").server), Arc::clone(&gate));
    let service = service_fn(move |request: Request| {
        let (service, held) = (service.clone(), Arc::clone(&held));
        async move {
            let _held = held.acquire().await.unwrap();
            service.handle(request).await
        }
    });
    let pool = ClientPool::builder()
        .upstream("a", Upstream::new(Target::service(service)).unwrap())
        .upstream("b", up(&two.server))
        .build()
        .unwrap();
    let a = pool.get("a").unwrap();
    let left = tokio::spawn({
        let a = a.clone();
        async move { a.ping().await }
    });
    while state(&pool, "a").health != UpstreamHealth::Connecting {
        tokio::task::yield_now().await;
    }
    left.abort();
    assert!(left.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    while state(&pool, "a").health == UpstreamHealth::Connecting {
        tokio::task::yield_now().await;
    }
    assert_eq!(state(&pool, "a").health, UpstreamHealth::Ready);
    assert_eq!(says(&pool, "b").await, "two");
}

#[cfg(all(unix, feature = "stdio"))]
#[tokio::test(start_paused = true)]
async fn what_is_not_there_fails_by_name() {
    let pool = ClientPool::builder()
        .upstream("program", Upstream::new("no-such-program-anywhere --secret").unwrap())
        .upstream("socket", Upstream::new("unix:/nowhere/at/all.sock").unwrap())
        .build()
        .unwrap();
    for (name, expect) in [
        ("program", "`no-such-program-anywhere` cannot be started: "),
        ("socket", "cannot connect to `unix:/nowhere/at/all.sock`: "),
    ] {
        let error = pool.get(name).unwrap().tools().await.unwrap_err().to_string();
        assert!(error.contains(expect) && !error.contains("secret"), "{error}");
        assert_eq!(state(&pool, name).health, UpstreamHealth::Failing);
    }
}

/// Enough of a server of 2025-11-25 to call a tool, which says the process's identifier.
#[cfg(all(unix, feature = "stdio"))]
const SERVER: &str = r#"
while read -r line; do
  id=$(printf %s "$line" | sed -n 's/^{"jsonrpc":"2.0","id":\([0-9]*\),.*/\1/p')
  case $line in
    *'"method":"server/discover"'*) body='"error":{"code":-32601,"message":"what?"}' ;;
    *'"method":"initialize"'*) body='"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"sh","version":"1"}}' ;;
    *'"name":"hang"'*) continue ;;
    *) body='"result":{"content":[{"type":"text","text":"'$$'"}]}' ;;
  esac
  test -n "$id" && printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$body"
done
"#;

#[cfg(all(unix, feature = "stdio"))]
#[tokio::test]
async fn a_process_that_is_killed_is_started_again() {
    use mcp_core::client::Program;
    let shell = || Upstream::new(Program::new("sh").args(["-c", SERVER])).unwrap();
    let pool = ClientPool::builder().upstream("a", shell()).upstream("b", shell()).build().unwrap();
    let (a, b) = (pool.get("a").unwrap(), pool.get("b").unwrap());
    let pid: u32 = a.call("pid", ()).await.unwrap();
    let other: u32 = b.call("pid", ()).await.unwrap();
    assert_ne!(pid, other);

    // A call that runs meanwhile learns that its connection is gone, and is not sent twice.
    let running = tokio::spawn({
        let a = a.clone();
        async move { a.call::<String>("hang", ()).await }
    });
    while state(&pool, "a").in_flight == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(a.call::<u32>("pid", ()).await.unwrap(), pid, "the other call was written before");
    let killed = tokio::process::Command::new("kill").args(["-9", &pid.to_string()]).status().await.unwrap();
    assert!(killed.success());
    let error = running.await.unwrap().unwrap_err();
    let client = error.as_client().unwrap();
    assert!(client.is_broken() && !client.was_never_sent(), "{error}");

    let lost = state(&pool, "a");
    assert_eq!(lost.health, UpstreamHealth::Idle);
    assert!(lost.last_error.unwrap().contains("the connection ended"));
    let again: u32 = a.call("pid", ()).await.unwrap();
    assert_ne!(again, pid);
    assert_eq!(b.call::<u32>("pid", ()).await.unwrap(), other, "the other never noticed");
    pool.close().await;
}
