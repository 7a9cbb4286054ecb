//! What only time or a broken peer brings about.

use std::pin::Pin;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

use super::*;
use crate::Server;
use crate::service::SharedService;

fn start() -> (DuplexStream, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(1024);
    let server = Server::builder("quiet", "1").build().unwrap();
    let connection = Connection::new(SharedService::new(server));
    let serving = async move { serve(theirs, &connection, 64, CancellationToken::new()).await };
    (ours, tokio::spawn(serving))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_answer_a_ping_is_gone_by_the_next() {
    let (mut socket, serving) = start();
    let began = Instant::now();
    let mut frame = [0; 2];
    socket.read_exact(&mut frame).await.unwrap();
    assert_eq!((frame, began.elapsed()), ([0x89, 0], PING));
    serving.await.unwrap();
    assert_eq!(began.elapsed(), 2 * PING);
    assert_eq!(socket.read(&mut frame).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays() {
    let (socket, serving) = start();
    let mut client = WebSocketStream::from_raw_socket(socket, Role::Client, None).await;
    let began = Instant::now();
    for _ in 0..5 {
        // The codec answers by itself.
        assert!(matches!(client.next().await, Some(Ok(Message::Ping(_)))));
        client.flush().await.unwrap();
    }
    assert_eq!(began.elapsed(), 5 * PING);
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    serving.await.unwrap();
}

/// Sends raw bytes; yields the close code that comes back.
async fn close_code(bytes: &[u8]) -> u16 {
    let (mut socket, serving) = start();
    socket.write_all(bytes).await.unwrap();
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer[0], 0x88, "{answer:?}");
    drop(socket);
    serving.await.unwrap();
    u16::from_be_bytes([answer[2], answer[3]])
}

#[tokio::test]
async fn who_breaks_the_rules_is_told_which() {
    // Masked with zeros; fin + text, 65 bytes: more than the 64 that are allowed.
    let long = [&[0x81, 0x80 | 65, 0, 0, 0, 0][..], &[b' '; 65]].concat();
    let cases: [(&[u8], u16); 4] = [
        (&long, 1009),
        (&[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], 1007),
        // No mask, and a reserved kind of frame.
        (&[0x81, 0x02, b'{', b'}'], 1002),
        (&[0x83, 0x80, 0, 0, 0, 0], 1002),
    ];
    for (bytes, expect) in cases {
        assert_eq!(close_code(bytes).await, expect, "{bytes:?}");
    }
}

#[tokio::test]
async fn a_close_is_answered() {
    let (mut socket, serving) = start();
    socket.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]).await.unwrap();
    let mut answer = Vec::new();
    Pin::new(&mut socket).read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, [0x88, 2, 0x03, 0xe8]);
    serving.await.unwrap();
}
