//! JSON Schemas derived from Rust types.

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::protocol::RawJson;

/// The schema of arguments of type `T`, dialect 2020-12.
pub(crate) fn of_input<T: JsonSchema>() -> RawJson {
    raw(derive::<T>(Contract::Deserialize))
}

/// The schema of results of type `T`, dialect 2020-12.
pub(crate) fn of_output<T: JsonSchema>() -> RawJson {
    raw(derive::<T>(Contract::Serialize))
}

/// The schema of a handler without arguments.
pub(crate) fn empty() -> RawJson {
    raw(json!({ "type": "object", "properties": {} }))
}

fn derive<T: JsonSchema>(contract: Contract) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.contract = contract);
    trimmed(settings.into_generator().into_root_schema_for::<T>())
}

/// 2020-12 is the dialect where none is named, and the name of a Rust type tells a model nothing.
fn trimmed(schema: Schema) -> Value {
    let mut value = schema.to_value();
    if let Some(object) = value.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
    }
    value
}

/// The schema of a form that a person fills in: one flat object of primitive fields.
pub(crate) fn of_form<T: JsonSchema>() -> RawJson {
    let settings = SchemaSettings::draft2020_12().with(|s| s.inline_subschemas = true);
    let mut value = trimmed(settings.into_generator().into_root_schema_for::<T>());
    if let Some(properties) = value.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(flatten_field);
    }
    raw(value)
}

/// Rewrites one field to what forms allow: no null, no composition other than titled choices.
fn flatten_field(field: &mut Value) {
    let Some(object) = field.as_object_mut() else { return };
    if let Some(Value::Array(types)) = object.get("type")
        && let Some(single) = types.iter().find(|t| *t != "null").cloned()
    {
        object.insert("type".into(), single);
    }
    if let Some(Value::Array(options)) = object.remove("anyOf")
        && let Some(Value::Object(option)) =
            options.into_iter().find(|o| o.get("type").is_none_or(|t| t != "null"))
    {
        object.extend(option);
    }
    if let Some(Value::Array(choices)) = object.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    if let Some(Value::Array(options)) = object.remove("oneOf") {
        let titled: Vec<Value> = options.iter().filter_map(titled_choice).collect();
        object.insert("type".into(), "string".into());
        object.insert("oneOf".into(), titled.into());
    }
    // What forms do not know would make strict clients refuse the question.
    for keyword in ["format", "default"] {
        let known = match (keyword, object.get(keyword)) {
            ("format", Some(format)) => {
                ["email", "uri", "date", "date-time"].iter().any(|known| format == known)
            }
            (_, Some(default)) => !default.is_null(),
            (_, None) => true,
        };
        if !known {
            object.remove(keyword);
        }
    }
}

fn titled_choice(option: &Value) -> Option<Value> {
    let constant = option.get("const")?.clone();
    let title = option.get("title").or_else(|| option.get("description")).unwrap_or(&constant);
    Some(json!({ "const": constant, "title": title }))
}

fn raw(value: Value) -> RawJson {
    let value = match value {
        // `true` accepts everything; a schema on the wire is an object.
        Value::Bool(true) => Value::Object(Map::new()),
        other => other,
    };
    RawJson::from_serialize(&value).unwrap_or_default()
}
