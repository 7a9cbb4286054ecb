//! Questions to the server of rules, and what its answers come to.

use std::sync::Arc;

use mcp_core::service::{Principal, Request};
use serde_json::{Map, Value, json};

use super::RemoteGuard;
use crate::layer::judge::Ask;

pub(super) const UNGUARDED: &str = "not done: the server of rules gave no answer, so that nobody knows whether this is safe; try again later";

/// Who asks, and in which session; no other caller's session has the same name.
pub(super) struct Who {
    principal: Option<Arc<Principal>>,
    session: String,
}

impl Who {
    pub(super) fn of(request: &Request) -> Self {
        let principal = request.peer.principal.clone();
        let session =
            request.peer.session.as_ref().map_or_else(String::new, |session| session.id.to_string());
        let who = principal.as_deref().map(|who| [&*who.issuer, &*who.org, &*who.user]).unwrap_or_default();
        let session = json!([who, session]).to_string();
        Self { principal, session }
    }
}

impl RemoteGuard {
    /// What an event says of who acts where.
    fn about(&self, who: &Who) -> Map<String, Value> {
        let mut event = Map::new();
        let mut add = |name: &str, value: Value| drop(event.insert(name.to_owned(), value));
        for (name, text) in
            [("session", &who.session), ("server", &self.0.server), ("environment", &self.0.environment)]
        {
            add(name, text.as_str().into());
        }
        if let Some(principal) = &who.principal {
            add("user", principal.user.to_string().into());
            add("tenant", principal.org.to_string().into());
            // An empty list of roles is refused where the event is read.
            if let Some(role) = &principal.role {
                add("roles", vec![role.clone()].into());
            }
        }
        event
    }

    /// Whether something may happen; if not, what the caller reads. A step of the session is remembered there.
    pub(super) async fn ask(&self, ask: &Ask, who: &Who, is_step: bool) -> Result<(), String> {
        let mut event = self.about(who);
        let mut add = |name: &str, value: Value| drop(event.insert(name.to_owned(), value));
        add("phase", ask.phase.name().into());
        add("tool", ask.tool.as_str().into());
        for (name, value) in [("arguments", &ask.arguments), ("result", &ask.result)] {
            if let Some(value) = value.as_deref() {
                add(name, value.clone());
            }
        }
        if let Some(prompt) = &ask.prompt {
            add("prompt", prompt.as_str().into());
        }
        let said = self.question("evaluate", json!({ "event": event, "remember": is_step })).await;
        said.as_ref().map_or_else(|| Err(UNGUARDED.to_owned()), verdict)
    }

    /// Which tools of a list may be shown, in their order; nothing where that is not known.
    pub(super) async fn ask_list(
        &self,
        tools: &[Value],
        labels: &[Option<&'static str>],
        who: &Who,
    ) -> Option<Vec<bool>> {
        let listed = |(definition, label): (&Value, &Option<&str>)| {
            let labels: Vec<&str> = label.iter().copied().collect();
            json!({ "definition": definition, "labels": labels })
        };
        let listed: Vec<Value> = tools.iter().zip(labels).map(listed).collect();
        let said =
            self.question("evaluate_list", json!({ "event": self.about(who), "tools": listed })).await?;
        let said = said.get("tools")?.as_array()?;
        (said.len() == tools.len()).then(|| said.iter().map(|said| verdict(said).is_ok()).collect())
    }

    /// What a tool of the server of rules answers; nothing where it does not, or not in time.
    async fn question(&self, tool: &str, arguments: Value) -> Option<Value> {
        let question = self.0.rules.call_tool(tool, arguments).timeout(self.0.deadline);
        let question =
            self.0.meta.iter().fold(question, |question, (key, text)| question.meta(key, text.as_str()));
        match tokio::time::timeout(self.0.deadline, question).await {
            Ok(Ok(result)) if !result.is_error => result.structured_content.as_ref()?.to_value().ok(),
            Ok(Ok(_)) => {
                tracing::error!(tool, "guardrails: the server of rules refuses to answer");
                None
            }
            Ok(Err(error)) => {
                tracing::error!(error = ?error, "guardrails: the server of rules cannot be asked");
                None
            }
            Err(_) => {
                tracing::error!("guardrails: the server of rules gave no answer in time");
                None
            }
        }
    }
}

/// What an answer comes to. What is not known refuses.
fn verdict(said: &Value) -> Result<(), String> {
    let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
    let (rule, message) = (text("rule"), text("message"));
    let because = |message: &str| if message.is_empty() { String::new() } else { format!(": {message}") };
    match text("verdict") {
        _ if said.get("complete") != Some(&Value::Bool(true)) => Err(UNGUARDED.to_owned()),
        "allow" | "suggest" | "flag" => Ok(()),
        "require_approval" => Err(format!(
            "not done yet: the rule `{rule}` wants a person's approval{}. Let a person approve `{}`, then make the same call again",
            because(message),
            text("approval"),
        )),
        "block" => Err(format!("not done: the rule `{rule}` does not allow it{}", because(message))),
        "redact" => {
            Err(format!("not done: the rule `{rule}` wants a part of it taken out{}", because(message)))
        }
        _ => Err(UNGUARDED.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::verdict;

    #[test]
    fn what_is_not_certainly_allowed_is_refused() {
        let is = |said| verdict(&said).is_ok();
        for verdict in ["allow", "flag", "suggest"] {
            assert!(is(json!({ "verdict": verdict, "complete": true })));
            assert!(!is(json!({ "verdict": verdict, "complete": false })));
            assert!(!is(json!({ "verdict": verdict })));
        }
        for verdict in ["block", "redact", "require_approval", "other", ""] {
            assert!(!is(json!({ "verdict": verdict, "complete": true })), "{verdict}");
        }
        assert!(!is(json!([])) && !is(json!(null)));
        let text = verdict(
            &json!({ "verdict": "block", "rule": "no-wipe", "message": "delete one", "complete": true }),
        );
        assert_eq!(text.unwrap_err(), "not done: the rule `no-wipe` does not allow it: delete one");
    }
}
