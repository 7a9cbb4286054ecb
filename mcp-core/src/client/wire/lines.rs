//! Messages as lines on a pair of streams.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::duplex::{Refused, Sink, Source};
use crate::transport::lines::{Line, Lines};

/// Reads a message from each line.
pub(crate) struct LineSource<R> {
    input: BufReader<R>,
    lines: Lines,
}

impl<R: AsyncRead + Unpin + Send + 'static> LineSource<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self { input: BufReader::with_capacity(16 * 1024, input), lines: Lines::with_limit(limit) }
    }
}

impl<R: AsyncRead + Unpin + Send + 'static> Source for LineSource<R> {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            let available = match self.input.fill_buf().await {
                Ok(available) => available,
                Err(error) => return Some(Err(error)),
            };
            let ended = available.is_empty();
            let (taken, whole) = self.lines.take(available);
            self.input.consume(taken);
            // A line that is too long may never end.
            if !whole && !ended && !self.lines.is_too_long() {
                continue;
            }
            let message = match self.lines.line() {
                Some(Line::Whole(line)) => Some(Ok(Bytes::copy_from_slice(line))),
                Some(Line::TooLong) => {
                    let problem = format!("a message has more than {} bytes", self.lines.limit());
                    return Some(Err(io::Error::other(problem)));
                }
                None => None,
            };
            self.lines.clear();
            if message.is_some() || ended {
                return message;
            }
        }
    }
}

/// Writes a line for each message.
pub(crate) struct LineSink<W>(pub(crate) W);

impl<W: AsyncWrite + Unpin + Send + 'static> Sink for LineSink<W> {
    async fn write(&mut self, frames: Vec<Bytes>) -> io::Result<Vec<Refused>> {
        let mut text = Vec::with_capacity(frames.iter().map(|frame| frame.len() + 1).sum());
        for frame in frames {
            text.extend_from_slice(&frame);
            text.push(b'\n');
        }
        self.0.write_all(&text).await?;
        self.0.flush().await?;
        Ok(Vec::new())
    }

    async fn end(&mut self) {
        // The other side may be gone already.
        _ = self.0.shutdown().await;
    }
}
