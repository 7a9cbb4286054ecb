//! WebSocket: one JSON message per text message, on any socket that has shaken hands.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use crate::protocol::{ErrorCode, RpcError};

/// How often the other side is asked whether it is alive. Where nothing at all was heard by the next
/// time, it is gone.
const PING: Duration = Duration::from_secs(30);
/// How long running requests may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How long the other side may take to agree to a close.
const CLOSE: Duration = Duration::from_secs(2);
/// Bytes that are read at once, for each connection.
const BUFFER: usize = 8 * 1024;

/// Serves a connection until either side closes it, or `closing` is cancelled.
pub(crate) async fn serve<S>(
    socket: S,
    connection: &Arc<Connection>,
    max_message: usize,
    closing: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message))
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await;
    let (mut sink, mut stream) = socket.split();
    let (heard, hearing) = watch::channel(());
    let reason = tokio::select! {
        reason = read(&mut stream, connection, &heard) => reason,
        reason = write(&mut sink, connection, hearing) => reason,
        reason = stop(connection, closing) => reason,
    };
    connection.hang_up();
    let Some(reason) = reason else { return };
    tracing::debug!(code = u16::from(reason.code), reason = %reason.reason, "closing a connection");
    // The other side reads what was sent before the close, and answers it.
    let goodbye = async {
        sink.send(Message::Close(Some(reason))).await?;
        while let Some(message) = stream.next().await {
            message?;
        }
        Ok::<_, Error>(())
    };
    if !matches!(timeout(CLOSE, goodbye).await, Ok(Ok(()))) {
        tracing::debug!("the other side did not agree to the close");
    }
}

/// Why a connection is closed from this side; none where the other side did it or is gone.
type Reason = Option<CloseFrame>;

fn reason(code: CloseCode, reason: &'static str) -> Reason {
    Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) })
}

async fn read<S>(
    stream: &mut SplitStream<WebSocketStream<S>>,
    connection: &Arc<Connection>,
    heard: &watch::Sender<()>,
) -> Reason
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = stream.next().await {
        let message = match message {
            Ok(message) => message,
            Err(error) => return refuse(&error),
        };
        heard.send_replace(());
        match message {
            Message::Text(text) => connection.accept(&text.into()),
            Message::Binary(_) => connection.refuse(
                None,
                &RpcError::new(ErrorCode::REFUSED, "a message must be text, not binary: send JSON as text"),
            ),
            // Pings and closes are answered by the codec, with the next read or write.
            _ => continue,
        }
        connection.outbox().wake();
        connection.outbox().has_room().await;
    }
    None
}

/// What to say to a peer that broke the rules.
fn refuse(error: &Error) -> Reason {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => {
            reason(CloseCode::Size, "the message is longer than allowed")
        }
        Error::Utf8(_) => reason(CloseCode::Invalid, "a text message must be valid UTF-8"),
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        Error::Protocol(error) => {
            tracing::debug!(%error, "a client does not speak WebSocket");
            reason(CloseCode::Protocol, "this is not how WebSocket goes")
        }
        error => {
            tracing::debug!(%error, "a connection ended badly");
            None
        }
    }
}

async fn write<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    connection: &Connection,
    mut hearing: watch::Receiver<()>,
) -> Reason
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut pings = interval_at(Instant::now() + PING, PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = false;
    loop {
        let sent = tokio::select! {
            frames = connection.outbox().next() => {
                let Some(frames) = frames else {
                    return reason(CloseCode::Away, "the server is stopping");
                };
                let sent = send_all(sink, frames).await;
                connection.outbox().wrote();
                sent
            }
            _ = pings.tick() => {
                let silent = !hearing.has_changed().unwrap_or(false);
                hearing.mark_unchanged();
                if silent && asked {
                    tracing::debug!("a client has not answered a ping: it is gone");
                    return None;
                }
                asked = true;
                sink.send(Message::Ping(bytes::Bytes::new())).await
            }
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "nothing more can be sent");
            return None;
        }
    }
}

async fn send_all<S>(
    sink: &mut SplitSink<WebSocketStream<S>, Message>,
    frames: impl IntoIterator<Item = Vec<u8>>,
) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    for frame in frames {
        let text = String::from_utf8(frame).map_err(|error| Error::Io(io::Error::other(error)))?;
        sink.feed(Message::Text(text.into())).await?;
    }
    sink.flush().await
}

/// Lets running requests finish when the server is about to stop. The writer ends the connection when
/// everything is said.
async fn stop(connection: &Connection, closing: CancellationToken) -> Reason {
    closing.cancelled().await;
    connection.finish(GRACE).await;
    std::future::pending().await
}

#[cfg(test)]
mod tests;
