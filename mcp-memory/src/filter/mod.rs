//! What a search may find: a tree of conditions, read from JSON.
//!
//! ```
//! use mcp_memory::filter::Filter;
//! use serde_json::json;
//!
//! let filter = Filter::parse(&json!({
//!     "all": [
//!         { "type": "decision", "tags": { "any": ["db", "storage"] } },
//!         { "not": { "metadata.status": "rejected" } },
//!         { "created": { "gte": "2026-01-01" } },
//!     ]
//! }))?;
//! let wrong = Filter::parse(&json!({ "all": [{ "created": { "later": 1 } }] })).unwrap_err();
//! assert_eq!(wrong.path, "filter.all[0].created.later");
//! # Ok::<(), mcp_memory::filter::FilterError>(())
//! ```
//!
//! | node | holds where |
//! |---|---|
//! | `{"all": […]}`, `{"AND": […]}` | all of the nodes do |
//! | `{"any": […]}`, `{"OR": […]}` | one of them does |
//! | `{"not": …}`, `{"NOT": …}` | the node does not; of a list, none does |
//! | `{field: value}` | the field is the value; `"*"`: it is there |
//! | `{field: {operator: value, …}}` | all operators hold |
//!
//! Fields: `id`, `type`, `tags`, `session`, `speaker`, `source`, `agent`, `run`, `author`, `content`, `importance`, `created`, `updated`,
//! `valid_from`, `valid_to`, `expires`, `metadata.a.b` (`\.` for a dot within a name).
//!
//! | operator | of | holds where |
//! |---|---|---|
//! | `eq`, `ne` | all but `content` | the field is (not) the value; a list has (not) the value in it |
//! | `in`, `nin` | all but `content` | one (none) of the values is `eq` |
//! | `any`, `all`, `none` | `tags`, metadata | the list has one, all, none of the values |
//! | `gt`, `gte`, `lt`, `lte` | texts, numbers, times | the field is there and compares so |
//! | `contains`, `icontains`, `prefix` | texts (`content` without `prefix`), `tags`, metadata | it has the text in it, in any case, at its start; a list `contains` what is in it |
//! | `exists` | all | it is there, or not |
//! | `after`, `before` | times | as `gt`, `lt` |
//! | `within` | times | it lies in the span that a phrase means, or from `from` up to, but not including, `to` of `{"from": …, "to": …}` |
//!
//! What a field cannot be asked is an error, never ignored. What is missing is equal to nothing: `ne`, `nin`, `none` and `not` hold, and
//! nothing else does. Numbers and texts are never equal; whole numbers compare exactly, others as binary fractions. `eq` means `"*"` itself.
//!
//! # Times
//! RFC 3339 is an instant. So is a number: of seconds since 1970 where it is less than 10¹¹ or has a fraction, else of milliseconds. Dates
//! and phrases ([`crate::time`]) are spans in the caller's zone, and compare as a whole: `{"gt": "2026-01-31"}` begins with February,
//! `{"lte": "last week"}` ends with that week, and `eq` is `within`. [`Filter::ranges`] tells which spans were meant.

mod error;
mod field;
pub(crate) mod node;
mod parse;
#[cfg(test)]
pub(crate) mod properties;
mod record;
mod test;
#[cfg(test)]
mod tests;
mod value;
mod write;

pub use error::FilterError;
pub use field::{Field, Fields, Found};
use node::Node;
pub(crate) use record::decimal;

use crate::time::{Range, TimeContext};

/// Conditions on memories.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Simplified.
    pub(crate) node: Node,
    ranges: Vec<Range>,
}

impl Filter {
    /// Lets everything through.
    #[must_use]
    pub const fn everything() -> Self {
        Self { node: Node::ALWAYS, ranges: Vec::new() }
    }

    /// Reads a filter, with days and phrases in UTC.
    ///
    /// # Errors
    /// It is none. The error names the place, and what could stand there.
    pub fn parse(json: &serde_json::Value) -> Result<Self, FilterError> {
        Self::parse_at(json, &TimeContext::utc())
    }

    /// Reads a filter whose days and phrases about time are somebody's, somewhere.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_at(json: &serde_json::Value, context: &TimeContext) -> Result<Self, FilterError> {
        let (node, ranges) = parse::filter(json, context)?;
        Ok(Self { node: node.simplified(), ranges })
    }

    /// The same, for memories that were learned within a span.
    #[must_use]
    pub fn learned(mut self, when: &Range) -> Self {
        self.node = Node::All(vec![self.node, parse::within(&Field::Created, when)]).simplified();
        self.ranges.push(when.clone());
        self
    }

    /// Whether a memory passes.
    #[must_use]
    pub fn matches(&self, fields: &impl Fields) -> bool {
        self.node.holds(fields)
    }

    /// Whether everything passes, whatever it is: also where the conditions come to nothing, as those of `{"all": [{}]}`.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.node == Node::ALWAYS
    }

    /// The spans of time that days and phrases were read as, in their order: to be told to whoever named them.
    #[must_use]
    pub fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    /// The filter as JSON: one way to write each, with instants for all times.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        self.node.to_json()
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::everything()
    }
}
