//! Which state of a memory an entry has.

use std::fmt;
use std::str::FromStr;

/// A state of a memory. The greater one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) version: u32,
    /// When it was changed, in milliseconds since 1970.
    pub(super) updated: i64,
    pub(super) deleted: bool,
    /// Tells states apart that agree in all else.
    pub(super) digest: u32,
}

impl Mark {
    /// What can be told of a state without its text.
    pub(super) const fn order(&self) -> (u32, i64) {
        (self.version, self.updated)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.deleted { 'd' } else { 'm' };
        write!(f, "{}.{}.{kind}.{:08x}", self.version, self.updated, self.digest)
    }
}

impl FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.');
        let mut next = || parts.next().ok_or(());
        let mark = Self {
            version: next()?.parse().map_err(drop)?,
            updated: next()?.parse().map_err(drop)?,
            deleted: match next()? {
                "d" => true,
                "m" => false,
                _ => return Err(()),
            },
            digest: u32::from_str_radix(next()?, 16).map_err(drop)?,
        };
        if parts.next().is_some() { Err(()) } else { Ok(mark) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_mark_is_read_as_it_was_written(version: u32, updated: i64, deleted: bool, digest: u32) {
            let mark = Mark { version, updated, deleted, digest };
            prop_assert_eq!(mark.to_string().parse(), Ok(mark));
        }

        #[test]
        fn anything_else_is_no_mark(text in "[0-9a-f.md-]{0,30}") {
            if let Ok(mark) = text.parse::<Mark>() {
                prop_assert_eq!(mark.to_string().parse(), Ok(mark));
            }
        }
    }

    #[test]
    fn the_higher_version_stands_then_the_later_then_the_deletion() {
        let of = |text: &str| text.parse::<Mark>().unwrap();
        let ordered = ["1.9.m.ff", "2.1.d.0", "2.2.m.1", "2.2.m.2", "2.2.d.0", "3.0.m.0"];
        assert!(ordered.windows(2).all(|pair| of(pair[0]) < of(pair[1])));
    }
}
