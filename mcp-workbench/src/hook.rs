//! The hooks of Claude Code, decided by the guardrails of a stack: `mcp guard hook --url`.
//!
//! What a session did is remembered there, so that rules over sequences hold for all of its hooks. Without an answer nobody knows whether something is
//! safe: that is an error, and whoever asked decides what follows.

use std::time::Duration;

use mcp_core::Client;
use mcp_core::client::Error as ClientError;
use mcp_guardrails::Place;
use mcp_guardrails::hook::{Answer, MASK};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long an answer is waited for; Claude Code ends a hook that takes much longer.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Tools that write files.
const WRITERS: [&str; 4] = ["Edit", "MultiEdit", "Write", "NotebookEdit"];

/// A hook cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HookError {
    /// It is not what Claude Code writes.
    #[error("the hook's input is no JSON it knows")]
    Input(#[source] serde_json::Error),
    /// The guardrails cannot be asked, or refuse to answer.
    #[error("they could not be asked")]
    Ask(#[source] ClientError),
    /// They had no time for all of their rules.
    #[error("they gave no full answer")]
    Incomplete,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Input {
    session_id: String,
    hook_event_name: String,
    prompt: String,
    tool_name: String,
    tool_input: Value,
    tool_response: Value,
}

/// What `evaluate` says.
#[derive(Deserialize)]
struct Said {
    verdict: String,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    redactions: Vec<Told>,
}

/// A place, as it is told.
#[derive(Deserialize)]
struct Told {
    field: String,
    from: Option<usize>,
    to: Option<usize>,
}

impl Said {
    /// What the rule says, or that it does something where it says nothing.
    fn because(&self, does: &str) -> String {
        match &*self.message {
            "" => format!("rule `{}` {does}", self.rule),
            message => message.to_owned(),
        }
    }

    /// The arguments of a call without what rules take out.
    fn changed(self, event: &Value) -> Option<Value> {
        let mut arguments = event.get("arguments").filter(|_| event["phase"] == "call")?.clone();
        let place = |Told { field, from, to }| Place { field, span: from.zip(to).map(|(from, to)| from..to) };
        let places: Vec<Place> = self.redactions.into_iter().map(place).collect();
        Place::redact(&places, "arguments", &mut arguments, MASK);
        (!places.is_empty()).then_some(arguments)
    }
}

/// A hook, and what is to be asked about it.
#[derive(Debug)]
pub struct Hook {
    events: Vec<Value>,
}

impl Hook {
    /// Reads what Claude Code writes to a hook. `read` gives what a file holds now, `environment` is what rules call the place where this runs.
    ///
    /// # Errors
    /// It is no JSON, or a member is of another type.
    pub fn read(
        input: &str,
        environment: &str,
        read: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, HookError> {
        let input: Input = serde_json::from_str(input).map_err(HookError::Input)?;
        let mut events = match input.hook_event_name.as_str() {
            "UserPromptSubmit" => vec![json!({ "phase": "prompt", "prompt": input.prompt })],
            "PreToolUse" => {
                let call = json!({ "phase": "call", "tool": input.tool_name, "arguments": input.tool_input });
                file(&input, read).into_iter().chain([call]).collect()
            }
            "PostToolUse" => vec![json!({
                "phase": "result", "tool": input.tool_name, "arguments": input.tool_input, "result": input.tool_response
            })],
            "SessionEnd" => vec![json!({ "phase": "end" })],
            // The others decide over nothing.
            _ => Vec::new(),
        };
        for event in &mut events {
            event["session"] = json!(input.session_id);
            event["environment"] = json!(environment);
        }
        Ok(Self { events })
    }

    /// Whether there is nothing to be asked: then nobody needs to be.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Asks the guardrails.
    ///
    /// # Errors
    /// They give no answer, or none that counts.
    pub async fn ask(self, guardrails: &Client) -> Result<Answer, HookError> {
        for event in self.events {
            let question = json!({ "event": event, "remember": true });
            let said: Said =
                guardrails.call("evaluate", question).timeout(PATIENCE).await.map_err(HookError::Ask)?;
            if !said.complete {
                return Err(HookError::Incomplete);
            }
            match said.verdict.as_str() {
                "block" => return Ok(Answer::block(&said.because("does not allow this"))),
                "require_approval" => {
                    let because = said.because("does not allow this");
                    return Ok(Answer::ask_about(&because, said.changed(&event)));
                }
                "redact" => {
                    let does = match event["phase"].as_str() {
                        Some("call") => "takes something out of this call",
                        _ => "takes something out of this, which no hook can",
                    };
                    let because = said.because(does);
                    // Where nothing can be taken out, nothing goes on.
                    return Ok(match said.changed(&event) {
                        Some(arguments) => Answer::ask_about(&because, Some(arguments)),
                        None => Answer::block(&because),
                    });
                }
                _ => {}
            }
        }
        Ok(Answer::default())
    }
}

/// What a tool that writes a file is asked about.
fn file(input: &Input, read: impl Fn(&str) -> Option<String>) -> Option<Value> {
    let is_writer = WRITERS.contains(&input.tool_name.as_str());
    let mut names = ["file_path", "notebook_path"].iter().filter(|_| is_writer);
    let path = names.find_map(|name| input.tool_input.get(name)?.as_str())?;
    let now = read(path);
    let exists = now.is_some();
    let written = || input.tool_input.get("content").and_then(Value::as_str).map(str::to_owned);
    let mut file = json!({ "path": path, "exists": exists });
    if let Some(content) = now.or_else(written) {
        file["content"] = content.into();
    }
    Some(json!({ "phase": "file", "file": file }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hook_becomes_what_rules_decide_over() {
        let check = |input: Value, expect: Value| {
            let hook =
                Hook::read(&input.to_string(), "prod", |path| (path == "there").then(|| "now".to_owned()));
            assert_eq!(json!(hook.unwrap().events), expect, "{input}");
        };
        let (session, environment) = ("s", "prod");
        check(
            json!({ "session_id": "s", "hook_event_name": "UserPromptSubmit", "prompt": "hi", "cwd": "/p" }),
            json!([{ "phase": "prompt", "prompt": "hi", "session": session, "environment": environment }]),
        );
        let written = |path: &str| json!({ "session_id": "s", "hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": { "file_path": path, "content": "new" } });
        for (path, file) in [
            ("there", json!({ "path": "there", "exists": true, "content": "now" })),
            ("gone", json!({ "path": "gone", "exists": false, "content": "new" })),
        ] {
            let call = json!({ "phase": "call", "tool": "Write", "arguments": { "file_path": path, "content": "new" }, "session": session, "environment": environment });
            let file =
                json!({ "phase": "file", "file": file, "session": session, "environment": environment });
            check(written(path), json!([file, call]));
        }
        check(
            json!({ "session_id": "s", "hook_event_name": "SessionEnd" }),
            json!([{ "phase": "end", "session": session, "environment": environment }]),
        );
        for event in ["Stop", "SubagentStop", "Notification", "PreCompact", "SessionStart", "Later"] {
            check(
                json!({ "session_id": "s", "hook_event_name": event, "stop_hook_active": false }),
                json!([]),
            );
        }
        assert!(Hook::read("{", "", |_| None).is_err());
    }
}
