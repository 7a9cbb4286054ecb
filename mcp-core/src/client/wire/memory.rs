//! A server in this process.

use std::io;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::duplex::{Refused, Sink, Source};

impl Source for mpsc::UnboundedReceiver<Bytes> {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        self.recv().await.map(Ok)
    }
}

impl Sink for mpsc::Sender<Bytes> {
    async fn write(&mut self, frames: Vec<Bytes>) -> io::Result<Vec<Refused>> {
        for frame in frames {
            self.send(frame).await.map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(Vec::new())
    }

    /// Dropping the sender is the end.
    async fn end(&mut self) {}
}
