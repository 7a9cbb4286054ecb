//! Step 3: notes that outlive the process, sealed on the disk, and found by what they mean.

use mcp_core::server::ToolError;
use mcp_core::{Args, Server, State, serve, tool, transport};
use mcp_guardrails::layer::Guardrails;
use mcp_guardrails::{Engine, Format, RuleSet};
use mcp_memory::{Access, Draft, Id, Memory, Scope, Search};
use tower_layer::Layer as _;

const RULES: &str = include_str!("rules.yaml");

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Write {
    /// What happened, in a sentence or two.
    text: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Find {
    /// What you want to know, in your own words.
    question: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Forget {
    /// The identifier that `write_note` and `find_notes` give.
    id: String,
}

async fn write(State(memory): State<Memory>, Args(note): Args<Write>) -> Result<String, ToolError> {
    let stored = memory.of(on_call()).store(&Scope::Org, Draft::new(note.text).tag("on-call"))?;
    Ok(format!("note {}", stored.id))
}

async fn find(State(memory): State<Memory>, Args(find): Args<Find>) -> Result<String, ToolError> {
    let found = memory.of(on_call()).search(&Search::new(find.question).limit(3))?;
    let lines: Vec<_> =
        found.hits.iter().map(|hit| format!("{} ({})", hit.record.content, hit.record.id)).collect();
    Ok(if lines.is_empty() { "nothing is noted about that".into() } else { lines.join("\n") })
}

async fn forget(State(memory): State<Memory>, Args(which): Args<Forget>) -> Result<String, ToolError> {
    memory.of(on_call()).delete(&which.id.parse::<Id>()?)?;
    Ok("the note is gone".into())
}

/// Who writes and reads: one person, until step 4.
fn on_call() -> Access {
    Access::new("acme", "me").write(Scope::Org)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let directory = std::env::var("NOTES_DIRECTORY").unwrap_or_else(|_| "notes".into());
    let server = Server::builder("on-call", "0.2.0")
        .state(Memory::open(directory)?)
        .tool(tool("write_note", write).description("Writes a note for whoever is on call."))
        .tool(tool("find_notes", find).description("Finds notes by a question.").read_only())
        .tool(tool("forget_note", forget).description("Forgets a note.").destructive())
        .build()?;
    let rules = RuleSet::parse(RULES, "rules.yaml", Format::Yaml)?;
    let guardrails = Guardrails::builder(Engine::builder().build(rules)?).build();
    Ok(serve(guardrails.layer().layer(server), transport::from_args()).await?)
}
