//! What was found and done.

use serde::Serialize;

use super::{Cluster, Contradiction, Digested, Faded};
use crate::{Id, MemoryError};

/// What a consolidation found, and what it did about it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Consolidated {
    /// Whether it only says what it would do.
    pub dry_run: bool,
    /// Memories that were looked at.
    pub memories: usize,
    /// Memories that were not, as there are too many: the oldest.
    pub unread: usize,
    /// Importance that faded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decay: Option<Part<Faded>>,
    /// Memories that say nearly the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similar: Option<Part<Cluster>>,
    /// Conversations that were summed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digests: Option<Part<Digested>>,
    /// Memories that may say the opposite of each other: somebody should look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contradictions: Option<Part<Contradiction>>,
}

/// What one part found and did.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Part<T> {
    /// Changes, links or digests that are to be made.
    pub found: usize,
    /// How many of them were made: none in a dry run.
    pub done: usize,
    /// Links that were there before.
    pub known: usize,
    /// How many of those found wait for the next time, as there are more than the limit.
    pub left_out: usize,
    /// What was found: new first, then what is known, up to the limit.
    pub items: Vec<T>,
    /// What could not be changed, up to the limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// How many more could not be changed.
    pub more_refused: usize,
}

/// A memory that could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Refused {
    /// The memory.
    pub id: Id,
    /// Why.
    pub why: String,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        let (items, refused) = (Vec::new(), Vec::new());
        Self { found: 0, done: 0, known: 0, left_out: 0, items, refused, more_refused: 0 }
    }
}

impl<T> Part<T> {
    pub(super) fn refuse(&mut self, id: Id, why: impl Into<String>, limit: usize) {
        if self.refused.len() < limit {
            self.refused.push(Refused { id, why: why.into() });
        } else {
            self.more_refused += 1;
        }
    }

    /// Notes how one change ended. What only concerns one memory is reported; all else ends the consolidation.
    pub(super) fn note<R>(
        &mut self,
        id: Id,
        ended: Result<R, MemoryError>,
        limit: usize,
    ) -> Result<Option<R>, MemoryError> {
        match ended {
            Ok(done) => {
                self.done += 1;
                Ok(Some(done))
            }
            Err(
                error @ (MemoryError::Invalid { .. }
                | MemoryError::NotFound { .. }
                | MemoryError::Forbidden { .. }
                | MemoryError::Quota { .. }
                | MemoryError::Held),
            ) => {
                self.refuse(id, error.to_string(), limit);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
