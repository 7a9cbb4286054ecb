//! Checking a form that a user filled in.

use serde_json::{Map, Value};

use super::format;
use crate::protocol::RawJson;

/// A field that was not filled in as its schema asks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("`{field}` {problem}")]
pub struct FieldError {
    /// The name of the field.
    pub field: String,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// It has to be filled in.
    #[error("is required")]
    Missing,
    /// The form has no such field, and allows no others.
    #[error("is not a field of the form")]
    Unexpected,
    /// It is of another type.
    #[error("is not of type {expected}")]
    Type {
        /// The type it should be of.
        expected: String,
    },
    /// It has too few characters.
    #[error("is shorter than {min} characters")]
    TooShort {
        /// The fewest.
        min: u64,
    },
    /// It has too many characters.
    #[error("is longer than {max} characters")]
    TooLong {
        /// The most.
        max: u64,
    },
    /// It does not look like what it should be.
    #[error("is not a valid {format}")]
    Format {
        /// What it should look like.
        format: String,
    },
    /// It is too small.
    #[error("is less than {minimum}")]
    TooSmall {
        /// The least.
        minimum: f64,
    },
    /// It is too great.
    #[error("is greater than {maximum}")]
    TooGreat {
        /// The greatest.
        maximum: f64,
    },
    /// It is none of the options.
    #[error("is none of the options")]
    NotAnOption,
    /// Too few options were chosen.
    #[error("has fewer than {min} options chosen")]
    TooFew {
        /// The fewest.
        min: u64,
    },
    /// Too many options were chosen.
    #[error("has more than {max} options chosen")]
    TooMany {
        /// The most.
        max: u64,
    },
    /// The schema itself says nothing that can be checked.
    #[error("has no schema that can be checked")]
    Schema,
}

/// Checks an accepted answer against the schema that was asked with.
///
/// A field that may be left out may also be `null`.
///
/// # Errors
/// The first field that is not filled in as its schema asks.
pub fn validate_answer(schema: &RawJson, content: &Map<String, Value>) -> Result<(), FieldError> {
    let fail = |field: &str, problem| Err(FieldError { field: field.to_owned(), problem });
    let Ok(Value::Object(schema)) = schema.to_value() else {
        return fail("", FieldProblem::Schema);
    };
    let no_fields = Map::new();
    let fields = schema.get("properties").and_then(Value::as_object).unwrap_or(&no_fields);
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for field in required.iter().filter_map(Value::as_str) {
        if content.get(field).is_none_or(Value::is_null) {
            return fail(field, FieldProblem::Missing);
        }
    }
    let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
    for (field, value) in content.iter().filter(|(_, value)| !value.is_null()) {
        match fields.get(field) {
            Some(schema) => check(schema, value).or_else(|problem| fail(field, problem))?,
            None if closed => return fail(field, FieldProblem::Unexpected),
            None => {}
        }
    }
    Ok(())
}

fn check(schema: &Value, value: &Value) -> Result<(), FieldProblem> {
    let kind = kind(schema).ok_or(FieldProblem::Schema)?;
    match (kind, value) {
        ("string", Value::String(text)) => check_text(schema, text),
        ("integer", Value::Number(number)) if number.as_f64().is_some_and(|n| n.fract() == 0.0) => {
            check_number(schema, value)
        }
        ("number", Value::Number(_)) => check_number(schema, value),
        ("boolean", Value::Bool(_)) => Ok(()),
        ("array", Value::Array(chosen)) => check_choices(schema, chosen),
        ("string" | "integer" | "number" | "boolean" | "array", _) => {
            Err(FieldProblem::Type { expected: kind.to_owned() })
        }
        _ => Err(FieldProblem::Schema),
    }
}

/// The type, `null` aside: derived schemas write an optional field as `["string", "null"]`.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => Some(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => options(schema).map(|_| "string"),
    }
}

fn check_text(schema: &Value, text: &str) -> Result<(), FieldProblem> {
    let length = text.chars().count() as u64;
    if let Some(min) = limit(schema, "minLength").filter(|min| length < *min) {
        return Err(FieldProblem::TooShort { min });
    }
    if let Some(max) = limit(schema, "maxLength").filter(|max| length > *max) {
        return Err(FieldProblem::TooLong { max });
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str)
        && !format::matches(format, text)
    {
        return Err(FieldProblem::Format { format: format.to_owned() });
    }
    match options(schema) {
        Some(options) if !options.contains(&text) => Err(FieldProblem::NotAnOption),
        _ => Ok(()),
    }
}

fn check_number(schema: &Value, value: &Value) -> Result<(), FieldProblem> {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let number = value.as_f64().ok_or(FieldProblem::Schema)?;
    if let Some(minimum) = bound("minimum").filter(|minimum| number < *minimum) {
        return Err(FieldProblem::TooSmall { minimum });
    }
    if let Some(maximum) = bound("maximum").filter(|maximum| number > *maximum) {
        return Err(FieldProblem::TooGreat { maximum });
    }
    Ok(())
}

fn check_choices(schema: &Value, chosen: &[Value]) -> Result<(), FieldProblem> {
    let count = chosen.len() as u64;
    if let Some(min) = limit(schema, "minItems").filter(|min| count < *min) {
        return Err(FieldProblem::TooFew { min });
    }
    if let Some(max) = limit(schema, "maxItems").filter(|max| count > *max) {
        return Err(FieldProblem::TooMany { max });
    }
    let options = schema.get("items").and_then(options);
    for item in chosen {
        let Some(item) = item.as_str() else {
            return Err(FieldProblem::Type { expected: "array of string".to_owned() });
        };
        if options.as_ref().is_some_and(|options| !options.contains(&item)) {
            return Err(FieldProblem::NotAnOption);
        }
    }
    Ok(())
}

fn limit(schema: &Value, keyword: &str) -> Option<u64> {
    schema.get(keyword).and_then(Value::as_u64)
}

/// What may be chosen, in whichever of the forms it is written; `None` where the schema names no options.
fn options(schema: &Value) -> Option<Vec<&str>> {
    let titled = |keyword: &str| schema.get(keyword).and_then(Value::as_array);
    if let Some(names) = titled("enum") {
        return Some(names.iter().filter_map(Value::as_str).collect());
    }
    let options = titled("oneOf").or_else(|| titled("anyOf"))?;
    Some(options.iter().filter_map(|option| option.get("const").and_then(Value::as_str)).collect())
}
