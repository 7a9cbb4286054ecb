//! What a file may say, as JSON Schema.

use serde_json::Value;

use super::Config;

/// The JSON Schema of the file: for editors, and for our own checks.
#[must_use]
pub fn json_schema() -> Value {
    schemars::schema_for!(Config).to_value()
}

/// A schema without references, and without the choice of `null`, in which "not said" is said.
pub(crate) fn resolved<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let mut schema = schema;
    // Deeper than any chain of references that is no circle.
    for _ in 0..16 {
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
        let choices = schema.get("anyOf").and_then(Value::as_array);
        let next = match (reference, choices) {
            (Some(pointer), _) => root.pointer(pointer),
            (None, Some(choices)) => {
                let is_value = |choice: &&Value| choice.get("type").and_then(Value::as_str) != Some("null");
                let mut values = choices.iter().filter(is_value);
                values.next().filter(|_| values.next().is_none())
            }
            (None, None) => None,
        };
        match next {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

/// The types that a value may have.
pub(crate) fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The words of which a value must be one.
pub(crate) fn words(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let each = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    listed.chain(each.filter_map(|choice| choice.get("const").and_then(Value::as_str))).collect()
}
