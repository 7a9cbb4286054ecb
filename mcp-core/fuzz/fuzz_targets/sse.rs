//! Event streams: what a tool says is what a reader of the stream gets. An input is a `Last-Event-ID`, whatever raw
//! JSON a tool gives, and a text, by lines.
#![no_main]

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::Full;
use libfuzzer_sys::fuzz_target;
use mcp_core::protocol::header::LAST_EVENT_ID;
use mcp_core::transport::http::{Http, HttpService};
use mcp_core_fuzz::{Exchange, SseEvent, check_error, check_frame, read_events, run, send, server};
use serde_json::{Value, json};

const LEGACY: &str = "2025-11-25";

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let [last, raw, text] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let text = String::from_utf8_lossy(text);
    let raw = std::str::from_utf8(raw).ok().map(|raw| raw.replace('\u{1}', "\n"));
    // A carriage return comes as it is; the line feed that ends the line in the input stands as U+0001.
    let raw = raw.filter(|raw| serde_json::from_str::<serde_json::Map<String, Value>>(raw).is_ok());
    run(async {
        let mut service = Http::new(server()).always_stream(true).build();
        check_modern(&mut service, &text, raw.as_deref()).await;
        check_session(&mut service, &text, last).await;
    });
});

/// The frames of a stream that came to its end; a comment or the opening event has no data.
fn frames(exchange: &Exchange) -> Vec<(SseEvent, Value)> {
    assert_eq!(exchange.media_type(), "text/event-stream", "{exchange:?}");
    assert!(exchange.ended, "a stream without end");
    let events = read_events(&exchange.body).into_iter().filter(|event| !event.data.is_empty());
    events.map(|event| (event.clone(), check_frame(event.data.as_bytes()))).collect()
}

/// Progress, log and answer, each with the text.
fn check_chatter(frames: &[(SseEvent, Value)], text: &str) {
    let frames: Vec<_> = frames.iter().map(|(_, frame)| frame).collect();
    let at =
        |index: usize, pointer: &str| frames.get(index).and_then(|frame| frame.pointer(pointer)).cloned();
    assert_eq!(frames.len(), 4, "{frames:?}");
    assert_eq!(at(0, "/params/message"), Some(text.into()));
    assert_eq!(at(0, "/params/progressToken"), Some(text.into()));
    assert_eq!(at(1, "/params/data"), Some(text.into()));
    assert_eq!(at(1, "/params/logger"), Some(text.into()));
    assert_eq!(at(2, "/params/progress").and_then(|progress| progress.as_f64()), Some(2.0));
    assert_eq!(at(3, "/result/content/0/text"), Some(text.into()));
    assert_eq!(at(3, "/id"), Some(text.into()));
}

async fn check_modern(service: &mut HttpService, text: &str, raw: Option<&str>) {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/logLevel": "debug",
        "progressToken": text,
    });
    let call = |name: &str, arguments: &str| {
        let id = json!(text);
        let body = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{name}","_meta":{meta},"arguments":{arguments}}}}}"#
        );
        let request =
            post(body).header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
        request.header("mcp-name", name)
    };
    let arguments = json!({ "message": text }).to_string();
    check_chatter(&frames(&exchange(service, call("chatter", &arguments)).await), text);
    if let Some(raw) = raw {
        let frames = frames(&exchange(service, call("raw", raw)).await);
        let structured = frames.first().and_then(|(_, frame)| frame.pointer("/result/structuredContent"));
        assert_eq!(structured, serde_json::from_str(raw).ok().as_ref());
    }
}

async fn check_session(service: &mut HttpService, text: &str, last: &[u8]) {
    let initialize = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": { "protocolVersion": LEGACY, "capabilities": {}, "clientInfo": { "name": "f", "version": "1" } },
    });
    let opened = exchange(service, post(initialize.to_string())).await;
    let session = opened.session().expect("a session").to_vec();
    let in_session = |request: http::request::Builder| {
        request.header("mcp-session-id", &*session).header("mcp-protocol-version", LEGACY)
    };
    let call = json!({
        "jsonrpc": "2.0", "id": text, "method": "tools/call",
        "params": { "name": "chatter", "arguments": { "message": text }, "_meta": { "progressToken": text } },
    });
    let first = frames(&exchange(service, in_session(post(call.to_string()))).await);
    check_chatter(&first, text);
    let Ok(last) = HeaderValue::from_bytes(last) else { return };
    let get = Request::get("/mcp").header("host", "localhost").header("accept", "text/event-stream");
    let get = in_session(get).header(LAST_EVENT_ID, last.clone()).body(Full::default()).expect("a request");
    let resumed = send(service, get).await;
    if !resumed.status.is_success() {
        check_error(&resumed.body);
        return;
    }
    // What is resumed is the rest of the stream, in order: the known event is not seen again.
    let rest: Vec<_> =
        read_events(&resumed.body).into_iter().filter(|event| !event.data.is_empty()).collect();
    let all: Vec<_> = first.into_iter().map(|(event, _)| event).collect();
    assert!(all.ends_with(&rest), "{rest:?} is no end of {all:?} for {last:?}");
    assert!(!rest.iter().any(|event| event.id.as_deref().map(str::as_bytes) == Some(last.as_bytes())));
}

/// A POST without its body; the body waits among the extensions.
fn post(body: String) -> http::request::Builder {
    let request =
        Request::post("/mcp").header("host", "localhost").header("content-type", "application/json");
    request.header("accept", "application/json, text/event-stream").extension(Bytes::from(body))
}

async fn exchange(service: &mut HttpService, mut request: http::request::Builder) -> Exchange {
    let body =
        request.extensions_mut().and_then(|extensions| extensions.remove::<Bytes>()).unwrap_or_default();
    send(service, request.body(Full::new(body)).expect("a request")).await
}
