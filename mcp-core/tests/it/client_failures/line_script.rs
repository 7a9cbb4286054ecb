//! A server on a Unix socket whose every line a test decides on.

use std::path::PathBuf;

use mcp_core::client::{Client, ClientBuilder, Target};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use super::{discovered, refusal, response, welcome};

/// A socket that clients connect to.
pub struct Door {
    listener: UnixListener,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

/// One connection.
pub struct Lines {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Door {
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        Self { listener: UnixListener::bind(&path).unwrap(), path, _folder: folder }
    }

    pub fn target(&self) -> Target {
        Target::unix(&self.path)
    }

    pub async fn accept(&self) -> Lines {
        let (socket, _): (UnixStream, _) = self.listener.accept().await.unwrap();
        let (reader, writer) = socket.into_split();
        Lines { reader: BufReader::new(reader), writer }
    }

    /// A client and its connection, after the handshake of the newest revision.
    pub async fn modern(&self, builder: ClientBuilder) -> (Client, Lines) {
        let connected = builder.connect(self.target());
        let (client, lines) = tokio::join!(connected, async {
            let mut lines = self.accept().await;
            let discover = lines.next().await;
            lines.send(&response(&discover, &discovered())).await;
            lines
        });
        (client.unwrap(), lines)
    }

    /// The same with a session.
    pub async fn legacy(&self, builder: ClientBuilder) -> (Client, Lines) {
        let connected = builder.connect(self.target());
        let (client, lines) = tokio::join!(connected, async {
            let mut lines = self.accept().await;
            let discover = lines.next().await;
            lines.send(&refusal(&discover, -32601, "what?")).await;
            let initialize = lines.next().await;
            lines.send(&response(&initialize, &welcome())).await;
            assert_eq!(lines.next().await["method"], "notifications/initialized");
            lines
        });
        (client.unwrap(), lines)
    }
}

impl Lines {
    /// The next message.
    pub async fn next(&mut self) -> Value {
        let mut line = String::new();
        self.reader.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    pub async fn send(&mut self, message: &Value) {
        self.raw(&format!("{message}\n")).await;
    }

    pub async fn raw(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).await.unwrap();
    }
}
