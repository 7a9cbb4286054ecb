//! Step 1: a server. Notes of whoever is on call, kept while the process lives.

use std::sync::{Arc, Mutex, PoisonError};

use mcp_core::server::ToolError;
use mcp_core::{Args, Server, State, serve, tool, transport};

type Notes = Arc<Mutex<Vec<String>>>;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Write {
    /// What happened, in a sentence or two.
    text: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Find {
    /// A word that stands in the notes.
    word: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Forget {
    /// The number that `write_note` gave.
    number: usize,
}

async fn write(State(notes): State<Notes>, Args(note): Args<Write>) -> String {
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    notes.push(note.text);
    format!("note {}", notes.len())
}

async fn find(State(notes): State<Notes>, Args(find): Args<Find>) -> String {
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    let found: Vec<_> = notes.iter().filter(|note| note.contains(&find.word)).cloned().collect();
    if found.is_empty() { "nothing is noted about that".into() } else { found.join("\n") }
}

async fn forget(State(notes): State<Notes>, Args(which): Args<Forget>) -> Result<String, ToolError> {
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    match which.number.checked_sub(1).and_then(|at| notes.get_mut(at)) {
        Some(note) => {
            note.clear();
            Ok(format!("note {} is gone", which.number))
        }
        None => Err(ToolError::new(format!("there is no note {}; there are {}", which.number, notes.len()))),
    }
}

#[tokio::main]
async fn main() -> Result<(), mcp_core::Error> {
    let server = Server::builder("on-call", "0.1.0")
        .state(Notes::default())
        .tool(tool("write_note", write).description("Writes a note for whoever is on call."))
        .tool(tool("find_notes", find).description("Finds notes by a word.").read_only())
        .tool(tool("forget_note", forget).description("Forgets a note.").destructive())
        .build()?;
    Ok(serve(server, transport::from_args()).await?)
}
