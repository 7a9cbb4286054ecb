//! The floor: hyper's pooled client sends a frame and reads the answer.

use bytes::Bytes;
use clap::Parser;
use clients::{Load, message, print, run};
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let load = Load::parse();
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let url: hyper::Uri = load.url.parse()?;
    let bearer = load.bearer.as_ref().map(|token| format!("Bearer {token}"));
    let outcome = run(&load, move |n| {
        let (client, url, bearer) = (client.clone(), url.clone(), bearer.clone());
        async move {
            let text = message(n);
            let frame = format!(
                r#"{{"jsonrpc":"2.0","id":{n},"method":"tools/call","params":{{"name":"echo","arguments":{{"message":"{text}"}},"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{{"name":"raw","version":"1"}},"io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
            );
            let mut request = Request::post(url);
            if let Some(bearer) = bearer {
                request = request.header("authorization", bearer);
            }
            let request = request
                .header("content-type", "application/json")
                .header("accept", "application/json, text/event-stream")
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", "tools/call")
                .header("mcp-name", "echo")
                .body(Full::new(Bytes::from(frame)))?;
            let body = client.request(request).await?.into_body().collect().await?.to_bytes();
            Ok(body.windows(text.len()).any(|window| window == text.as_bytes()))
        }
    })
    .await?;
    print(&outcome)
}
