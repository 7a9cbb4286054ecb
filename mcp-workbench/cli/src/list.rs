//! `mcp list`: what a server offers.

use clap::Args;
use mcp_workbench::connect::Servers;
use serde_json::{Value, json};

use crate::show;

const HELP: &str = "SERVER is a URL, a command line, a name in mcp.yaml, `memory`, `guardrails` or `patterns`; without it, the local stack.

Examples:
  mcp list
  mcp list memory
  mcp list https://example.com/mcp --json
  mcp list \"npx -y @modelcontextprotocol/server-everything\" --resources";

/// List what a server offers: its tools, resources or prompts.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct List {
    /// The server.
    server: Option<String>,
    /// Its resources and templates of resources.
    #[arg(long)]
    resources: bool,
    /// Its prompts.
    #[arg(long)]
    prompts: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl List {
    pub(crate) async fn run(self, servers: &Servers) -> anyhow::Result<()> {
        let client = servers.connect(self.server.as_deref()).await?;
        let mut answer = serde_json::Map::new();
        if !self.resources && !self.prompts {
            let tools = client.tools().await?;
            answer.insert("tools".to_owned(), json!(tools));
            if !self.json {
                let row = |tool: &mcp_core::protocol::Tool| {
                    let schema = tool.input_schema.to_value().unwrap_or_default();
                    let text = tool.description.clone().or_else(|| tool.title.clone()).unwrap_or_default();
                    [tool.name.clone(), arguments(&schema), show::brief(&text, 160)]
                };
                show::table(&["tool", "arguments", "what it does"], tools.iter().map(row))?;
            }
        }
        if self.resources {
            let (resources, templates) = (client.resources().await?, client.resource_templates().await?);
            if !self.json {
                let named = |title: &Option<String>, name: &str, text: &Option<String>| {
                    let text = text.clone().or_else(|| title.clone()).unwrap_or_else(|| name.to_owned());
                    show::brief(&text, 160)
                };
                let rows =
                    resources.iter().map(|of| [of.uri.clone(), named(&of.title, &of.name, &of.description)]);
                let more = templates
                    .iter()
                    .map(|of| [of.uri_template.clone(), named(&of.title, &of.name, &of.description)]);
                show::table(&["resource", "what it is"], rows.chain(more))?;
            }
            answer.insert("resources".to_owned(), json!(resources));
            answer.insert("resourceTemplates".to_owned(), json!(templates));
        }
        if self.prompts {
            let prompts = client.prompts().await?;
            if !self.json {
                let row = |prompt: &mcp_core::protocol::Prompt| {
                    let argument = |of: &mcp_core::protocol::PromptArgument| {
                        if of.required == Some(true) { of.name.clone() } else { format!("[{}]", of.name) }
                    };
                    let arguments = prompt.arguments.iter().map(argument).collect::<Vec<_>>().join(" ");
                    let text = prompt.description.clone().unwrap_or_default();
                    [prompt.name.clone(), arguments, show::brief(&text, 160)]
                };
                show::table(&["prompt", "arguments", "what it is for"], prompts.iter().map(row))?;
            }
            answer.insert("prompts".to_owned(), json!(prompts));
        }
        if self.json {
            show::json(&Value::Object(answer))?;
        }
        client.close().await;
        Ok(())
    }
}

/// The names of arguments, those that may be left out in brackets.
fn arguments(schema: &Value) -> String {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let names = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name);
    let (needed, other): (Vec<_>, Vec<_>) = names.partition(|name| required.contains(&name.as_str()));
    let needed = needed.into_iter().cloned();
    needed.chain(other.into_iter().map(|name| format!("[{name}]"))).collect::<Vec<_>>().join(" ")
}
