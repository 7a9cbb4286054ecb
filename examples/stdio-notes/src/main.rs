//! Notes in memory: tools from an `impl` block, a resource per note, a prompt, and completion of names.
//!
//! Try it: `npx @modelcontextprotocol/inspector --cli target/debug/stdio-notes --method tools/list`

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Parser;
use mcp_core::server::{Completing, Variables};
use mcp_core::{Args, Context, Json, Server, State, prompt, serve, stdio, template, tools};
use parking_lot::Mutex;

/// An MCP server that keeps notes until it ends.
///
/// Without options it serves on standard input and output: give the path of this program to your MCP client.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Serve on standard input and output (the default).
    #[arg(long, conflicts_with = "listen")]
    stdio: bool,
    /// Serve Streamable HTTP on this address, e.g. 127.0.0.1:8080; the endpoint is /mcp.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

// 1. State: what all calls share.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<BTreeMap<String, String>>>);

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Note {
    /// A short name.
    id: String,
    /// What to remember.
    text: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Which {
    /// The name of a note, or how it begins.
    id: String,
}

// 2. Tools: methods with `#[tool]`. The doc comment is what the model reads.
#[tools]
impl Notes {
    /// Keeps a note, replacing the one of the same name.
    #[tool(idempotent, closed_world)]
    async fn write(&self, context: Context, Args(Note { id, text }): Args<Note>) -> String {
        let uri = format!("notes://{id}");
        self.0.lock().insert(id, text);
        context.server().resource_updated(&uri);
        uri
    }

    /// Names the notes whose names begin so.
    #[tool(read_only, closed_world, title = "Find notes")]
    async fn find(&self, Args(Which { id }): Args<Which>) -> Json<Vec<String>> {
        Json(self.0.lock().keys().filter(|known| known.starts_with(&id)).cloned().collect())
    }
}

// 3. A resource per note, a prompt, and what both suggest while somebody types.
async fn read(State(notes): State<Notes>, Variables(uri): Variables) -> Option<String> {
    notes.0.lock().get(uri.get("id")?).cloned()
}

async fn summarise(State(notes): State<Notes>, Args(Which { id }): Args<Which>) -> String {
    format!("Summarise in one sentence:\n\n{}", notes.0.lock().get(&id).map_or("", String::as_str))
}

async fn names(State(notes): State<Notes>, typed: Completing) -> Vec<String> {
    notes.find(Args(Which { id: typed.value })).await.0
}

#[tokio::main]
async fn main() -> Result<(), mcp_core::Error> {
    let options = Options::parse();
    // 4. The server: what it is, and what it offers.
    let notes = Notes::default();
    let server = Server::builder("stdio-notes", env!("CARGO_PKG_VERSION"))
        .state(notes.clone())
        .tools(notes)
        .template(template("notes://{id}", "note", read).mime_type("text/plain").complete("id", names))
        .prompt(prompt("summarise", summarise).description("Sums up a note.").complete("id", names))
        .build()?;
    match options.listen {
        Some(address) => Ok(serve(server, address.as_str()).await?),
        None => Ok(serve(server, stdio()).await?),
    }
}
