//! A request to a collector, on the exporter's own thread: HTTP/1.1 without TLS, which is how agents beside a
//! program listen.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Where a collector takes spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collector {
    authority: String,
    path: String,
}

impl Collector {
    /// From the base URL of a collector, as `OTEL_EXPORTER_OTLP_ENDPOINT` has it.
    pub(super) fn parse(endpoint: &str) -> Option<Self> {
        let (authority, path) = match endpoint.strip_prefix("http://")?.split_once('/') {
            Some((authority, path)) => (authority, path.trim_end_matches('/')),
            None => (endpoint.strip_prefix("http://")?, ""),
        };
        let plain = |text: &str| text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        if authority.is_empty() || !plain(authority) || !plain(path) || authority.contains('@') {
            return None;
        }
        let port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if port { authority.to_owned() } else { format!("{authority}:4318") };
        let slash = if path.is_empty() { "" } else { "/" };
        Some(Self { authority, path: format!("{slash}{path}/v1/traces") })
    }

    pub(super) fn post(&self, body: &[u8], patience: Duration) -> io::Result<()> {
        let address = self.authority.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-protobuf\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.path,
            self.authority,
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::with_capacity(256);
        stream.take(4096).read_to_end(&mut answer)?;
        if answer.starts_with(b"HTTP/1.1 2") || answer.starts_with(b"HTTP/1.0 2") {
            return Ok(());
        }
        let status = answer.get(9..12).map(String::from_utf8_lossy).unwrap_or_default();
        Err(io::Error::other(format!("the collector answers {status}")))
    }
}
