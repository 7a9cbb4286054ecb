//! 2025-11-25 beside 2026-07-28: results without a type or cache hints, and structured content that is an object.

use serde_json::{Value, json};

use super::{
    Question, Step, no_question, nothing,
    parts::{Object, definitions, kind, objects, remove, remove_meta, sampled_blocks},
};
use crate::protocol::meta;

pub(super) const STEP: Step = Step {
    revision: crate::protocol::ProtocolVersion::V2025_11_25,
    downgrade_result,
    downgrade_notification,
    downgrade_input_request,
    upgrade_params: nothing,
    upgrade_input_response: no_question,
};

fn downgrade_result(method: &str, result: &mut Value) {
    if method == "tools/list" {
        definitions(method, result).for_each(tool);
    }
    let Some(result) = result.as_object_mut() else {
        return;
    };
    remove(result, &["resultType", "ttlMs", "cacheScope"]);
    remove_meta(result, meta::SERVER_INFO);
    if method == "tools/call" {
        wrap_content(result);
    }
}

fn downgrade_notification(_: &str, params: &mut Value) {
    if let Some(params) = params.as_object_mut() {
        remove_meta(params, meta::SUBSCRIPTION_ID);
    }
}

fn downgrade_input_request(question: &Question<'_>, params: &mut Value) {
    match question.method {
        "elicitation/create" if params["mode"] == "url" => params["elicitationId"] = json!(question.id),
        "sampling/createMessage" => {
            objects(params, "tools").for_each(tool);
            sampled_blocks(params)
                .into_iter()
                .filter(|block| kind(block) == "tool_result")
                .for_each(wrap_content);
        }
        _ => {}
    }
}

fn wrap_content(result: &mut Object) {
    if let Some(content) = result.get_mut("structuredContent").filter(|content| !content.is_object()) {
        *content = json!({ "result": content.take() });
    }
}

fn tool(tool: &mut Object) {
    if let Some(input) = tool.get_mut("inputSchema").and_then(Value::as_object_mut) {
        open_properties(input);
    }
    let Some(output) = tool.remove("outputSchema") else {
        return;
    };
    if let Some(output) = output_schema(output) {
        tool.insert("outputSchema".to_owned(), output);
    }
}

/// The schema of what [`wrap_content`] makes of every value that `schema` allows; `None` where that cannot be said.
fn output_schema(schema: Value) -> Option<Value> {
    let Value::Object(mut schema) = schema else {
        return None;
    };
    let may_be_object = match schema.get("type")? {
        Value::String(kind) => kind == "object",
        Value::Array(kinds) if kinds.len() == 1 => kinds[0] == "object",
        // Some values would be wrapped and others not.
        Value::Array(kinds) if kinds.iter().any(|kind| kind == "object") => return None,
        Value::Array(_) => false,
        _ => return None,
    };
    if may_be_object {
        schema.insert("type".to_owned(), json!("object"));
        open_properties(&mut schema);
        return Some(Value::Object(schema));
    }
    if schema.contains_key("$id") || schema.values().any(refers_to_root) || is_root_reference(&schema) {
        return None;
    }
    let mut outer = Object::new();
    for name in ["$schema", "$defs", "definitions"] {
        outer.extend(schema.remove(name).map(|value| (name.to_owned(), value)));
    }
    outer.insert("type".to_owned(), json!("object"));
    outer.insert("properties".to_owned(), json!({ "result": schema }));
    outer.insert("required".to_owned(), json!(["result"]));
    Some(Value::Object(outer))
}

/// Whether a reference leads to a place that moves when the schema is wrapped.
fn refers_to_root(schema: &Value) -> bool {
    match schema {
        Value::Object(keywords) => is_root_reference(keywords) || keywords.values().any(refers_to_root),
        Value::Array(schemas) => schemas.iter().any(refers_to_root),
        _ => false,
    }
}

fn is_root_reference(keywords: &Object) -> bool {
    ["$ref", "$dynamicRef"].iter().filter_map(|name| keywords.get(*name)?.as_str()).any(|reference| {
        let stays = reference.starts_with("#/$defs/") || reference.starts_with("#/definitions/");
        reference == "#" || reference.starts_with("#/") && !stays
    })
}

/// The schemas of properties may be plain `true` or `false` today and had to be objects.
fn open_properties(schema: &mut Object) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Object::values_mut) {
        match property {
            Value::Bool(true) => *property = json!({}),
            Value::Bool(false) => *property = json!({ "not": {} }),
            _ => {}
        }
    }
}
