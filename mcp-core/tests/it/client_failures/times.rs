//! Servers that keep one waiting. Time stands still once a server has what it will not answer.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::client::{Client, Error};
use mcp_core::protocol::ElicitResult;
use serde_json::{Map, json};
use tokio::sync::Notify;

use super::http_script::Script;
use super::line_script::Door;
use super::{response, said};

const PATIENCE: Duration = Duration::from_secs(5);

fn timed_out(error: &Error) {
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(error.to_string(), "`tools/call` was not answered within 5s");
}

#[tokio::test]
async fn no_answer_on_a_channel_is_an_error_and_the_server_is_told() {
    let door = Door::open();
    for modern in [true, false] {
        let builder = Client::builder("t", "1");
        let (client, mut lines) =
            if modern { door.modern(builder).await } else { door.legacy(builder).await };
        let call = tokio::spawn(client.call::<String>("t", ()).timeout(PATIENCE).into_future());
        let called = lines.next().await;
        tokio::time::pause();
        timed_out(&call.await.unwrap().unwrap_err());
        tokio::time::resume();
        let told = lines.next().await;
        assert_eq!(told["method"], "notifications/cancelled");
        assert_eq!(told["params"]["requestId"], called["id"]);
        // What comes too late is nobody's; the channel lives on.
        lines.send(&response(&called, &said("late"))).await;
        let call = tokio::spawn(client.call::<String>("t", ()).into_future());
        let called = lines.next().await;
        lines.send(&response(&called, &said("well"))).await;
        assert_eq!(call.await.unwrap().unwrap(), "well");
    }
}

#[tokio::test]
async fn no_answer_over_http_closes_the_connection() {
    let (arrived, closed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (here, gone) = (Arc::clone(&arrived), Arc::clone(&closed));
    let script = Script::modern(move |_, out| {
        let (here, gone) = (Arc::clone(&here), Arc::clone(&gone));
        Box::pin(async move {
            here.notify_one();
            out.until_closed().await;
            gone.notify_one();
            None
        })
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    let call = tokio::spawn(client.call::<String>("t", ()).timeout(PATIENCE).into_future());
    arrived.notified().await;
    tokio::time::pause();
    timed_out(&call.await.unwrap().unwrap_err());
    tokio::time::resume();
    closed.notified().await;
    assert_eq!((script.count("tools/call"), script.count("notifications/cancelled")), (1, 0));
}

#[tokio::test]
async fn no_answer_in_a_session_is_told_in_so_many_words() {
    let arrived = Arc::new(Notify::new());
    let here = Arc::clone(&arrived);
    let script = Script::legacy(move |_, out| {
        here.notify_one();
        Box::pin(async move {
            out.until_closed().await;
            None
        })
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    let call = tokio::spawn(client.call::<String>("t", ()).timeout(PATIENCE).into_future());
    arrived.notified().await;
    tokio::time::pause();
    timed_out(&call.await.unwrap().unwrap_err());
    tokio::time::resume();
    while script.count("notifications/cancelled") == 0 {
        tokio::task::yield_now().await;
    }
    let asked = script.asked.lock();
    let called = asked.iter().find(|asked| asked.method() == "tools/call").unwrap();
    let told = asked.iter().find(|asked| asked.method() == "notifications/cancelled").unwrap();
    assert_eq!(told.body["params"]["requestId"], called.body["id"]);
}

#[tokio::test]
async fn progress_keeps_a_slow_call_alive() {
    let door = Door::open();
    let (client, mut lines) = door.modern(Client::builder("t", "1")).await;
    let told = Arc::new(Notify::new());
    let signal = Arc::clone(&told);
    let call = client.call::<String>("t", ()).timeout(PATIENCE).progress(move |_| signal.notify_one());
    let call = tokio::spawn(call.into_future());
    let called = lines.next().await;
    tokio::time::pause();
    let token = called["params"]["_meta"]["progressToken"].clone();
    for progress in 1..=10 {
        let params = json!({ "progressToken": token, "progress": progress });
        lines.send(&json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params })).await;
        told.notified().await;
        tokio::time::advance(PATIENCE / 2).await;
    }
    lines.send(&response(&called, &said("well"))).await;
    assert_eq!(call.await.unwrap().unwrap(), "well");
}

#[tokio::test]
async fn a_person_who_thinks_it_over_does_not_time_out() {
    let door = Door::open();
    let (asked, agreed) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (seen, done) = (Arc::clone(&asked), Arc::clone(&agreed));
    let builder = Client::builder("t", "1").on_form(move |_| {
        let (seen, done) = (Arc::clone(&seen), Arc::clone(&done));
        async move {
            seen.notify_one();
            done.notified().await;
            Ok(ElicitResult::accept(Map::new()))
        }
    });
    let (client, mut lines) = door.legacy(builder).await;
    let call = tokio::spawn(client.call::<String>("t", ()).timeout(PATIENCE).into_future());
    let called = lines.next().await;
    let params = json!({ "message": "?", "requestedSchema": { "type": "object", "properties": {} } });
    let question = json!({ "jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": params });
    lines.send(&question).await;
    asked.notified().await;
    tokio::time::pause();
    for _ in 0..10 {
        tokio::time::advance(PATIENCE).await;
        assert!(!call.is_finished(), "the server waits for us, not we for it");
    }
    tokio::time::resume();
    agreed.notify_one();
    assert_eq!(lines.next().await["id"], "q");
    lines.send(&response(&called, &said("well"))).await;
    assert_eq!(call.await.unwrap().unwrap(), "well");
    // A server that asks and then falls silent is waited for as any other.
    let call = tokio::spawn(client.call::<String>("t", ()).timeout(PATIENCE).into_future());
    lines.next().await;
    lines.send(&question).await;
    asked.notified().await;
    agreed.notify_one();
    assert_eq!(lines.next().await["id"], "q");
    tokio::time::pause();
    timed_out(&call.await.unwrap().unwrap_err());
}

#[tokio::test]
async fn a_server_that_is_slow_to_start_is_not_taken_for_an_old_one() {
    let door = Door::open();
    let connecting = tokio::spawn(Client::builder("t", "1").connect(door.target()));
    let mut lines = door.accept().await;
    let discover = lines.next().await;
    assert_eq!(discover["method"], "server/discover");
    tokio::time::pause();
    // Silence makes the client greet it as an old one as well…
    let initialize = lines.next().await;
    tokio::time::resume();
    assert_eq!(initialize["method"], "initialize");
    // … and then both are answered, in the order in which they came.
    lines.send(&response(&discover, &super::discovered())).await;
    lines.send(&super::refusal(&initialize, -32022, "not that old")).await;
    let client = connecting.await.unwrap().unwrap();
    assert_eq!(client.server().await.unwrap().version.as_str(), super::MODERN);
}

#[tokio::test]
async fn an_old_server_that_keeps_silent_is_spoken_to_as_such() {
    let door = Door::open();
    let connecting = tokio::spawn(Client::builder("t", "1").connect(door.target()));
    let mut lines = door.accept().await;
    lines.next().await;
    tokio::time::pause();
    let initialize = lines.next().await;
    tokio::time::resume();
    lines.send(&response(&initialize, &super::welcome())).await;
    let client = connecting.await.unwrap().unwrap();
    assert_eq!(client.server().await.unwrap().version.as_str(), super::LEGACY);
}

#[tokio::test]
async fn an_old_server_that_falls_over_the_next_message_is_started_again() {
    let door = Door::open();
    let connecting = tokio::spawn(Client::builder("t", "1").connect(door.target()));
    let mut lines = door.accept().await;
    lines.next().await;
    tokio::time::pause();
    assert_eq!(lines.next().await["method"], "initialize");
    tokio::time::resume();
    drop(lines);
    let mut lines = door.accept().await;
    let initialize = lines.next().await;
    assert_eq!(initialize["method"], "initialize", "it is not asked again what it falls over");
    lines.send(&response(&initialize, &super::welcome())).await;
    connecting.await.unwrap().unwrap();
}
