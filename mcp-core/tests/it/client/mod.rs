//! The client against our own servers: every way to connect, every revision.

mod asking;
mod tour;

use std::time::Duration;

use mcp_core::Server;
use mcp_core::client::{Client, ClientBuilder, IntoTarget, Target};
use mcp_core::protocol::ProtocolVersion;
use mcp_core::transport::http::Http;

use crate::support::server::{Running, Said, server};

/// How a test reaches its server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    Memory,
    Http,
    /// The same endpoint with every answer as a stream.
    HttpStreams,
    /// HTTP+SSE.
    OldSse,
    #[cfg(feature = "ws")]
    WebSocket,
    #[cfg(unix)]
    UnixSocket,
}

/// A server behind a way, for as long as the test runs.
pub(crate) struct Place {
    pub(crate) target: Target,
    pub(crate) server: Server,
    pub(crate) said: Said,
    _running: Option<Running>,
    _serving: Option<tokio::task::JoinSet<()>>,
    _directory: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) async fn new(way: Way) -> Self {
        let (server, said) = server();
        let mut place = Self {
            target: server.clone().into_target().unwrap(),
            server: server.clone(),
            said,
            _running: None,
            _serving: None,
            _directory: None,
        };
        match way {
            Way::Memory => {}
            #[cfg(unix)]
            Way::UnixSocket => {
                let directory = tempfile::tempdir().unwrap();
                let path = directory.path().join("s");
                let mut serving = tokio::task::JoinSet::new();
                let transport = mcp_core::transport::unix(&path);
                serving.spawn(async move { _ = mcp_core::serve(server, transport).await });
                while !path.exists() {
                    tokio::task::yield_now().await;
                }
                place.target = Target::unix(path);
                place._serving = Some(serving);
                place._directory = Some(directory);
            }
            _ => {
                let http = Http::new(server).always_stream(matches!(way, Way::HttpStreams));
                let running = Running::start(http).await;
                let (scheme, path) = match way {
                    Way::OldSse => ("http", "sse"),
                    #[cfg(feature = "ws")]
                    Way::WebSocket => ("ws", "mcp"),
                    _ => ("http", "mcp"),
                };
                let url = format!("{scheme}://{}/{path}", running.address);
                place.target = url.into_target().unwrap();
                place._running = Some(running);
            }
        }
        place
    }

    pub(crate) async fn connect(&self, version: Option<ProtocolVersion>, builder: ClientBuilder) -> Client {
        let builder = match version {
            Some(version) => builder.version(version),
            None => builder,
        };
        within(builder.connect(self.target.clone())).await.unwrap()
    }
}

pub(crate) fn builder() -> ClientBuilder {
    Client::builder("test", "1.0.0").timeout(Duration::from_secs(20))
}

/// Every way with every revision that it can carry; no revision leaves the choice to the client.
pub(crate) fn ways() -> Vec<(Way, Option<ProtocolVersion>)> {
    let mut all = Vec::new();
    let streams = [
        Way::Memory,
        #[cfg(unix)]
        Way::UnixSocket,
        #[cfg(feature = "ws")]
        Way::WebSocket,
    ];
    for way in streams {
        all.push((way, None));
        all.extend(ProtocolVersion::ALL.map(|version| (way, Some(version))));
    }
    for way in [Way::Http, Way::HttpStreams] {
        all.push((way, None));
        // The first revision knew HTTP+SSE only.
        all.extend(ProtocolVersion::ALL.into_iter().take(4).map(|version| (way, Some(version))));
    }
    all.push((Way::OldSse, None));
    all.push((Way::OldSse, Some(ProtocolVersion::V2024_11_05)));
    all
}

/// Fails the test where something hangs.
pub(crate) async fn within<F: std::future::Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(30), future).await.expect("it hangs")
}
