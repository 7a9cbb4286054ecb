//! Connections that break, and what happens once and never twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_core::client::{Client, Error};
use serde_json::json;

use super::http_script::{Answering, Asked, Out, Script};
use super::line_script::Door;
use super::{response, said};

fn well(asked: &Asked, out: Out) -> Answering {
    let answer = response(&asked.body, &said("well"));
    Box::pin(async move { out.json(&answer).await })
}

#[tokio::test]
async fn a_call_whose_server_dies_is_not_repeated() {
    let script = Script::modern(|_, out| {
        drop(out);
        Box::pin(async { None })
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    let error = client.call::<String>("t", ()).await.unwrap_err();
    assert!(error.is_broken() && !error.was_never_sent(), "{error:?}");
    assert_eq!(script.count("tools/call"), 1);
}

#[tokio::test]
async fn what_has_no_effect_is_repeated_once() {
    let script = Script::modern(|_, out| {
        drop(out);
        Box::pin(async { None })
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    let error = client.tools().await.unwrap_err();
    assert!(error.is_broken(), "{error:?}");
    assert_eq!(script.count("tools/list"), 2, "once more, not for ever");
}

#[tokio::test]
async fn a_connection_that_idled_out_is_replaced() {
    let script = Script::modern(|asked, out| {
        let answer = response(&asked.body, &said("well")).to_string();
        Box::pin(async move {
            // Says nothing of closing, and closes.
            out.whole(200, "content-type: application/json\r\n", &answer).await;
            None
        })
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    for calls in 1..=20 {
        assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
        assert_eq!(script.count("tools/call"), calls);
    }
}

#[tokio::test]
async fn a_request_that_nobody_read_is_not_taken_for_unsent() {
    // The second connection is closed before anything is read from it: we cannot know that.
    let refused = Arc::new(AtomicUsize::new(0));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let counter = Arc::clone(&refused);
    let server = tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            drop(socket);
        }
    });
    let builder = Client::builder("t", "1").version("2026-07-28".parse().unwrap());
    let error = builder.connect(url).await.unwrap_err();
    assert!(error.is_broken(), "{error:?}");
    assert!((1..=4).contains(&refused.load(Ordering::SeqCst)), "bounded attempts");
    server.abort();
}

#[tokio::test]
async fn a_stream_that_breaks_ends_the_call_unless_it_can_be_taken_up() {
    let script = Script::modern(|asked, mut out| {
        let token = asked.body["params"]["_meta"]["progressToken"].clone();
        Box::pin(async move {
            out.stream().await.ok()?;
            let params = json!({ "progressToken": token, "progress": 1 });
            out.event(&json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params }))
                .await
                .ok()?;
            None
        })
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    let told = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let call = client.call::<String>("t", ()).progress(move |_| _ = counter.fetch_add(1, Ordering::SeqCst));
    let error = call.await.unwrap_err();
    assert!(error.to_string().contains("broke"), "{error}");
    assert_eq!(told.load(Ordering::SeqCst), 1, "what came before the break arrived");
    assert_eq!(script.count("tools/call"), 1);
}

#[tokio::test]
async fn a_stream_of_a_session_is_taken_up_where_it_broke() {
    let script = Script::legacy(|asked, mut out| {
        let resumed = asked.verb == "GET";
        let answer = json!({ "jsonrpc": "2.0", "id": 3, "result": said("well") });
        Box::pin(async move {
            out.stream().await.ok()?;
            if resumed {
                assert_eq!(asked.headers["last-event-id"], "e-1");
                out.event(&answer).await.ok()?;
            } else {
                assert_eq!(asked.body["id"], 3, "the answer that is scripted names it");
                out.raw(b"id: e-1\nretry: 0\ndata:\n\n").await.ok()?;
            }
            None
        })
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
    assert_eq!(script.count("tools/call"), 1, "it was taken up, not repeated");
}

#[tokio::test]
async fn a_channel_that_breaks_during_a_call_ends_it_and_the_next_call_opens_another() {
    let door = Door::open();
    let (client, mut lines) = door.modern(Client::builder("t", "1")).await;
    let call = tokio::spawn(client.call::<String>("t", ()).into_future());
    assert_eq!(lines.next().await["method"], "tools/call");
    drop(lines);
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed { sent: true, .. }), "{error:?}");
    // Between calls: nothing is lost, and nobody notices.
    let again = tokio::spawn(client.call::<String>("t", ()).into_future());
    let mut lines = door.accept().await;
    let discover = lines.next().await;
    lines.send(&response(&discover, &super::discovered())).await;
    let called = lines.next().await;
    assert_eq!(called["method"], "tools/call");
    lines.send(&response(&called, &said("well"))).await;
    assert_eq!(again.await.unwrap().unwrap(), "well");
}

#[tokio::test]
async fn well_behaved_servers_are_asked_once() {
    let script = Script::modern(|asked, out| well(&asked, out)).await;
    let client = Client::connect(script.url()).await.unwrap();
    assert_eq!(client.call::<String>("t", ()).await.unwrap(), "well");
    assert_eq!((script.count("server/discover"), script.count("tools/call")), (1, 1));
    assert_eq!(script.connections.load(Ordering::SeqCst), 1);
}
