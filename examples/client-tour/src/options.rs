//! The command line.

use clap::Parser;
use mcp_core::client::{Error, IntoTarget, Program, Target};
use serde_json::{Map, Value};

/// Shows what an MCP server offers, and calls a tool. Finds out by itself which revision the server speaks.
#[derive(Parser)]
#[command(version, after_help = include_str!("help.txt"))]
pub(crate) struct Options {
    /// Where the server is: `https://…`, `wss://…` or `unix:PATH`.
    #[arg(required_unless_present = "command")]
    target: Option<String>,
    /// A program to start as the server, with its arguments.
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "target")]
    command: Vec<String>,
    /// Call this tool.
    #[arg(long, value_name = "NAME")]
    pub(crate) call: Option<String>,
    /// The arguments of the call: a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = object)]
    pub(crate) args: Map<String, Value>,
    /// Print one JSON document instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Options {
    /// The server: a program to start, or an address.
    pub(crate) fn target(&self) -> Result<Target, Error> {
        let mut words = self.command.iter();
        match (&self.target, words.next()) {
            (_, Some(program)) => Program::new(program).args(words).into_target(),
            (target, None) => target.as_deref().unwrap_or_default().into_target(),
        }
    }
}

fn object(text: &str) -> serde_json::Result<Map<String, Value>> {
    serde_json::from_str(text)
}
