//! 2025-06-18 beside 2025-11-25: no icons, no tools in sampling, and forms of simple fields as the only elicitation.

use serde_json::{Value, json};

use super::{
    Question, Step, nothing,
    parts::{Object, become_text, blocks, capabilities, definitions, kind, remove, server_info, text},
};

pub(super) const STEP: Step = Step {
    revision: crate::protocol::ProtocolVersion::V2025_06_18,
    downgrade_result,
    downgrade_notification: nothing,
    downgrade_input_request,
    upgrade_params,
    upgrade_input_response,
};

fn downgrade_result(method: &str, result: &mut Value) {
    definitions(method, result).for_each(|definition| remove(definition, &["icons", "execution"]));
    for block in blocks(method, result) {
        if kind(block) == "resource_link" {
            block.remove("icons");
        }
    }
    if let Some(server) = server_info(method, result) {
        remove(server, &["icons", "description", "websiteUrl"]);
    }
    if let Some(capabilities) = capabilities(method, result) {
        capabilities.remove("tasks");
    }
}

fn downgrade_input_request(question: &Question<'_>, params: &mut Value) {
    match question.method {
        "elicitation/create" => elicitation(params),
        "sampling/createMessage" => sampling(params),
        _ => {}
    }
}

/// What this revision cannot have meant is not promised in its name.
fn upgrade_params(method: &str, params: &mut Value) {
    let Some(capabilities) = capabilities(method, params) else {
        return;
    };
    capabilities.remove("tasks");
    if let Some(elicitation) = capabilities.get_mut("elicitation") {
        *elicitation = json!({ "form": {} });
    }
    if let Some(sampling) = capabilities.get_mut("sampling") {
        *sampling = json!({});
    }
}

fn elicitation(params: &mut Value) {
    if params["mode"] == "url" {
        let address = [&params["message"], &params["url"]].map(|part| part.as_str().unwrap_or_default());
        *params = json!({
            "message": address.join("\n"),
            "requestedSchema": { "type": "object", "properties": {} },
        });
        return;
    }
    let Some(params) = params.as_object_mut() else {
        return;
    };
    remove(params, &["mode"]);
    let Some(schema) = params.get_mut("requestedSchema").and_then(Value::as_object_mut) else {
        return;
    };
    schema.remove("$schema");
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(Object::values_mut).filter_map(Value::as_object_mut) {
        if kind(field) != "boolean" {
            field.remove("default");
        }
        match kind(field) {
            "array" => choices(field),
            _ => choice(field),
        }
    }
}

/// Titles of options stood beside their names.
fn choice(field: &mut Object) {
    if let Some(options) = field.remove("oneOf") {
        let (names, titles) = unzip(&options);
        field.extend([("enum".to_owned(), json!(names)), ("enumNames".to_owned(), json!(titles))]);
    }
}

/// A choice of several becomes a line of text; [`upgrade_input_response`] reads the list back.
fn choices(field: &mut Object) {
    let items = field.remove("items").unwrap_or_default();
    let (names, titles) = options(&items);
    let listed: Vec<String> = names
        .iter()
        .zip(&titles)
        .map(|(name, title)| if name == title { name.clone() } else { format!("{name} ({title})") })
        .collect();
    let before = text(field, "description").map(|text| format!("{text} ")).unwrap_or_default();
    let description = format!("{before}Any of these, separated by commas: {}", listed.join(", "));
    remove(field, &["minItems", "maxItems"]);
    field.extend([("type".to_owned(), json!("string")), ("description".to_owned(), json!(description))]);
}

/// Names and titles of the options of a choice of several.
fn options(items: &Value) -> (Vec<String>, Vec<String>) {
    if let Some(titled) = items.get("anyOf").or_else(|| items.get("oneOf")) {
        return unzip(titled);
    }
    let names: Vec<String> = items["enum"].as_array().into_iter().flatten().map(word).collect();
    (names.clone(), names)
}

fn unzip(options: &Value) -> (Vec<String>, Vec<String>) {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    options
        .iter()
        .map(|option| {
            let name = word(&option["const"]);
            let title = option["title"].as_str().map_or_else(|| name.clone(), str::to_owned);
            (name, title)
        })
        .unzip()
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn upgrade_input_response(question: &Question<'_>, result: &mut Value) {
    if question.method != "elicitation/create" {
        return;
    }
    let Some(content) = result.get_mut("content").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, value) in content {
        let field = &question.params["requestedSchema"]["properties"][name.as_str()];
        let (true, Some(line)) = (field["type"] == "array", value.as_str()) else {
            continue;
        };
        let (names, titles) = options(&field["items"]);
        let chosen: Vec<String> = line
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .map(|word| match titles.iter().position(|title| title == word) {
                Some(index) if !names.iter().any(|name| name == word) => names[index].clone(),
                _ => word.to_owned(),
            })
            .collect();
        *value = json!(chosen);
    }
}

fn sampling(params: &mut Value) {
    if let Some(params) = params.as_object_mut() {
        remove(params, &["tools", "toolChoice"]);
    }
    let Some(messages) = params.get_mut("messages").and_then(Value::as_array_mut) else {
        return;
    };
    *messages = std::mem::take(messages).into_iter().flat_map(split).collect();
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        message.remove("_meta");
        if let Some(block) = message.get_mut("content").and_then(Value::as_object_mut) {
            without_tools(block);
        }
    }
}

/// One message for each block: a message held exactly one.
fn split(message: Value) -> Vec<Value> {
    let Some(blocks) = message["content"].as_array() else {
        return vec![message];
    };
    blocks.iter().map(|block| json!({ "role": message["role"], "content": block })).collect()
}

fn without_tools(block: &mut Object) {
    let told = match kind(block) {
        "tool_use" => {
            let input = block.get("input").unwrap_or(&Value::Null);
            format!("[call of tool {}: {input}]", text(block, "name").unwrap_or_default())
        }
        "tool_result" => {
            let parts = block.get("content").and_then(Value::as_array).into_iter().flatten();
            let words: Vec<&str> = parts.filter_map(|part| part["text"].as_str()).collect();
            format!("[result of a tool: {}]", words.join("\n"))
        }
        _ => return,
    };
    become_text(block, &told);
}
