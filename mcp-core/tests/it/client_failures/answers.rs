//! Answers that are none.

use mcp_core::client::{Client, Error};
use serde_json::json;

use super::http_script::Script;
use super::line_script::Door;
use super::{response, said};

/// The error of a call that is answered so.
async fn error_of(status: u16, headers: &'static str, body: String) -> Error {
    let script = Script::modern(move |_, out| {
        let body = body.clone();
        Box::pin(async move { out.whole(status, headers, &body).await })
    })
    .await;
    let client = Client::connect(script.url()).await.unwrap();
    let error = client.call::<String>("t", ()).await.unwrap_err();
    assert_eq!(script.count("tools/call"), 1, "bad answers are answers: nothing is repeated");
    error
}

const JSON: &str = "content-type: application/json\r\n";
const HTML: &str = "content-type: text/html\r\n";
const SSE: &str = "content-type: text/event-stream\r\n";

#[tokio::test]
async fn answers_that_are_none_have_names() {
    let malformed = |error: &Error, hint: &str| {
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains("`tools/call`") && error.to_string().contains(hint), "{error}");
    };
    malformed(&error_of(200, JSON, "no JSON at all".into()).await, "");
    malformed(&error_of(200, JSON, "{}".into()).await, "");
    malformed(&error_of(200, JSON, String::new()).await, "");
    malformed(&error_of(200, SSE, "data: no JSON\n\n".into()).await, "");
    let wrong = json!({ "jsonrpc": "2.0", "id": 4711, "result": said("not yours") }).to_string();
    malformed(&error_of(200, JSON, wrong.clone()).await, "not an answer to the request");
    let error = error_of(502, HTML, "<h1>Bad\u{7} Gateway</h1>".into()).await;
    assert_eq!(error.to_string(), "the server answered 502 Bad Gateway: <h1>Bad Gateway</h1>");
    assert!(matches!(error_of(200, HTML, "<p>hello</p>".into()).await, Error::Status { .. }));
    // On a stream the answer to somebody else is passed over; then the stream ends.
    let error = error_of(200, SSE, format!("data: {wrong}\n\n")).await;
    assert!(error.is_broken(), "{error:?}");
}

#[tokio::test]
async fn deep_json_is_refused_and_overflows_no_stack() {
    for depth in [200, 100_000, 2_000_000] {
        let bomb = "[".repeat(depth) + &"]".repeat(depth);
        let body = format!(r#"{{"jsonrpc":"2.0","id":2,"result":{bomb}}}"#);
        let error = error_of(200, JSON, body.clone()).await;
        assert!(matches!(error, Error::Malformed { .. }), "{depth}: {error:?}");
        let error = error_of(200, SSE, format!("data: {body}\n\n")).await;
        assert!(matches!(error, Error::Malformed { .. }), "{depth}: {error:?}");
    }
}

#[tokio::test]
async fn rubbish_on_a_shared_channel_harms_no_call() {
    let door = Door::open();
    let (client, mut lines) = door.modern(Client::builder("t", "1")).await;
    let call = tokio::spawn(client.call::<String>("t", ()).into_future());
    let called = lines.next().await;
    lines.raw("Server listening…\n\n{}\n[]\nnull\n\u{0}\n").await;
    lines.raw(&format!("{}\n", "[".repeat(100_000))).await;
    let deep = "[".repeat(5_000) + &"]".repeat(5_000);
    lines.raw(&format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{deep}}}\n", called["id"])).await;
    lines.send(&json!({ "jsonrpc": "2.0", "id": 4711, "result": said("not yours") })).await;
    lines
        .send(&json!({ "jsonrpc": "2.0", "id": called["id"].to_string(), "result": said("not yours") }))
        .await;
    lines.send(&response(&called, &said("well"))).await;
    // A second answer is nobody's.
    lines.send(&response(&called, &said("again"))).await;
    assert_eq!(call.await.unwrap().unwrap(), "well");
    let ping = tokio::spawn(async move { client.ping().await });
    let asked = lines.next().await;
    lines.send(&response(&asked, &super::discovered())).await;
    ping.await.unwrap().unwrap();
}

#[tokio::test]
async fn old_error_codes_are_translated_with_and_without_a_time_out() {
    let door = Door::open();
    for builder in [Client::builder("t", "1"), Client::builder("t", "1").without_timeout()] {
        let (client, mut lines) = door.legacy(builder).await;
        let read = tokio::spawn(async move { client.read("test://missing").await });
        let asked = lines.next().await;
        lines.send(&super::refusal(&asked, -32002, "no such resource")).await;
        assert_eq!(read.await.unwrap().unwrap_err().code().map(|code| code.0), Some(-32602));
    }
}
