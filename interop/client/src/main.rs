//! Our client, driven by a plan on standard input: `interop-client (URL | unix:PATH | -- COMMAND…) <plan.json`.
//!
//! Prints one JSON document: what was connected to, what each step led to, and what the server asked and told.
//! It judges nothing; that is for `interop/servers`.

mod host;
mod outcome;
mod plan;
mod steps;

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use mcp_core::client::{Client, IntoTarget, Program, Target};
use serde_json::{Value, json};

use crate::host::Heard;
use crate::plan::Plan;

/// Takes a plan on standard input through a server, and prints what came of it.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Where the server is: a URL or `unix:PATH`.
    #[arg(required_unless_present = "command")]
    target: Option<String>,
    /// The program that is the server, with its arguments.
    #[arg(last = true, conflicts_with = "target")]
    command: Vec<String>,
}

impl Options {
    fn target(self) -> Result<Target, mcp_core::client::Error> {
        let mut words = self.command.into_iter();
        match (self.target, words.next()) {
            (_, Some(program)) => Program::new(program).args(words).into_target(),
            (target, None) => target.unwrap_or_default().into_target(),
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    let plan = serde_json::from_reader(std::io::stdin().lock()).context("the plan on standard input")?;
    let report = run(Options::parse().target()?, plan).await;
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Connects, takes the steps one after the other, and closes.
async fn run(target: Target, plan: Plan) -> Value {
    let heard = Heard::default();
    let client: Client = match host::builder(&plan, &heard).connect(target).await {
        Ok(client) => client,
        Err(error) => return json!({ "connected": outcome::error(&error) }),
    };
    let connected = outcome::of(client.server().await.map(|server| {
        json!({
            "revision": server.version.as_str(),
            "name": server.info.as_ref().map(|info| &info.name),
            "version": server.info.as_ref().map(|info| &info.version),
            "instructions": server.instructions,
            "capabilities": server.capabilities,
        })
    }));
    let mut done = Vec::with_capacity(plan.steps.len());
    for step in plan.steps {
        // Longer than any time-out of the client: only a bug lets it run out.
        let taken = tokio::time::timeout(Duration::from_secs(30), steps::take(&client, step)).await;
        done.push(
            taken.unwrap_or_else(|_| json!({ "error": { "kind": "hung", "text": "no end within 30 s" } })),
        );
    }
    let closed = tokio::time::timeout(Duration::from_secs(10), client.close()).await.is_ok();
    json!({ "connected": connected, "steps": done, "heard": heard.to_json(), "closed": closed })
}
