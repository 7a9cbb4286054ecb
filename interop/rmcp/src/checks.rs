//! What every client must get from our servers.

use anyhow::{Context as _, bail, ensure};
use rmcp::model::{
    CallToolRequestParams, GetPromptRequestParams, ReadResourceRequestParams, ResourceContents,
};
use serde_json::{Value, json};

use crate::Client;
use crate::answers::ANSWER;

/// Runs the check of a name.
pub(crate) async fn run(name: &str, client: &Client, revision: &str) -> anyhow::Result<()> {
    match name {
        "echo" => echo(client).await,
        "tools" => tools(client).await,
        "resources" => resources(client).await,
        "prompts" => prompts(client).await,
        "progress" => progress(client).await,
        "elicitation" => elicitation(client, revision).await,
        "sampling" => sampling(client).await,
        "stack" => stack(client).await,
        other => bail!("there is no check `{other}`"),
    }
}

/// The text of a call, and whether the tool failed.
async fn call(client: &Client, tool: &'static str, arguments: Value) -> anyhow::Result<(String, bool)> {
    let mut params = CallToolRequestParams::new(tool);
    params.arguments = arguments.as_object().cloned();
    let result = client.call_tool(params).await?;
    let text = result.content.first().and_then(|content| content.as_text()).context("no text came back")?;
    Ok((text.text.clone(), result.is_error.unwrap_or(false)))
}

fn equal<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(got: &T, wanted: &U) -> anyhow::Result<()> {
    ensure!(got == wanted, "got {got:?}, wanted {wanted:?}");
    Ok(())
}

async fn tool_names(client: &Client) -> anyhow::Result<Vec<String>> {
    Ok(client.list_all_tools().await?.into_iter().map(|tool| tool.name.into_owned()).collect())
}

fn contains(names: &[String], wanted: &str) -> anyhow::Result<()> {
    ensure!(names.iter().any(|name| name == wanted), "`{wanted}` is not among {names:?}");
    Ok(())
}

async fn echo(client: &Client) -> anyhow::Result<()> {
    let names = tool_names(client).await?;
    contains(&names, "echo")?;
    contains(&names, "add")?;
    for message in ["hello", "", "Grüße, 世界 \u{1f980} \"quoted\"\n\u{2028}"] {
        let echoed = call(client, "echo", json!({ "message": message })).await?;
        equal(&echoed, &(message.to_owned(), false))?;
    }
    let (sum, failed) = call(client, "add", json!({ "a": 40, "b": 2 })).await?;
    ensure!(!failed && sum.contains("42"), "40 + 2 is `{sum}`");
    Ok(())
}

async fn tools(client: &Client) -> anyhow::Result<()> {
    contains(&tool_names(client).await?, "test_simple_text")?;
    let text = "This is a simple text response for testing.".to_owned();
    equal(&call(client, "test_simple_text", json!({})).await?, &(text, false))?;
    let (text, failed) = call(client, "test_error_handling", json!({})).await?;
    ensure!(failed && text.contains("intentionally returns an error"), "got {failed} with `{text}`");
    Ok(())
}

async fn resources(client: &Client) -> anyhow::Result<()> {
    const URI: &str = "test://static-text";
    let uris: Vec<_> = client.list_all_resources().await?.into_iter().map(|resource| resource.uri).collect();
    contains(&uris, URI)?;
    let read = client.read_resource(ReadResourceRequestParams::new(URI)).await?;
    let Some(ResourceContents::TextResourceContents { text, .. }) = read.contents.first() else {
        bail!("no text came back");
    };
    equal(text, &"This is the content of the static text resource.")
}

/// The first message of a prompt, rendered.
async fn prompt(client: &Client, name: &str, arguments: Value) -> anyhow::Result<String> {
    let mut params = GetPromptRequestParams::new(name);
    params.arguments = arguments.as_object().cloned();
    let rendered = client.get_prompt(params).await?;
    let text = rendered.messages.first().and_then(|message| message.content.as_text());
    Ok(text.context("no text came back")?.text.clone())
}

async fn prompts(client: &Client) -> anyhow::Result<()> {
    let names: Vec<_> = client.list_all_prompts().await?.into_iter().map(|prompt| prompt.name).collect();
    contains(&names, "test_simple_prompt")?;
    let simple = prompt(client, "test_simple_prompt", Value::Null).await?;
    equal(&simple, &"This is a simple prompt for testing.")?;
    let filled =
        prompt(client, "test_prompt_with_arguments", json!({ "arg1": "one", "arg2": "two" })).await?;
    equal(&filled, &"Prompt with arguments: arg1='one', arg2='two'")
}

async fn progress(client: &Client) -> anyhow::Result<()> {
    client.service().take_progress();
    let (_, failed) = call(client, "test_tool_with_progress", json!({})).await?;
    ensure!(!failed, "the tool failed");
    let wanted = [0.0, 50.0, 100.0].map(|done| (done, Some(100.0)));
    equal(&client.service().take_progress(), &wanted)
}

async fn elicitation(client: &Client, revision: &str) -> anyhow::Result<()> {
    if revision >= "2026-07-28" {
        let hello = call(client, "test_input_required_result_elicitation", json!({})).await?;
        return equal(&hello, &(format!("Hello, {ANSWER}!"), false));
    }
    let (text, failed) = call(client, "test_elicitation", json!({ "message": "Who is there?" })).await?;
    ensure!(!failed && text.contains("action=accept") && text.contains(ANSWER), "got `{text}`");
    Ok(())
}

async fn sampling(client: &Client) -> anyhow::Result<()> {
    let answer = call(client, "test_sampling", json!({ "prompt": "Who?" })).await?;
    equal(&answer, &(format!("LLM response: {ANSWER}"), false))
}

/// `mcp up`: what is stored is found, without the credential in it; a skill that fits a task; rules that are asked.
async fn stack(client: &Client) -> anyhow::Result<()> {
    // Looks like a token of GitHub and is none.
    const KEY: &str = concat!("ghp_", "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R");
    let names = tool_names(client).await?;
    for name in ["memory_store", "memory_search", "patterns_recommend", "guardrails_evaluate"] {
        contains(&names, name)?;
    }
    let memories = json!({ "memories": [{ "content": format!("The archive of the bakery moves to Porto on {KEY}") }] });
    let (text, failed) = call(client, "memory_store", memories.clone()).await?;
    ensure!(!failed, "storing: {text}");
    let query = json!({ "query": "where does the archive of the bakery move" });
    let (text, _) = call(client, "memory_search", query).await?;
    ensure!(text.contains("Porto") && !text.contains(KEY), "found `{text}`");
    let task = json!({ "task": "find the root cause of the incident from logs and deploys" });
    let (text, _) = call(client, "patterns_recommend", task).await?;
    ensure!(text.contains("root-cause-analysis"), "recommended `{text}`");
    let event = json!({ "event": { "phase": "call", "tool": "memory_store", "arguments": memories } });
    let (text, _) = call(client, "guardrails_evaluate", event).await?;
    ensure!(text.contains("stored-secret"), "the rules said `{text}`");
    Ok(())
}
