//! The hooks of Claude Code, decided by the guardrails of a stack: `mcp guard hook --url`.
//!
//! What a session did is remembered there, so that rules over sequences hold for all of its hooks. Without an answer nobody knows whether something is
//! safe: that is an error, and whoever asked decides what follows.

use std::time::Duration;

use mcp_core::Client;
use mcp_core::client::Error as ClientError;
use mcp_guardrails::Place;
use mcp_guardrails::hook::{Answer, Input, Ruling};
use mcp_guardrails::rule::Effect;
use mcp_guardrails::skill::Priority;
use serde::Deserialize;
use serde_json::{Value, json};

/// How long an answer is waited for; Claude Code ends a hook that takes much longer.
pub const PATIENCE: Duration = Duration::from_secs(10);

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

/// What `evaluate` says.
#[derive(Deserialize)]
struct Said {
    verdict: Effect,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    redactions: Vec<Place>,
    #[serde(default)]
    skills: Vec<String>,
}

/// A hook, and what is to be asked about it.
#[derive(Debug)]
pub struct Hook {
    input: Input,
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
        let input = Input::parse(input).map_err(HookError::Input)?;
        let mut events = match input.hook_event_name.as_str() {
            "UserPromptSubmit" => vec![json!({ "phase": "prompt", "prompt": input.prompt })],
            "PreToolUse" => {
                let call = json!({ "phase": "call", "tool": input.tool_name, "arguments": input.tool_input });
                file(&input, &read).into_iter().chain([call]).collect()
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
        Ok(Self { input, events })
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
            let ruling = Ruling {
                effect: said.verdict,
                rule: &said.rule,
                message: &said.message,
                redactions: &said.redactions,
                // How urgent a skill is stands in the file that names it, and that is elsewhere.
                skills: said.skills.iter().map(|name| (name.as_str(), Priority::Medium)).collect(),
            };
            if let Some(answer) = Answer::of(&ruling, &self.input) {
                return Ok(answer);
            }
        }
        Ok(Answer::default())
    }
}

/// What a tool that writes a file is asked about.
fn file(input: &Input, read: &dyn Fn(&str) -> Option<String>) -> Option<Value> {
    let written = input.file(read)?;
    let mut file = json!({ "path": written.path, "exists": written.exists });
    if let Some(content) = written.content {
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
