//! The program of `docs/FIRST_GUARDRAIL.md`, as it stands there. Run it where its `rules.yaml` is.
#![allow(clippy::print_stdout, reason = "a program that says what it did")]

use mcp_core::testing::TestClient;
use mcp_core::{Args, Server, tool};
use mcp_guardrails::layer::Guardrails;
use mcp_guardrails::{Engine, RuleSet};
use serde_json::json;
use tower_layer::Layer as _;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Delete {
    path: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let delete = async |Args(Delete { path }): Args<Delete>| format!("deleted {path}");
    let server = Server::builder("notes", "1.0.0").tool(tool("delete_note", delete)).build()?;
    let engine = Engine::builder().build(RuleSet::open("rules.yaml".as_ref())?)?;
    let guardrails = Guardrails::builder(engine).build();
    let service = guardrails.layer().layer(server);

    let client = TestClient::connect(service);
    let kept = client.call("delete_note", json!({ "path": "archive/2024.md" })).await;
    println!("{}", kept.content[0].as_text().unwrap_or_default());
    let gone = client.call("delete_note", json!({ "path": "drafts/idea.md" })).await;
    println!("{}", gone.content[0].as_text().unwrap_or_default());
    Ok(())
}
