//! Tools whose calls are tasks, as the conformance suite wants them.

use std::time::Duration;

use mcp_core::extension::tasks::{TaskContext, TaskSupport, TaskTool, Tasks};
use mcp_core::protocol::RpcError;
use mcp_core::server::{Context, Elicit, Elicited, ToolEntry, ToolError};
use mcp_core::{Args, tool};
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) fn tools() -> Vec<ToolEntry> {
    vec![
        tool("greet", greet).description("Greets at once: never a task."),
        tool("slow_compute", slow_compute).description("Takes its time.").task(TaskSupport::Optional),
        tool("failing_job", failing_job)
            .description("Fails as a tool, and only as a task.")
            .task(TaskSupport::Required),
        tool("protocol_error_job", protocol_error_job)
            .description("Fails as a request.")
            .task(TaskSupport::Optional),
        tool("confirm_delete", confirm_delete)
            .description("Asks before it pretends to delete a file.")
            .task(TaskSupport::Optional),
        tool("multi_input", multi_input)
            .description("Asks two questions at once.")
            .task(TaskSupport::Optional),
        // Asks as part of the call and goes on as a task: it decides when by itself.
        tool("test_tool_with_task", test_tool_with_task)
            .description("Asks for a name, then goes on as a task.")
            .requires(Tasks::capability()),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct Greet {
    /// Whom to greet.
    name: String,
}

async fn greet(Args(Greet { name }): Args<Greet>) -> String {
    format!("Hello, {name}!")
}

#[derive(Deserialize, JsonSchema)]
struct Slow {
    /// How long to take.
    #[serde(default)]
    seconds: u32,
    /// What to call the result.
    #[serde(default)]
    label: Option<String>,
}

async fn slow_compute(context: Context, Args(Slow { seconds, label }): Args<Slow>) -> String {
    let label = label.unwrap_or_else(|| "the result".to_owned());
    for left in (1..=seconds).rev() {
        context.set_status(format!("{left} s left"));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    format!("{label}: computed for {seconds} s")
}

async fn failing_job() -> Result<String, ToolError> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    Err(ToolError::new("the job failed, as it always does"))
}

async fn protocol_error_job() -> Result<String, RpcError> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    Err(RpcError::internal("the job broke, as it always does"))
}

#[derive(Deserialize, JsonSchema)]
struct Delete {
    /// The file to pretend to delete.
    filename: String,
}

#[derive(Deserialize, JsonSchema)]
struct Confirm {
    /// Whether to go on.
    confirm: bool,
}

async fn confirm_delete(
    context: Context,
    Args(Delete { filename }): Args<Delete>,
) -> Result<String, ToolError> {
    let question = Elicit::form::<Confirm>(format!("Delete {filename}?"));
    Ok(match context.ask("confirm", question).await? {
        Elicited::Accepted(Confirm { confirm: true }) => format!("deleted {filename}"),
        _ => format!("kept {filename}"),
    })
}

#[derive(Deserialize, JsonSchema)]
struct Name {
    /// A name.
    name: String,
}

async fn multi_input(context: Context) -> Result<String, ToolError> {
    let (first, second) = tokio::join!(
        context.ask("first", Elicit::form::<Name>("What is the first name?")),
        context.ask("second", Elicit::form::<Name>("What is the second name?")),
    );
    let name =
        |answer: Elicited<Name>| answer.accepted().map_or_else(|| "nobody".into(), |Name { name }| name);
    Ok(format!("{} and {}", name(first?), name(second?)))
}

async fn test_tool_with_task(context: Context) -> Result<String, ToolError> {
    let answer = context.ask("user_name", Elicit::form::<Name>("What is your name?")).await?;
    let Some(Name { name }) = answer.accepted() else {
        return Err(ToolError::new("no name, no task"));
    };
    context.detach().await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(format!("Hello from a task, {name}!"))
}
