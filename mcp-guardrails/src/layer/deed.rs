//! What a request is about to do, as an event.

use std::ops::Range;
use std::sync::Arc;

use mcp_core::protocol::Method;
use mcp_core::service::Request;
use serde_json::{Map, Value, json};

use super::judge::Ask;
use super::strict;
use crate::engine::masked;
use crate::event::Phase;
use crate::rule::escaped;
use crate::{Decision, Place};

/// What a request is about to do.
pub(super) struct Deed {
    /// What is asked first; nothing of requests that only fetch what was done before.
    pub(super) before: Option<Arc<Ask>>,
    /// What results are of.
    pub(super) tool: String,
    pub(super) arguments: Arc<Value>,
    /// Where the argument of each pointer stands in the prompt.
    parts: Vec<(String, Range<usize>)>,
}

impl Deed {
    /// Reads a request.
    ///
    /// # Errors
    /// It cannot be read in one way only: what to mend.
    pub(super) fn of(request: &Request) -> Result<Self, String> {
        let raw = |name| {
            let raw = request.params.get(name).filter(|raw| *raw != "null").unwrap_or("{}");
            strict::read(raw).map_err(|_| format!("`{name}` must be JSON in which no member stands twice"))
        };
        let text = |name| request.params.get_str(name).map_or_else(String::new, std::borrow::Cow::into_owned);
        let (phase, tool, arguments) = match &request.method {
            Method::ToolsCall => (Some(Phase::Call), text("name"), raw("arguments")?),
            Method::ResourcesRead => {
                (Some(Phase::Call), request.method.to_string(), json!({ "uri": text("uri") }))
            }
            Method::PromptsGet => {
                let arguments = json!({ "name": text("name"), "arguments": raw("arguments")? });
                (Some(Phase::Prompt), request.method.to_string(), arguments)
            }
            other => (None, other.to_string(), Value::Object(Map::new())),
        };
        let (mut parts, mut prompt) = (Vec::new(), None);
        if phase == Some(Phase::Prompt) {
            let mut whole = String::new();
            for (name, value) in
                arguments.pointer("/arguments").and_then(Value::as_object).into_iter().flatten()
            {
                if let Some(value) = value.as_str() {
                    if !whole.is_empty() {
                        whole.push('\n');
                    }
                    let from = whole.len();
                    whole.push_str(value);
                    parts.push((format!("/arguments/{}", escaped(name)), from..whole.len()));
                }
            }
            prompt = Some(whole);
        }
        let (arguments, size) = (Arc::new(arguments), request.params.as_str().len());
        let before = phase.map(|phase| {
            let (tool, arguments) = (tool.clone(), Some(Arc::clone(&arguments)));
            Arc::new(Ask { phase, tool, arguments, result: None, prompt, size })
        });
        Ok(Self { before, tool, arguments, parts })
    }

    /// The arguments without what a decision wants taken out, where it does.
    pub(super) fn redacted(&self, decision: &Decision, mask: &str) -> Option<Value> {
        if decision.redactions().is_empty() {
            return None;
        }
        let mut arguments = (*self.arguments).clone();
        decision.redact("arguments", &mut arguments, mask);
        let spans = decision.redactions().iter().filter(|place| place.field == "prompt");
        let spans: Vec<Range<usize>> =
            spans.map(|place| place.span.clone().unwrap_or(0..usize::MAX)).collect();
        for (pointer, part) in &self.parts {
            let shifted =
                spans.iter().filter(|span| span.start < part.end && part.start < span.end).map(|span| {
                    let span = span.start.max(part.start) - part.start..span.end.min(part.end) - part.start;
                    Place { field: pointer.clone(), span: Some(span) }
                });
            let places: Vec<Place> = shifted.collect();
            let unread = self.arguments.pointer(pointer) == arguments.pointer(pointer);
            if let Some(Value::String(text)) = arguments.pointer_mut(pointer).filter(|_| !places.is_empty()) {
                // What was changed already is another text, in which the places do not count.
                if unread { masked(text, places.iter(), mask) } else { mask.clone_into(text) }
            }
        }
        Some(arguments)
    }

    /// The members of the parameters that the arguments stand for.
    pub(super) fn members(method: &Method, arguments: Value) -> Value {
        if *method == Method::ToolsCall { json!({ "arguments": arguments }) } else { arguments }
    }

    /// What came back, as an event.
    pub(super) fn after(&self, result: Arc<Value>, size: usize) -> Arc<Ask> {
        Arc::new(Ask {
            phase: Phase::Result,
            tool: self.tool.clone(),
            arguments: Some(Arc::clone(&self.arguments)),
            result: Some(result),
            prompt: None,
            size,
        })
    }
}
