//! How many calls an upstream runs.

use std::time::Duration;

use mcp_core::client::{ClientPool, PoolError};

use super::{named, says, state, up};

#[tokio::test(start_paused = true)]
async fn a_call_waits_its_turn_and_not_for_ever() {
    let (mut one, two) = (named("one"), named("two"));
    let upstream = up(&one.server).max_in_flight(1).max_wait(Duration::from_secs(3));
    let pool = ClientPool::builder().upstream("a", upstream).upstream("b", up(&two.server)).build().unwrap();
    let a = pool.get("a").unwrap();
    let running = tokio::spawn({
        let a = a.clone();
        async move { a.call::<String>("wait", ()).await }
    });
    one.started.recv().await.unwrap();
    assert_eq!((state(&pool, "a").in_flight, state(&pool, "a").max_in_flight), (1, 1));

    let before = tokio::time::Instant::now();
    let error = a.call::<String>("name", ()).await.unwrap_err();
    assert_eq!(before.elapsed(), Duration::from_secs(3));
    assert_eq!(error.to_string(), "upstream `a` runs 1 calls, as many as it may; none ended within 3s");
    assert!(matches!(error, PoolError::Busy { limit: 1, .. }));
    assert_eq!(says(&pool, "b").await, "two", "the other has turns of its own");

    // Who waits gets the turn of who ends.
    let next = tokio::spawn({
        let a = a.clone();
        async move { a.call::<String>("name", ()).await }
    });
    tokio::task::yield_now().await;
    one.leave.add_permits(1);
    assert_eq!(running.await.unwrap().unwrap(), "waited");
    assert_eq!(next.await.unwrap().unwrap(), "one");

    // A call that is given up gives its turn back.
    let dropped = tokio::spawn({
        let a = a.clone();
        async move { a.call::<String>("wait", ()).await }
    });
    one.started.recv().await.unwrap();
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    assert_eq!(state(&pool, "a").in_flight, 0);
    assert_eq!(says(&pool, "a").await, "one");
}
