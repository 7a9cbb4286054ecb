//! The parse-and-build floor: axum, one parse into `Value`, one answer built from it. Nothing of MCP is checked.

use anyhow::Result;
use axum::{Router, body::Bytes, http::StatusCode, http::header, response::IntoResponse, routing::post};
use clap::Parser;
use floors::Options;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    let listener = tokio::net::TcpListener::bind(Options::parse().address()).await?;
    axum::serve(listener, Router::new().route("/mcp", post(answer))).await?;
    Ok(())
}

async fn answer(body: Bytes) -> impl IntoResponse {
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let text = &request["params"]["arguments"]["message"];
    let answer = json!({
        "jsonrpc": "2.0",
        "id": request["id"],
        "result": { "resultType": "complete", "content": [{ "type": "text", "text": text }] },
    });
    ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}
