//! What can be asked for, and who can answer.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Number, Value};

/// A part of a memory that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// `id`
    Id,
    /// `type`
    Type,
    /// `tags`
    Tags,
    /// `session`
    Session,
    /// `speaker`
    Speaker,
    /// `source`
    Source,
    /// `agent`
    Agent,
    /// `run`
    Run,
    /// `author`
    Author,
    /// `content`
    Content,
    /// `importance`
    Importance,
    /// `created`
    Created,
    /// `updated`
    Updated,
    /// `valid_from`
    ValidFrom,
    /// `valid_to`
    ValidTo,
    /// `expires`
    Expires,
    /// `metadata.a.b`: the names on the way into the metadata.
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

    /// As a filter names it.
    pub(crate) fn name(&self) -> String {
        if let Self::Metadata(names) = self {
            let escaped = names.iter().map(|name| name.replace('\\', r"\\").replace('.', r"\."));
            return format!("metadata.{}", escaped.collect::<Vec<_>>().join("."));
        }
        let known = FIELDS.iter().find(|(_, field)| field == self);
        known.map_or_else(String::new, |(name, _)| (*name).to_owned())
    }
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Found<'a> {
    /// Nothing.
    Missing,
    /// A text, borrowed where there is one to borrow.
    Text(Cow<'a, str>),
    /// A list of texts.
    Texts(&'a [String]),
    /// A number.
    Number(Number),
    /// Yes or no.
    Bool(bool),
    /// Milliseconds since 1970.
    Time(i64),
    /// Anything that came as JSON.
    Json(&'a Value),
}

/// What a filter can be asked about.
pub trait Fields {
    /// What stands in a field.
    fn field(&self, field: &Field) -> Found<'_>;
}

impl<T: Fields + ?Sized> Fields for &T {
    fn field(&self, field: &Field) -> Found<'_> {
        (**self).field(field)
    }
}

impl<T: Fields + ?Sized> Fields for Arc<T> {
    fn field(&self, field: &Field) -> Found<'_> {
        (**self).field(field)
    }
}
