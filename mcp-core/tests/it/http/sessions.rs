//! Sessions of revisions until 2025-11-25.

use std::time::Duration;

use hyper::StatusCode;
use mcp_core::server::{Context, Elicit, Elicited, Server, ToolError};
use mcp_core::tool;
use serde_json::{Value, json};

use super::client::{Call, Client, Events};
use super::{Running, builder, within};

fn frame(id: i64, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn call(session: &str, id: i64, name: &str) -> Call {
    let params = json!({ "name": name, "_meta": { "progressToken": 1 } });
    Call::legacy(&frame(id, "tools/call", params)).header("mcp-session-id", session)
}

fn listen(session: &str) -> Call {
    Call::new("GET", "").header("accept", "text/event-stream").header("mcp-session-id", session)
}

#[tokio::test]
async fn a_request_goes_on_without_its_connection_and_can_be_resumed() {
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let (builder, gate, mut heard) = builder();
        let running = Running::start(builder).await;
        let mut client = Client::connect(running.address).await;
        let session = client.initialize(version).await;
        let mut events = Events::of(client.open(call(&session, 1, "slow_noted")).await);
        let mut event = events.next().await.unwrap();
        if version == "2025-11-25" {
            assert_eq!(
                (event.data.as_str(), event.retry),
                ("", Some(1000)),
                "the event that opens the stream"
            );
            event = events.next().await.unwrap();
        }
        assert_eq!(event.json()["method"], "notifications/progress");
        let last = event.id.expect("an identifier to resume from");
        assert_eq!(within(heard.recv()).await, Some("started"));
        drop((events, client));

        // The call is not cancelled: it finishes, and its answer waits.
        gate.open.notify_one();
        assert_eq!(within(heard.recv()).await, Some("finished"), "{version}");
        let mut client = Client::connect(running.address).await;
        let mut events = Events::of(client.open(listen(&session).header("last-event-id", &last)).await);
        let answer = within(events.next()).await.unwrap().json();
        assert_eq!((&answer["id"], &answer["result"]["content"][0]["text"]), (&json!(1), &json!("done")));
        assert_eq!(within(events.next()).await, None);
        running.stop().await;
    }
}

#[tokio::test]
async fn a_notification_cancels_a_request_of_the_session() {
    let (builder, _gate, mut heard) = builder();
    let running = Running::start(builder).await;
    let mut client = Client::connect(running.address).await;
    let session = client.initialize("2025-06-18").await;
    let address = running.address;
    let calling = tokio::spawn({
        let session = session.clone();
        async move { Client::connect(address).await.send(call(&session, 7, "slow")).await }
    });
    assert_eq!(within(heard.recv()).await, Some("started"));
    // The identifier is taken as long as the request runs.
    let taken = client.send(call(&session, 7, "echo")).await;
    assert_eq!((taken.status, taken.code()), (StatusCode::BAD_REQUEST, -32600));
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 7 } });
    let accepted = client.send(Call::legacy(&cancel).header("mcp-session-id", &session)).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED);
    assert_eq!(within(heard.recv()).await, Some("dropped"));
    // A request that was cancelled has no answer.
    let answer = within(calling).await.unwrap();
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::ACCEPTED, ""));
    running.stop().await;
}

#[tokio::test]
async fn sessions_end_when_told_and_when_forgotten() {
    let (builder, ..) = builder();
    let running = Running::start_with(builder, |http| http.session_ttl(Duration::from_millis(200))).await;
    let mut client = Client::connect(running.address).await;
    let list =
        |session: &str| Call::legacy(&frame(1, "tools/list", json!({}))).header("mcp-session-id", session);

    let session = client.initialize("2025-11-25").await;
    assert_eq!(client.send(list(&session)).await.status, StatusCode::OK);
    let delete = Call::new("DELETE", "").header("mcp-session-id", &session);
    assert_eq!(client.send(delete).await.status, StatusCode::NO_CONTENT);
    let gone = client.send(list(&session)).await;
    assert_eq!((gone.status, gone.code()), (StatusCode::NOT_FOUND, -31005));

    let forgotten = client.initialize("2025-11-25").await;
    let watched = client.initialize("2025-11-25").await;
    let mut watching = Client::connect(running.address).await;
    let events = Events::of(watching.open(listen(&watched)).await);
    within(async {
        while client.send(list("none")).await.status == StatusCode::OK
            || running_sessions(&mut client).await > 1
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(client.send(list(&forgotten)).await.status, StatusCode::NOT_FOUND);
    // A session with an open stream is not forgotten.
    assert_eq!(client.send(list(&watched)).await.status, StatusCode::OK);
    drop(events);
    running.stop().await;
}

async fn running_sessions(client: &mut Client) -> u64 {
    let health = client.send(Call::new("GET", "").path("/health")).await;
    health.json()["sessions"].as_u64().unwrap()
}

#[tokio::test]
async fn the_oldest_idle_session_makes_room() {
    let (builder, ..) = builder();
    let running = Running::start_with(builder, |http| http.max_sessions(2)).await;
    let mut client = Client::connect(running.address).await;
    let first = client.initialize("2025-11-25").await;
    let second = client.initialize("2025-11-25").await;
    let third = client.initialize("2025-11-25").await;
    let list =
        |session: &str| Call::legacy(&frame(1, "tools/list", json!({}))).header("mcp-session-id", session);
    let statuses = [
        client.send(list(&first)).await.status,
        client.send(list(&second)).await.status,
        client.send(list(&third)).await.status,
    ];
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::NOT_FOUND).count(), 1);
    assert_eq!(statuses[2], StatusCode::OK);
    running.stop().await;
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

#[tokio::test]
async fn questions_go_out_on_the_stream_and_answers_come_by_post() {
    let ask = async |context: Context| -> Result<String, ToolError> {
        match context.ask("name", Elicit::form::<Name>("Who are you?")).await? {
            Elicited::Accepted(Name { name }) => Ok(format!("Hello, {name}!")),
            _ => Ok("Hello!".into()),
        }
    };
    let running = Running::start(Server::builder("test", "1").tool(tool("ask", ask))).await;
    let mut client = Client::connect(running.address).await;
    let session = client.initialize("2025-06-18").await;
    let mut events = Events::of(client.open(call(&session, 1, "ask")).await);
    let question = events.next().await.unwrap().json();
    assert_eq!(question["method"], "elicitation/create");
    assert_eq!(question["params"]["requestedSchema"]["properties"]["name"]["type"], "string");
    let reply = json!({ "jsonrpc": "2.0", "id": question["id"],
        "result": { "action": "accept", "content": { "name": "Ada" } } });
    let mut second = Client::connect(running.address).await;
    let accepted = second.send(Call::legacy(&reply).header("mcp-session-id", &session)).await;
    assert_eq!(accepted.status, StatusCode::ACCEPTED);
    assert_eq!(within(events.next()).await.unwrap().json()["result"]["content"][0]["text"], "Hello, Ada!");

    // Without a session there is nobody to ask: the model reads why.
    let alone = Call::legacy(&frame(2, "tools/call", json!({ "name": "ask" })));
    let answer = second.send(alone.header("mcp-protocol-version", "2025-06-18")).await;
    assert_eq!(answer.json()["result"]["isError"], true, "{answer:?}");
    running.stop().await;
}

#[tokio::test]
async fn changes_reach_the_stream_of_a_session() {
    let (builder, ..) = builder();
    let running = Running::start(builder.resource(mcp_core::resource("x://y", "y", async || "y"))).await;
    let mut client = Client::connect(running.address).await;
    let session = client.initialize("2025-11-25").await;
    let mut watching = Client::connect(running.address).await;
    let mut events = Events::of(watching.open(listen(&session)).await);
    assert_eq!(events.next().await.unwrap().data, "", "the event that opens the stream");
    let subscribe = frame(1, "resources/subscribe", json!({ "uri": "x://y" }));
    let subscribed = client.send(Call::legacy(&subscribe).header("mcp-session-id", &session)).await;
    assert_eq!(subscribed.json()["result"], json!({}));

    running.server.remove_tool("echo");
    let changed = within(events.next()).await.unwrap().json();
    assert_eq!(
        changed,
        json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": {} })
    );
    running.server.resource_updated("x://y");
    let updated = within(events.next()).await.unwrap().json();
    assert_eq!(
        (&updated["method"], &updated["params"]["uri"]),
        (&json!("notifications/resources/updated"), &json!("x://y"))
    );
    running.stop().await;
}
