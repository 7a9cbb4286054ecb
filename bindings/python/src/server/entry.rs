//! Tools, resources and prompts from plans and details.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::protocol::{CallToolResult, GetPromptResult, PromptArgument, RawJson, ToolAnnotations};
use mcp_core::server::{PromptEntry, ToolEntry};
use mcp_core::{Context, prompt as new_prompt, resource as new_resource, template, tool as new_tool};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::Deserialize;

use super::outcome::Contents;
use super::{Entry, Function};
use crate::json;

/// What is said of a component beside its function.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Details {
    name: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    input_schema: Option<RawJson>,
    #[serde(default)]
    output_schema: Option<RawJson>,
    #[serde(default)]
    read_only: Option<bool>,
    #[serde(default)]
    destructive: Option<bool>,
    #[serde(default)]
    idempotent: Option<bool>,
    #[serde(default)]
    open_world: Option<bool>,
    #[serde(default)]
    timeout: Option<f64>,
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    mime_type: Option<String>,
    #[serde(default)]
    arguments: Vec<PromptArgument>,
}

fn read(plan: &Bound<'_, PyAny>, details: &Bound<'_, PyAny>) -> PyResult<(Arc<Function>, Details)> {
    Ok((Arc::new(Function::new(plan)?), json::to_raw(details, "details")?))
}

pub(super) fn tool(plan: &Bound<'_, PyAny>, details: &Bound<'_, PyAny>) -> PyResult<ToolEntry> {
    let (function, details) = read(plan, details)?;
    let handler = move |context: Context| Arc::clone(&function).call::<CallToolResult>(context);
    let mut tool = new_tool(details.name, handler);
    if let Some(description) = details.description {
        tool = tool.description(description);
    }
    if let Some(title) = details.title {
        tool = tool.title(title);
    }
    if let Some(schema) = details.input_schema {
        tool = tool.input_schema(schema);
    }
    if let Some(schema) = details.output_schema {
        tool = tool.output_schema(schema);
    }
    let hints = [details.read_only, details.destructive, details.idempotent, details.open_world];
    if hints.iter().any(Option::is_some) {
        let [read_only_hint, destructive_hint, idempotent_hint, open_world_hint] = hints;
        tool = tool.annotations(ToolAnnotations {
            read_only_hint,
            destructive_hint,
            idempotent_hint,
            open_world_hint,
            ..ToolAnnotations::default()
        });
    }
    if let Some(seconds) = details.timeout {
        let deadline = Duration::try_from_secs_f64(seconds)
            .map_err(|error| PyValueError::new_err(format!("timeout: {error}")))?;
        tool = tool.deadline(deadline);
    }
    Ok(details.tags.into_iter().fold(tool, ToolEntry::tag))
}

pub(super) fn resource(plan: &Bound<'_, PyAny>, details: &Bound<'_, PyAny>) -> PyResult<Entry> {
    let (function, details) = read(plan, details)?;
    let handler = move |context: Context| Arc::clone(&function).call::<Contents>(context);
    let uri = details.uri.unwrap_or_default();
    macro_rules! described {
        ($entry:expr) => {{
            let mut entry = $entry;
            if let Some(description) = details.description {
                entry = entry.description(description);
            }
            if let Some(title) = details.title {
                entry = entry.title(title);
            }
            if let Some(mime_type) = details.mime_type {
                entry = entry.mime_type(mime_type);
            }
            for tag in details.tags {
                entry = entry.tag(tag);
            }
            entry
        }};
    }
    Ok(if uri.contains('{') {
        Entry::Template(described!(template(uri, details.name, handler)))
    } else {
        Entry::Resource(described!(new_resource(uri, details.name, handler)))
    })
}

pub(super) fn prompt(plan: &Bound<'_, PyAny>, details: &Bound<'_, PyAny>) -> PyResult<PromptEntry> {
    let (function, details) = read(plan, details)?;
    let handler = move |context: Context| Arc::clone(&function).call::<GetPromptResult>(context);
    let mut prompt = new_prompt(details.name, handler);
    if let Some(description) = details.description {
        prompt = prompt.description(description);
    }
    if let Some(title) = details.title {
        prompt = prompt.title(title);
    }
    prompt = details.arguments.into_iter().fold(prompt, PromptEntry::argument);
    Ok(details.tags.into_iter().fold(prompt, PromptEntry::tag))
}
