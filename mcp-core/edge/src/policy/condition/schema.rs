//! Names of database schemas and tables.

use super::Truth;

/// A schema, or a table within one.
#[derive(Debug)]
pub(super) struct Identifier(Box<[Box<str>]>);

impl Identifier {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match parts(text) {
            Some(parts) => Ok(Self(parts.into())),
            None => Err(format!("`{text}` is no plain name such as `sales` or `sales.orders`")),
        }
    }
}

/// Whether a name is one of these, or something directly within one of these. The name of a table without its schema is
/// within none; quoted names are read differently by different databases and fit nothing.
pub(super) fn within(text: &str, allowed: &[Identifier]) -> Truth {
    let Some(parts) = parts(text) else { return Truth::Unsure };
    let holds = |name: &Identifier| {
        (parts.len() == name.0.len() || parts.len() == name.0.len() + 1)
            && name.0.iter().zip(&parts).all(|(a, b)| a == b)
    };
    if allowed.iter().any(holds) {
        return Truth::True;
    }
    // With a catalog in front, any part may be the one that is meant.
    let mentions =
        |name: &Identifier| parts.windows(name.0.len()).any(|window| window.iter().eq(name.0.iter()));
    if allowed.iter().any(mentions) { Truth::Unsure } else { Truth::False }
}

/// The parts of an unquoted name, in lower case as databases compare them.
fn parts(text: &str) -> Option<Vec<Box<str>>> {
    let parts: Vec<&str> = text.split('.').collect();
    let plain = |part: &&str| {
        part.len() <= 63
            && part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    (parts.len() <= 3 && parts.iter().all(plain))
        .then(|| parts.iter().map(|part| part.to_ascii_lowercase().into()).collect())
}
