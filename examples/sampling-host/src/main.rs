//! A host: it answers what a server asks while a tool runs. Forms go to the person, samples to a model, roots are named.
//!
//! Try it: `cargo run -p example-sampling-host -- --call test_elicitation --args '{"message":"Who?"}' -- target/debug/everything --stdio`

mod options;
mod terminal;

use std::io::{Write as _, stdout};

use clap::Parser as _;
use mcp_core::client::{Client, FormQuestion, UrlQuestion};
use mcp_core::protocol::{CreateMessage, CreateMessageResult, ElicitResult, Root};
use serde_json::{Value, json};

use crate::options::Options;

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
    let client = host.connect(options.target()?).await?;
    let result = client.call::<Value>(&options.call, &options.args).await?;
    writeln!(stdout(), "{}", result.as_str().map_or_else(|| format!("{result:#}"), str::to_owned))?;
    client.close().await;
    Ok(())
}

fn root(path: &std::path::Path) -> std::io::Result<Root> {
    Ok(Root::new(format!("file://{}", path.canonicalize()?.display())))
}
