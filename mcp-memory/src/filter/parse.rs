//! JSON to the tree.

use serde_json::{Map, Value};

use super::FilterError;
use super::node::{FIELDS, Field, Node, Order, Test};
use crate::time::{Range, TimeContext, resolve};

const DEPTH: usize = 32;
const MOST: usize = 256;
/// Values in a list.
const LIST: usize = 1_000;
const OPERATORS: &str = "`eq`, `ne`, `in`, `nin`, `any`, `all`, `none`, `gt`, `gte`, `lt`, `lte`, `contains`, `icontains`, `prefix`, `within`, `exists`";

type Result<T> = std::result::Result<T, FilterError>;

pub(super) fn filter(json: &Value, context: &TimeContext) -> Result<Node> {
    let mut reading = Reading { tests: 0, context };
    reading.node(json, "filter", DEPTH)
}

struct Reading<'a> {
    tests: usize,
    context: &'a TimeContext,
}

/// A time that lies in a span.
pub(super) fn within(field: &Field, range: &Range) -> Node {
    let (from, to) = range.milliseconds();
    let test = |order, time: i64| Node::Test(field.clone(), Test::Compare(order, time.into()));
    let from = from.map(|from| test(Order::GreaterOrEqual, from));
    all(from.into_iter().chain(to.map(|to| test(Order::Less, to))).collect())
}

impl Reading<'_> {
    fn node(&mut self, json: &Value, path: &str, depth: usize) -> Result<Node> {
        let Value::Object(members) = json else {
            return Err(FilterError::new(path, "must be an object such as `{\"type\": \"decision\"}`"));
        };
        if depth == 0 {
            return Err(FilterError::new(path, format!("is nested deeper than {DEPTH}")));
        }
        let mut nodes = Vec::new();
        for (name, value) in members {
            let path = format!("{path}.{name}");
            nodes.push(match name.as_str() {
                "all" | "AND" => Node::All(self.nodes(value, &path, depth)?),
                "any" | "OR" => Node::Any(self.nodes(value, &path, depth)?),
                "not" | "NOT" if value.is_array() => not(Node::Any(self.nodes(value, &path, depth)?)),
                "not" | "NOT" => not(self.node(value, &path, depth - 1)?),
                _ => self.field(&field(name, &path)?, value, &path)?,
            });
        }
        Ok(all(nodes))
    }

    fn nodes(&mut self, json: &Value, path: &str, depth: usize) -> Result<Vec<Node>> {
        let Value::Array(items) = json else {
            return Err(FilterError::new(path, "must be a list of conditions"));
        };
        let each = items.iter().enumerate();
        each.map(|(at, item)| self.node(item, &format!("{path}[{at}]"), depth - 1)).collect()
    }

    fn field(&mut self, field: &Field, json: &Value, path: &str) -> Result<Node> {
        match json {
            Value::Object(operators) => self.operators(field, operators, path),
            Value::Array(_) => {
                Err(FilterError::new(path, "a list needs an operator: `{\"in\": […]}` or `{\"any\": […]}`"))
            }
            Value::String(text) if text == "*" => self.test(field, Test::Exists, path),
            value => {
                let value = self::value(field, value, path)?;
                self.test(field, Test::Any(vec![value]), path)
            }
        }
    }

    fn operators(&mut self, field: &Field, operators: &Map<String, Value>, path: &str) -> Result<Node> {
        if operators.is_empty() {
            return Err(FilterError::new(path, format!("needs an operator: {OPERATORS}")));
        }
        let mut nodes = Vec::new();
        for (name, json) in operators {
            let path = format!("{path}.{name}");
            if name == "within" {
                nodes.push(self.within(field, json, &path)?);
                continue;
            }
            let one = || value(field, json, &path).map(|value| vec![value]);
            let many = || values(field, json, &path);
            let text = || text(field, json, &path);
            let (is_so, test) = match name.as_str() {
                "eq" => (true, Test::Any(one()?)),
                "ne" => (false, Test::Any(one()?)),
                "in" | "any" => (true, Test::Any(many()?)),
                "nin" | "none" => (false, Test::Any(many()?)),
                "all" => (true, Test::Every(many()?)),
                "gt" => (true, Test::Compare(Order::Greater, ordered(field, json, &path)?)),
                "gte" => (true, Test::Compare(Order::GreaterOrEqual, ordered(field, json, &path)?)),
                "lt" => (true, Test::Compare(Order::Less, ordered(field, json, &path)?)),
                "lte" => (true, Test::Compare(Order::LessOrEqual, ordered(field, json, &path)?)),
                "contains" => (true, Test::Contains(text()?)),
                "icontains" => (true, Test::ContainsInAnyCase(text()?.to_lowercase())),
                "prefix" => (true, Test::Prefix(text()?)),
                "exists" => match json {
                    Value::Bool(exists) => (*exists, Test::Exists),
                    _ => return Err(FilterError::new(&path, "must be true or false")),
                },
                _ => return Err(FilterError::new(&path, format!("is no operator: use {OPERATORS}"))),
            };
            let test = self.test(field, test, &path)?;
            nodes.push(if is_so { test } else { not(test) });
        }
        Ok(all(nodes))
    }

    /// A phrase, or two times.
    fn within(&mut self, field: &Field, json: &Value, path: &str) -> Result<Node> {
        if !field.is_time() {
            return Err(FilterError::new(
                path,
                "is for times: `created`, `updated`, `valid_from`, `valid_to`, `expires`",
            ));
        }
        self.tests += 2;
        match json {
            Value::String(phrase) => {
                let range = resolve(phrase, self.context)
                    .map_err(|error| FilterError::new(path, error.to_string()))?;
                Ok(within(field, &range))
            }
            Value::Object(ends) if !ends.is_empty() => {
                let end = |(name, json): (&String, &Value)| {
                    let path = format!("{path}.{name}");
                    let order = match name.as_str() {
                        "from" => Order::GreaterOrEqual,
                        "to" => Order::Less,
                        _ => return Err(FilterError::new(&path, "is neither `from` nor `to`")),
                    };
                    Ok(Node::Test(field.clone(), Test::Compare(order, time(json, &path)?)))
                };
                ends.iter().map(end).collect::<Result<_>>().map(all)
            }
            _ => Err(FilterError::new(
                path,
                "must be a phrase such as `last week`, or `{\"from\": …, \"to\": …}`",
            )),
        }
    }

    fn test(&mut self, field: &Field, test: Test, path: &str) -> Result<Node> {
        self.tests += 1;
        if self.tests > MOST {
            return Err(FilterError::new(path, format!("there are more than {MOST} conditions")));
        }
        Ok(Node::Test(field.clone(), test))
    }
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

fn all(mut nodes: Vec<Node>) -> Node {
    if nodes.len() == 1 { nodes.remove(0) } else { Node::All(nodes) }
}

fn field(name: &str, path: &str) -> Result<Field> {
    if let Some((_, field)) = FIELDS.iter().find(|(known, _)| *known == name) {
        return Ok(field.clone());
    }
    let Some(way) = name.strip_prefix("metadata.") else {
        let known: Vec<String> = FIELDS.iter().map(|(name, _)| format!("`{name}`")).collect();
        let problem =
            format!("is no field: use {}, `metadata.` and a name, `all`, `any` or `not`", known.join(", "));
        return Err(FilterError::new(path, problem));
    };
    let mut names = vec![String::new()];
    let mut letters = way.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '.' => {
                names.push(String::new());
                continue;
            }
            '\\' => letters.next().unwrap_or('\\'),
            other => other,
        };
        if let Some(name) = names.last_mut() {
            name.push(letter);
        }
    }
    if names.iter().any(String::is_empty) {
        return Err(FilterError::new(
            path,
            "has an empty name in it: write `metadata.a.b`, and `\\.` for a dot",
        ));
    }
    Ok(Field::Metadata(names))
}

/// A value that a field can be equal to.
fn value(field: &Field, json: &Value, path: &str) -> Result<Value> {
    if field.is_time() {
        return time(json, path);
    }
    let fits = match field {
        Field::Importance => json.is_number(),
        Field::Metadata(_) => json.is_string() || json.is_number() || json.is_boolean() || json.is_null(),
        _ => json.is_string(),
    };
    let expected = match field {
        Field::Importance => "a number",
        Field::Metadata(_) => "a text, a number, true, false or null",
        _ => "a text",
    };
    if fits { Ok(json.clone()) } else { Err(FilterError::new(path, format!("must be {expected}"))) }
}

fn values(field: &Field, json: &Value, path: &str) -> Result<Vec<Value>> {
    let Value::Array(items) = json else { return Err(FilterError::new(path, "must be a list of values")) };
    if items.len() > LIST {
        return Err(FilterError::new(path, format!("has more than {LIST} values")));
    }
    items.iter().enumerate().map(|(at, item)| value(field, item, &format!("{path}[{at}]"))).collect()
}

/// A value that can be more or less than another.
fn ordered(field: &Field, json: &Value, path: &str) -> Result<Value> {
    let value = value(field, json, path)?;
    if value.is_number() || value.is_string() {
        return Ok(value);
    }
    Err(FilterError::new(path, "must be a number, a text or a time: nothing else is more or less"))
}

fn text(field: &Field, json: &Value, path: &str) -> Result<String> {
    if field.is_time() || *field == Field::Importance {
        return Err(FilterError::new(path, "is for texts and lists"));
    }
    let text = json.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| FilterError::new(path, "must be a text that is not empty"))
}

/// A time in milliseconds.
fn time(json: &Value, path: &str) -> Result<Value> {
    let wrong = || {
        FilterError::new(
            path,
            "must be a time: `2026-01-31`, `2026-01-31T12:00:00Z`, or milliseconds since 1970",
        )
    };
    match json {
        Value::Number(number) if number.is_i64() => Ok(json.clone()),
        Value::String(text) => {
            let date = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
            let time = text.parse::<jiff::Timestamp>().ok().or_else(|| date().map(|date| date.timestamp()));
            time.map(|time| time.as_millisecond().into()).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}
