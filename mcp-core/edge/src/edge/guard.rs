//! Authentication in front of an edge.

use mcp_core::auth::server::ResourceServer;

use super::Edge;
use crate::audit::RefusedLogin;

impl Edge {
    /// Lets the edge hear of credentials that a guard refuses: they are counted and audited.
    ///
    /// ```
    /// use mcp_core::auth::server::{ApiKeys, MemoryApiKeys, ResourceServer};
    /// use mcp_core::transport::http::Http;
    /// use tower_layer::Layer;
    ///
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// # let server = mcp_core::Server::builder("s", "1.0.0").build()?;
    /// let edge = mcp_edge::edge(&mcp_edge::Config::default())?;
    /// let guard = ResourceServer::new("https://mcp.example.com/mcp")?.accept(ApiKeys::new(MemoryApiKeys::default(), &[7; 32]));
    /// let http = Http::new(edge.layer().layer(server)).correlation(true).authenticate(edge.guard(guard));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn guard(&self, guard: ResourceServer) -> ResourceServer {
        let edge = self.clone();
        guard.on_refused(move |refused| {
            let rejection = refused.rejection;
            edge.login_refused(
                rejection.kind(),
                &RefusedLogin {
                    reason: rejection.kind(),
                    org: rejection.org.as_deref(),
                    user: rejection.user.as_deref(),
                    path: Some(refused.path),
                    correlation: refused.correlation,
                },
            );
        })
    }
}
