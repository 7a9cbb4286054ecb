//! Events that are kept: in tests of rules, and in logs that are replayed.

use std::time::Duration;

use serde_json::Value;

use super::cursor::Cursor;
use super::{Format, RuleError, rule, tree};
use crate::event::{Event, FileEdit, Phase};

/// An event with its own values.
#[derive(Debug, Clone)]
pub struct Sample {
    pub(crate) phase: Phase,
    pub(crate) session: String,
    pub(crate) user: String,
    pub(crate) tenant: String,
    pub(crate) roles: Vec<String>,
    pub(crate) environment: String,
    pub(crate) server: String,
    pub(crate) tool: String,
    pub(crate) arguments: Option<Value>,
    pub(crate) result: Option<Value>,
    pub(crate) definition: Option<Value>,
    pub(crate) prompt: Option<String>,
    pub(crate) file: Option<SampleFile>,
    pub(crate) labels: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    /// How long after the event before.
    pub(crate) after: Duration,
}

#[derive(Debug, Clone)]
pub(crate) struct SampleFile {
    pub(crate) path: String,
    pub(crate) content: Option<String>,
    pub(crate) exists: bool,
}

impl Sample {
    /// Reads an event as tests of rules write it, from a line of JSON.
    ///
    /// # Errors
    /// The line is no event; the error names the line.
    pub fn parse(text: &str, origin: &str, line: usize) -> Result<Self, RuleError> {
        let value = tree::read(text, Format::Json).map_err(|(problem, _)| problem);
        let sample = value.and_then(|value| rule::sample(&Cursor::top(&value)));
        sample.map_err(|problem| RuleError::of(origin, problem, Some(line)))
    }

    pub(crate) fn tool(&self) -> &str {
        &self.tool
    }

    pub(crate) fn milliseconds_after(&self) -> u64 {
        u64::try_from(self.after.as_millis()).unwrap_or(u64::MAX)
    }

    /// Looks at it as an event that happens at a time.
    pub(crate) fn with<R>(&self, time: u64, look: impl FnOnce(&Event<'_>) -> R) -> R {
        let roles: Vec<&str> = self.roles.iter().map(String::as_str).collect();
        let labels: Vec<&str> = self.labels.iter().map(String::as_str).collect();
        let variables: Vec<(&str, &str)> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let mut event =
            Event::end().session(&self.session).user(&self.user).tenant(&self.tenant).roles(&roles);
        event = event
            .environment(&self.environment)
            .server(&self.server)
            .labels(&labels)
            .variables(&variables)
            .at(time);
        event.phase = self.phase;
        event.tool = &self.tool;
        event.arguments = self.arguments.as_ref();
        event.result = self.result.as_ref();
        event.definition = self.definition.as_ref();
        event.prompt = self.prompt.as_deref();
        event.file = self.file.as_ref().map(|file| FileEdit {
            path: &file.path,
            content: file.content.as_deref(),
            exists: file.exists,
        });
        look(&event)
    }
}
