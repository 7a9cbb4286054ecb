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
//! | `eq`, `ne` | all | the field is (not) the value; a list has (not) the value in it |
//! | `in`, `nin` | all | one (none) of the values is `eq` |
//! | `any`, `all`, `none` | `tags` and lists | the list has one, all, none of the values |
//! | `gt`, `gte`, `lt`, `lte` | numbers, texts, times | the field is there and compares so |
//! | `contains`, `icontains`, `prefix` | texts, lists | it has the text in it, in any case, at its start |
//! | `exists` | all | it is there, or not |
//! | `within` | times | it lies in the span that a phrase means ([`crate::time`]), or in `{"from": …, "to": …}` |
//!
//! Times are RFC 3339, dates (midnight in UTC), or milliseconds since 1970. What is missing is equal to nothing: `ne`, `nin` and
//! `none` hold. Numbers and texts are never equal.

mod error;
mod node;
mod parse;
mod test;
#[cfg(test)]
mod tests;

pub use error::FilterError;
use node::Node;

use crate::Record;
use crate::time::{Range, TimeContext};

/// Conditions on memories.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Node);

impl Filter {
    /// Lets everything through.
    #[must_use]
    pub const fn everything() -> Self {
        Self(Node::All(Vec::new()))
    }

    /// Reads a filter.
    ///
    /// # Errors
    /// It is none. The error names the place, and what could stand there.
    pub fn parse(json: &serde_json::Value) -> Result<Self, FilterError> {
        Self::parse_at(json, &TimeContext::utc())
    }

    /// Reads a filter whose phrases about time are somebody's, somewhere.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_at(json: &serde_json::Value, context: &TimeContext) -> Result<Self, FilterError> {
        parse::filter(json, context).map(Self)
    }

    /// The same, for memories that were learned within a span.
    #[must_use]
    pub fn learned(self, when: &Range) -> Self {
        Self(Node::All(vec![self.0, parse::within(&node::Field::Created, when)]))
    }

    /// Whether a memory passes.
    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        self.0.holds(record)
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        matches!(&self.0, Node::All(nodes) if nodes.is_empty())
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::everything()
    }
}
