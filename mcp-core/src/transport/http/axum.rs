//! Routes for axum applications.

use axum::Router;

use super::{Http, HttpService, sse_transport};
use crate::service::McpService;

/// The routes of an MCP service with the default settings: merge them into an application.
///
/// `/health` and `/ready` are not among them; they are the application's to answer. Routes are
/// absolute: merge them, do not nest them; [`Http::path`] moves the endpoint.
///
/// ```
/// # fn app() -> Result<axum::Router, mcp_core::server::BuildError> {
/// use axum::{Router, routing::get};
/// use mcp_core::{Server, transport::http};
///
/// let server = Server::builder("notes", "1.0.0").build()?;
/// let app = Router::new().route("/", get(async || "Hello.")).merge(http::router(server));
/// # Ok(app)
/// # }
/// # app().unwrap();
/// ```
///
/// For other settings turn [`Http`] into a router. Keep the [`HttpService`] where the application
/// stops gracefully: its [`close`](HttpService::close) ends the streams that would keep it waiting.
pub fn router(service: impl McpService) -> Router {
    Http::new(service).into()
}

impl From<Http> for Router {
    fn from(http: Http) -> Self {
        http.build().into()
    }
}

impl From<HttpService> for Router {
    /// # Panics
    /// A path that was configured is none: it must begin with `/` and differ from the others.
    fn from(http: HttpService) -> Self {
        let config = &http.0.config;
        let mut paths = vec![config.path.clone()];
        if let Some(prefix) = &config.rest {
            paths.push(format!("{prefix}/{{*method}}"));
        }
        if config.legacy_sse {
            paths.extend([sse_transport::STREAM, sse_transport::MESSAGES].map(String::from));
        }
        let route = |router: Self, path: String| router.route_service(&path, http.clone());
        paths.into_iter().fold(Self::new(), route)
    }
}
