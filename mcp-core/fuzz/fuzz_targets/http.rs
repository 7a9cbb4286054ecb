//! Whole HTTP requests, one after the other: each is answered, and each refusal is a JSON-RPC error.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use mcp_core::transport::http;
use mcp_core_fuzz::{Exchange, check_error, check_frame, parse, read_events, run, send, server, texts};

fuzz_target!(|data: &[u8]| -> Corpus {
    run(async {
        let mut service = http::service(server());
        let mut session = b"none".to_vec();
        let mut sent = 0;
        for text in texts(data) {
            let Some(request) = parse(text, &session) else { continue };
            sent += 1;
            let method = request.method().clone();
            let is_twin = request.uri().path().starts_with("/mcp/v1/");
            let exchange = send(&mut service, request).await;
            check(&exchange, is_twin, &format!("{method} {:?}", String::from_utf8_lossy(text)));
            if let Some(opened) = exchange.session() {
                session = opened.to_vec();
            }
        }
        if sent == 0 { Corpus::Reject } else { Corpus::Keep }
    })
});

/// `is_twin`: bodies are results and errors without the frame around them.
fn check(exchange: &Exchange, is_twin: bool, request: &str) {
    let Exchange { status, body, ended, .. } = exchange;
    assert!(!status.is_server_error(), "{status} for {request}");
    match exchange.media_type() {
        "text/event-stream" => {
            assert_eq!(status.as_u16(), 200, "a stream with status {status} for {request}");
            for event in read_events(body) {
                if event.name == "endpoint" {
                    assert!(event.data.starts_with("/messages?sessionId="), "{event:?}");
                } else if !event.data.is_empty() {
                    check_frame(event.data.as_bytes());
                }
            }
        }
        "application/json" => {
            assert!(ended, "a body without end for {request}");
            if is_twin {
                let framed = if status.is_success() { &b"result"[..] } else { b"error" };
                check_frame(&[br#"{"jsonrpc":"2.0",""#, framed, br#"":"#, body, b"}"].concat());
                return;
            }
            if !status.is_success() {
                check_error(body);
                return;
            }
            let value: serde_json::Value = serde_json::from_slice(body).expect("a JSON body");
            match value.as_array() {
                Some(batch) => batch.iter().for_each(|frame| drop(check_frame(frame.to_string().as_bytes()))),
                None if value.get("status").is_none() => drop(check_frame(body)),
                None => {}
            }
        }
        _ => {
            assert!(body.is_empty(), "a body without type for {request}");
            assert!(matches!(status.as_u16(), 202 | 204), "{status} and no body for {request}");
        }
    }
}
