//! The tree.

use serde_json::Value;

/// A part of a memory that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Id,
    Type,
    Tags,
    Session,
    Speaker,
    Source,
    Agent,
    Run,
    Author,
    Content,
    Importance,
    Created,
    Updated,
    ValidFrom,
    ValidTo,
    Expires,
    /// The names on the way into the metadata.
    Metadata(Vec<String>),
}

/// All fields but those of the metadata.
pub(crate) const FIELDS: [(&str, Field); 16] = [
    ("id", Field::Id),
    ("type", Field::Type),
    ("tags", Field::Tags),
    ("session", Field::Session),
    ("speaker", Field::Speaker),
    ("source", Field::Source),
    ("agent", Field::Agent),
    ("run", Field::Run),
    ("author", Field::Author),
    ("content", Field::Content),
    ("importance", Field::Importance),
    ("created", Field::Created),
    ("updated", Field::Updated),
    ("valid_from", Field::ValidFrom),
    ("valid_to", Field::ValidTo),
    ("expires", Field::Expires),
];

impl Field {
    pub(crate) const fn is_time(&self) -> bool {
        matches!(self, Self::Created | Self::Updated | Self::ValidFrom | Self::ValidTo | Self::Expires)
    }
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// It is one of these, or has one of them in it.
    Any(Vec<Value>),
    /// It has all of these in it.
    Every(Vec<Value>),
    Compare(Order, Value),
    Contains(String),
    /// In lower case.
    ContainsInAnyCase(String),
    Prefix(String),
    Exists,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Field, Test),
}
