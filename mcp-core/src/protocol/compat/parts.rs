//! Where the parts that revisions disagree on lie in results and params.

use serde_json::{Map, Value, json};

pub(super) type Object = Map<String, Value>;

/// The objects in the array `name` of `value`.
pub(super) fn objects<'a>(value: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Object> {
    let items = value.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten();
    items.filter_map(Value::as_object_mut)
}

/// The definitions that a list result holds.
pub(super) fn definitions<'a>(method: &str, result: &'a mut Value) -> impl Iterator<Item = &'a mut Object> {
    let name = match method {
        "tools/list" => "tools",
        "resources/list" => "resources",
        "resources/templates/list" => "resourceTemplates",
        "prompts/list" => "prompts",
        _ => "",
    };
    objects(result, name)
}

/// The blocks of content that a result holds.
pub(super) fn blocks<'a>(method: &str, result: &'a mut Value) -> Vec<&'a mut Object> {
    match method {
        "tools/call" => objects(result, "content").collect(),
        "prompts/get" => objects(result, "messages")
            .filter_map(|message| message.get_mut("content").and_then(Value::as_object_mut))
            .collect(),
        _ => Vec::new(),
    }
}

/// The blocks of content that the messages of a sampling request hold, one or many in each.
pub(super) fn sampled_blocks(params: &mut Value) -> Vec<&mut Object> {
    objects(params, "messages")
        .filter_map(|message| message.get_mut("content"))
        .flat_map(|content| match content {
            Value::Array(blocks) => blocks.iter_mut().collect::<Vec<_>>(),
            one => vec![one],
        })
        .filter_map(Value::as_object_mut)
        .collect()
}

/// The server's name and version in the answer to `initialize`.
pub(super) fn server_info<'a>(method: &str, result: &'a mut Value) -> Option<&'a mut Object> {
    if method == "initialize" { result.get_mut("serverInfo")?.as_object_mut() } else { None }
}

/// The capabilities in the params or the answer of `initialize`.
pub(super) fn capabilities<'a>(method: &str, value: &'a mut Value) -> Option<&'a mut Object> {
    if method == "initialize" { value.get_mut("capabilities")?.as_object_mut() } else { None }
}

pub(super) fn kind(block: &Object) -> &str {
    text(block, "type").unwrap_or_default()
}

pub(super) fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

pub(super) fn remove(object: &mut Object, names: &[&str]) {
    for name in names {
        object.remove(*name);
    }
}

/// Turns a block into text; whom it is for stays.
pub(super) fn become_text(block: &mut Object, text: &str) {
    let annotations = block.remove("annotations");
    block.clear();
    block.insert("type".to_owned(), json!("text"));
    block.insert("text".to_owned(), json!(text));
    block.extend(annotations.map(|annotations| ("annotations".to_owned(), annotations)));
}

/// Takes a key out of `_meta`, and `_meta` with it if nothing else is there.
pub(super) fn remove_meta(object: &mut Object, key: &str) {
    if let Some(meta) = object.get_mut("_meta").and_then(Value::as_object_mut) {
        meta.remove(key);
        if meta.is_empty() {
            object.remove("_meta");
        }
    }
}
