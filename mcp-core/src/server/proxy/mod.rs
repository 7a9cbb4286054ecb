//! A server that stands for another one.

mod error;
mod follow;
mod pass;
mod source;
mod tables;
mod upstream;

use std::fmt;
use std::sync::Arc;

pub use error::ProxyError;

use self::follow::Follower;
use self::source::Source;
use self::upstream::Upstream;
use super::{Mount, Server, ServerBuilder};
use crate::client::{Client, PooledClient};

/// Another server's tools, resources, templates and prompts, offered by a server of ours.
///
/// ```
/// use mcp_core::{Server, client::Client, server::Proxy, tool};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let upstream = Server::builder("u", "1.0.0").tool(tool("read", async || "text")).build()?;
/// let files = Client::connect(upstream).await?;
/// let gateway = Server::builder("gateway", "1.0.0");
/// let gateway = Proxy::new(files).namespace("files").attach(gateway).await?.build()?;
/// let client = Client::connect(gateway).await?;
/// assert_eq!(client.call::<String>("files_read", ()).await?, "text");
/// # Ok(())
/// # }
/// ```
///
/// Definitions and results pass as they came: schemas byte for byte, `structuredContent`, `_meta` and
/// errors with their codes. Progress bears the caller's token, and a caller that gives up ends the call
/// upstream. When the upstream's lists change, so do ours.
///
/// # Questions
/// What an upstream of 2026-07-28 asks in the middle of a call (forms, pages, models, roots) is put to
/// our caller, whatever the caller's revision, and the upstream hears only of what that caller can
/// answer. On the sessions of older upstreams a question belongs to no call: the handlers of the client
/// answer it where it has some, and it is refused where it has none. The same holds for the questions
/// of calls that the upstream continues as tasks.
///
/// # Log messages
/// They are passed on where they come on the stream of their call, which is over HTTP. On a channel
/// that all calls share (a process, a socket) they belong to none, and stay with the client's handler.
pub struct Proxy {
    source: Source,
    namespace: Option<String>,
}

impl Proxy {
    /// Stands for the server of a client.
    #[must_use]
    pub const fn new(client: Client) -> Self {
        Self { source: Source::Client(client), namespace: None }
    }

    /// Stands for an upstream of a pool, also when it is configured anew.
    #[must_use]
    pub const fn pooled(client: PooledClient) -> Self {
        Self { source: Source::Pooled(client), namespace: None }
    }

    /// Puts `namespace` and an underscore before the names of tools and prompts. URIs stay.
    #[must_use]
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// A server that offers what the upstream does, to be served, or mounted with filters and other
    /// names. It follows the upstream until its last clone is gone.
    ///
    /// # Errors
    /// The upstream cannot be reached, or its lists cannot be read.
    pub async fn into_server(self) -> Result<Server, ProxyError> {
        let about = self.source.run(async |client: Client| client.server().await).await?;
        let (name, version) = about
            .info
            .as_ref()
            .map_or(("proxy", env!("CARGO_PKG_VERSION")), |info| (&*info.name, &*info.version));
        let mut builder = Server::builder(name, version);
        if let Some(instructions) = &about.instructions {
            builder = builder.instructions(instructions);
        }
        let offered = &about.capabilities;
        if offered.tools.is_some() {
            builder = builder.expects_tools();
        }
        if offered.resources.is_some() {
            builder = builder.expects_resources();
        }
        if offered.prompts.is_some() {
            builder = builder.expects_prompts();
        }
        let server = builder.build()?;
        let upstream = Arc::new(Upstream { source: self.source, namespace: self.namespace });
        Follower::start(upstream, &server).await?;
        Ok(server)
    }

    /// Adds what the upstream offers to a server that is being built.
    ///
    /// # Errors
    /// The upstream cannot be reached, or its lists cannot be read.
    pub async fn attach(self, builder: ServerBuilder) -> Result<ServerBuilder, ProxyError> {
        let server = self.into_server().await?;
        let (mut builder, offers) = (builder.mount_with(Mount::new(&server)), server.offers());
        // What the upstream has none of today may come tomorrow.
        if offers.tools {
            builder = builder.expects_tools();
        }
        if offers.resources {
            builder = builder.expects_resources();
        }
        if offers.prompts {
            builder = builder.expects_prompts();
        }
        Ok(builder)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
