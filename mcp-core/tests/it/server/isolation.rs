//! What happens to one call happens to no other.

use std::time::Duration;

use mcp_core::protocol::ErrorCode;
use mcp_core::server::{Cancelled, Context, FromContext, Rejection, tool};
use mcp_core::testing::TestClient;
use mcp_core::transport::memory;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{BOTH, builder, named, refused, said, serving};

#[tokio::test(start_paused = true)]
async fn a_call_that_takes_too_long() {
    let slow = tool("slow", async || std::future::pending::<()>().await).deadline(Duration::from_secs(5));
    let slower = tool("slower", async || std::future::pending::<()>().await);
    let server = builder().deadline(Duration::from_secs(7)).tool(slow).tool(slower).tool(named("quick"));
    let server = server.build().unwrap();
    for version in BOTH {
        let client = TestClient::connect_as(version, server.clone()).await;
        let (slow, slower, quick) = tokio::join!(
            client.call_raw("slow", json!({})),
            client.call_raw("slower", json!({})),
            client.call_raw("quick", json!({})),
        );
        assert_eq!(refused(slow), "-31002 the call took longer than 5000 ms");
        assert_eq!(refused(slower), "-31002 the call took longer than 7000 ms");
        assert!(quick.is_ok());
        assert_eq!(server.calls_in_flight(), 0);
    }
}

/// The next of what is sent, or a failed test.
async fn next<T>(events: &mut mpsc::UnboundedReceiver<T>) -> T {
    let next = tokio::time::timeout(Duration::from_secs(30), events.recv()).await;
    next.expect("something should have come").expect("the sender is there")
}

/// An extractor that panics.
struct Broken;

impl FromContext for Broken {
    fn from_context(_: &Context) -> Result<Self, Rejection> {
        panic!("the extractor is broken")
    }
}

#[tokio::test]
async fn a_panic() {
    let server = builder()
        .tool(tool("at_once", async || -> &str { panic!("at once") }))
        .tool(tool("later", async || -> &str {
            tokio::task::yield_now().await;
            panic!("later")
        }))
        .tool(tool("outside", || -> std::future::Ready<&'static str> { panic!("before there is a future") }))
        .tool(tool("extractor", async |_: Broken| "unreachable"))
        .tool(named("sound"));
    let server = server.build().unwrap();
    for version in BOTH {
        let client = TestClient::connect_as(version, server.clone()).await;
        for name in ["at_once", "later", "outside", "extractor"] {
            assert_eq!(
                refused(client.call_raw(name, json!({})).await),
                "-32603 the handler failed unexpectedly",
                "{name} on {version}"
            );
            assert_eq!(said(&client.call("sound", json!({})).await), (false, "sound"));
        }
        assert_eq!(server.calls_in_flight(), 0);
    }
}

/// Says that it was dropped.
struct Guard(mpsc::UnboundedSender<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

#[tokio::test]
async fn a_cancelled_call_is_dropped() {
    for version in BOTH {
        let (tx, mut events) = mpsc::unbounded_channel();
        let wait = tool("wait", move |Cancelled(cancelled): Cancelled| {
            let tx = tx.clone();
            async move {
                let handed_on = tx.clone();
                tokio::spawn(async move {
                    cancelled.cancelled().await;
                    let _ = handed_on.send("cancelled");
                });
                let _guard = Guard(tx.clone());
                let _ = tx.send("started");
                std::future::pending::<()>().await;
            }
        });
        let server = serving(wait);
        let client = TestClient::connect_as(version, server.clone()).await;
        let mut call = client.start("tools/call", json!({ "name": "wait" })).await;
        assert_eq!(next(&mut events).await, "started");
        client.cancel(call.id()).await;
        let mut seen = [next(&mut events).await, next(&mut events).await];
        seen.sort_unstable();
        assert_eq!(seen, ["cancelled", "dropped"], "{version}");
        // Whoever gives up gets no answer, and the connection goes on.
        assert!(client.request("tools/list", json!({})).await.is_ok());
        assert!(call.is_open());
        assert_eq!(server.calls_in_flight(), 0);
    }
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_calls() {
    let (tx, mut events) = mpsc::unbounded_channel();
    let wait = tool("wait", move || {
        let guard = Guard(tx.clone());
        async move {
            let _ = guard.0.send("started");
            std::future::pending::<()>().await;
        }
    });
    let client = TestClient::connect(serving(wait));
    let call = client.start("tools/call", json!({ "name": "wait" })).await;
    assert_eq!(next(&mut events).await, "started");
    drop((call, client));
    assert_eq!(next(&mut events).await, "dropped");
}

#[tokio::test]
async fn an_identifier_in_flight() {
    let (tx, mut started) = mpsc::unbounded_channel();
    let (release, released) = tokio::sync::watch::channel(false);
    let wait = tool("wait", move || {
        let (tx, mut released) = (tx.clone(), released.clone());
        async move {
            let _ = tx.send(());
            released.wait_for(|released| *released).await.map_or("gone", |_| "done")
        }
    });
    let mut connection = memory::connect(serving(wait));
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let frame = json!({
        "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": "wait", "_meta": meta },
    });
    let frame = frame.to_string();
    connection.tx.send(frame.clone().into()).await.unwrap();
    next(&mut started).await;
    connection.tx.send(frame.clone().into()).await.unwrap();
    let answer: Value = serde_json::from_slice(&next(&mut connection.rx).await).unwrap();
    assert_eq!(
        answer,
        json!({ "jsonrpc": "2.0", "id": 7, "error": {
        "code": -32600, "message": "request `7` is in flight already: identifiers must be unique",
    } })
    );
    release.send(true).unwrap();
    let answer: Value = serde_json::from_slice(&next(&mut connection.rx).await).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "done");
    // Once it is answered the identifier is free.
    connection.tx.send(frame.into()).await.unwrap();
    let answer: Value = serde_json::from_slice(&next(&mut connection.rx).await).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], "done");
}

#[tokio::test]
async fn more_calls_than_allowed() {
    let (tx, mut events) = mpsc::unbounded_channel();
    let wait = tool("wait", move || {
        let guard = Guard(tx.clone());
        async move {
            let _ = guard.0.send("started");
            std::future::pending::<()>().await;
        }
    });
    let client = TestClient::connect(builder().max_in_flight(1).tool(wait).build().unwrap());
    let first = client.start("tools/call", json!({ "name": "wait" })).await;
    assert_eq!(next(&mut events).await, "started");
    let error = client.call_raw("wait", json!({})).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::OVERLOADED);
    client.cancel(first.id()).await;
    // The refused call was dropped, too.
    assert_eq!([next(&mut events).await, next(&mut events).await], ["dropped"; 2]);
    let _second = client.start("tools/call", json!({ "name": "wait" })).await;
    assert_eq!(next(&mut events).await, "started");
}
