//! Arguments of a tool as people type them, `key=value`, by the schema of the tool.
//!
//! ```
//! use mcp_workbench::arguments::typed;
//! use serde_json::json;
//!
//! let schema = json!({ "type": "object", "required": ["query"], "properties": {
//!     "query": { "type": "string" }, "limit": { "type": "integer" }, "tags": { "type": "array", "items": { "type": "string" } } } });
//! let words = ["query=42", "limit=3", "tags=a", "tags=b"];
//! assert_eq!(serde_json::Value::from(typed(&schema, words)?), json!({ "query": "42", "limit": 3, "tags": ["a", "b"] }));
//! assert!(typed(&schema, ["qery=x"]).unwrap_err().to_string().contains("did you mean `query`?"));
//! # Ok::<(), mcp_workbench::arguments::ArgumentError>(())
//! ```

use serde_json::{Map, Value};

use crate::config::schema::{resolved, types, words as choices};
use crate::nearest::did_you_mean;

/// An argument cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// It is none.
    #[error("`{0}` is no argument: write name=value, or give all of them by --json '{{…}}'")]
    NoName(String),
    /// The tool takes no such thing.
    #[error("the tool takes no `{name}`{near}")]
    Unknown {
        /// The name.
        name: String,
        /// What was probably meant.
        near: String,
    },
    /// It is not of the type that the tool takes.
    #[error("`{name}` must be {expected}, not `{found}`")]
    Type {
        /// The name.
        name: String,
        /// What it must be.
        expected: String,
        /// What was typed.
        found: String,
    },
    /// Something is missing.
    #[error("the tool needs {}: add {}", list(.0), example(.0))]
    Missing(Vec<String>),
    /// It is no JSON object.
    #[error("the arguments must be a JSON object{0}")]
    NoObject(String),
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn example(names: &[String]) -> String {
    names.iter().map(|name| format!("{name}=…")).collect::<Vec<_>>().join(" ")
}

/// Arguments as one JSON object.
///
/// # Errors
/// The text is none.
pub fn object(text: &str) -> Result<Map<String, Value>, ArgumentError> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ArgumentError::NoObject(String::new())),
        Err(error) => Err(ArgumentError::NoObject(format!(": {error}"))),
    }
}

/// Words `name=value` as arguments of a tool with this schema. A name that comes again adds to a list; what is no text may be written in JSON.
///
/// # Errors
/// A word is no argument, is unknown or of another type, or something that is required is missing.
pub fn typed<'w>(
    schema: &Value,
    words: impl IntoIterator<Item = &'w str>,
) -> Result<Map<String, Value>, ArgumentError> {
    let none = Map::new();
    let top = resolved(schema, schema);
    let known = top.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let closed = top.get("additionalProperties") == Some(&Value::Bool(false)) || !known.is_empty();
    let mut object = Map::new();
    for word in words {
        let (name, text) = word.split_once('=').ok_or_else(|| ArgumentError::NoName(word.to_owned()))?;
        let Some(of) = known.get(name) else {
            if closed {
                let near = did_you_mean(name, known.keys().map(String::as_str));
                return Err(ArgumentError::Unknown { name: name.to_owned(), near });
            }
            object.insert(name.to_owned(), loose(text));
            continue;
        };
        let of = resolved(of, schema);
        let is_list = types(of).contains(&"array");
        let value = if is_list && !text.trim_start().starts_with('[') {
            let item = of.get("items").map_or(&Value::Null, |items| resolved(items, schema));
            Value::Array(vec![one(name, text, item)?])
        } else {
            one(name, text, of)?
        };
        match (object.get_mut(name), value) {
            (Some(Value::Array(there)), Value::Array(more)) => there.extend(more),
            (_, value) => drop(object.insert(name.to_owned(), value)),
        }
    }
    let required = top.get("required").and_then(Value::as_array).into_iter().flatten();
    let missing: Vec<String> = required
        .filter_map(Value::as_str)
        .filter(|name| !object.contains_key(*name))
        .map(str::to_owned)
        .collect();
    if missing.is_empty() { Ok(object) } else { Err(ArgumentError::Missing(missing)) }
}

/// JSON where it is some, else text.
fn loose(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

fn one(name: &str, text: &str, schema: &Value) -> Result<Value, ArgumentError> {
    let types = types(schema);
    let wrong =
        |expected: String| ArgumentError::Type { name: name.to_owned(), expected, found: text.to_owned() };
    let choices = choices(schema);
    if !choices.is_empty() && !choices.contains(&text) {
        return Err(wrong(format!("one of {}", choices.join(", "))));
    }
    if types.is_empty() && choices.is_empty() {
        return Ok(loose(text));
    }
    if types.contains(&"string") || !choices.is_empty() {
        return Ok(Value::String(text.to_owned()));
    }
    let value = serde_json::from_str::<Value>(text).ok();
    value.filter(|value| fits(&types, value)).ok_or_else(|| wrong(wanted(&types)))
}

/// Whether a value is of one of some types.
pub(crate) fn fits(types: &[&str], value: &Value) -> bool {
    types.iter().any(|kind| match *kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    })
}

/// What people call types.
pub(crate) fn wanted(types: &[&str]) -> String {
    let word = |kind: &&str| match *kind {
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a JSON list",
        "object" => "a JSON object",
        "string" => "text",
        _ => "null",
    };
    types.iter().filter(|kind| **kind != "null").map(word).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_become_what_the_schema_says() {
        let schema = json!({ "type": "object", "properties": {
            "text": { "type": ["string", "null"] },
            "count": { "type": ["integer", "null"] },
            "on": { "type": "boolean" },
            "many": { "type": "array", "items": { "type": "integer" } },
            "nested": { "anyOf": [{ "$ref": "#/$defs/Nested" }, { "type": "null" }] },
            "what": { "enum": ["accepted", "rejected"] },
        }, "$defs": { "Nested": { "type": "object" } } });
        let check = |words: &[&str], expect: Value| {
            assert_eq!(Value::from(typed(&schema, words.iter().copied()).unwrap()), expect, "{words:?}");
        };
        check(&["text=a=b"], json!({ "text": "a=b" }));
        check(&["text=12", "count=12"], json!({ "text": "12", "count": 12 }));
        check(&["on=true"], json!({ "on": true }));
        check(&["many=1", "many=2"], json!({ "many": [1, 2] }));
        check(&["many=[3,4]"], json!({ "many": [3, 4] }));
        check(&["nested={\"a\":1}"], json!({ "nested": { "a": 1 } }));
        check(&["what=accepted"], json!({ "what": "accepted" }));
        let fails = |words: &[&str], says: &str| {
            let said = typed(&schema, words.iter().copied()).unwrap_err().to_string();
            assert!(said.contains(says), "{said}");
        };
        fails(&["count=many"], "`count` must be a whole number, not `many`");
        fails(&["count=1.5"], "a whole number");
        fails(&["on=yes"], "true or false");
        fails(&["many=x"], "a whole number");
        fails(&["nested=1"], "a JSON object");
        fails(&["what=maybe"], "one of accepted, rejected");
        fails(&["cuont=1"], "did you mean `count`?");
        fails(&["text"], "`text` is no argument");
    }

    #[test]
    fn what_is_missing_is_named_with_an_example() {
        let schema =
            json!({ "type": "object", "properties": { "id": {}, "to": {} }, "required": ["id", "to"] });
        let said = typed(&schema, []).unwrap_err().to_string();
        assert_eq!(said, "the tool needs `id`, `to`: add id=… to=…");
        assert!(object("[1]").unwrap_err().to_string().contains("must be a JSON object"));
    }
}
