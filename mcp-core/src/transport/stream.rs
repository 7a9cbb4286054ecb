//! Frames as lines on any pair of asynchronous streams.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::connection::Connection;
use super::lines::Lines;
use crate::service::SharedService;

/// How long running requests may take after the input ended.
const GRACE: Duration = Duration::from_secs(5);

/// Serves one connection until its input ends.
pub(crate) async fn serve(
    service: SharedService,
    input: impl AsyncRead + Unpin + Send,
    mut output: impl AsyncWrite + Unpin + Send + 'static,
) -> io::Result<()> {
    let connection = Connection::new(service);
    let writer = Arc::clone(&connection);
    let writing = tokio::spawn(async move {
        while let Some(frames) = writer.outbox().next().await {
            let mut text = Vec::new();
            for frame in frames {
                text.extend_from_slice(&frame);
                text.push(b'\n');
            }
            let written = output.write_all(&text).await;
            writer.outbox().wrote();
            written?;
        }
        output.shutdown().await
    });
    let read = read(&connection, BufReader::new(input)).await;
    connection.finish(GRACE).await;
    let written = writing.await.unwrap_or_else(|_| Err(io::Error::other("the writer ended unexpectedly")));
    read.and(written)
}

async fn read(connection: &Arc<Connection>, mut input: impl AsyncBufReadExt + Unpin) -> io::Result<()> {
    let mut lines = Lines::default();
    loop {
        let available = input.fill_buf().await?;
        let ended = available.is_empty();
        let (taken, whole) = lines.take(available);
        input.consume(taken);
        // A last line without an end still counts.
        if whole || ended {
            connection.accept_line(lines.line());
            lines.clear();
            connection.outbox().wake();
        }
        if ended {
            return Ok(());
        }
        if whole {
            connection.outbox().has_room().await;
        }
    }
}
