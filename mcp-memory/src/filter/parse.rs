//! JSON to the tree.

use serde_json::{Map, Value};

use super::FilterError;
use super::field::{FIELDS, Field};
use super::node::{Node, Order, Test};
use super::test::lower;
use super::value::{Moment, Result, items, moment, ordered, text, value, values};
use crate::time::{Range, TimeContext, resolve};

const DEPTH: usize = 32;
const MOST: usize = 256;

/// A tree, and the spans of time that are in it.
pub(super) fn filter(json: &Value, context: &TimeContext) -> Result<(Node, Vec<Range>)> {
    let mut reading = Reading { tests: 0, context, ranges: Vec::new() };
    let node = reading.node(json, "filter", DEPTH)?;
    Ok((node, reading.ranges))
}

struct Reading<'a> {
    tests: usize,
    context: &'a TimeContext,
    ranges: Vec<Range>,
}

/// A time that lies in a span.
pub(super) fn within(field: &Field, range: &Range) -> Node {
    let (from, to) = range.milliseconds();
    let from = from.map(|from| compare(field, Order::GreaterOrEqual, from));
    all(from.into_iter().chain(to.map(|to| compare(field, Order::Less, to))).collect())
}

fn compare(field: &Field, order: Order, time: i64) -> Node {
    Node::Test(field.clone(), Test::Compare(order, time.into()))
}

impl Field {
    /// What can be asked of it.
    const fn operators(&self) -> &'static [&'static str] {
        match self {
            Self::Content => &["contains", "icontains", "exists"],
            Self::Tags => {
                &["eq", "ne", "in", "nin", "any", "all", "none", "contains", "icontains", "prefix", "exists"]
            }
            Self::Importance => &["eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "exists"],
            Self::Metadata(_) => &[
                "eq",
                "ne",
                "in",
                "nin",
                "any",
                "all",
                "none",
                "gt",
                "gte",
                "lt",
                "lte",
                "contains",
                "icontains",
                "prefix",
                "exists",
            ],
            _ if self.is_time() => {
                &["eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "after", "before", "within", "exists"]
            }
            _ => &[
                "eq",
                "ne",
                "in",
                "nin",
                "gt",
                "gte",
                "lt",
                "lte",
                "contains",
                "icontains",
                "prefix",
                "exists",
            ],
        }
    }

    fn check(&self, operator: &str, path: &str) -> Result<()> {
        if self.operators().contains(&operator) {
            return Ok(());
        }
        let use_what = self.use_what();
        Err(FilterError::new(path, format!("is no operator of `{}`: {use_what}", self.name())))
    }

    fn use_what(&self) -> String {
        let known: Vec<String> = self.operators().iter().map(|name| format!("`{name}`")).collect();
        format!("use {}", known.join(", "))
    }
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
            Value::Object(operators) if operators.is_empty() => {
                Err(FilterError::new(path, format!("needs an operator: {}", field.use_what())))
            }
            Value::Object(operators) => self.operators(field, operators, path),
            Value::Array(_) => {
                Err(FilterError::new(path, "a list needs an operator: `{\"in\": […]}` or `{\"any\": […]}`"))
            }
            Value::String(text) if text == "*" => self.test(field, Test::Exists, path),
            _ if *field == Field::Content => {
                Err(FilterError::new(path, "needs an operator: `{\"contains\": …}` or `{\"icontains\": …}`"))
            }
            value => self.one(field, "eq", value, path),
        }
    }

    fn operators(&mut self, field: &Field, operators: &Map<String, Value>, path: &str) -> Result<Node> {
        let each = operators.iter().map(|(name, json)| {
            let path = format!("{path}.{name}");
            field.check(name, &path)?;
            self.one(field, name, json, &path)
        });
        each.collect::<Result<_>>().map(all)
    }

    /// An operator that the field has.
    fn one(&mut self, field: &Field, operator: &str, json: &Value, path: &str) -> Result<Node> {
        let (is_so, test) = match operator {
            "exists" => match json {
                Value::Bool(exists) => (*exists, Test::Exists),
                _ => return Err(FilterError::new(path, "must be true or false")),
            },
            _ if field.is_time() => return self.time(field, operator, json, path),
            "eq" => (true, Test::Any(vec![value(field, json, path)?])),
            "ne" => (false, Test::Any(vec![value(field, json, path)?])),
            "in" | "any" => (true, Test::Any(values(field, json, path)?)),
            "nin" | "none" => (false, Test::Any(values(field, json, path)?)),
            "all" => match values(field, json, path)? {
                // It has all of none, also where it is missing.
                none if none.is_empty() => return Ok(Node::ALWAYS),
                values => (true, Test::Every(values)),
            },
            "gt" => (true, Test::Compare(Order::Greater, ordered(field, json, path)?)),
            "gte" => (true, Test::Compare(Order::GreaterOrEqual, ordered(field, json, path)?)),
            "lt" => (true, Test::Compare(Order::Less, ordered(field, json, path)?)),
            "lte" => (true, Test::Compare(Order::LessOrEqual, ordered(field, json, path)?)),
            "contains" => (true, Test::Contains(text(json, path)?)),
            "icontains" => (true, Test::ContainsInAnyCase(lower(&text(json, path)?).into_owned())),
            _ => (true, Test::Prefix(text(json, path)?)),
        };
        let test = self.test(field, test, path)?;
        Ok(if is_so { test } else { not(test) })
    }

    /// An operator on a time. A span is compared as a whole: what is after a day is not on it.
    fn time(&mut self, field: &Field, operator: &str, json: &Value, path: &str) -> Result<Node> {
        match operator {
            "within" => return self.within(field, json, path),
            "in" | "nin" => {
                let each = items(json, path)?;
                let any = each.map(|(path, item)| self.time(field, "eq", item, &path));
                let any = Node::Any(any.collect::<Result<_>>()?);
                return Ok(if operator == "in" { any } else { not(any) });
            }
            _ => {}
        }
        let exactly = |time: i64| Node::Test(field.clone(), Test::Any(vec![time.into()]));
        let given = self.moment(json, path)?;
        let node = match (operator, &given) {
            ("eq", Moment::At(time)) => exactly(*time),
            ("ne", Moment::At(time)) => not(exactly(*time)),
            ("gt" | "after", Moment::At(time)) => compare(field, Order::Greater, *time),
            ("lte", Moment::At(time)) => compare(field, Order::LessOrEqual, *time),
            ("eq", Moment::During(range)) => within(field, range),
            ("ne", Moment::During(range)) => not(within(field, range)),
            ("gt" | "after", _) => compare(field, Order::GreaterOrEqual, given.end(path)?),
            ("lte", _) => compare(field, Order::Less, given.end(path)?),
            ("gte", _) => compare(field, Order::GreaterOrEqual, given.start(path)?),
            _ => compare(field, Order::Less, given.start(path)?),
        };
        self.counted(node, path)
    }

    /// A phrase, or two times.
    fn within(&mut self, field: &Field, json: &Value, path: &str) -> Result<Node> {
        match json {
            Value::String(phrase) => {
                let range = resolve(phrase, self.context)
                    .map_err(|error| FilterError::new(path, error.to_string()))?;
                let node = within(field, &range);
                self.ranges.push(range);
                self.counted(node, path)
            }
            Value::Object(ends) if !ends.is_empty() => {
                let each = ends.iter().map(|(name, json)| {
                    let path = format!("{path}.{name}");
                    let order = match name.as_str() {
                        "from" => Order::GreaterOrEqual,
                        "to" => Order::Less,
                        _ => return Err(FilterError::new(&path, "is neither `from` nor `to`")),
                    };
                    let start = self.moment(json, &path)?.start(&path)?;
                    self.counted(compare(field, order, start), &path)
                });
                each.collect::<Result<_>>().map(all)
            }
            _ => Err(FilterError::new(
                path,
                "must be a phrase such as `last week`, or `{\"from\": …, \"to\": …}`",
            )),
        }
    }

    fn moment(&mut self, json: &Value, path: &str) -> Result<Moment> {
        let moment = moment(json, self.context, path)?;
        if let Moment::During(range) = &moment {
            self.ranges.push(range.clone());
        }
        Ok(moment)
    }

    fn test(&mut self, field: &Field, test: Test, path: &str) -> Result<Node> {
        self.counted(Node::Test(field.clone(), test), path)
    }

    fn counted(&mut self, node: Node, path: &str) -> Result<Node> {
        self.tests += 1;
        if self.tests > MOST {
            return Err(FilterError::new(path, format!("there are more than {MOST} conditions")));
        }
        Ok(node)
    }
}

impl Moment {
    fn start(&self, path: &str) -> Result<i64> {
        let start = match self {
            Self::At(time) => Some(*time),
            Self::During(range) => range.milliseconds().0,
        };
        start.ok_or_else(|| FilterError::new(path, "has no beginning: name a day, or use `within`"))
    }

    fn end(&self, path: &str) -> Result<i64> {
        let end = match self {
            Self::At(time) => Some(*time),
            Self::During(range) => range.milliseconds().1,
        };
        end.ok_or_else(|| FilterError::new(path, "has no end: name a day, or use `within`"))
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
