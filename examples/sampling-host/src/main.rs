//! A host: it answers what a server asks while a tool runs. Forms go to the person, samples to a model, roots are named.
//!
//! Try it: `cargo run -p example-sampling-host -- --call test_elicitation --args '{"message":"Who?"}' -- target/debug/everything --stdio`

mod terminal;

use std::io::{Write as _, stdout};

use clap::Parser;
use mcp_core::client::{Client, FormQuestion, IntoTarget, Program, UrlQuestion};
use mcp_core::protocol::{CreateMessage, CreateMessageResult, ElicitResult, Root};
use serde_json::{Map, Value, json};

/// Calls one tool of an MCP server, and answers what the server asks meanwhile.
#[derive(Parser)]
#[command(version, after_help = include_str!("help.txt"))]
struct Options {
    /// Where the server is: `https://…`, `wss://…` or `unix:PATH`.
    #[arg(required_unless_present = "command")]
    target: Option<String>,
    /// A program to start as the server, with its arguments.
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "target")]
    command: Vec<String>,
    /// The tool to call.
    #[arg(long, value_name = "NAME")]
    call: String,
    /// The arguments of the call: a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    args: Value,
    /// Fill in forms with the members of this JSON object instead of asking; addresses are declined then.
    #[arg(long, value_name = "JSON", value_parser = |text: &str| serde_json::from_str::<Map<String, Value>>(text))]
    answers: Option<Map<String, Value>>,
    /// What the model says; it repeats the question if absent.
    #[arg(long, value_name = "TEXT")]
    model_says: Option<String>,
    /// A directory that the server may know of (repeatable).
    #[arg(long, value_name = "DIR")]
    root: Vec<std::path::PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    // 1. Roots: directories by their full names.
    let roots: Vec<Root> = options.root.iter().map(|path| root(path)).collect::<Result<_, _>>()?;
    // 2. Forms and addresses: the person answers, or a script.
    let (forms, asks) = (options.answers.clone(), options.answers.is_none());
    let form = move |question: FormQuestion| {
        let answers = forms.clone();
        async move { answers.map_or_else(|| terminal::form(&question), |known| Ok(ElicitResult::accept(known))) }
    };
    let url = move |question: UrlQuestion| async move { terminal::url(&question, asks) };
    // 3. Samples: this is where a real host asks its model.
    let says = options.model_says.clone();
    let model = move |question: CreateMessage| {
        let text = says.clone().unwrap_or_else(|| terminal::last_text(&question));
        let answer =
            json!({ "role": "assistant", "model": "echo", "content": { "type": "text", "text": text } });
        async move { Ok(serde_json::from_value::<CreateMessageResult>(answer)?) }
    };
    // 4. The client offers what it has handlers for, and nothing else.
    let host = Client::builder("sampling-host", env!("CARGO_PKG_VERSION"));
    let host = host.on_form(form).on_url(url).on_sample(model).roots(roots);
    let mut words = options.command.iter();
    let target = match (&options.target, words.next()) {
        (_, Some(program)) => Program::new(program).args(words).into_target()?,
        (target, None) => target.as_deref().unwrap_or_default().into_target()?,
    };
    let client = host.connect(target).await?;
    let result = client.call::<Value>(&options.call, &options.args).await?;
    writeln!(stdout(), "{}", result.as_str().map_or_else(|| format!("{result:#}"), str::to_owned))?;
    client.close().await;
    Ok(())
}

fn root(path: &std::path::Path) -> std::io::Result<Root> {
    Ok(Root::new(format!("file://{}", path.canonicalize()?.display())))
}
