//! Tool arguments that HTTP headers repeat, so that intermediaries can route without reading the body.

use std::fmt;

use serde_json::Value;

use super::{MCP_PARAM_PREFIX, decode_value, encode_value};
use crate::protocol::RawJson;

const ANNOTATION: &str = "x-mcp-header";
/// The greatest integer that every JSON reader keeps exact.
const SAFE: i64 = (1 << 53) - 1;

/// The type of a mirrored argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MirroredKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
}

/// An argument that a header repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirroredParam {
    /// The whole name of the header, in lower case.
    pub header: String,
    /// The keys that lead from the arguments to the value.
    pub path: Vec<String>,
    /// Its type.
    pub kind: MirroredKind,
}

/// What is wrong with an `x-mcp-header` annotation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`x-mcp-header` at `{at}` {fault}")]
pub struct MirrorError {
    /// JSON Pointer to the schema that bears it.
    pub at: String,
    /// What is wrong.
    pub fault: MirrorFault,
}

/// The ways in which an `x-mcp-header` annotation can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorFault {
    /// It is not text.
    #[error("is not a string")]
    NotText,
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It holds a character that the name of a header cannot hold.
    #[error("is not a header name: `{0}`")]
    NotAToken(String),
    /// Another argument has the same header, capitals aside.
    #[error("repeats the header `{0}`")]
    Duplicate(String),
    /// The argument is not a string, integer or boolean.
    #[error("stands on an argument that is not a string, integer or boolean")]
    NotPrimitive,
    /// It stands where `properties` alone do not lead.
    #[error("stands where no argument can be found by property names alone")]
    Unreachable,
    /// The schema cannot be read.
    #[error("cannot be looked for: the schema is not an object")]
    NotASchema,
}

/// A header that does not say what the arguments say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("header `{header}` {problem}")]
pub struct HeaderMismatch {
    /// The name of the header.
    pub header: String,
    /// How it differs.
    pub problem: HeaderProblem,
}

/// How a header differs from the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderProblem {
    /// The argument has a value and the header is missing.
    Missing,
    /// The header has a value and the argument is missing.
    Unexpected,
    /// The header cannot be decoded.
    Unreadable,
    /// The values differ.
    Different,
    /// The integer is beyond what every JSON reader keeps exact.
    OutOfRange,
}

impl fmt::Display for HeaderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "is missing, though the arguments hold its value",
            Self::Unexpected => "has a value, though the arguments hold none",
            Self::Unreadable => "cannot be decoded",
            Self::Different => "does not match the value in the arguments",
            Self::OutOfRange => "stands for an integer beyond 2^53 - 1",
        })
    }
}

/// Finds the arguments that headers repeat.
///
/// # Errors
/// The first annotation that breaks a rule: a tool with such a schema must not be offered.
pub fn mirrored_params(schema: &RawJson) -> Result<Vec<MirroredParam>, MirrorError> {
    if !schema.get().contains(ANNOTATION) && !schema.get().contains('\\') {
        return Ok(Vec::new());
    }
    let fail = |fault| MirrorError { at: String::new(), fault };
    let schema = schema.to_value().map_err(|_| fail(MirrorFault::NotASchema))?;
    let mut walk = Walk::default();
    walk.schema(&schema, true)?;
    Ok(walk.found)
}

/// One walk over a schema; `path` holds the property names, `at` every key.
#[derive(Default)]
struct Walk {
    found: Vec<MirroredParam>,
    path: Vec<String>,
    at: Vec<String>,
}

impl Walk {
    /// `reachable`: whether property names alone lead here.
    fn schema(&mut self, schema: &Value, reachable: bool) -> Result<(), MirrorError> {
        match schema {
            Value::Object(keywords) => {
                if let Some(annotation) = keywords.get(ANNOTATION) {
                    self.annotation(schema, annotation, reachable)?;
                }
                for (keyword, value) in keywords {
                    self.at.push(keyword.clone());
                    self.keyword(keyword, value, reachable)?;
                    self.at.pop();
                }
                Ok(())
            }
            Value::Array(schemas) => schemas.iter().enumerate().try_for_each(|(index, schema)| {
                self.at.push(index.to_string());
                self.schema(schema, false)?;
                self.at.pop();
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    fn keyword(&mut self, keyword: &str, value: &Value, reachable: bool) -> Result<(), MirrorError> {
        let properties = keyword == "properties";
        match keyword {
            // Data, where the word means nothing.
            "const" | "enum" | "default" | "examples" | "dependentRequired" | ANNOTATION => Ok(()),
            // Names of the author's choice, each with a schema.
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas"
                if value.is_object() =>
            {
                for (name, schema) in value.as_object().into_iter().flatten() {
                    self.at.push(name.clone());
                    self.path.push(name.clone());
                    self.schema(schema, reachable && properties)?;
                    self.path.pop();
                    self.at.pop();
                }
                Ok(())
            }
            _ => self.schema(value, false),
        }
    }

    fn annotation(&mut self, schema: &Value, name: &Value, reachable: bool) -> Result<(), MirrorError> {
        let param = self.param(schema, name, reachable).map_err(|fault| MirrorError {
            at: self.at.iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect(),
            fault,
        })?;
        self.found.push(param);
        Ok(())
    }

    fn param(&self, schema: &Value, name: &Value, reachable: bool) -> Result<MirroredParam, MirrorFault> {
        let name = name.as_str().ok_or(MirrorFault::NotText)?;
        if name.is_empty() {
            return Err(MirrorFault::Empty);
        }
        if !name.bytes().all(is_token) {
            return Err(MirrorFault::NotAToken(name.to_owned()));
        }
        if !reachable || self.path.is_empty() {
            return Err(MirrorFault::Unreachable);
        }
        let kind = kind(schema).ok_or(MirrorFault::NotPrimitive)?;
        let header = format!("{MCP_PARAM_PREFIX}{}", name.to_ascii_lowercase());
        if self.found.iter().any(|other| other.header == header) {
            return Err(MirrorFault::Duplicate(name.to_owned()));
        }
        Ok(MirroredParam { header, path: self.path.clone(), kind })
    }
}

/// One of the three types, alone or beside `null`, which stands for no header.
fn kind(schema: &Value) -> Option<MirroredKind> {
    let named = match schema.get("type")? {
        Value::String(name) => name.as_str(),
        Value::Array(names) => {
            match names.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?.as_slice() {
                [name] | [name, "null"] | ["null", name] => *name,
                _ => return None,
            }
        }
        _ => return None,
    };
    match named {
        "string" => Some(MirroredKind::String),
        "integer" => Some(MirroredKind::Integer),
        "boolean" => Some(MirroredKind::Boolean),
        _ => None,
    }
}

/// RFC 9110 `tchar`.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl MirroredParam {
    /// The value at the path; `null` is none.
    fn value<'a>(&self, arguments: &'a Value) -> Option<&'a Value> {
        let found = self.path.iter().try_fold(arguments, |value, key| value.get(key));
        found.filter(|value| !value.is_null())
    }

    /// The header value that a client sends along with `arguments`, if any.
    pub fn encode(&self, arguments: &Value) -> Option<String> {
        match self.value(arguments)? {
            Value::String(text) => Some(encode_value(text).into_owned()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Number(number) => {
                Some(whole(number.as_f64()?).map_or_else(|| number.to_string(), |n| n.to_string()))
            }
            _ => None,
        }
    }

    /// Checks that `header` says what `arguments` say. Integers are compared as numbers.
    ///
    /// # Errors
    /// When one of the two is missing, the header cannot be decoded, or the values differ.
    pub fn check(&self, header: Option<&str>, arguments: &Value) -> Result<(), HeaderMismatch> {
        let problem = match (header, self.value(arguments)) {
            (None, None) => return Ok(()),
            (None, Some(_)) => HeaderProblem::Missing,
            (Some(_), None) => HeaderProblem::Unexpected,
            (Some(header), Some(value)) => match decode_value(header) {
                Err(_) => HeaderProblem::Unreadable,
                Ok(header) => match compare(&header, value) {
                    Ok(()) => return Ok(()),
                    Err(problem) => problem,
                },
            },
        };
        Err(HeaderMismatch { header: self.header.clone(), problem })
    }
}

fn compare(header: &str, value: &Value) -> Result<(), HeaderProblem> {
    let same = match value {
        Value::String(text) => header == text,
        Value::Bool(truth) => header == if *truth { "true" } else { "false" },
        Value::Number(number) => {
            let is_number = header.starts_with(|c: char| c.is_ascii_digit() || c == '-');
            match (number.as_f64().map(|n| (n, whole(n))), header.parse::<f64>()) {
                (Some((n, None)), _) if n.fract() == 0.0 => return Err(HeaderProblem::OutOfRange),
                (Some((n, _)), Ok(header)) => is_number && n == header,
                _ => false,
            }
        }
        _ => false,
    };
    if same { Ok(()) } else { Err(HeaderProblem::Different) }
}

/// The integer that `number` is, within the range that every JSON reader keeps exact.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the filter refuses what was rounded")]
    let integer = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "SAFE is below 2^53")]
    let exact = number.abs() <= SAFE as f64 && number.fract() == 0.0;
    exact.then_some(integer)
}

#[cfg(test)]
mod tests;
