//! What Claude Code writes to a hook.

use serde::Deserialize;
use serde_json::Value;

use crate::event::FileEdit;

/// Tools that write files.
const WRITERS: [&str; 4] = ["Edit", "MultiEdit", "Write", "NotebookEdit"];

/// What Claude Code writes to a hook: as much of it as rules ask for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Input {
    /// The conversation.
    pub session_id: String,
    /// `UserPromptSubmit`, `PreToolUse`, `PostToolUse`, …
    pub hook_event_name: String,
    /// What the person wrote.
    pub prompt: String,
    /// The tool.
    pub tool_name: String,
    /// Its arguments.
    pub tool_input: Value,
    /// Its result.
    pub tool_response: Value,
}

/// A file that a tool is about to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<'a> {
    /// Where it is.
    pub path: &'a str,
    /// What it holds now, or will where it is new.
    pub content: Option<String>,
    /// Whether it is there already.
    pub exists: bool,
}

impl Input {
    /// Reads it.
    ///
    /// # Errors
    /// It is no JSON, or a member is of another type.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// The file that the tool is about to write, if that is what it does. `read` gives what a file holds now.
    #[must_use]
    pub fn file(&self, read: &dyn Fn(&str) -> Option<String>) -> Option<Written<'_>> {
        let mut names = ["file_path", "notebook_path"].iter().filter(|_| WRITERS.contains(&&*self.tool_name));
        let path = names.find_map(|name| self.tool_input.get(name)?.as_str())?;
        let now = read(path);
        let exists = now.is_some();
        let written = || self.tool_input.get("content").and_then(Value::as_str).map(str::to_owned);
        Some(Written { path, content: now.or_else(written), exists })
    }
}

impl Written<'_> {
    /// What rules are asked about.
    #[must_use]
    pub fn as_edit(&self) -> FileEdit<'_> {
        FileEdit { path: self.path, content: self.content.as_deref(), exists: self.exists }
    }
}
