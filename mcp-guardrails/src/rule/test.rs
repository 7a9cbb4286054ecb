//! What a value must be.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex::Regex;
use serde_json::Value;

use super::value::{number, same};
use super::{Folder, Glob, Host, Network, Node, net, path};

/// Whether something holds. What different readers would understand differently is unsure, and helps nobody: it makes no rule that
/// allows apply, and keeps none from applying that restricts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
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
    /// True if one is, unsure if one may be.
    pub(crate) fn any(all: impl IntoIterator<Item = Self>) -> Self {
        let mut sum = Self::False;
        for one in all {
            match one {
                Self::True => return Self::True,
                Self::Unsure => sum = Self::Unsure,
                Self::False => {}
            }
        }
        sum
    }
}

/// Limits; what is left out does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// Not less.
    pub min: Option<f64>,
    /// Not more.
    pub max: Option<f64>,
    /// More.
    pub above: Option<f64>,
    /// Less.
    pub below: Option<f64>,
}

impl Bounds {
    pub(crate) fn hold(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min)
            && self.max.is_none_or(|max| value <= max)
            && self.above.is_none_or(|above| value > above)
            && self.below.is_none_or(|below| value < below)
    }
}

/// An expression. One that cannot be too large is compiled when it is first asked.
#[derive(Clone)]
pub struct Pattern(Arc<Lazy>);

struct Lazy {
    text: Box<str>,
    ignore_case: bool,
    regex: OnceLock<Option<Regex>>,
}

/// Longer expressions, and those that count repetitions, are compiled at once: they may be larger than allowed.
const CERTAINLY_SMALL: usize = 128;

impl Pattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, ignore_case: bool) -> Result<Self, String> {
        let lazy = Lazy { text: text.into(), ignore_case, regex: OnceLock::new() };
        if text.len() <= CERTAINLY_SMALL && !text.contains('{') {
            parsed(text, ignore_case).map_err(|error| problem(&error, text))?;
            return Ok(Self(Arc::new(lazy)));
        }
        let regex = lazy.build().map_err(|error| problem(&error.to_string(), text))?;
        _ = lazy.regex.set(Some(regex));
        Ok(Self(Arc::new(lazy)))
    }

    /// The compiled expression.
    fn regex(&self) -> Option<&Regex> {
        self.0.regex.get_or_init(|| self.0.build().ok()).as_ref()
    }

    /// Whether it matches; unsure, should it turn out to be too large after all.
    fn is_match(&self, text: &str) -> Truth {
        self.regex().map_or(Truth::Unsure, |regex| regex.is_match(text).into())
    }
}

/// INVARIANT: it reads the same before and after it was compiled, so that what is remembered for a condition is found again.
impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.0.text).field(&self.0.ignore_case).finish()
    }
}

/// They are equal where they say the same.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.0.text, self.0.ignore_case) == (&other.0.text, other.0.ignore_case)
    }
}

impl Eq for Pattern {}

impl Lazy {
    fn build(&self) -> Result<Regex, regex::Error> {
        regex::RegexBuilder::new(&self.text).case_insensitive(self.ignore_case).build()
    }
}

/// Whether an expression can be compiled. What its syntax alone does not tell are classes of Unicode and flags.
fn parsed(text: &str, ignore_case: bool) -> Result<(), String> {
    if ["\\p", "\\P", "(?"].iter().any(|part| text.contains(part)) {
        let parsed = regex_syntax::ParserBuilder::new().case_insensitive(ignore_case).build().parse(text);
        parsed.map(drop).map_err(|error| error.to_string())
    } else {
        let parsed = regex_syntax::ast::parse::Parser::new().parse(text);
        parsed.map(drop).map_err(|error| error.to_string())
    }
}

fn problem(error: &str, text: &str) -> String {
    let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| text.contains(look)) {
        format!("{last}; look-around and back-references are for `trigger.patterns` only")
    } else {
        last
    }
}

/// What a detector has to find.
#[derive(Debug, Clone, PartialEq)]
pub struct Detect {
    /// The detector's name.
    pub detector: String,
    /// Of which kinds; of any, if there are none.
    pub kinds: Vec<Glob>,
    /// How sure it has to be.
    pub min_score: f32,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// This value.
    Equal(Value),
    /// One of these.
    OneOf(Vec<Value>),
    /// A text that begins with one of these.
    Prefix(Vec<String>),
    /// A text that ends with one of these.
    Suffix(Vec<String>),
    /// A text with one of these in it.
    Contains(Vec<String>),
    /// A text that fits one of these.
    Glob(Vec<Glob>),
    /// A text in which one of these matches.
    Regex(Vec<Pattern>),
    /// A number, or a text that is one, within limits.
    Range(Bounds),
    /// So many characters, elements or members.
    Length(Bounds),
    /// There at all, or not.
    Exists(bool),
    /// A path within one of these folders.
    PathWithin(Vec<Folder>),
    /// A URL or host that leads to one of these.
    Host(Vec<Host>),
    /// An address, or a URL with one, in one of these networks.
    Cidr(Vec<Network>),
    /// A text in which a detector finds something.
    Detector(Detect),
}

impl Test {
    /// What rule files call it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Equal(_) => "eq",
            Self::OneOf(_) => "in",
            Self::Prefix(_) => "prefix",
            Self::Suffix(_) => "suffix",
            Self::Contains(_) => "contains",
            Self::Glob(_) => "glob",
            Self::Regex(_) => "regex",
            Self::Range(_) => "range",
            Self::Length(_) => "length",
            Self::Exists(_) => "exists",
            Self::PathWithin(_) => "path_within",
            Self::Host(_) => "host",
            Self::Cidr(_) => "cidr",
            Self::Detector(_) => "detector",
        }
    }

    /// Whether it takes long on a long text.
    pub(crate) const fn is_costly(&self) -> bool {
        matches!(self, Self::Regex(_) | Self::Detector(_) | Self::Contains(_) | Self::Glob(_))
    }

    /// Whether a value can be this at all.
    pub(crate) fn is_about(&self, node: Node<'_>) -> bool {
        match self {
            Self::Equal(_) | Self::OneOf(_) | Self::Exists(_) => true,
            Self::Range(_) => number(node).is_some(),
            Self::Length(_) => {
                node.as_str().is_some() || matches!(node, Node::Json(Value::Array(_) | Value::Object(_)))
            }
            _ => node.as_str().is_some(),
        }
    }

    /// Whether one value fits. Detectors are asked elsewhere.
    pub(crate) fn holds(&self, node: Node<'_>) -> Truth {
        let text = |fits: &dyn Fn(&str) -> Truth| node.as_str().map_or(Truth::False, fits);
        match self {
            Self::Equal(value) => is(node, value).into(),
            Self::OneOf(values) => values.iter().any(|value| is(node, value)).into(),
            Self::Prefix(all) => {
                text(&|text| all.iter().any(|prefix| text.starts_with(prefix.as_str())).into())
            }
            Self::Suffix(all) => {
                text(&|text| all.iter().any(|suffix| text.ends_with(suffix.as_str())).into())
            }
            Self::Contains(all) => text(&|text| all.iter().any(|part| text.contains(part.as_str())).into()),
            Self::Glob(all) => text(&|text| all.iter().any(|glob| glob.matches(text)).into()),
            Self::Regex(all) => text(&|text| Truth::any(all.iter().map(|pattern| pattern.is_match(text)))),
            Self::Range(bounds) => number(node).is_some_and(|number| bounds.hold(number)).into(),
            Self::Length(bounds) => length(node).is_some_and(|length| bounds.hold(length)).into(),
            Self::Exists(there) => (*there).into(),
            Self::PathWithin(folders) => text(&|path| path::within(path, folders)),
            Self::Host(hosts) => text(&|url| net::leads_to(url, hosts)),
            Self::Cidr(networks) => text(&|url| net::lies_in(url, networks)),
            Self::Detector(_) => Truth::False,
        }
    }

    /// Which parts of a text fit; none where it is the whole value.
    pub(crate) fn spans(&self, node: Node<'_>) -> Vec<Range<usize>> {
        let Some(text) = node.as_str() else { return Vec::new() };
        let mut spans: Vec<Range<usize>> = match self {
            Self::Prefix(all) => all
                .iter()
                .filter(|prefix| text.starts_with(prefix.as_str()))
                .map(|prefix| 0..prefix.len())
                .collect(),
            Self::Suffix(all) => {
                let fitting = all.iter().filter(|suffix| text.ends_with(suffix.as_str()));
                fitting.map(|suffix| text.len().saturating_sub(suffix.len())..text.len()).collect()
            }
            Self::Contains(all) => {
                let parts = all.iter().filter(|part| !part.is_empty());
                parts
                    .flat_map(|part| text.match_indices(part.as_str()))
                    .map(|(at, part)| at..at + part.len())
                    .collect()
            }
            Self::Regex(all) => {
                let found = all.iter().filter_map(Pattern::regex).flat_map(|regex| regex.find_iter(text));
                found.map(|found| found.range()).collect()
            }
            _ => Vec::new(),
        };
        spans.retain(|span| !span.is_empty());
        spans.sort_by_key(|span| (span.start, span.end));
        spans
    }
}

/// By what tells most questions apart.
impl Hash for Test {
    fn hash<H: Hasher>(&self, state: &mut H) {
        mem::discriminant(self).hash(state);
        match self {
            Self::Equal(value) => value.hash(state),
            Self::OneOf(values) => values.hash(state),
            Self::Prefix(texts) | Self::Suffix(texts) | Self::Contains(texts) => texts.hash(state),
            Self::Glob(globs) => globs.hash(state),
            Self::Regex(patterns) => patterns.iter().for_each(|pattern| pattern.0.text.hash(state)),
            Self::Range(Bounds { min, max, above, below })
            | Self::Length(Bounds { min, max, above, below }) => {
                [min, max, above, below].map(|limit| limit.map(f64::to_bits)).hash(state);
            }
            Self::Exists(there) => there.hash(state),
            Self::PathWithin(folders) => folders.hash(state),
            Self::Host(hosts) => hosts.hash(state),
            Self::Cidr(networks) => networks.hash(state),
            Self::Detector(detect) => (&detect.detector, &detect.kinds).hash(state),
        }
    }
}

fn is(node: Node<'_>, value: &Value) -> bool {
    match node {
        Node::Json(other) => same(other, value),
        Node::Text(text) => value.as_str() == Some(text),
        Node::Bool(flag) => value.as_bool() == Some(flag),
    }
}

#[expect(clippy::cast_precision_loss, reason = "no text is so long that it matters")]
fn length(node: Node<'_>) -> Option<f64> {
    if let Some(text) = node.as_str() {
        return Some(text.chars().count() as f64);
    }
    match node {
        Node::Json(Value::Array(items)) => Some(items.len() as f64),
        Node::Json(Value::Object(members)) => Some(members.len() as f64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn what_is_parsed_can_be_compiled_and_nothing_else(
            text in r"([ab|()^*+?.$\[\]-]|\\[dWsbBAz\\]|\\pL|\\PX|\\xff|\\xg|&&|~~|\[:alpha:\]|\[\^|\(\?i\)|\(\?-u\)|\(\?:|\(\?=|\(\?<n>){0,12}",
            ignore_case: bool,
        ) {
            let lazy = Lazy { text: text.as_str().into(), ignore_case, regex: OnceLock::new() };
            prop_assert_eq!(parsed(&text, ignore_case).is_ok(), lazy.build().is_ok(), "{}", text);
        }
    }
}
