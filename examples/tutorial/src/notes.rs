//! The tools of step 4: those of step 3, for whoever calls.

use mcp_core::server::{BuildError, ToolError};
use mcp_core::service::Principal;
use mcp_core::{Args, Server, State, tool};
use mcp_memory::{Access, Draft, Id, Memory, Scope, Search};

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

async fn write(
    State(memory): State<Memory>,
    who: Principal,
    Args(note): Args<Write>,
) -> Result<String, ToolError> {
    let stored = memory.of(access(&who)).store(&Scope::Org, Draft::new(note.text).tag("on-call"))?;
    Ok(format!("note {}", stored.id))
}

async fn find(
    State(memory): State<Memory>,
    who: Principal,
    Args(find): Args<Find>,
) -> Result<String, ToolError> {
    let found = memory.of(access(&who)).search(&Search::new(find.question).limit(3))?;
    let lines: Vec<_> =
        found.hits.iter().map(|hit| format!("{} ({})", hit.record.content, hit.record.id)).collect();
    Ok(if lines.is_empty() { "nothing is noted about that".into() } else { lines.join("\n") })
}

async fn forget(
    State(memory): State<Memory>,
    who: Principal,
    Args(which): Args<Forget>,
) -> Result<String, ToolError> {
    memory.of(access(&who)).delete(&which.id.parse::<Id>()?)?;
    Ok("the note is gone".into())
}

/// What a caller may see follows from who they are, never from what they say.
fn access(who: &Principal) -> Access {
    Access::new(&who.org, &who.user).write(Scope::Org)
}

pub(crate) fn server(memory: Memory) -> Result<Server, BuildError> {
    Server::builder("on-call", "1.0.0")
        .state(memory)
        .tool(tool("write_note", write).description("Writes a note for whoever is on call."))
        .tool(tool("find_notes", find).description("Finds notes by a question.").read_only())
        .tool(tool("forget_note", forget).description("Forgets a note.").destructive())
        .build()
}
