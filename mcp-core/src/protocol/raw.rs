//! JSON that travels through us as text.

use std::{fmt, sync::Arc};

use memchr::memchr2;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};

/// One JSON value kept as the text it was written in, cheap to clone.
///
/// Schemas, structured results and unknown members are carried in this form, so that key order, number
/// spelling and white space reach the other side as they came. Only line breaks between tokens become
/// spaces: one of them would end the frame on a transport that separates frames by lines.
///
/// Two values are equal when their texts are.
#[derive(Clone)]
pub struct RawJson(Arc<RawValue>);

impl RawJson {
    /// Writes `value` as JSON.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON, such as a map with keys that are not strings.
    pub fn from_serialize<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        to_raw_value(value).map(Self::from_box)
    }

    /// Takes over JSON text.
    ///
    /// # Errors
    /// When `text` is not one JSON value.
    pub fn from_string(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self::from_box)
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// The value as a tree.
    ///
    /// # Errors
    /// When the text nests too deeply or holds a number out of range.
    pub fn to_value(&self) -> Result<Value, serde_json::Error> {
        self.parse()
    }

    /// The value as `T`.
    ///
    /// # Errors
    /// When the value is not a `T`.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }

    /// Whether the value is `null`.
    pub fn is_null(&self) -> bool {
        self.get() == "null"
    }

    fn from_box(raw: Box<RawValue>) -> Self {
        let text = raw.get();
        if memchr2(b'\n', b'\r', text.as_bytes()).is_none() {
            return Self(raw.into());
        }
        // INVARIANT: JSON strings hold no bare line break, so every one found lies between tokens.
        let spaced = text.replace(['\n', '\r'], " ");
        RawValue::from_string(spaced)
            .map(|raw| Self(raw.into()))
            .expect("invariant: white space between tokens may be replaced by spaces")
    }
}

impl Default for RawJson {
    /// `null`.
    fn default() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }
}

impl From<&Value> for RawJson {
    fn from(value: &Value) -> Self {
        Self::from_serialize(value).expect("invariant: a JSON tree can be written as JSON")
    }
}

impl From<Value> for RawJson {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawJson").field(&format_args!("{}", self.get())).finish()
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from_box)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives() {
        let text = r#"{"b":1.0,  "a":1e2,"n":123456789012345678901234567890}"#;
        let raw: RawJson = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&raw).unwrap(), text);
    }

    #[test]
    fn line_breaks_between_tokens_become_spaces() {
        let raw = RawJson::from_string("{\r\n \"a\": \"x\\ny\"\n}".to_owned()).unwrap();
        assert_eq!(raw.get(), "{   \"a\": \"x\\ny\" }");
        let nested: Vec<RawJson> = serde_json::from_str("[[1,\n2]]").unwrap();
        assert_eq!(nested[0].get(), "[1, 2]");
    }

    #[test]
    fn reads_from_a_tree() {
        let raw: RawJson = serde_json::from_value(serde_json::json!({"a": [1, null]})).unwrap();
        assert_eq!(raw.get(), r#"{"a":[1,null]}"#);
        assert!(RawJson::from_string("{".to_owned()).is_err());
    }
}
