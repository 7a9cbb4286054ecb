//! 2025-03-26 beside 2025-06-18: no structured content, no links to resources, no titles, no elicitation, and
//! `_meta` on messages only.

use serde_json::{Value, json};

use super::{
    Question, Step, no_question, nothing,
    parts::{
        Object, become_text, blocks, capabilities, definitions, kind, objects, remove, sampled_blocks,
        server_info, text,
    },
};

pub(super) const STEP: Step = Step {
    revision: crate::protocol::ProtocolVersion::V2025_03_26,
    downgrade_result,
    downgrade_notification: nothing,
    downgrade_input_request,
    upgrade_params,
    upgrade_input_response: no_question,
};

fn downgrade_result(method: &str, result: &mut Value) {
    if method == "tools/call" {
        content_only(result);
    }
    for definition in definitions(method, result) {
        if method == "tools/list" {
            keep_title(definition);
        }
        remove(definition, &["title", "_meta", "outputSchema"]);
        undated(definition);
        if method == "prompts/list" {
            let arguments = definition.get_mut("arguments").and_then(Value::as_array_mut);
            for argument in arguments.into_iter().flatten().filter_map(Value::as_object_mut) {
                argument.remove("title");
            }
        }
    }
    blocks(method, result).into_iter().for_each(block);
    if method == "resources/read" {
        objects(result, "contents").for_each(|contents| remove(contents, &["_meta"]));
    }
    if let Some(server) = server_info(method, result) {
        server.remove("title");
    }
}

fn downgrade_input_request(question: &Question<'_>, params: &mut Value) {
    if question.method == "sampling/createMessage" {
        sampled_blocks(params).into_iter().for_each(block);
    }
}

fn upgrade_params(method: &str, params: &mut Value) {
    if let Some(capabilities) = capabilities(method, params) {
        capabilities.remove("elicitation");
    }
}

/// What programs would have read is told as text, unless there is text already.
fn content_only(result: &mut Value) {
    let Some(result) = result.as_object_mut() else {
        return;
    };
    let Some(structured) = result.remove("structuredContent") else {
        return;
    };
    let content = result.entry("content").or_insert_with(|| json!([]));
    if content.as_array().is_some_and(Vec::is_empty) {
        *content = json!([{ "type": "text", "text": structured.to_string() }]);
    }
}

/// A tool's title stood among its annotations.
fn keep_title(tool: &mut Object) {
    let Some(title) = tool.remove("title") else { return };
    let annotations = tool.entry("annotations").or_insert_with(|| json!({}));
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.entry("title").or_insert(title);
    }
}

fn block(block: &mut Object) {
    if kind(block) == "resource_link" {
        let uri = text(block, "uri").unwrap_or_default();
        let told = match text(block, "title").or_else(|| text(block, "name")) {
            Some(name) => format!("{name}: {uri}"),
            None => uri.to_owned(),
        };
        become_text(block, &told);
    }
    block.remove("_meta");
    undated(block);
    if let Some(resource) = block.get_mut("resource").and_then(Value::as_object_mut) {
        resource.remove("_meta");
    }
}

fn undated(object: &mut Object) {
    if let Some(annotations) = object.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.remove("lastModified");
    }
}
