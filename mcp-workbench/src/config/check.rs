//! A document against what may be said: every mistake with its line, its path and what was probably meant.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Map, Number, Value};

use super::document::{Kind, Node};
use super::schema::{resolved, types, words};
use super::variables::{Lookup, expand};
use crate::nearest::did_you_mean;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its line, from 1 on.
    pub line: Option<u64>,
    /// Where it is, e.g. `server.port`.
    pub path: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It says what cannot be said.
    #[error("{}", told(file, problems))]
    Wrong {
        /// The file.
        file: String,
        /// All that is wrong with it.
        problems: Vec<Problem>,
    },
    /// It is not there, or cannot be read.
    #[error("the configuration `{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A variable of the environment does not say what it should.
    #[error("the variable `{name}` {problem}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong, without its value.
        problem: String,
    },
}

fn told(file: &str, problems: &[Problem]) -> String {
    let line = |problem: &Problem| {
        let at = problem.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
        format!("{at}: {problem}")
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "`{}` ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Goes through a document with its schema. Values are in no message: they may be secret.
pub(super) struct Check<'c> {
    root: &'c Value,
    lookup: Lookup<'c>,
    pub(super) problems: Vec<Problem>,
    path: Vec<String>,
}

impl<'c> Check<'c> {
    pub(super) const fn new(root: &'c Value, lookup: Lookup<'c>) -> Self {
        Self { root, lookup, problems: Vec::new(), path: Vec::new() }
    }

    fn wrong(&mut self, line: u64, message: impl Into<String>) {
        self.problems.push(Problem { line: Some(line), path: self.path.concat(), message: message.into() });
    }

    fn within<T>(&mut self, step: String, act: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = act(self);
        self.path.pop();
        result
    }

    /// The value, with variables filled in and of the type that it should have.
    pub(super) fn value(&mut self, node: &Node, schema: &Value) -> Option<Value> {
        let schema = resolved(schema, self.root);
        let types = types(schema);
        match &node.kind {
            Kind::Leaf(Value::Null) => None,
            Kind::Map(members) if types.contains(&"object") => Some(self.members(members, schema)),
            Kind::List(items) if types.contains(&"array") => {
                let of = schema.get("items").unwrap_or(&Value::Null);
                let items = items
                    .iter()
                    .enumerate()
                    .filter_map(|(at, item)| self.within(format!("[{at}]"), |check| check.value(item, of)));
                Some(Value::Array(items.collect()))
            }
            Kind::Leaf(value) => self.leaf(node.line, value, schema),
            Kind::Map(_) | Kind::List(_) => {
                self.wrong(node.line, format!("must be {}", kind(&types)));
                None
            }
        }
    }

    fn members(&mut self, members: &[(String, u64, Node)], schema: &Value) -> Value {
        let none = Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let any = schema.get("additionalProperties").filter(|any| any.is_object());
        let mut object = Map::new();
        for (name, line, value) in members {
            let step = if self.path.is_empty() { name.clone() } else { format!(".{name}") };
            self.within(step, |check| match known.get(name).or(any) {
                Some(schema) => {
                    if let Some(value) = check.value(value, schema) {
                        object.insert(name.clone(), value);
                    }
                }
                None => {
                    let near = did_you_mean(name, known.keys().map(String::as_str));
                    check.wrong(*line, format!("is not known{near}"));
                }
            });
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let line = members.first().map_or(1, |(_, line, _)| *line);
        for name in required.filter_map(Value::as_str) {
            if !members.iter().any(|(there, ..)| there == name) {
                self.wrong(line, format!("needs `{name}`"));
            }
        }
        Value::Object(object)
    }

    fn leaf(&mut self, line: u64, value: &Value, schema: &Value) -> Option<Value> {
        let (types, mut value) = (types(schema), value.clone());
        if let Value::String(text) = &value {
            match expand(text, self.lookup) {
                Ok(None) => {}
                // A variable that may be left out says nothing then.
                Ok(Some(text)) if text.is_empty() => return None,
                Ok(Some(text)) => value = typed(&text, &types),
                Err(problem) => {
                    self.wrong(line, problem);
                    return None;
                }
            }
        }
        let words = words(schema);
        if !words.is_empty() {
            return match value.as_str() {
                Some(word) if words.contains(&word) => Some(value),
                word => {
                    let near = did_you_mean(word.unwrap_or_default(), words.iter().copied());
                    self.wrong(line, format!("must be one of `{}`{near}", words.join("`, `")));
                    None
                }
            };
        }
        let fits = match &value {
            Value::String(_) => types.contains(&"string"),
            Value::Bool(_) => types.contains(&"boolean"),
            Value::Number(number) => {
                types.contains(&"number") || (types.contains(&"integer") && !number.is_f64())
            }
            _ => false,
        };
        if !fits {
            let quote = if types.contains(&"string") { ": put it in quotes" } else { "" };
            self.wrong(line, format!("must be {}{quote}", kind(&types)));
            return None;
        }
        if let Some(number) = value.as_f64() {
            let bound = |name: &str| schema.get(name).and_then(Value::as_f64);
            let (least, most) = (bound("minimum"), bound("maximum"));
            if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
                let most = most.map_or_else(String::new, |most| format!(" and at most {most}"));
                self.wrong(line, format!("must be at least {}{most}", least.unwrap_or_default()));
                return None;
            }
        }
        Some(value)
    }
}

/// What a variable says, as the type that is wanted where it says such a thing.
fn typed(text: &str, types: &[&str]) -> Value {
    let number =
        || text.parse::<u64>().map(Number::from).ok().or_else(|| text.parse::<i64>().map(Number::from).ok());
    if types.contains(&"boolean")
        && let Ok(value) = text.parse::<bool>()
    {
        return Value::Bool(value);
    }
    if types.iter().any(|name| matches!(*name, "integer" | "number"))
        && let Some(number) = number().or_else(|| text.parse().ok().and_then(Number::from_f64))
    {
        return Value::Number(number);
    }
    Value::String(text.to_owned())
}

fn kind(types: &[&str]) -> &'static str {
    match types.iter().find(|name| **name != "null") {
        Some(&"object") => "a group of settings",
        Some(&"array") => "a list",
        Some(&"boolean") => "`true` or `false`",
        Some(&"integer") => "a whole number",
        Some(&"number") => "a number",
        _ => "text",
    }
}
