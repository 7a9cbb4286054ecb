//! Addresses that a person must have been to first (-32042, 2025-11-25).

use mcp_core::client::{Client, Error};
use mcp_core::protocol::ElicitAction;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::line_script::{Door, Lines};
use super::{response, said};

fn demand(request: &Value, ids: &[&str]) -> Value {
    let elicitations: Vec<_> = ids
        .iter()
        .map(|id| json!({ "mode": "url", "elicitationId": id, "url": format!("https://a.example/{id}"), "message": "Log in" }))
        .collect();
    let data = json!({ "elicitations": elicitations });
    json!({ "jsonrpc": "2.0", "id": request["id"], "error": { "code": -32042, "message": "log in first", "data": data } })
}

fn been_there(id: &str) -> Value {
    json!({ "jsonrpc": "2.0", "method": "notifications/elicitation/complete", "params": { "elicitationId": id } })
}

/// A client whose person does `action` at every address, and the addresses.
async fn person(door: &Door, action: ElicitAction) -> (Client, Lines, mpsc::UnboundedReceiver<String>) {
    let (record, visited) = mpsc::unbounded_channel();
    let builder = Client::builder("t", "1").on_url(move |question| {
        record.send(question.url).unwrap();
        async move { Ok(action) }
    });
    let (client, lines) = door.legacy(builder).await;
    (client, lines, visited)
}

#[tokio::test]
async fn the_person_goes_there_and_the_call_is_sent_again() {
    let door = Door::open();
    let (client, mut lines, mut visited) = person(&door, ElicitAction::Accept).await;
    let call = tokio::spawn(client.call::<String>("t", json!({"a": 1})).into_future());
    let first = lines.next().await;
    lines.send(&demand(&first, &["one", "two"])).await;
    assert_eq!(visited.recv().await.unwrap(), "https://a.example/one");
    assert_eq!(visited.recv().await.unwrap(), "https://a.example/two");
    // It is sent again only after the person has been to both.
    lines.send(&been_there("two")).await;
    lines.send(&been_there("other")).await;
    lines.send(&been_there("one")).await;
    let second = lines.next().await;
    assert_eq!((&second["method"], &second["params"]["arguments"]), (&json!("tools/call"), &json!({"a": 1})));
    assert_ne!(first["id"], second["id"]);
    lines.send(&response(&second, &said("well"))).await;
    assert_eq!(call.await.unwrap().unwrap(), "well");
    assert!(visited.try_recv().is_err(), "nobody is sent twice");
}

#[tokio::test(start_paused = true)]
async fn servers_that_tell_nothing_are_asked_again_and_the_person_is_not() {
    let door = Door::open();
    let (client, mut lines, mut visited) = person(&door, ElicitAction::Accept).await;
    let call = tokio::spawn(client.call::<String>("t", ()).into_future());
    for _ in 0..3 {
        let request = lines.next().await;
        lines.send(&demand(&request, &["one"])).await;
    }
    let request = lines.next().await;
    lines.send(&response(&request, &said("well"))).await;
    assert_eq!(call.await.unwrap().unwrap(), "well");
    assert!(visited.try_recv().is_ok() && visited.try_recv().is_err(), "once");
}

#[tokio::test]
async fn the_error_stands_where_the_person_says_no_or_nobody_can_be_asked() {
    let door = Door::open();
    let (client, mut lines, mut visited) = person(&door, ElicitAction::Decline).await;
    let call = tokio::spawn(client.call::<String>("t", ()).into_future());
    let request = lines.next().await;
    lines.send(&demand(&request, &["one", "two"])).await;
    assert!(matches!(call.await.unwrap(), Err(Error::Rpc(error)) if error.code.0 == -32042));
    assert!(visited.try_recv().is_ok() && visited.try_recv().is_err(), "once");

    let other = Door::open();
    let (client, mut lines) = other.legacy(Client::builder("t", "1")).await;
    for data in [json!(null), json!({}), json!({ "elicitations": [] }), json!({ "elicitations": 5 })] {
        let call = tokio::spawn(client.call::<String>("t", ()).into_future());
        let request = lines.next().await;
        let error = json!({ "code": -32042, "message": "log in", "data": data });
        lines.send(&json!({ "jsonrpc": "2.0", "id": request["id"], "error": error })).await;
        assert!(matches!(call.await.unwrap(), Err(Error::Rpc(error)) if error.code.0 == -32042));
    }
}
