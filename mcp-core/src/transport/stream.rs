//! Frames as lines on any pair of asynchronous streams.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::connection::{Connection, MAX_FRAME};
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
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let available = input.fill_buf().await?;
        if available.is_empty() {
            if !line.is_empty() {
                connection.accept(&Bytes::from(line));
                connection.outbox().wake();
            }
            return Ok(());
        }
        let end = memchr::memchr(b'\n', available);
        let taken = end.unwrap_or(available.len());
        if line.len() + taken > MAX_FRAME {
            too_long = true;
            line.clear();
        }
        if !too_long {
            line.extend_from_slice(available.get(..taken).unwrap_or_default());
        }
        input.consume(end.map_or(taken, |end| end + 1));
        if end.is_none() {
            continue;
        }
        if too_long {
            connection.refuse_length();
        } else if !line.iter().all(u8::is_ascii_whitespace) {
            connection.accept(&Bytes::copy_from_slice(&line));
        }
        line.clear();
        too_long = false;
        connection.outbox().wake();
        connection.outbox().has_room().await;
    }
}
