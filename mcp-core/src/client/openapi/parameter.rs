//! Parameters, and how their values are written (RFC 6570 and what OpenAPI adds to it).

use serde_json::{Map, Value};

/// Where a parameter goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Path,
    Query,
    Header,
    Cookie,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Simple,
    Label,
    Matrix,
    Form,
    Space,
    Pipe,
    Deep,
    /// As JSON text.
    Json,
}

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    /// What the API calls it.
    pub(super) name: String,
    /// What the argument of the tool is called.
    pub(super) argument: String,
    pub(super) place: Place,
    pub(super) style: Style,
    pub(super) explode: bool,
    /// Whether reserved characters that do no harm in a query stay as they are.
    pub(super) reserved: bool,
    pub(super) required: bool,
}

impl Place {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "path" => Self::Path,
            "query" => Self::Query,
            "header" => Self::Header,
            "cookie" => Self::Cookie,
            _ => return None,
        })
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }
}

impl Style {
    /// The style of this name where it may be used; the usual one where none is named.
    pub(super) fn parse(text: Option<&str>, place: Place) -> Option<Self> {
        Some(match (place, text) {
            (Place::Path | Place::Header, None | Some("simple")) => Self::Simple,
            (Place::Path, Some("label")) => Self::Label,
            (Place::Path, Some("matrix")) => Self::Matrix,
            (Place::Query | Place::Cookie, None | Some("form")) => Self::Form,
            (Place::Query, Some("spaceDelimited")) => Self::Space,
            (Place::Query, Some("pipeDelimited")) => Self::Pipe,
            (Place::Query, Some("deepObject")) => Self::Deep,
            _ => return None,
        })
    }
}

impl Parameter {
    /// The value as a piece of a path, encoded so that it stays one.
    pub(super) fn in_path(&self, value: &Value) -> String {
        let name = encode(&self.name);
        match self.style {
            Style::Label => match value {
                Value::Array(_) | Value::Object(_) => {
                    let glue = if self.explode { "." } else { "," };
                    format!(".{}", self.joined(value, glue, &encode))
                }
                _ => format!(".{}", encode(&text(value))),
            },
            Style::Matrix => match value {
                Value::Array(items) if self.explode => {
                    items.iter().map(|item| format!(";{name}={}", encode(&text(item)))).collect()
                }
                Value::Object(_) if self.explode => format!(";{}", self.joined(value, ";", &encode)),
                _ => format!(";{name}={}", self.joined(value, ",", &encode)),
            },
            Style::Json => encode(&value.to_string()),
            _ => self.joined(value, ",", &encode),
        }
    }

    /// The value as a header; nothing is encoded.
    pub(super) fn in_header(&self, value: &Value) -> String {
        if self.style == Style::Json { value.to_string() } else { self.joined(value, ",", &str::to_owned) }
    }

    /// The value as pairs for a query or cookies, encoded.
    pub(super) fn pairs(&self, value: &Value) -> Vec<(String, String)> {
        let name = encode(&self.name);
        let encode_value = |text: &str| if self.reserved { encode_some(text) } else { encode(text) };
        let glue = match self.style {
            Style::Space => "%20",
            Style::Pipe => "%7C",
            _ => ",",
        };
        match (self.style, value) {
            (Style::Json, _) => vec![(name, encode_value(&value.to_string()))],
            (Style::Deep, Value::Object(members)) => {
                let mut pairs = Vec::new();
                deep(&name, members, &encode_value, &mut pairs);
                pairs
            }
            (_, Value::Array(items)) if self.explode => {
                items.iter().map(|item| (name.clone(), encode_value(&text(item)))).collect()
            }
            (_, Value::Object(members)) if self.explode => {
                let members = members.iter().filter(|(_, member)| !member.is_null());
                members.map(|(key, member)| (encode(key), encode_value(&text(member)))).collect()
            }
            _ => vec![(name, self.joined(value, glue, &encode_value))],
        }
    }

    /// Items and members in one piece.
    fn joined(&self, value: &Value, glue: &str, encode: &dyn Fn(&str) -> String) -> String {
        match value {
            Value::Array(items) => {
                items.iter().map(|item| encode(&text(item))).collect::<Vec<_>>().join(glue)
            }
            Value::Object(members) => {
                let between = if self.explode { "=" } else { glue };
                let written = members
                    .iter()
                    .map(|(key, member)| format!("{}{between}{}", encode(key), encode(&text(member))));
                written.collect::<Vec<_>>().join(glue)
            }
            _ => encode(&text(value)),
        }
    }
}

/// `name[key]=value`, and deeper.
fn deep(
    name: &str,
    members: &Map<String, Value>,
    encode_value: &dyn Fn(&str) -> String,
    pairs: &mut Vec<(String, String)>,
) {
    for (key, member) in members {
        let name = format!("{name}%5B{}%5D", encode(key));
        match member {
            Value::Null => {}
            Value::Object(inner) => deep(&name, inner, encode_value, pairs),
            Value::Array(items) => {
                pairs.extend(items.iter().map(|item| (name.clone(), encode_value(&text(item)))));
            }
            other => pairs.push((name, encode_value(&text(other)))),
        }
    }
}

/// A value as text; what has members is written as JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Percent-encodes all but what never means anything in a URL (RFC 3986, 2.3).
pub(super) fn encode(text: &str) -> String {
    encode_but(text, b"")
}

/// The same, but leaves reserved characters that cannot end a value or the query.
fn encode_some(text: &str) -> String {
    encode_but(text, b":/?@!$'()*,;")
}

fn encode_but(text: &str, kept: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || kept.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests;
