//! A connection within the process, for tests and for programs that are client and server.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::connection::{Connection, MAX_FRAME};
use crate::service::{McpService, SharedService};

/// Frames that may wait to be read by the server.
const QUEUE: usize = 64;

/// The client's end of a connection: frames in, frames out. Dropping it closes the connection.
#[derive(Debug)]
pub struct MemoryChannel {
    /// Frames to the server.
    pub tx: mpsc::Sender<Bytes>,
    /// Frames from the server.
    pub rx: mpsc::UnboundedReceiver<Bytes>,
}

/// Connects to a service without a transport. Call it within a tokio runtime.
pub fn connect(service: impl McpService) -> MemoryChannel {
    let (tx, mut incoming) = mpsc::channel::<Bytes>(QUEUE);
    let (outgoing, rx) = mpsc::unbounded_channel();
    let connection = Connection::new(SharedService::new(service));
    let writer = std::sync::Arc::clone(&connection);
    tokio::spawn(async move {
        while let Some(frames) = writer.outbox().next().await {
            let gone = frames.into_iter().any(|frame| outgoing.send(frame.into()).is_err());
            writer.outbox().wrote();
            if gone {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Some(frame) = incoming.recv().await {
            if frame.len() > MAX_FRAME {
                connection.refuse_length();
            } else {
                connection.accept(&frame);
            }
            connection.outbox().wake();
            connection.outbox().has_room().await;
        }
        // The client is gone: nobody waits for what still runs.
        connection.finish(std::time::Duration::ZERO).await;
    });
    MemoryChannel { tx, rx }
}
