//! A tour of any server: who it is, what it offers, and what a tool says.
//!
//! Try it: `cargo run -p example-client-tour -- --call add --args '{"a":2,"b":3}' -- target/debug/echo --stdio`

mod options;
mod table;

use std::io::{Write as _, stdout};
use std::process::ExitCode;

use clap::Parser as _;
use mcp_core::client::{Client, Error};
use serde_json::{Value, json};

use crate::options::Options;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let level = tracing_subscriber::filter::LevelFilter::WARN;
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).init();
    let options = Options::parse();
    let found = match tour(&options).await {
        Ok(found) => found,
        Err(error) => {
            let refused = matches!(error, Error::Rpc(_) | Error::Params { .. });
            eprintln!("client-tour: {:#}", anyhow::Error::new(error));
            return Ok(ExitCode::from(if refused { 1 } else { 3 }));
        }
    };
    let text = if options.json { format!("{found:#}\n") } else { table::all(&found) };
    stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::from(u8::from(found["result"]["isError"] == true)))
}

async fn tour(options: &Options) -> Result<Value, Error> {
    // 1. Connect: a program is a target, and so is a URL.
    let client = Client::connect(options.target()?).await?;
    let server = client.server().await?;
    let mut found = json!({ "server": server.info, "revision": server.version.as_str() });
    // 2. List what the server says that it has, all pages.
    if server.capabilities.tools.is_some() {
        found["tools"] = json!(client.tools().await?);
    }
    if server.capabilities.resources.is_some() {
        found["resources"] = json!(client.resources().await?);
    }
    if server.capabilities.prompts.is_some() {
        found["prompts"] = json!(client.prompts().await?);
    }
    // 3. Call a tool. Progress is for people: it goes where the log goes.
    if let Some(name) = &options.call {
        let call =
            client.call_tool(name, &options.args).progress(|told| eprintln!("{}", table::progress(&told)));
        found["result"] = json!(call.await?);
    }
    // 4. Say good-bye: a program is asked to end, a session is given back.
    client.close().await;
    Ok(found)
}
