//! Just enough of an HTTP/1.1 client: one request at a time on a kept-alive connection, no allocation per answer.

use std::net::SocketAddr;
use std::str::from_utf8;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take before it counts as missing.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    body: Vec<u8>,
}

/// The head of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The status code.
    pub(crate) status: u16,
    /// Whether the body is a stream of events.
    pub(crate) events: bool,
    /// The session that the server opened.
    pub(crate) session: Option<String>,
    length: usize,
    chunked: bool,
}

impl Connection {
    /// Connects without Nagle's delay on our side.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(4096),
            body: Vec::with_capacity(4096),
        })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<(Head, &[u8])> {
        let head = timeout(PATIENCE, self.exchange_whole(request))
            .await
            .context("no answer in time")??;
        Ok((head, &self.body))
    }

    /// Sends a request and reads the head of the answer only; for streams that stay open.
    pub(crate) async fn begin(&mut self, request: &[u8]) -> Result<Head> {
        self.stream.write_all(request).await?;
        timeout(PATIENCE, self.head())
            .await
            .context("no answer in time")?
    }

    async fn exchange_whole(&mut self, request: &[u8]) -> Result<Head> {
        self.stream.write_all(request).await?;
        let head = self.head().await?;
        self.body.clear();
        if head.chunked {
            while self.chunk().await? {}
        } else {
            self.take(head.length).await?;
        }
        ensure!(self.received.is_empty(), "bytes after the end of the answer");
        Ok(head)
    }

    async fn fill(&mut self) -> Result<()> {
        let count = self.stream.read_buf(&mut self.received).await?;
        ensure!(count > 0, "the server closed the connection");
        Ok(())
    }

    async fn head(&mut self) -> Result<Head> {
        let end = self.find(b"\r\n\r\n").await?;
        let head = Head::parse(from_utf8(&self.received[..end])?)?;
        self.received.drain(..end + 4);
        Ok(head)
    }

    async fn find(&mut self, mark: &[u8]) -> Result<usize> {
        loop {
            if let Some(at) = self
                .received
                .windows(mark.len())
                .position(|window| window == mark)
            {
                return Ok(at);
            }
            self.fill().await?;
        }
    }

    /// Moves that many bytes into the body.
    async fn take(&mut self, count: usize) -> Result<()> {
        while self.received.len() < count {
            self.fill().await?;
        }
        self.body.extend(self.received.drain(..count));
        Ok(())
    }

    /// Moves one chunk into the body; false at the last one.
    async fn chunk(&mut self) -> Result<bool> {
        let end = self.find(b"\r\n").await?;
        let size =
            usize::from_str_radix(from_utf8(&self.received[..end])?.trim(), 16).context("odd chunk size")?;
        self.received.drain(..end + 2);
        self.take(size).await?;
        let end = self.find(b"\r\n").await?;
        ensure!(end == 0, "odd end of a chunk");
        self.received.drain(..2);
        Ok(size > 0)
    }
}

impl Head {
    fn parse(text: &str) -> Result<Self> {
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .context("no status line")?;
        let mut head = Self {
            status: status.parse()?,
            ..Self::default()
        };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                head.length = value.parse()?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.chunked = value.eq_ignore_ascii_case("chunked");
            } else if name.eq_ignore_ascii_case("content-type") {
                head.events = value.starts_with("text/event-stream");
            } else if name.eq_ignore_ascii_case("mcp-session-id") {
                head.session = Some(value.to_owned());
            }
        }
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers one request with the given bytes, one write for each part.
    async fn answered(parts: &'static [&'static str]) -> Result<(u16, String)> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = async {
            let (mut stream, _) = listener.accept().await?;
            stream.read_u8().await?;
            for part in parts {
                stream.write_all(part.as_bytes()).await?;
                tokio::task::yield_now().await;
            }
            anyhow::Ok(())
        };
        let client = async {
            let mut connection = Connection::open(address).await?;
            let (head, body) = connection.exchange(b"?").await?;
            Ok((head.status, String::from_utf8(body.to_vec())?))
        };
        let (served, answer) = tokio::join!(server, client);
        served?;
        answer
    }

    #[tokio::test]
    async fn bodies_are_read_however_they_are_cut() {
        let length: &[&str] = &["HTTP/1.1 200 OK\r\nContent-", "Length: 5\r\n\r\nhe", "llo"];
        assert_eq!(answered(length).await.unwrap(), (200, "hello".to_owned()));
        let chunked: &[&str] = &[
            "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3\r",
            "\nhel\r\n2\r\nlo\r",
            "\n0\r\n\r\n",
        ];
        assert_eq!(answered(chunked).await.unwrap(), (404, "hello".to_owned()));
        assert!(
            answered(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"])
                .await
                .is_err()
        );
    }
}
