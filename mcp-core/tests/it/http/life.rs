//! Requests that live and die with their connections.

use hyper::StatusCode;
use serde_json::json;

use super::client::{Call, Client, Events};
use super::{Running, builder, within};

#[tokio::test]
async fn plain_answers_are_json_and_noted_ones_streams() {
    let (builder, ..) = builder();
    let running = Running::start(builder).await;
    let mut client = Client::connect(running.address).await;
    let echo = json!({ "name": "echo", "arguments": { "message": "hi" } });
    let answer = client.send(Call::modern(1, "tools/call", echo)).await;
    assert_eq!((answer.status, &*answer.content_type), (StatusCode::OK, "application/json"));
    assert_eq!(answer.json()["result"]["content"][0]["text"], "hi");
    assert_eq!(answer.json()["result"]["resultType"], "complete");

    // Without a token nobody asked for progress.
    let answer = client.send(Call::modern(2, "tools/call", json!({ "name": "noted" }))).await;
    assert_eq!(answer.content_type, "application/json");
    let noted = json!({ "name": "noted", "_meta": { "progressToken": "p" } });
    let mut events = Events::of(client.open(Call::modern(3, "tools/call", noted)).await);
    let note = events.next().await.unwrap().json();
    assert_eq!(
        (&note["method"], &note["params"]["progressToken"]),
        (&json!("notifications/progress"), &json!("p"))
    );
    assert_eq!(events.next().await.unwrap().json()["id"], 3);
    assert_eq!(events.next().await, None);
    running.stop().await;
}

#[tokio::test]
async fn a_client_that_goes_away_cancels_its_request() {
    let (builder, _gate, mut heard) = builder();
    let running = Running::start(builder).await;
    for name in ["slow", "slow_noted"] {
        let call = json!({ "name": name, "_meta": { "progressToken": 1 } });
        let address = running.address;
        let caller = tokio::spawn(async move {
            let mut client = Client::connect(address).await;
            let response = client.open(Call::modern(1, "tools/call", call)).await;
            let mut events = Events::of(response);
            while events.next().await.is_some() {}
        });
        assert_eq!(within(heard.recv()).await, Some("started"));
        caller.abort();
        assert_eq!(within(heard.recv()).await, Some("dropped"), "{name}");
    }
    assert_eq!(running.server.calls_in_flight(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_it_began() {
    let (builder, gate, mut heard) = builder();
    let running = Running::start(builder).await;
    let mut client = Client::connect(running.address).await;
    let mut listening = Client::connect(running.address).await;
    let filter = json!({ "notifications": { "toolsListChanged": true } });
    let mut events = Events::of(listening.open(Call::modern(9, "subscriptions/listen", filter)).await);
    let acknowledged = events.next().await.unwrap().json();
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");

    let call =
        tokio::spawn(
            async move { client.send(Call::modern(1, "tools/call", json!({ "name": "slow" }))).await },
        );
    assert_eq!(within(heard.recv()).await, Some("started"));
    let stopping = tokio::spawn(running.stop());
    // The subscription ends with an answer, so that its client knows that this was no accident.
    let end = within(events.next()).await.unwrap().json();
    assert_eq!((&end["id"], &end["result"]["resultType"]), (&json!(9), &json!("complete")));
    gate.open.notify_one();
    assert_eq!(within(call).await.unwrap().json()["result"]["content"][0]["text"], "done");
    within(stopping).await.unwrap();
}

#[tokio::test]
async fn a_thousand_dropped_connections_leave_nothing() {
    drop_connections(1000).await;
}

#[tokio::test]
#[ignore = "minutes: part of `make soak`"]
async fn soak_dropped_connections_leave_nothing() {
    drop_connections(200_000).await;
}

/// Opens connections and drops them: unused, after an answer, in a stream, in a call.
async fn drop_connections(count: i64) {
    let (builder, _gate, mut heard) = builder();
    let running = Running::start(builder).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for i in 0..count {
        while heard.try_recv().is_ok() {}
        let mut client = Client::connect(running.address).await;
        match i % 4 {
            0 => drop(client),
            1 => {
                let echo = json!({ "name": "echo", "arguments": { "message": "x" } });
                assert_eq!(client.send(Call::modern(i, "tools/call", echo)).await.status, StatusCode::OK);
            }
            2 => {
                let filter = json!({ "notifications": { "toolsListChanged": true } });
                let mut events =
                    Events::of(client.open(Call::modern(i, "subscriptions/listen", filter)).await);
                assert!(events.next().await.is_some());
            }
            _ => {
                let call = json!({ "name": "slow_noted", "_meta": { "progressToken": 1 } });
                let mut events = Events::of(client.open(Call::modern(i, "tools/call", call)).await);
                assert!(events.next().await.is_some());
            }
        }
    }
    // Closed sockets are noticed as their tasks get to run.
    within(async {
        while tasks() > before || running.server.calls_in_flight() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    running.stop().await;
}
