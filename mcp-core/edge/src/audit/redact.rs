//! Which arguments may be written down.

use serde_json::Value;

use crate::call::shortened;
use crate::json;

/// Words in names of what is never written down.
const SECRET: [&str; 10] = [
    "passw",
    "secret",
    "token",
    "credential",
    "authorization",
    "cookie",
    "private",
    "apikey",
    "api_key",
    "api-key",
];

/// Which arguments an audit log keeps, by JSON pointer. None, unless it is told.
#[derive(Debug, Clone, Default)]
pub struct Redaction(Box<[Box<str>]>);

/// An argument that must not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("audit.keep[{index}]: `{pointer}` {problem}")]
#[non_exhaustive]
pub struct RedactionError {
    /// Which pointer.
    pub index: usize,
    /// The pointer.
    pub pointer: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Redaction {
    /// Keeps texts, numbers and truth values at these pointers, e.g. `/path`; of texts the first 256 bytes.
    ///
    /// # Errors
    /// A pointer is none, or its name says that a secret is there.
    pub fn keep<T: Into<String>>(pointers: impl IntoIterator<Item = T>) -> Result<Self, RedactionError> {
        let mut kept = Vec::new();
        for (index, pointer) in pointers.into_iter().enumerate() {
            let pointer: String = pointer.into();
            let lower = pointer.to_ascii_lowercase();
            let problem = if !pointer.starts_with('/') {
                Some("is no JSON pointer: it must start with `/`")
            } else if SECRET.iter().any(|word| lower.contains(word)) {
                Some("is named like a secret, which is never kept")
            } else {
                None
            };
            if let Some(problem) = problem {
                return Err(RedactionError { index, pointer, problem });
            }
            kept.push(pointer.into());
        }
        Ok(Self(kept.into()))
    }

    /// Writes what is kept of the arguments as an object.
    pub(super) fn write(&self, out: &mut Vec<u8>, arguments: &str) {
        out.push(b'{');
        let parsed: Value =
            if self.0.is_empty() { Value::Null } else { serde_json::from_str(arguments).unwrap_or_default() };
        let mut first = true;
        for pointer in &self.0 {
            let Some(value) = parsed.pointer(pointer).filter(|value| !value.is_object() && !value.is_array())
            else {
                continue;
            };
            if !first {
                out.push(b',');
            }
            first = false;
            json::string(out, pointer);
            out.push(b':');
            match value {
                Value::String(text) if looks_secret(text) => json::string(out, "[redacted]"),
                Value::String(text) => json::string(out, shortened(text)),
                other => out.extend_from_slice(other.to_string().as_bytes()),
            }
        }
        out.push(b'}');
    }
}

/// Whether a text has the form of a well-known kind of secret, wherever it stands.
fn looks_secret(text: &str) -> bool {
    let prefixes =
        ["sk-", "sk_", "ghp_", "gho_", "github_pat_", "xox", "AKIA", "glpat-", "Bearer ", "Basic "];
    let jwt = text.starts_with("eyJ") && text.matches('.').count() >= 2;
    jwt || text.contains("-----BEGIN ") || prefixes.iter().any(|prefix| text.trim_start().starts_with(prefix))
}
