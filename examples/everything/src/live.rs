//! Tools that say something while they run, or change what the server offers.

use std::time::Duration;

use mcp_core::protocol::{Capability, LogLevel, meta};
use mcp_core::server::{Context, ToolEntry, ToolError, prompt, tool};
use tokio::time::sleep;

const STEP: Duration = Duration::from_millis(50);

pub(crate) fn tools() -> Vec<ToolEntry> {
    vec![
        tool("test_tool_with_logging", logging).description("Logs three messages while it runs."),
        tool("test_logging_tool", logging).description("Logs, if the client wants messages."),
        tool("test_tool_with_progress", progress).description("Reports progress while it runs."),
        tool("test_reconnection", async |context: Context| {
            context.release_stream(Duration::from_millis(500));
            sleep(STEP * 2).await;
            "Reconnection test completed successfully."
        })
        .description("Closes its stream while it runs; the client comes back for the result."),
        tool("test_missing_capability", async || "The client offers sampling.")
            .requires(Capability::Sampling)
            .description("Needs a client that offers sampling."),
        tool("test_trigger_tool_change", async |context: Context| -> Result<&str, ToolError> {
            context
                .server()
                .add_tool(tool("test_dynamic_tool", async || "I was added while the server ran."))?;
            context.server().remove_tool("test_dynamic_tool");
            Ok("The list of tools changed.")
        })
        .description("Changes the list of tools."),
        tool("test_trigger_prompt_change", async |context: Context| -> Result<&str, ToolError> {
            context
                .server()
                .add_prompt(prompt("test_dynamic_prompt", async || "I was added while the server ran."))?;
            context.server().remove_prompt("test_dynamic_prompt");
            Ok("The list of prompts changed.")
        })
        .description("Changes the list of prompts."),
    ]
}

async fn logging(context: Context) -> &'static str {
    context.log(LogLevel::Info, None, "Tool execution started");
    sleep(STEP).await;
    context.log(LogLevel::Info, None, "Tool processing data");
    sleep(STEP).await;
    context.log(LogLevel::Info, None, "Tool execution completed");
    "Tool with logging executed successfully"
}

async fn progress(context: Context) -> String {
    for done in [0.0, 50.0, 100.0] {
        context.progress(done, Some(100.0), Some(&format!("Completed step {done} of 100")));
        sleep(STEP).await;
    }
    context.request().params.meta(meta::PROGRESS_TOKEN).unwrap_or("no progress token").to_owned()
}
