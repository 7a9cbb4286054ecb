//! A small server over HTTP, as a user of the official SDK writes it.
use rmcp::handler::server::wrapper::Parameters;
use rmcp::transport::streamable_http_server::{StreamableHttpService, session::local::LocalSessionManager};
use rmcp::{schemars, tool, tool_router};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Echo {
    message: String,
}

struct Server;

#[tool_router(server_handler)]
impl Server {
    #[tool(description = "Sends the message back")]
    async fn echo(&self, Parameters(echo): Parameters<Echo>) -> String {
        echo.message
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let service = StreamableHttpService::new(
        || Ok(Server),
        LocalSessionManager::default().into(),
        Default::default(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    Ok(axum::serve(listener, axum::Router::new().nest_service("/mcp", service)).await?)
}
