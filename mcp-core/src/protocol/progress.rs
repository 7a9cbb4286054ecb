//! Progress of a request that is still running.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::object::wire_object;

/// What a requester chose to recognise the progress of its request by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ProgressToken {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
}

impl Serialize for ProgressToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(text) => serializer.serialize_str(text),
            Self::Integer(number) => serializer.serialize_i64(*number),
        }
    }
}

impl<'de> Deserialize<'de> for ProgressToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TokenVisitor)
    }
}

struct TokenVisitor;

impl de::Visitor<'_> for TokenVisitor {
    type Value = ProgressToken;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an integer")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ProgressToken, E> {
        Ok(ProgressToken::String(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<ProgressToken, E> {
        Ok(ProgressToken::Integer(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<ProgressToken, E> {
        let out_of_range = |_| E::invalid_value(de::Unexpected::Unsigned(number), &self);
        i64::try_from(number).map(ProgressToken::Integer).map_err(out_of_range)
    }
}

impl From<&str> for ProgressToken {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<i64> for ProgressToken {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// How far a request has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// How much is done; it only ever grows.
    pub progress: f64,
    /// How much there is, if known.
    pub total: Option<f64>,
    /// What is being done, for people.
    pub message: Option<String>,
}

impl Progress {
    /// `progress` of an unknown total.
    pub fn new(progress: f64) -> Self {
        Self { progress, ..Self::default() }
    }

    /// Sets how much there is.
    #[must_use]
    pub fn total(mut self, total: f64) -> Self {
        self.total = Some(total);
        self
    }

    /// Sets what is being done.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }
}

wire_object!(Progress {
    number progress = "progress",
    optional_number total = "total",
    optional message = "message",
});

/// The params of `notifications/progress`.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressParams {
    /// The token of the request.
    pub token: ProgressToken,
    /// How much is done.
    pub progress: f64,
    /// How much there is, if known.
    pub total: Option<f64>,
    /// What is being done, for people.
    pub message: Option<String>,
}

impl ProgressParams {
    /// `progress` of the request that bears `token`.
    pub fn new(token: ProgressToken, progress: Progress) -> Self {
        Self { token, progress: progress.progress, total: progress.total, message: progress.message }
    }
}

wire_object!(ProgressParams {
    required token = "progressToken",
    number progress = "progress",
    optional_number total = "total",
    optional message = "message",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_no_point() {
        let check = |progress: Progress, expect: &str| {
            assert_eq!(serde_json::to_string(&progress).unwrap(), expect);
            assert_eq!(serde_json::from_str::<Progress>(expect).unwrap(), progress);
        };
        check(Progress::new(3.0).total(10.0).message("m"), r#"{"progress":3,"total":10,"message":"m"}"#);
        check(Progress::new(0.5), r#"{"progress":0.5}"#);
        check(Progress::new(-2.0).total(1e300), r#"{"progress":-2,"total":1e+300}"#);
    }

    #[test]
    fn tokens_are_text_or_whole_numbers() {
        for json in [
            r#"{"progressToken":"t","progress":1}"#,
            r#"{"progressToken":-7,"progress":1.5,"total":2}"#,
            r#"{"progressToken":9223372036854775807,"progress":0}"#,
        ] {
            let params: ProgressParams = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&params).unwrap(), json);
        }
        for json in ["1.5", "null", "{}", "18446744073709551615"] {
            assert!(serde_json::from_str::<ProgressToken>(json).is_err(), "{json}");
        }
    }
}
