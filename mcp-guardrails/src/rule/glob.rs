//! Patterns for names and paths.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem;

use regex::Regex;

/// A pattern with `*` and `?`. For names, both match every character; for paths, neither matches `/`, and `**` does.
/// They are equal where they say the same of the same kind.
#[derive(Debug, Clone)]
pub struct Glob {
    text: Box<str>,
    shape: Shape,
}

#[derive(Debug, Clone)]
enum Shape {
    Exact,
    Everything,
    Prefix(usize),
    Suffix,
    Other(Regex),
}

const LONGEST: usize = 1024;

impl Glob {
    /// A pattern for names.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn name(pattern: &str) -> Result<Self, String> {
        let plain = |text: &str| !text.contains(['*', '?']);
        let shape = if pattern == "*" {
            Shape::Everything
        } else if plain(pattern) {
            Shape::Exact
        } else if pattern.strip_suffix('*').is_some_and(plain) {
            Shape::Prefix(pattern.len().saturating_sub(1))
        } else if pattern.strip_prefix('*').is_some_and(plain) {
            Shape::Suffix
        } else {
            Shape::Other(expression(pattern, ".", ".*", ".*")?)
        };
        Self::checked(pattern, shape)
    }

    /// A pattern for paths.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn path(pattern: &str) -> Result<Self, String> {
        let shape = if pattern.contains(['*', '?']) {
            Shape::Other(expression(pattern, "[^/]", "[^/]*", ".*")?)
        } else {
            Shape::Exact
        };
        Self::checked(pattern, shape)
    }

    fn checked(pattern: &str, shape: Shape) -> Result<Self, String> {
        if pattern.is_empty() || pattern.len() > LONGEST {
            return Err(format!("a pattern has from 1 to {LONGEST} bytes"));
        }
        Ok(Self { text: pattern.into(), shape })
    }

    /// The one text that it matches, if it is only one.
    pub(crate) fn exact(&self) -> Option<&str> {
        matches!(self.shape, Shape::Exact).then_some(&self.text)
    }

    /// Whether the whole text fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Exact => *self.text == *text,
            Shape::Everything => true,
            Shape::Prefix(length) => self.text.get(..*length).is_some_and(|prefix| text.starts_with(prefix)),
            Shape::Suffix => self.text.get(1..).is_some_and(|suffix| text.ends_with(suffix)),
            Shape::Other(regex) => regex.is_match(text),
        }
    }
}

/// The pattern as an expression. `**/` also stands for no folder at all.
fn expression(pattern: &str, one: &str, many: &str, deep: &str) -> Result<Regex, String> {
    let (mut out, mut rest) = (String::from(r"(?s)\A"), pattern);
    while let Some(next) = rest.chars().next() {
        let taken = if many != deep && rest.starts_with("**/") {
            out.push_str("(?:.*/)?");
            3
        } else if rest.starts_with("**") {
            out.push_str(deep);
            2
        } else {
            match next {
                '*' => out.push_str(many),
                '?' => out.push_str(one),
                _ => out.push_str(&regex::escape(next.encode_utf8(&mut [0; 4]))),
            }
            next.len_utf8()
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push_str(r"\z");
    Regex::new(&out).map_err(|_| format!("`{pattern}` is too large a pattern"))
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.shape, &other.shape) {
            // `*` of names and of paths are different expressions.
            (Shape::Other(mine), Shape::Other(other)) => mine.as_str() == other.as_str(),
            (mine, other) => mem::discriminant(mine) == mem::discriminant(other),
        };
        same && self.text == other.text
    }
}

impl Eq for Glob {}

impl Hash for Glob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths() {
        let name = |pattern: &str, text: &str| Glob::name(pattern).unwrap().matches(text);
        assert!(name("git_*", "git_push") && !name("git_*", "a_git_push") && name("*", ""));
        assert!(name("*_push", "git_push") && !name("*_push", "git_pushed"));
        assert!(
            name("a*c?e", "abbbc/e") && !name("a*c?e", "ace") && name("a.c", "a.c") && !name("a.c", "abc")
        );
        let path = |pattern: &str, text: &str| Glob::path(pattern).unwrap().matches(text);
        assert!(path("src/**/*.tsx", "src/a.tsx") && path("src/**/*.tsx", "src/a/b/c.tsx"));
        assert!(
            !path("src/*.tsx", "src/a/b.tsx")
                && path("**/*.test.ts", "a.test.ts")
                && path("src/**", "src/a/b")
        );
        assert!(Glob::name("").is_err());
    }
}
