//! What MCP servers offer: the answers to `tools/list` and `prompts/list`, as JSON.

use serde_json::Value;
use std::sync::Arc;

use super::{Loaded, Problem, Source};
use crate::{Entry, Kind, PatternError};

/// The tools or prompts of a server, from the value of `tools` or `prompts` in its answer.
#[derive(Debug, Clone)]
pub struct McpList {
    server: String,
    kind: Kind,
    list: Vec<Value>,
}

impl McpList {
    /// Tools, as `tools/list` answers them: objects with `name`, `description` and `inputSchema`. Their ids are `tool:server/name`.
    pub fn tools(server: impl Into<String>, list: Vec<Value>) -> Self {
        Self { server: server.into(), kind: Kind::Tool, list }
    }

    /// Prompts, as `prompts/list` answers them: objects with `name`, `description` and `arguments`. Their ids are `prompt:server/name`.
    pub fn prompts(server: impl Into<String>, list: Vec<Value>) -> Self {
        Self { server: server.into(), kind: Kind::Prompt, list }
    }

    fn entry(&self, item: &Value) -> Option<Entry> {
        let text = |field: &str| item.get(field).and_then(Value::as_str);
        let name = text("name").filter(|name| !name.is_empty())?;
        let mut body = Vec::new();
        let properties = item.pointer("/inputSchema/properties").and_then(Value::as_object);
        for (argument, schema) in properties.into_iter().flatten() {
            let described = schema.get("description").and_then(Value::as_str).unwrap_or_default();
            body.push(format!("{argument}: {described}"));
        }
        for argument in item.get("arguments").and_then(Value::as_array).into_iter().flatten() {
            let part = |field| argument.get(field).and_then(Value::as_str).unwrap_or_default();
            body.push(format!("{}: {}", part("name"), part("description")));
        }
        let title = text("title").or_else(|| item.pointer("/annotations/title").and_then(Value::as_str));
        let mut entry = Entry::new(
            self.kind,
            name,
            text("description").unwrap_or_default(),
            body.join("\n"),
            self.server.clone(),
        );
        entry.triggers.keywords.extend(title.map(str::to_owned));
        entry.id = format!("{}:{}/{name}", self.kind, self.server);
        Some(entry)
    }
}

impl Source for McpList {
    fn name(&self) -> String {
        self.server.clone()
    }

    fn load(&self) -> Result<Loaded, PatternError> {
        let mut loaded = Loaded::default();
        for (at, item) in self.list.iter().enumerate() {
            match self.entry(item) {
                Some(entry) => {
                    if entry.description.is_empty() {
                        let message = format!(
                            "{} `{}` has no `description`: it is hard to find",
                            self.kind, entry.name
                        );
                        loaded.problems.push(Problem::warning(&self.server, None, message));
                    }
                    loaded.entries.push(Arc::new(entry));
                }
                None => {
                    let message = format!("{} {at} has no `name`: it is left out", self.kind);
                    loaded.problems.push(Problem::error(&self.server, None, message));
                }
            }
        }
        Ok(loaded)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tools_and_prompts_are_entries_and_broken_ones_are_told() {
        let tools = vec![
            json!({ "name": "push", "title": "Push it", "description": "Pushes.", "inputSchema": { "properties": { "branch": { "description": "Where to." } } } }),
            json!({ "description": "nameless" }),
            json!({ "name": "bare" }),
        ];
        let loaded = McpList::tools("git", tools).load().unwrap();
        let push = &loaded.entries[0];
        assert_eq!((push.id.as_str(), push.body.as_str()), ("tool:git/push", "branch: Where to."));
        assert_eq!(push.triggers.keywords, ["Push it"]);
        let told: Vec<&str> = loaded.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            told,
            ["tool 1 has no `name`: it is left out", "tool `bare` has no `description`: it is hard to find"]
        );

        let prompts =
            vec![json!({ "name": "review", "description": "Reviews.", "arguments": [{ "name": "diff" }] })];
        let loaded = McpList::prompts("git", prompts).load().unwrap();
        assert_eq!(loaded.entries[0].id, "prompt:git/review");
        assert!(loaded.problems.is_empty());
    }
}
