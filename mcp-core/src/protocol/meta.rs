//! The `_meta` object and its reserved keys.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Revision of the protocol a request speaks.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// The client software behind a request.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// What the client of a request can do.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// Least severe log level a request wants to see.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// The server software behind a result.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The `subscriptions/listen` request that a notification belongs to.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// Asks for progress notifications that carry this token.
pub const PROGRESS_TOKEN: &str = "progressToken";
/// W3C trace context: the caller's span.
pub const TRACEPARENT: &str = "traceparent";
/// W3C trace context: vendor state.
pub const TRACESTATE: &str = "tracestate";
/// W3C baggage.
pub const BAGGAGE: &str = "baggage";

/// Metadata beside params, results, notifications and definitions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Meta(Map<String, Value>);

impl Meta {
    /// No metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value at `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The text at `key`, if it is text.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    /// Sets the value at `key` and returns the one before.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        self.0.insert(key.into(), value.into())
    }

    /// Takes the value at `key` out.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    /// Whether there is no metadata.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The object itself.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

impl From<Map<String, Value>> for Meta {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

/// Why a key must not be used in `_meta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A label before the slash does not start with a letter and end with a letter or digit.
    #[error("the prefix of a `_meta` key is dot-separated labels of letters, digits and hyphens")]
    Prefix,
    /// The name does not start and end with a letter or digit, or holds other characters.
    #[error(
        "the name of a `_meta` key is letters, digits, `-`, `_` and `.`, with a letter or digit at either end"
    )]
    Name,
}

/// Checks the form of a `_meta` key: an optional prefix of labels ending in `/`, then a name.
///
/// # Errors
/// When the prefix or the name is malformed.
pub fn check_key(key: &str) -> Result<(), KeyError> {
    let name = match key.split_once('/') {
        Some((prefix, name)) => {
            if !prefix.split('.').all(is_label) {
                return Err(KeyError::Prefix);
            }
            name
        }
        None => key,
    };
    if name.is_empty() || is_name(name.as_bytes()) { Ok(()) } else { Err(KeyError::Name) }
}

/// Whether a key belongs to the protocol itself: its second label is `modelcontextprotocol` or `mcp`, or it is
/// one of the reserved bare names.
pub fn is_reserved(key: &str) -> bool {
    match key.split_once('/') {
        Some((prefix, _)) => matches!(prefix.split('.').nth(1), Some("modelcontextprotocol" | "mcp")),
        None => matches!(key, PROGRESS_TOKEN | TRACEPARENT | TRACESTATE | BAGGAGE),
    }
}

fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
}

fn is_name(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked() {
        let check = |key: &str, expect: Result<(), KeyError>| assert_eq!(check_key(key), expect, "{key}");
        for good in [
            PROTOCOL_VERSION,
            PROGRESS_TOKEN,
            TRACEPARENT,
            "com.example/",
            "com.ex-ample.x1/a_b.c-d",
            "a/b",
            "",
        ] {
            check(good, Ok(()));
        }
        for bad in ["/x", "1com/x", "com./x", "com.example-/x", "co m/x", "com..a/x"] {
            check(bad, Err(KeyError::Prefix));
        }
        for bad in ["-x", "x_", "com.example/.x", "a/b/c", "a b", "é"] {
            check(bad, Err(KeyError::Name));
        }
    }

    #[test]
    fn reserved_prefixes_are_known_by_their_second_label() {
        for key in [
            "io.modelcontextprotocol/x",
            "dev.mcp/x",
            "org.modelcontextprotocol.api/x",
            "com.mcp.tools/x",
            TRACESTATE,
            BAGGAGE,
        ] {
            assert!(is_reserved(key), "{key}");
        }
        for key in ["com.example.mcp/x", "mcp/x", "x", "com.example/progressToken"] {
            assert!(!is_reserved(key), "{key}");
        }
    }
}
