//! Answers without end: the client stops reading at its limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_core::client::{Client, Error};

use super::http_script::{Out, Script};
use super::line_script::Door;

/// What the client is willing to take.
const LIMIT: usize = 64 * 1024;
/// What fits into the buffers of a socket on either side, generously.
const BUFFERS: usize = 16 * 1024 * 1024;
/// What the server has to say.
const FLOOD: usize = 2 * 1024 * 1024 * 1024;

/// Writes until the client is gone or all is said; tells how much went out.
async fn flood(mut out: Out, piece: &[u8], written: &AtomicUsize) {
    while written.load(Ordering::SeqCst) < FLOOD && out.raw(piece).await.is_ok() {
        written.fetch_add(piece.len(), Ordering::SeqCst);
    }
}

/// The error of a call that is answered with `head` and then `piece` again and again.
async fn error_of(head: String, piece: Vec<u8>) -> Error {
    let written = Arc::new(AtomicUsize::new(0));
    let ended = Arc::new(tokio::sync::Notify::new());
    let (counter, over) = (Arc::clone(&written), Arc::clone(&ended));
    let script = Script::modern(move |_, mut out| {
        let (head, piece) = (head.clone(), piece.clone());
        let (counter, over) = (Arc::clone(&counter), Arc::clone(&over));
        Box::pin(async move {
            out.raw(head.as_bytes()).await.ok()?;
            flood(out, &piece, &counter).await;
            over.notify_one();
            None
        })
    })
    .await;
    let client = Client::builder("t", "1").max_message(LIMIT).connect(script.url()).await.unwrap();
    let error = client.call::<String>("t", ()).await.unwrap_err();
    // The client hangs up: the server cannot go on.
    ended.notified().await;
    let written = written.load(Ordering::SeqCst);
    assert!(written < BUFFERS, "{written} bytes were taken");
    assert_eq!(script.count("tools/call"), 1);
    error
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{more}\r\n");
    let piece = vec![b' '; 32 * 1024];
    let chunk = [b"8000\r\n".as_slice(), &piece, b"\r\n"].concat();
    for (head, piece) in [
        (head(&format!("content-length: {FLOOD}\r\n")), piece.clone()),
        (head("transfer-encoding: chunked\r\n"), chunk),
        (head("connection: close\r\n"), piece),
    ] {
        let error = error_of(head.clone(), piece).await;
        assert!(error.to_string().contains("has more than 65536 bytes"), "{head}: {error}");
    }
}

#[tokio::test]
async fn an_event_without_end_is_cut_off() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    for (start, piece) in [("data: ", "x".repeat(8192)), ("", format!("data: {}\n", "x".repeat(8192)))] {
        let error = error_of(format!("{head}{start}"), piece.into_bytes()).await;
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains("an event has more than 65536 bytes"), "{error}");
    }
}

#[tokio::test]
async fn a_page_without_end_that_is_no_answer_is_cut_off() {
    let head = "HTTP/1.1 500 Oops\r\ncontent-type: text/html\r\n\r\n";
    let error = error_of(head.to_owned(), vec![b'x'; 8192]).await;
    assert!(matches!(error, Error::Status { .. }), "{error:?}");
    assert!(error.to_string().len() < 1000, "{}", error.to_string().len());
}

#[tokio::test]
async fn a_line_without_end_ends_its_channel() {
    let door = Door::open();
    let (client, mut lines) = door.modern(Client::builder("t", "1").max_message(LIMIT)).await;
    let call = tokio::spawn(client.call::<String>("t", ()).into_future());
    lines.next().await;
    lines.raw(&"x".repeat(LIMIT + 2)).await;
    let error = call.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Closed { .. }), "{error:?}");
    assert!(error.to_string().contains("a message has more than 65536 bytes"), "{error}");
}
