//! URI templates (RFC 6570, levels 1 to 3), both ways: from values to a URI and from a URI to values.

use std::{fmt, str::FromStr};

use indexmap::IndexMap;

mod expand;
mod parse;
mod program;

use program::Program;

/// A template such as `notes://{folder}/{+path}{?rev}`.
///
/// ```
/// use mcp_core::protocol::UriTemplate;
///
/// let template = UriTemplate::parse("notes://{folder}/{+path}{?rev}")?;
/// let found = template.matches("notes://work/a/b%20c.md?rev=3").expect("it follows the template");
/// assert_eq!((&*found["folder"], &*found["path"], &*found["rev"]), ("work", "a/b c.md", "3"));
/// assert_eq!(template.matches("notes://work"), None);
/// # Ok::<(), mcp_core::protocol::UriTemplateError>(())
/// ```
#[derive(Clone)]
pub struct UriTemplate {
    source: String,
    parts: Vec<Part>,
    names: Vec<String>,
    program: Program,
}

/// Why a text is no URI template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UriTemplateError {
    /// A brace is opened and not closed, or closed and not opened.
    #[error("the brace at byte {0} has no partner")]
    Brace(usize),
    /// Nothing stands between the braces, or between two commas.
    #[error("the expression at byte {0} lacks a variable name")]
    Empty(usize),
    /// An expression begins with an operator that is reserved for later.
    #[error("the operator `{0}` is reserved")]
    Operator(char),
    /// A variable name holds something else than letters, digits, `_`, `.` and percent-encoded bytes.
    #[error("`{0}` is not a variable name")]
    Name(String),
    /// A variable bears a prefix length or an asterisk.
    #[error("the modifier in `{0}` is not supported; `{{+name}}` takes a path with its slashes")]
    Modifier(String),
    /// A variable stands twice.
    #[error("the variable `{0}` stands twice")]
    Repeated(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Expression { operator: Operator, names: Vec<String> },
}

impl Part {
    /// Whether it can stand for nothing at all.
    fn may_be_absent(&self) -> bool {
        matches!(self, Self::Expression { operator, .. } if !operator.first().is_empty())
    }
}

/// What stands first in an expression, and with it how values are joined and encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Simple,
    Reserved,
    Fragment,
    Label,
    Path,
    Parameter,
    Query,
    Continuation,
}

impl Operator {
    /// What goes before the first value.
    const fn first(self) -> &'static str {
        match self {
            Self::Simple | Self::Reserved => "",
            Self::Fragment => "#",
            Self::Label => ".",
            Self::Path => "/",
            Self::Parameter => ";",
            Self::Query => "?",
            Self::Continuation => "&",
        }
    }

    /// What goes between two values.
    const fn separator(self) -> &'static str {
        match self {
            Self::Simple | Self::Reserved | Self::Fragment => ",",
            Self::Label => ".",
            Self::Path => "/",
            Self::Parameter => ";",
            Self::Query | Self::Continuation => "&",
        }
    }

    /// Whether values go with their names.
    const fn named(self) -> bool {
        matches!(self, Self::Parameter | Self::Query | Self::Continuation)
    }

    /// Whether values may hold reserved characters as they are.
    const fn keeps_reserved(self) -> bool {
        matches!(self, Self::Reserved | Self::Fragment)
    }
}

impl UriTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// When `source` is no template, or uses level 4 of RFC 6570.
    pub fn parse(source: &str) -> Result<Self, UriTemplateError> {
        let parts = parse::parts(source)?;
        let mut names: Vec<String> = Vec::new();
        for part in &parts {
            let Part::Expression { names: here, .. } = part else {
                continue;
            };
            for name in here {
                if names.contains(name) {
                    return Err(UriTemplateError::Repeated(name.clone()));
                }
                names.push(name.clone());
            }
        }
        let program = Program::of(&parts);
        Ok(Self { source: source.to_owned(), parts, names, program })
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The names of its variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// Writes the URI for `values`. A variable without a value is left out.
    pub fn expand(&self, values: &IndexMap<String, String>) -> String {
        expand::expand(&self.parts, values)
    }

    /// The values, percent-decoded, for which the template gives `uri`.
    ///
    /// Takes time proportional to the length of `uri`. A variable takes at least one character, except after a
    /// name (`?q=`); variables with an operator of their own may be absent, and named ones come in any order.
    /// Where several readings are possible, earlier variables take as much as they can, but before an expression
    /// that may be absent as little as they can.
    pub fn matches(&self, uri: &str) -> Option<IndexMap<String, String>> {
        let uri = expand::encode_literal(uri);
        let spans = self.program.run(uri.as_bytes(), self.names.len())?;
        let mut values = IndexMap::new();
        for (name, span) in self.names.iter().zip(spans) {
            if let Some((start, end)) = span {
                values.insert(name.clone(), expand::decode(uri.get(start..end)?)?);
            }
        }
        Some(values)
    }
}

impl FromStr for UriTemplate {
    type Err = UriTemplateError;

    fn from_str(source: &str) -> Result<Self, UriTemplateError> {
        Self::parse(source)
    }
}

impl PartialEq for UriTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for UriTemplate {}

impl fmt::Display for UriTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Debug for UriTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UriTemplate").field(&self.source).finish()
    }
}

#[cfg(test)]
mod tests;
