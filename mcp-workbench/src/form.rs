//! A form that a person fills in, made of the schema of a tool's arguments or of a server's question. It draws nothing.
//!
//! ```
//! use mcp_workbench::form::{Form, Kind};
//! use serde_json::json;
//!
//! let mut form = Form::of(&json!({ "type": "object", "required": ["query"], "properties": {
//!     "query": { "type": "string" }, "limit": { "type": "integer", "default": 5 } } }));
//! assert_eq!((form.fields()[0].kind.clone(), form.fields()[1].text.as_str()), (Kind::Text, "5"));
//! assert_eq!(form.filled().unwrap_err()[0].to_string(), "`query` is needed");
//! form.write(0, "42");
//! assert_eq!(serde_json::Value::from(form.filled().unwrap()), json!({ "query": "42", "limit": 5 }));
//! ```

use std::fmt;

use mcp_core::protocol::PromptArgument;
use serde_json::{Map, Value};

use crate::arguments::{fits, wanted};
use crate::config::schema::{resolved, types};

/// What a field takes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// One of some values, as they are shown.
    Choice(Vec<String>),
    /// A line for each item, or a JSON list.
    List,
    /// JSON.
    Json,
}

impl Kind {
    /// What people call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole number",
            Self::Number => "number",
            Self::Choice(_) => "choice",
            Self::List => "list, a line each",
            Self::Json => "JSON",
        }
    }

    /// Whether it may take several lines.
    #[must_use]
    pub const fn has_lines(&self) -> bool {
        matches!(self, Self::List | Self::Json)
    }
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// The name of the argument; empty for all of them as one JSON object.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be filled in.
    pub required: bool,
    /// What stands in it. Nothing leaves the argument out; `""` is an empty text.
    pub text: String,
    schema: Value,
}

/// A field is not filled in as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// Which of the fields.
    pub field: usize,
    /// Its name.
    pub name: String,
    /// What is wrong, after its name.
    pub problem: String,
}

impl Mistake {
    /// What is wrong with a field, after its name.
    pub fn new(field: usize, name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field, name: name.into(), problem: problem.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.name, self.problem)
    }
}

impl std::error::Error for Mistake {}

/// Fields in the order of the schema, those that are needed first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Form {
    fields: Vec<Field>,
    root: Value,
}

impl Form {
    /// The form of a JSON Schema of an object.
    #[must_use]
    pub fn of(schema: &Value) -> Self {
        let top = resolved(schema, schema);
        let required: Vec<&str> =
            top["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = top["properties"].as_object().into_iter().flatten();
        let field = |(name, of): (&String, &Value)| {
            let inner = resolved(of, schema);
            let described = [of, inner].into_iter().find_map(|at| at["description"].as_str());
            let description = described.or_else(|| of["title"].as_str()).unwrap_or_default().to_owned();
            let required = required.contains(&name.as_str());
            let kind = kind(inner, schema, required);
            let default = of.get("default").or_else(|| inner.get("default"));
            let text = default.map_or_else(String::new, |default| shown(default, &kind));
            Field { name: name.clone(), description, kind, required, text, schema: inner.clone() }
        };
        let (needed, other): (Vec<_>, Vec<_>) = properties.map(field).partition(|field| field.required);
        let mut fields = [needed, other].concat();
        let takes_more = match &top["additionalProperties"] {
            Value::Bool(allowed) => *allowed,
            more => more.is_object(),
        };
        let is_open = takes_more || ["oneOf", "anyOf", "allOf"].iter().any(|word| top.get(*word).is_some());
        if fields.is_empty() && is_open {
            let description = "All arguments, as a JSON object.".to_owned();
            let (kind, schema) = (Kind::Json, serde_json::json!({ "type": "object" }));
            fields.push(Field {
                name: String::new(),
                description,
                kind,
                required: false,
                text: String::new(),
                schema,
            });
        }
        Self { fields, root: schema.clone() }
    }

    /// The form of a prompt's arguments.
    #[must_use]
    pub fn of_prompt(arguments: &[PromptArgument]) -> Self {
        let field = |of: &PromptArgument| {
            text_field(
                &of.name,
                of.description.clone().or_else(|| of.title.clone()).unwrap_or_default(),
                of.required == Some(true),
            )
        };
        Self { fields: arguments.iter().map(field).collect(), root: Value::Null }
    }

    /// A form of texts, each of which may be left out: the variables of a template.
    #[must_use]
    pub fn of_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let fields = names.into_iter().map(|name| text_field(name, String::new(), false));
        Self { fields: fields.collect(), root: Value::Null }
    }

    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Puts a text into a field.
    pub fn write(&mut self, field: usize, text: impl Into<String>) {
        if let Some(field) = self.fields.get_mut(field) {
            field.text = text.into();
        }
    }

    /// The arguments that are filled in.
    ///
    /// # Errors
    /// All fields that are not filled in as they should be.
    pub fn filled(&self) -> Result<Map<String, Value>, Vec<Mistake>> {
        let (mut all, mut mistakes) = (Map::new(), Vec::new());
        for (number, field) in self.fields.iter().enumerate() {
            match field.value(&self.root) {
                Ok(Some(Value::Object(whole))) if field.name.is_empty() => all.extend(whole),
                Ok(Some(value)) => drop(all.insert(field.name.clone(), value)),
                Ok(None) => {}
                Err(problem) => {
                    let name = if field.name.is_empty() { "arguments" } else { &field.name };
                    mistakes.push(Mistake { field: number, name: name.to_owned(), problem });
                }
            }
        }
        if mistakes.is_empty() { Ok(all) } else { Err(mistakes) }
    }
}

fn text_field(name: &str, description: String, required: bool) -> Field {
    let (kind, text, schema) = (Kind::Text, String::new(), Value::Null);
    Field { name: name.to_owned(), description, kind, required, text, schema }
}

impl Field {
    fn value(&self, root: &Value) -> Result<Option<Value>, String> {
        let text = if self.kind == Kind::Text { &self.text } else { self.text.trim() };
        if text.is_empty() {
            return if self.required { Err("is needed".to_owned()) } else { Ok(None) };
        }
        let value = match &self.kind {
            Kind::Text if text == "\"\"" => Value::String(String::new()),
            Kind::Text => Value::String(text.to_owned()),
            Kind::Integer => {
                let number =
                    text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
                number.map_err(|_| format!("must be a whole number, not `{text}`"))?
            }
            Kind::Number => {
                let number = serde_json::from_str::<Value>(text).ok().filter(Value::is_number);
                number.ok_or_else(|| format!("must be a number, not `{text}`"))?
            }
            Kind::Choice(choices) => {
                let value = options(&self.schema).into_iter().find(|value| plain(value) == text);
                value.ok_or_else(|| format!("must be one of {}, not `{text}`", choices.join(", ")))?
            }
            Kind::List if !text.starts_with('[') => {
                let item = resolved(&self.schema["items"], root);
                let items = text.lines().filter(|line| !line.trim().is_empty()).map(|line| one(line, item));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Kind::List | Kind::Json => {
                let value = serde_json::from_str(text).map_err(|error| format!("must be JSON: {error}"))?;
                of_type(&self.schema, &value)?;
                value
            }
        };
        bounds(&self.schema, &value)?;
        Ok(Some(value))
    }
}

/// An item of a list, as a line.
fn one(line: &str, schema: &Value) -> Result<Value, String> {
    let types = types(schema);
    if types.is_empty() || types.contains(&"string") {
        let choices = options(schema);
        let value = Value::String(line.to_owned());
        if !choices.is_empty() && !choices.contains(&value) {
            let names: Vec<_> = choices.iter().map(plain).collect();
            return Err(format!("has a line that must be one of {}, not `{line}`", names.join(", ")));
        }
        return Ok(value);
    }
    let wrong = || format!("has a line that must be {}, not `{line}`", wanted(&types));
    let value = serde_json::from_str(line.trim()).map_err(|_| wrong())?;
    of_type(schema, &value).map_err(|_| wrong())?;
    Ok(value)
}

fn of_type(schema: &Value, value: &Value) -> Result<(), String> {
    let types = types(schema);
    if types.is_empty() || fits(&types, value) { Ok(()) } else { Err(format!("must be {}", wanted(&types))) }
}

/// What can be said of a value without knowing what it is for.
fn bounds(schema: &Value, value: &Value) -> Result<(), String> {
    let number = |word: &str| schema[word].as_f64();
    if let Some(of) = value.as_f64() {
        let less =
            number("minimum").filter(|least| of < *least).map(|least| format!("must be at least {least}"));
        let more = number("maximum").filter(|most| of > *most).map(|most| format!("must be at most {most}"));
        let under = number("exclusiveMinimum").filter(|least| of <= *least);
        let over = number("exclusiveMaximum").filter(|most| of >= *most);
        let under = under.map(|least| format!("must be more than {least}"));
        let over = over.map(|most| format!("must be less than {most}"));
        return less.or(more).or(under).or(over).map_or(Ok(()), Err);
    }
    let (size, least, most, of) = match value {
        Value::String(text) => (text.chars().count(), "minLength", "maxLength", "characters"),
        Value::Array(items) => (items.len(), "minItems", "maxItems", "items"),
        _ => return Ok(()),
    };
    let limit = |word: &str| schema[word].as_u64();
    if let Some(least) = limit(least).filter(|least| (size as u64) < *least) {
        return Err(format!("must have at least {least} {of}, not {size}"));
    }
    match limit(most).filter(|most| (size as u64) > *most) {
        Some(most) => Err(format!("must have at most {most} {of}, not {size}")),
        None => Ok(()),
    }
}

fn kind(schema: &Value, root: &Value, required: bool) -> Kind {
    let types = types(schema);
    let types: Vec<&str> = types.into_iter().filter(|kind| *kind != "null").collect();
    let choices = options(schema);
    if !choices.is_empty() {
        let left_out = (!required).then(String::new);
        return Kind::Choice(left_out.into_iter().chain(choices.iter().map(plain)).collect());
    }
    match *types {
        ["string"] => Kind::Text,
        ["integer"] => Kind::Integer,
        ["number"] => Kind::Number,
        ["array"] => {
            let item = resolved(&schema["items"], root);
            let inner = self::types(item);
            let simple = !inner.is_empty() && inner.iter().all(|kind| !matches!(*kind, "array" | "object"));
            if simple { Kind::List } else { Kind::Json }
        }
        _ => Kind::Json,
    }
}

/// The values of which one must be chosen; none where it is free.
fn options(schema: &Value) -> Vec<Value> {
    if types(schema) == ["boolean"] {
        return vec![Value::Bool(true), Value::Bool(false)];
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().filter(|value| !value.is_null()).cloned().collect();
    }
    let titled = |word: &str| {
        let each = schema[word].as_array()?.iter().map(|choice| choice.get("const").cloned());
        each.collect::<Option<Vec<_>>>()
    };
    titled("oneOf").or_else(|| titled("anyOf")).unwrap_or_default()
}

/// A value as people write it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What stands in a field at first.
fn shown(default: &Value, kind: &Kind) -> String {
    match (default, kind) {
        (Value::Null, _) => String::new(),
        (Value::Array(items), Kind::List) => items.iter().map(plain).collect::<Vec<_>>().join("\n"),
        (Value::Array(items), Kind::Json) if items.is_empty() => String::new(),
        (Value::Object(_) | Value::Array(_), Kind::Json) => {
            serde_json::to_string_pretty(default).unwrap_or_default()
        }
        (Value::String(_), Kind::Json) => default.to_string(),
        _ => plain(default),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn form() -> Form {
        Form::of(&json!({ "type": "object", "required": ["text", "sure"], "properties": {
            "count": { "type": ["integer", "null"], "minimum": 1, "maximum": 9, "description": "How many." },
            "text": { "type": "string", "maxLength": 5 },
            "sure": { "type": "boolean" },
            "share": { "type": "number" },
            "tags": { "type": "array", "items": { "type": "string" }, "default": ["a", "b"] },
            "sizes": { "type": "array", "items": { "type": "integer" }, "maxItems": 2 },
            "nested": { "anyOf": [{ "$ref": "#/$defs/Nested" }, { "type": "null" }] },
            "what": { "enum": ["accepted", 3], "default": "accepted" },
            "titled": { "oneOf": [{ "const": "s", "title": "Small" }, { "const": "l", "title": "Large" }] },
        }, "$defs": { "Nested": { "type": "object", "description": "A nested one." } } }))
    }

    fn with(texts: &[(&str, &str)]) -> Form {
        let mut form = form();
        for (name, text) in [("text", "x"), ("sure", "true")].iter().chain(texts) {
            let at = form.fields().iter().position(|field| field.name == *name).unwrap();
            form.write(at, *text);
        }
        form
    }

    #[test]
    fn fields_are_made_of_schemas() {
        let form = form();
        let kinds: Vec<_> =
            form.fields().iter().map(|field| (field.name.as_str(), field.kind.clone())).collect();
        let choice = |of: &[&str]| Kind::Choice(of.iter().map(|word| (*word).to_owned()).collect());
        assert_eq!(
            kinds,
            [
                ("text", Kind::Text),
                ("sure", choice(&["true", "false"])),
                ("count", Kind::Integer),
                ("share", Kind::Number),
                ("tags", Kind::List),
                ("sizes", Kind::List),
                ("nested", Kind::Json),
                ("what", choice(&["", "accepted", "3"])),
                ("titled", choice(&["", "s", "l"])),
            ]
        );
        assert_eq!(
            (form.fields()[2].description.as_str(), form.fields()[6].description.as_str()),
            ("How many.", "A nested one.")
        );
        assert!(Form::of(&json!({ "type": "object" })).fields().is_empty());
        assert_eq!(
            Form::of(&json!({ "type": "object", "additionalProperties": true })).fields()[0].kind,
            Kind::Json
        );
    }

    #[test]
    fn what_is_filled_in_becomes_arguments() {
        let check = |texts: &[(&str, &str)], expect: Value| {
            let mut all = Value::from(with(texts).filled().unwrap());
            for (name, value) in [
                ("text", json!("x")),
                ("sure", json!(true)),
                ("tags", json!(["a", "b"])),
                ("what", json!("accepted")),
            ] {
                if all[name] == value {
                    all.as_object_mut().unwrap().remove(name);
                }
            }
            assert_eq!(all, expect, "{texts:?}");
        };
        check(&[], json!({}));
        check(&[("text", "\"\"")], json!({ "text": "" }));
        check(&[("count", " 3 "), ("share", "0.5")], json!({ "count": 3, "share": 0.5 }));
        check(
            &[("sizes", "1\n2\n"), ("tags", "one tag\n[2]")],
            json!({ "sizes": [1, 2], "tags": ["one tag", "[2]"] }),
        );
        check(&[("tags", "[\"one\"]")], json!({ "tags": ["one"] }));
        check(&[("nested", "{ \"a\": [1] }"), ("what", "3")], json!({ "nested": { "a": [1] }, "what": 3 }));
        check(&[("tags", ""), ("what", "")], json!({}));
        check(&[("titled", "l"), ("sure", "false")], json!({ "titled": "l", "sure": false }));
    }

    #[test]
    fn every_mistake_names_its_field() {
        let says = |texts: &[(&str, &str)]| {
            let mistakes = with(texts).filled().unwrap_err();
            mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            says(&[("text", ""), ("count", "many")]),
            "`text` is needed; `count` must be a whole number, not `many`"
        );
        for (name, text, problem) in [
            ("text", "longer", "must have at most 5 characters, not 6"),
            ("count", "0", "must be at least 1"),
            ("count", "1.5", "must be a whole number, not `1.5`"),
            ("share", "half", "must be a number, not `half`"),
            ("sure", "yes", "must be one of true, false, not `yes`"),
            ("sizes", "1\n2\n3", "must have at most 2 items, not 3"),
            ("sizes", "x", "has a line that must be a whole number, not `x`"),
            ("nested", "[1]", "must be a JSON object"),
            ("nested", "{", "must be JSON: EOF while parsing an object at line 1 column 1"),
        ] {
            assert_eq!(says(&[(name, text)]), format!("`{name}` {problem}"));
        }
    }
}
