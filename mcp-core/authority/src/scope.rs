//! Scopes (RFC 6749, 3.3).

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// More is no list that a person could read.
const MOST: usize = 64;

/// A set of scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Reads scopes apart by spaces; none if a character is not allowed in one, or there are too many.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all: BTreeSet<_> = text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        (all.len() <= MOST && all.iter().all(|scope| is_scope(scope))).then_some(Self(all))
    }

    /// Whether a scope is among them.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether all of them are among the others.
    #[must_use]
    pub fn is_subset(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    /// Those that are in both.
    #[must_use]
    pub fn intersection(&self, others: &Self) -> Self {
        Self(self.0.intersection(&others.0).cloned().collect())
    }

    pub(crate) fn without(&self, scope: &str) -> Self {
        Self(self.0.iter().filter(|known| *known != scope).cloned().collect())
    }
}

impl<S: Into<String>> FromIterator<S> for Scopes {
    fn from_iter<T: IntoIterator<Item = S>>(scopes: T) -> Self {
        Self(scopes.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

/// `scope-token` of RFC 6749: printable ASCII without space, quote and backslash.
pub(crate) fn is_scope(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 256
        && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_scope_is_refused() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(Scopes::parse(text).map(|scopes| scopes.to_string()).as_deref(), expect, "{text:?}");
        };
        check("", Some(""));
        check("b a  b", Some("a b"));
        check("mcp:tools/read", Some("mcp:tools/read"));
        check("a\tb", None);
        check("a\"b", None);
        check("ä", None);
        check(&(0..65).map(|n| format!("s{n} ")).collect::<String>(), None);
    }

    proptest! {
        #[test]
        fn scopes_come_back_as_they_were(parts in prop::collection::vec("[!#-\\[\\]-~]{1,20}", 0..20)) {
            let read = Scopes::parse(&parts.join(" ")).unwrap();
            prop_assert_eq!(&Scopes::parse(&read.to_string()).unwrap(), &read);
            prop_assert!(parts.iter().all(|part| read.contains(part)));
            prop_assert_eq!(read.iter().count(), parts.iter().collect::<BTreeSet<_>>().len());
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC*") {
            if let Some(scopes) = Scopes::parse(&text) {
                prop_assert!(scopes.iter().all(is_scope));
            }
        }
    }
}
