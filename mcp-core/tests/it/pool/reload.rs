//! Configuration that changes while calls run.

use std::sync::atomic::Ordering;

use mcp_core::client::{ClientPool, Upstream, UpstreamHealth};

use super::{counted, named, says, state, up};

#[tokio::test]
async fn what_stays_the_same_keeps_its_connection() {
    let (one, two, three) = (named("one"), named("two"), named("three"));
    let (target, connections) = counted(one.server);
    let a = Upstream::new(target.clone()).unwrap();
    let pool = ClientPool::builder().upstream("a", a.clone()).upstream("b", up(&two.server)).build().unwrap();
    assert_eq!(says(&pool, "a").await, "one");
    assert_eq!(says(&pool, "b").await, "two");
    let b = pool.get("b").unwrap();

    let changed = pool.replace_all([("a", a.clone()), ("b", up(&three.server))]).unwrap();
    assert_eq!(changed, 1);
    assert_eq!((says(&pool, "a").await, connections.load(Ordering::Relaxed)), ("one".into(), 1));
    assert_eq!(state(&pool, "b").health, UpstreamHealth::Idle);
    assert_eq!(b.call::<String>("name", ()).await.unwrap(), "three", "handles follow");

    // Other limits, other upstream; the revision has the last word.
    assert!(!pool.set("a", a.clone()).unwrap());
    assert!(pool.set("a", a.clone().max_in_flight(3)).unwrap());
    assert!(pool.set("a", a.clone().revision("7")).unwrap());
    assert!(!pool.set("a", Upstream::new(target).unwrap().revision("7")).unwrap());
    assert_eq!(says(&pool, "a").await, "one");
    assert_eq!(connections.load(Ordering::Relaxed), 2, "the last two never connected");

    assert_eq!(pool.replace_all([("a", a)]).unwrap(), 2, "one changed, one gone");
    assert!(pool.get("b").is_err() && !pool.remove("b") && pool.remove("a"));
    assert_eq!(b.tools().await.unwrap_err().to_string(), "there is no upstream `b`");
}

#[test]
fn the_same_text_is_the_same_upstream_and_a_bad_one_changes_nothing() {
    let pool = ClientPool::builder()
        .upstream("a", Upstream::new("no-such-program --flag").unwrap())
        .upstream("b", Upstream::new("no-such-program").unwrap())
        .build()
        .unwrap();
    let again = || Upstream::new("no-such-program  --flag").unwrap();
    assert!(!pool.set("a", again()).unwrap());
    assert!(pool.set("b", again()).unwrap());
    assert!(Upstream::new("").is_err());
}

#[tokio::test]
async fn running_calls_end_where_they_began() {
    let (mut one, two, three) = (named("one"), named("two"), named("three"));
    let pool =
        ClientPool::builder().upstream("a", up(&one.server)).upstream("b", up(&two.server)).build().unwrap();
    let a = pool.get("a").unwrap();
    let running = tokio::spawn({
        let a = a.clone();
        async move { a.call::<String>("wait", ()).await }
    });
    one.started.recv().await.unwrap();
    assert!(pool.set("a", up(&three.server)).unwrap());
    assert_eq!(a.call::<String>("name", ()).await.unwrap(), "three");
    assert!(!running.is_finished());
    one.leave.add_permits(1);
    assert_eq!(running.await.unwrap().unwrap(), "waited");
    assert_eq!(says(&pool, "b").await, "two");

    // The connection that nobody needs any more ends, and with it the last use of the server.
    let token = one.server.shutdown_token();
    drop(one);
    token.cancelled().await;
}
