//! The official Rust SDK's client.

use clap::Parser;
use clients::{Load, message, print, run};
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let load = Load::parse();
    let service = ().serve(StreamableHttpClientTransport::from_uri(load.url.clone())).await?;
    let peer = service.peer().clone();
    let outcome = run(&load, move |n| {
        let peer = peer.clone();
        async move {
            let text = message(n);
            let arguments = serde_json::json!({ "message": text }).as_object().cloned();
            let mut params = CallToolRequestParams::new("echo");
            params.arguments = arguments;
            let result = peer.call_tool(params).await?;
            Ok(serde_json::to_string(&result)?.contains(&text))
        }
    })
    .await?;
    service.cancel().await?;
    print(&outcome)
}
