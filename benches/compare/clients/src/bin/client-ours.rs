//! Our client, typed calls.

use clap::Parser;
use clients::{Load, message, print, run};
use mcp_core::client::Client;
use serde::Serialize;

#[derive(Serialize)]
struct Echo<'a> {
    message: &'a str,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let load = Load::parse();
    let client = Client::connect(&load.url).await?;
    let outcome = run(&load, move |n| {
        let client = client.clone();
        async move {
            let text = message(n);
            let echoed: String = client.call("echo", Echo { message: &text }).await?;
            Ok(echoed == text)
        }
    })
    .await?;
    print(&outcome)
}
