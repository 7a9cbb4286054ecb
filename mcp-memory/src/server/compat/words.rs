//! Arguments that come in several forms.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::MemoryError;

/// Members that a tool does not know, or knows and has no use for.
pub(super) type Rest = Map<String, Value>;

/// Tags: a list, or a text with commas.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Words {
    List(Vec<String>),
    Text(String),
}

impl Words {
    /// Each of them, as it was written.
    pub(super) fn read(given: Option<Self>) -> Result<Vec<String>, MemoryError> {
        let value = match given {
            None => return Ok(Vec::new()),
            Some(Self::List(words)) => words.into_iter().map(Value::String).collect(),
            Some(Self::Text(text)) => Value::String(text),
        };
        crate::import::words(&value).map_err(|problem| MemoryError::invalid("tags", problem))
    }
}

/// A whole number, also where a client writes it as text or with a fraction of nothing.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
#[schemars(with = "usize")]
pub(super) struct Count(pub(super) usize);

impl TryFrom<Value> for Count {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let read = match &value {
            Value::Number(number) => number
                .as_u64()
                .or_else(|| number.as_f64().filter(|number| number.fract() == 0.0)?.to_string().parse().ok()),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let read = read.and_then(|number| usize::try_from(number).ok());
        read.map(Self).ok_or_else(|| format!("`{value}` is no whole number"))
    }
}

/// The names of what was asked for and has no effect. What says no, nothing or nought asks for nothing.
pub(super) fn without_effect(rest: &Rest) -> Vec<String> {
    let asks = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) => true,
    };
    rest.iter().filter(|(_, value)| asks(value)).map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_words_are_read_as_clients_write_them() {
        for (given, expect) in [
            (json!(3), Some(3)),
            (json!(3.0), Some(3)),
            (json!("3"), Some(3)),
            (json!(3.5), None),
            (json!(-1), None),
        ] {
            assert_eq!(Count::try_from(given.clone()).ok().map(|count| count.0), expect, "{given}");
        }
        for given in [json!(["a", "b "]), json!("a, b,"), json!("[\"a\", \"b\"]")] {
            let words: Words = serde_json::from_value(given.clone()).unwrap();
            assert_eq!(Words::read(Some(words)).unwrap(), ["a", "b"], "{given}");
        }
    }

    #[test]
    fn what_asks_for_nothing_has_no_effect_to_tell_of() {
        let rest = json!({ "a": false, "b": 0, "c": null, "d": "", "e": true, "f": 0.5, "g": [] });
        assert_eq!(without_effect(rest.as_object().unwrap()), ["e", "f"]);
    }
}
