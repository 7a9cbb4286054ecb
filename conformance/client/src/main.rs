//! The client that the official conformance suite drives: one scenario a run, named by the environment, with the
//! server's URL as the last argument.

mod authorized;
mod skills;

use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use mcp_core::client::{Client, ClientBuilder};
use mcp_core::protocol::{ElicitResult, Prompt, ProtocolVersion, Resource, Tool};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let scenario =
        std::env::var("MCP_CONFORMANCE_SCENARIO").context("MCP_CONFORMANCE_SCENARIO is not set")?;
    let url = std::env::args().next_back().context("no URL was given")?;
    match scenario.as_str() {
        "initialize" | "json-schema-ref-no-deref" => list_only(&url).await,
        "tools_call" => add(&url).await,
        "json-schema-2020-12-preservation" => echo_schema(&url).await,
        "elicitation-sep1034-client-defaults" | "sse-retry" => call_all(&url).await,
        "request-metadata" | "sep-2322-client-request-state" => call_all(&url).await,
        "http-standard-headers" => use_everything(&url).await,
        "http-custom-headers" | "http-invalid-tool-headers" => call_as_told(&url).await,
        "sep-2640-client-no-prefetch" => skills::list(&url).await,
        other if other.starts_with("sep-2640-client-verify-") => skills::load(&url).await,
        other if other.starts_with("auth/") => authorized::run(other.trim_start_matches("auth/"), &url).await,
        _ => anyhow::bail!("no scenario is called `{scenario}`"),
    }
}

/// A client with the handlers that scenarios ask for.
fn builder() -> ClientBuilder {
    Client::builder("conformance-client", "1.0.0")
        .roots([])
        .on_sample(async |_| Err("no scenario samples".into()))
}

/// Closes politely, whatever came before.
async fn finish(client: Client, outcome: anyhow::Result<()>) -> anyhow::Result<()> {
    client.close().await;
    outcome
}

async fn list_only(url: &str) -> anyhow::Result<()> {
    let client = builder().connect(url).await?;
    let outcome = client.tools().await.map(drop);
    finish(client, outcome.map_err(Into::into)).await
}

async fn add(url: &str) -> anyhow::Result<()> {
    let client = builder().connect(url).await?;
    let outcome = async {
        client.tools().await?;
        client.call_tool("add_numbers", json!({ "a": 2, "b": 3 })).await?;
        Ok(())
    };
    let outcome = outcome.await;
    finish(client, outcome).await
}

async fn echo_schema(url: &str) -> anyhow::Result<()> {
    let client = builder().connect(url).await?;
    let tools = client.tools().await?;
    let tool = tools.iter().find(|tool| tool.name == "json_schema_2020_12_tool").context("no such tool")?;
    client.call_tool("json_schema_echo", json!({ "schema": tool.input_schema })).await?;
    finish(client, Ok(())).await
}

/// Calls every tool once. Forms are accepted as they are, and another tool is called while one is open.
async fn call_all(url: &str) -> anyhow::Result<()> {
    let shared: Arc<OnceLock<Client>> = Arc::default();
    let inner = Arc::clone(&shared);
    let client = builder()
        .on_form(move |form| {
            let client = inner.get().cloned();
            async move {
                if let Some(client) = client {
                    _ = client.call_tool("test_mrtr_unrelated", json!({})).await;
                }
                let asks = form.schema.to_value()?["properties"]["confirmed"].is_object();
                let content = if asks { json!({ "confirmed": true }) } else { json!({}) };
                Ok(ElicitResult::accept(content.as_object().cloned().unwrap_or_default()))
            }
        })
        .connect(url)
        .await?;
    let tools = client.tools().await?;
    if tools.iter().any(|tool| tool.name == "test_mrtr_unrelated") {
        _ = shared.set(client.clone());
    }
    for tool in tools.iter().filter(|tool| tool.name != "test_mrtr_unrelated") {
        client.call_tool(&tool.name, arguments(tool)).await?;
    }
    finish(client, Ok(())).await
}

/// Some value for every required argument.
fn arguments(tool: &Tool) -> Value {
    let schema = tool.input_schema.to_value().unwrap_or_default();
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let argument = |name: &Value| {
        let name = name.as_str()?.to_owned();
        let value = match schema["properties"][&name]["type"].as_str() {
            Some("number" | "integer") => json!(1),
            Some("boolean") => json!(true),
            _ => json!("x"),
        };
        Some((name, value))
    };
    required.iter().filter_map(argument).collect::<Map<_, _>>().into()
}

async fn use_everything(url: &str) -> anyhow::Result<()> {
    let client = builder().connect(url).await?;
    let (tools, resources, prompts): (Vec<Tool>, Vec<Resource>, Vec<Prompt>) = (
        client.tools().await?,
        client.resources().await.unwrap_or_default(),
        client.prompts().await.unwrap_or_default(),
    );
    for tool in &tools {
        client.call_tool(&tool.name, arguments(tool)).await?;
    }
    for resource in &resources {
        client.read(&resource.uri).await?;
    }
    for prompt in &prompts {
        client.prompt(&prompt.name, Vec::<(String, String)>::new()).await?;
    }
    finish(client, Ok(())).await
}

#[derive(Deserialize)]
struct Told {
    #[serde(default, rename = "toolCalls")]
    tool_calls: Vec<ToolCall>,
}

#[derive(Deserialize)]
struct ToolCall {
    name: String,
    #[serde(default)]
    arguments: Value,
}

/// Calls the tools that the scenario names, and, where it names none, all that the client offers.
async fn call_as_told(url: &str) -> anyhow::Result<()> {
    let told = std::env::var("MCP_CONFORMANCE_CONTEXT").unwrap_or_else(|_| "{}".to_owned());
    let told: Told = serde_json::from_str(&told)?;
    let client = builder().version(ProtocolVersion::LATEST).connect(url).await?;
    let tools = client.tools().await?;
    for call in &told.tool_calls {
        client.call_tool(&call.name, &call.arguments).await?;
    }
    if told.tool_calls.is_empty() {
        for tool in &tools {
            client.call_tool(&tool.name, arguments(tool)).await?;
        }
    }
    finish(client, Ok(())).await
}
