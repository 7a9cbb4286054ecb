//! Names of what is found.

use std::collections::HashSet;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

/// What a finding is: a family and a name within it, as in `secret.github-token`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind(&'static str);

/// Names that came from rule files. They live as long as the program, each once, so that a kind stays cheap to copy.
static NAMES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

impl Kind {
    /// A kind that is known when the program is written.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// A kind whose name comes from configuration. Equal names are the same kind.
    pub fn named(name: &str) -> Self {
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name) {
            return Self(known);
        }
        let name: &'static str = Box::leak(name.into());
        names.insert(name);
        Self(name)
    }

    /// The whole name.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// What stands before the first full stop: `secret`, `pii`, `injection`, `poison`, `command`.
    pub fn family(self) -> &'static str {
        self.0.split_once('.').map_or(self.0, |(family, _)| family)
    }

    /// Whether it is what a rule names: a whole name, a family, or `family.*`.
    pub fn matches(self, pattern: &str) -> bool {
        pattern == "*" || self.0 == pattern || self.family() == pattern.strip_suffix(".*").unwrap_or(pattern)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn kinds_match_their_name_and_their_family() {
        let kind = Kind::named(&["secret", ".", "mine"].concat());
        assert_eq!(kind, Kind::new("secret.mine"));
        assert_eq!((kind.family(), kind.to_string().as_str()), ("secret", "secret.mine"));
        for (pattern, expect) in [
            ("secret.mine", true),
            ("secret", true),
            ("secret.*", true),
            ("*", true),
            ("secret.m", false),
            ("pii.*", false),
        ] {
            assert_eq!(kind.matches(pattern), expect, "{pattern}");
        }
    }
}
