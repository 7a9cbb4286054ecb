//! The server that is fuzzed.

use std::sync::LazyLock;
use std::time::Duration;

use mcp_core::protocol::{CallToolResult, LogLevel, RawJson};
use mcp_core::server::{Elicit, Elicited, ListRoots, SealedState, ToolError, Variables};
use mcp_core::{Args, Context, Json, Server, prompt, resource, template, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The key under which the server seals request state: an input must do the same in every run.
pub const KEY: [u8; 32] = *b"a key of exactly 32 bytes it is.";

#[derive(Deserialize, Serialize, JsonSchema)]
struct Message {
    message: String,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Typed {
    text: Option<String>,
    whole: Option<i32>,
    share: Option<f64>,
    list: Option<Vec<Message>>,
}

#[derive(Deserialize, JsonSchema)]
struct Routed {
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    name: String,
}

async fn chatter(context: Context, Args(Message { message }): Args<Message>) -> String {
    context.progress(1.0, Some(2.0), Some(&message));
    context.log(LogLevel::Info, Some(&message), &message);
    context.progress(2.0, Some(2.0), None);
    message
}

async fn greet(context: Context) -> Result<String, ToolError> {
    let answer = context.ask("name", Elicit::form::<Name>("Who is there?")).await?;
    let roots = context.ask("roots", ListRoots).await?;
    Ok(match answer {
        Elicited::Accepted(Name { name }) => format!("{name} with {} roots", roots.roots.len()),
        Elicited::Declined | Elicited::Cancelled => "nobody".to_owned(),
    })
}

async fn shape(context: Context) -> String {
    let server = context.server();
    let added = server.add_tool(tool("new", async || "I am new."));
    format!("{} {}", added.is_ok(), server.remove_tool("new"))
}

fn build() -> Server {
    let raw = async |context: Context| {
        RawJson::from_string(context.arguments().to_owned())
            .map(|raw| CallToolResult { structured_content: Some(raw), ..CallToolResult::default() })
    };
    let released = async |context: Context| {
        context.release_stream(Duration::from_millis(10));
        "come back"
    };
    let note =
        async |variables: Variables| variables.0.iter().map(|(k, v)| format!("{k}={v};")).collect::<String>();
    Server::builder("fuzzed", "1.0.0")
        .instructions("Do your worst.")
        .request_state(SealedState::new(&KEY))
        .tool(tool("echo", async |Args(Message { message }): Args<Message>| message))
        .tool(tool("typed", async |Args(typed): Args<Typed>| Json(typed)))
        .tool(tool("routed", async |Args(Routed { region }): Args<Routed>| region))
        .tool(tool("raw", raw))
        .tool(tool("chatter", chatter))
        .tool(tool("greet", greet))
        .tool(tool("shape", shape))
        .tool(tool("released", released))
        .resource(resource("test://text", "text", async || "text"))
        .resource(resource("test://bytes", "bytes", async || vec![0u8, 255]))
        .template(template("note://{folder}/{+path}{?rev,by}", "note", note))
        .prompt(prompt("ask", async |Args(Name { name }): Args<Name>| format!("Ask {name}.")))
        .build()
        .expect("the server is well-formed")
}

/// The server; clones are the same one.
pub fn server() -> Server {
    static SERVER: LazyLock<Server> = LazyLock::new(build);
    SERVER.clone()
}
