//! `mcp call`: one tool of a server.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use mcp_core::Client;
use mcp_core::protocol::Progress;
use mcp_workbench::arguments;
use mcp_workbench::connect::Servers;
use mcp_workbench::nearest::nearest;
use serde_json::{Map, Value};

use crate::show;

const HELP: &str = "A name that comes again adds to a list. What is neither text nor a number is written in JSON: filter={\"type\":\"decision\"}.
Exit code: 0 the tool did it, 1 it failed or cannot be called.

Examples:
  mcp call memory memory_store --json '{\"memories\":[{\"content\":\"Backups run at two\"}]}'
  mcp call memory memory_search query=\"when do backups run\" limit=3
  cat event.json | mcp call guardrails evaluate -
  mcp call https://example.com/mcp report month=5 --timeout 300";

/// Call a tool of a server.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Call {
    /// The server: a URL, a command line, a name in mcp.yaml, `local`, `memory`, `guardrails` or `patterns`.
    server: String,
    /// The tool.
    tool: String,
    /// Its arguments, name=value; `-` reads them from standard input as a JSON object.
    arguments: Vec<String>,
    /// All arguments as a JSON object; without a value, answer in JSON.
    #[arg(long, value_name = "OBJECT", num_args = 0..=1, default_missing_value = "")]
    json: Option<String>,
    /// Seconds that nothing may come from the tool.
    #[arg(long, default_value_t = 60)]
    timeout: u64,
}

impl Call {
    pub(crate) async fn run(self, servers: &Servers) -> anyhow::Result<ExitCode> {
        let client = servers.connect(Some(&self.server)).await?;
        let arguments = self.read(&schema(&client, &self.server, &self.tool).await?)?;
        let answer = client
            .call_tool(&self.tool, arguments)
            .timeout(std::time::Duration::from_secs(self.timeout))
            .progress(|progress| tell(&progress))
            .await;
        client.close().await;
        let answer = answer?;
        if self.json.is_some() && !answer.is_error {
            match answer.structured_content.as_ref().and_then(|value| value.to_value().ok()) {
                Some(value) => show::json(&value)?,
                None => show::json(&answer)?,
            }
        } else if self.json.is_some() {
            show::json(&answer)?;
        } else if answer.is_error {
            show::note(format_args!("error: {}", show::told(&answer)));
        } else {
            let said = show::told(&answer);
            // JSON that a tool says as text is easier to read in lines.
            match serde_json::from_str::<Value>(&said) {
                Ok(value) if value.is_object() || value.is_array() => show::json(&value)?,
                _ => show::line(said)?,
            }
        }
        Ok(ExitCode::from(u8::from(answer.is_error)))
    }

    fn read(&self, schema: &Value) -> anyhow::Result<Map<String, Value>> {
        let given = self.json.as_deref().filter(|text| !text.is_empty());
        match (given, &*self.arguments) {
            (Some(text), []) => Ok(arguments::object(text)?),
            (Some(_), _) => anyhow::bail!("give arguments as name=value or by --json, not both"),
            (None, [dash]) if dash == "-" => {
                let mut text = String::new();
                std::io::stdin()
                    .read_to_string(&mut text)
                    .context("standard input cannot be read as text")?;
                Ok(arguments::object(&text)?)
            }
            (None, words) => Ok(arguments::typed(schema, words.iter().map(String::as_str))?),
        }
    }
}

/// The schema of what a tool of a server takes.
pub(crate) async fn schema(client: &Client, server: &str, tool: &str) -> anyhow::Result<Value> {
    let tools = client.tools().await?;
    let Some(found) = tools.iter().find(|of| of.name == tool) else {
        let near = nearest(tool, tools.iter().map(|tool| tool.name.as_str()));
        let near = near.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
        anyhow::bail!("`{server}` has no tool `{tool}`{near} `mcp list {server}` shows all");
    };
    Ok(found.input_schema.to_value().unwrap_or_default())
}

/// Shows how far a tool is, where it can be written over and where it cannot.
fn tell(progress: &Progress) {
    let of = progress.total.map_or_else(String::new, |total| format!(" of {total}"));
    let message = progress.message.as_deref().map_or_else(String::new, |message| format!(": {message}"));
    let mut out = std::io::stderr().lock();
    let line = format!("{}{of}{message}", progress.progress);
    // Progress that cannot be shown is no reason to give the call up.
    let _ =
        if show::is_watched() { write!(out, "\r\x1b[2K{line}\r") } else { writeln!(out, "progress {line}") };
}
