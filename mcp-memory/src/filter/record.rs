//! What a filter sees of a memory.

use std::borrow::Cow;

use serde_json::Number;

use super::field::{Field, Fields, Found};
use crate::Record;

impl Fields for Record {
    fn field(&self, field: &Field) -> Found<'_> {
        match field {
            Field::Id => Found::Text(Cow::Owned(self.id.to_string())),
            Field::Type => text(&self.kind),
            Field::Tags if self.tags.is_empty() => Found::Missing,
            Field::Tags => Found::Texts(&self.tags),
            Field::Session => maybe(self.session.as_deref()),
            Field::Speaker => maybe(self.speaker.as_deref()),
            Field::Source => maybe(self.source.as_deref()),
            Field::Agent => maybe(self.agent.as_deref()),
            Field::Run => maybe(self.run.as_deref()),
            Field::Author => text(&self.author),
            Field::Content => text(&self.content),
            Field::Importance => self.importance.and_then(decimal).map_or(Found::Missing, Found::Number),
            Field::Created => Found::Time(self.created),
            Field::Updated => Found::Time(self.updated),
            Field::ValidFrom => time(self.valid_from),
            Field::ValidTo => time(self.valid_to),
            Field::Expires => time(self.expires),
            Field::Metadata(names) => {
                let start =
                    names.split_first().and_then(|(first, rest)| Some((self.metadata.get(first)?, rest)));
                let end = start
                    .and_then(|(start, rest)| rest.iter().try_fold(start, |value, name| value.get(name)));
                end.map_or(Found::Missing, Found::Json)
            }
        }
    }
}

const fn text(text: &str) -> Found<'_> {
    Found::Text(Cow::Borrowed(text))
}

fn maybe(found: Option<&str>) -> Found<'_> {
    found.map_or(Found::Missing, text)
}

fn time(time: Option<i64>) -> Found<'static> {
    time.map_or(Found::Missing, Found::Time)
}

/// The decimal that was given, and not the binary fraction next to it.
pub(crate) fn decimal(value: f32) -> Option<Number> {
    value.to_string().parse().ok().and_then(Number::from_f64)
}
