//! Conditions on arguments.

mod host;
mod path;
mod schema;
mod text;

use serde_json::Value;

use self::host::HostPattern;
use self::path::Root;
use self::schema::Identifier;
use super::document::{Bounds, OneOrMany, Operators};
use super::node::Node;
use super::{Effect, Glob};

/// Whether something holds. What can be read in two ways is neither true nor false: it lets no rule allow, and lets no rule that
/// denies be evaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    Unsure,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl Truth {
    /// True if one is; unsure if one might be.
    fn any(truths: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::False;
        for truth in truths {
            match truth {
                Self::True => return Self::True,
                Self::Unsure => sum = Self::Unsure,
                Self::False => {}
            }
        }
        sum
    }

    const fn counts_for(self, effect: Effect) -> bool {
        match effect {
            Effect::Allow => matches!(self, Self::True),
            Effect::Deny => !matches!(self, Self::False),
        }
    }
}

/// What one argument must be.
#[derive(Debug)]
pub(super) struct Condition {
    pointer: Box<str>,
    path: Box<[Box<str>]>,
    tests: Box<[Test]>,
}

#[derive(Debug)]
enum Test {
    Equal(Value),
    OneOf(Box<[Value]>),
    Glob(Box<[Glob]>),
    Prefix(Box<[String]>),
    PathWithin(Box<[Root]>),
    Host(Box<[HostPattern]>),
    Schema(Box<[Identifier]>),
    Range(Bounds<f64>),
    Length(Bounds<u64>),
}

type Problem = (String, String);

impl Condition {
    /// Compiles what is written under a pointer. An error names the operator.
    pub(super) fn new(pointer: &str, operators: &Operators) -> Result<Self, Problem> {
        let whole = |problem: &str| (String::new(), problem.to_owned());
        let path: Box<[Box<str>]> = match pointer.strip_prefix('/') {
            Some(rest) => {
                rest.split('/').map(|step| step.replace("~1", "/").replace("~0", "~").into()).collect()
            }
            None if pointer.is_empty() => Box::default(),
            None => return Err(whole("a JSON pointer starts with `/`, e.g. `/path`")),
        };
        let mut tests = Vec::new();
        tests.extend(operators.eq.clone().map(Test::Equal));
        tests.extend(operators.one_of.as_deref().map(|values| Test::OneOf(values.into())));
        if let Some(globs) =
            each(operators.glob.as_ref(), "glob", |text| Glob::name(text).map_err(str::to_owned))?
        {
            tests.push(Test::Glob(globs));
        }
        if let Some(prefixes) = each(operators.prefix.as_ref(), "prefix", |text| Ok(text.to_owned()))? {
            tests.push(Test::Prefix(prefixes));
        }
        if let Some(roots) = each(operators.path_within.as_ref(), "path_within", Root::parse)? {
            tests.push(Test::PathWithin(roots));
        }
        if let Some(hosts) = each(operators.host.as_ref(), "host", HostPattern::parse)? {
            tests.push(Test::Host(hosts));
        }
        if let Some(names) = each(operators.schema.as_ref(), "schema", Identifier::parse)? {
            tests.push(Test::Schema(names));
        }
        tests.extend(bounds(operators.range, "range")?.map(Test::Range));
        tests.extend(bounds(operators.length, "length")?.map(Test::Length));
        if tests.is_empty() {
            return Err(whole("a condition needs an operator, e.g. `eq`"));
        }
        Ok(Self { pointer: pointer.into(), path, tests: tests.into() })
    }

    pub(super) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The operator that keeps a rule of this effect from applying; none where the condition holds.
    pub(super) fn failing(&self, arguments: Option<&Node>, effect: Effect) -> Option<&'static str> {
        let first = self.tests.first().map(Test::name);
        let Some(arguments) = arguments else {
            // Arguments that cannot be read may be anything.
            return if effect == Effect::Deny { None } else { first };
        };
        let found = arguments.find(&self.path);
        if found.ambiguous {
            return if effect == Effect::Deny { None } else { first };
        }
        let failing = |node: &&Node| {
            self.tests.iter().find(|test| !test.check(node).counts_for(effect)).map(Test::name)
        };
        match effect {
            // Each value has to fit, and there has to be one.
            Effect::Allow if found.nodes.is_empty() => first,
            Effect::Allow => found.nodes.iter().find_map(failing),
            // One value that fits is enough.
            Effect::Deny if found.nodes.iter().any(|node| failing(node).is_none()) => None,
            Effect::Deny => found.nodes.first().and_then(failing).or(first),
        }
    }
}

impl Test {
    fn check(&self, node: &Node) -> Truth {
        match (self, node) {
            (Self::Equal(value), node) => node.equals(value).into(),
            (Self::OneOf(values), node) => values.iter().any(|value| node.equals(value)).into(),
            (Self::Range(bounds), Node::Number(number)) => {
                number.as_f64().map_or(Truth::Unsure, |number| bounds.hold(number).into())
            }
            (Self::Length(bounds), Node::Text(text)) => bounds.hold(text.chars().count() as u64).into(),
            (Self::Length(bounds), Node::List(items)) => bounds.hold(items.len() as u64).into(),
            (Self::Length(bounds), Node::Object(members)) => bounds.hold(members.len() as u64).into(),
            (Self::Glob(globs), Node::Text(text)) => {
                text::compared(text, globs, |glob, text| glob.matches(text))
            }
            (Self::Prefix(prefixes), Node::Text(text)) => {
                text::compared(text, prefixes, |prefix, text| text.starts_with(prefix.as_str()))
            }
            (Self::PathWithin(roots), Node::Text(path)) => path::within(path, roots),
            (Self::Host(patterns), Node::Text(url)) => host::allowed(url, patterns),
            (Self::Schema(names), Node::Text(text)) => schema::within(text, names),
            // Of another type than the condition is about: the tool may make anything of it.
            _ => Truth::Unsure,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Equal(_) => "eq",
            Self::OneOf(_) => "in",
            Self::Glob(_) => "glob",
            Self::Prefix(_) => "prefix",
            Self::PathWithin(_) => "path_within",
            Self::Host(_) => "host",
            Self::Schema(_) => "schema",
            Self::Range(_) => "range",
            Self::Length(_) => "length",
        }
    }
}

impl<T: PartialOrd + Copy> Bounds<T> {
    fn hold(&self, value: T) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

fn bounds<T: PartialOrd + Copy>(bounds: Option<Bounds<T>>, name: &str) -> Result<Option<Bounds<T>>, Problem> {
    let Some(given) = bounds else { return Ok(None) };
    let crossed = given
        .min
        .zip(given.max)
        .is_some_and(|(min, max)| min.partial_cmp(&max) != Some(std::cmp::Ordering::Less) && min != max);
    if crossed || (given.min.is_none() && given.max.is_none()) {
        return Err((format!(".{name}"), "`min`, `max`, or both with `min` ≤ `max`, are needed".to_owned()));
    }
    Ok(Some(given))
}

fn each<T>(
    texts: Option<&OneOrMany>,
    name: &str,
    make: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<Box<[T]>>, Problem> {
    let Some(texts) = texts else { return Ok(None) };
    let problem = |problem: String| (format!(".{name}"), problem);
    if texts.as_slice().is_empty() {
        return Err(problem("an empty list fits nothing".to_owned()));
    }
    texts.as_slice().iter().map(|text| make(text)).collect::<Result<Box<[T]>, _>>().map(Some).map_err(problem)
}
