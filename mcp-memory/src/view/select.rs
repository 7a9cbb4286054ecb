//! Which memories pass a filter, from what is known of each by slot.

use std::borrow::Cow;

use super::{Bits, View};
use crate::filter::node::{Node, Test};
use crate::filter::{Field, Found, decimal};
use crate::{Id, MemoryError};

/// Reads the texts of memories, which views do not keep: of each slot of a set, by its ordinal.
pub(crate) type Contents<'a> =
    dyn Fn(&View, &Bits, &mut dyn FnMut(usize, &str)) -> Result<(), MemoryError> + 'a;

impl View {
    /// The memories among some that pass a filter: the same as [`Node::holds`] says of each.
    pub(crate) fn select(
        &self,
        node: &Node,
        within: &Bits,
        contents: &Contents<'_>,
    ) -> Result<Bits, MemoryError> {
        match node {
            Node::All(nodes) => {
                let mut left = within.clone();
                // Texts are read last, of those that are left.
                let (quick, slow): (Vec<_>, Vec<_>) = nodes.iter().partition(|node| !node.reads_texts());
                for node in quick.into_iter().chain(slow) {
                    if left.is_empty() {
                        break;
                    }
                    left = self.select(node, &left, contents)?;
                }
                Ok(left)
            }
            Node::Any(nodes) => {
                let mut found = Bits::default();
                for node in nodes {
                    found.add(&self.select(node, within, contents)?);
                }
                Ok(found)
            }
            Node::Not(node) => {
                let mut left = within.clone();
                left.take(&self.select(node, within, contents)?);
                Ok(left)
            }
            Node::Test(Field::Content, test) => {
                let mut found = Bits::default();
                contents(self, within, &mut |slot, text| {
                    if test.holds(&Found::Text(Cow::Borrowed(text))) {
                        found.set(slot);
                    }
                })?;
                Ok(found)
            }
            Node::Test(field, test) => Ok(self.test(field, test, within)),
        }
    }

    fn test(&self, field: &Field, test: &Test, within: &Bits) -> Bits {
        let time = |time: i64| test.holds_at(time);
        match field {
            Field::Id => within.those(|slot| {
                self.ids.get(slot).is_some_and(|id| test.holds(&Found::Text(Cow::Owned(Id(*id).to_string()))))
            }),
            Field::Type => self.kinds.select(test, within),
            Field::Tags => self.tags.select(test, within),
            Field::Session => self.sessions.select(test, within),
            Field::Speaker => self.speakers.select(test, within),
            Field::Source => self.sources.select(test, within),
            Field::Agent => self.agents.select(test, within),
            Field::Run => self.runs.select(test, within),
            Field::Author => self.authors.select(test, within),
            // Read by `select`.
            Field::Content => Bits::default(),
            Field::Importance => self.importance.select(within, |value| {
                decimal(value).is_some_and(|number| test.holds(&Found::Number(number)))
            }),
            Field::Created => match test.span() {
                Some((from, to)) => within.masked(&self.created, |at| from <= at && at <= to),
                None => within.masked(&self.created, time),
            },
            Field::Updated => within.those(|slot| {
                self.updated.at(slot).or_else(|| self.created.get(slot).copied()).is_some_and(time)
            }),
            Field::ValidFrom => self.valid_from.select(within, time),
            Field::ValidTo => self.valid_to.select(within, time),
            Field::Expires => self.expires.select(within, time),
            Field::Metadata(path) => self.metadata.select(path, test, within),
        }
    }
}

impl Node {
    /// Whether it asks for what memories say.
    fn reads_texts(&self) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().any(Self::reads_texts),
            Self::Not(node) => node.reads_texts(),
            Self::Test(field, _) => *field == Field::Content,
        }
    }
}
