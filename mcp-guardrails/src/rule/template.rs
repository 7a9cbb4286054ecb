//! What a rule says, with values of the event in it.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Field, Node};
use crate::event::Event;

/// More of a value is not repeated.
const LONGEST: usize = 200;

/// A message with placeholders: `{/path}`, `{tool}`, `{user}`, … and `{rule}`. `{{` is a brace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Box<[Part]>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Field(Field),
    Rule,
}

impl Template {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, and what may have been meant.
    pub fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix('{') {
                plain.push('{');
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once('}') else {
                return Err(("a `{` has no `}`; write `{{` for a brace".to_owned(), None));
            };
            parts.push(Part::Text(std::mem::take(&mut plain).into()));
            parts.push(match name {
                "rule" => Part::Rule,
                "file_path" => Part::Field(Field::parse("file/path")?),
                _ => Part::Field(Field::parse(name)?),
            });
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain.into()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Self(parts.into()))
    }

    /// A message that says what it says.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self(Box::new([Part::Text(text.into())]))
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.0.iter().filter_map(|part| if let Part::Field(field) = part { Some(field) } else { None })
    }

    pub(crate) fn render(&self, event: &Event<'_>, rule: &str) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Rule => out.push_str(rule),
                Part::Field(field) => {
                    let mut nodes = Vec::new();
                    field.find(event, &mut nodes);
                    match nodes.first() {
                        None => out.push_str("(none)"),
                        Some(node) => write_value(*node, &mut out),
                    }
                }
            }
        }
        out
    }
}

fn write_value(node: Node<'_>, out: &mut String) {
    match (node.as_str(), node) {
        (Some(text), _) => {
            let end = text.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| at);
            out.push_str(text.get(..end).unwrap_or_default());
            if end < text.len() {
                out.push('…');
            }
        }
        // A value of many parts is named, not written: it may be as large and deep as it likes.
        (_, Node::Json(Value::Array(items))) => drop(write!(out, "a list of {}", items.len())),
        (_, Node::Json(Value::Object(members))) => drop(write!(out, "an object of {}", members.len())),
        (_, Node::Json(value)) => drop(write!(out, "{value}")),
        (_, Node::Bool(value)) => drop(write!(out, "{value}")),
        (_, Node::Text(_)) => {}
    }
}
