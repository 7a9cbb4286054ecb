//! Who did what, for whoever has to know.

use std::sync::Arc;

use serde::Serialize;

use crate::{Access, Id, MemoryError};

/// What somebody did, or tried to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Read a memory or its history.
    Read,
    /// Searched or listed.
    Search,
    /// Stored, changed, superseded or linked memories.
    Write,
    /// Deleted memories.
    Delete,
    /// Took all that a person stored.
    Export,
    /// Forgot a person.
    Erase,
    /// Deleted what was kept long enough.
    Retention,
    /// Brought memories to the same state as those of another place.
    Sync,
    /// Acted in the name of a user.
    ActAs,
    /// Put a person's memories under a legal hold, or took them out of it.
    Hold,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was done.
    Done,
    /// The caller may not. They may have been told that there is nothing.
    Denied,
}

/// An entry. It has no text of any memory.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Event<'a> {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The organisation of who did it, or whom it was done to.
    pub org: &'a str,
    /// The user.
    pub user: &'a str,
    /// What.
    pub action: Action,
    /// Where, if it was in one place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The memory, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    /// How many memories it was done to.
    pub memories: usize,
    /// How it ended.
    pub outcome: Outcome,
}

/// Takes entries. All deletions and all that was denied are told; what was done otherwise, where [`all`](Self::all) says so.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use mcp_memory::audit::{Audit, Event};
/// use mcp_memory::{Access, Draft, Memory, Scope};
///
/// #[derive(Clone, Default)]
/// struct Lines(Arc<Mutex<Vec<String>>>);
///
/// impl Audit for Lines {
///     fn record(&self, event: &Event<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///         self.0.lock().map_err(|_| "poisoned")?.push(serde_json::to_string(event)?);
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), mcp_memory::MemoryError> {
/// # let directory = std::env::temp_dir().join(format!("memory-audit-{}", std::process::id()));
/// let lines = Lines::default();
/// let memory = Memory::builder(&directory).audit(lines.clone()).open()?;
/// memory.of(Access::new("acme", "ann")).store(&Scope::Org, Draft::new("for all")).unwrap_err();
/// assert!(lines.0.lock().unwrap()[0].contains(r#""outcome":"denied""#));
/// # drop(memory);
/// # std::fs::remove_dir_all(directory).ok();
/// # Ok(()) }
/// ```
pub trait Audit: Send + Sync + 'static {
    /// Keeps an entry. Called by the thread that does it, before the caller is told.
    ///
    /// # Errors
    /// It cannot be kept: then the caller is told that what was to be recorded failed.
    fn record(&self, event: &Event<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

    /// Whether reads, searches and writes that were allowed are told too.
    fn all(&self) -> bool {
        false
    }
}

/// Where entries go, if anywhere.
#[derive(Clone, Default)]
pub(crate) struct Trail(pub(crate) Option<Arc<dyn Audit>>);

/// What an entry is about.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    pub(crate) scope: Option<String>,
    pub(crate) id: Option<Id>,
    pub(crate) memories: usize,
}

impl Trail {
    /// Tells of what was done. What is done anyway is told to those only who want all.
    pub(crate) fn done(
        &self,
        at: i64,
        who: (&str, &str),
        action: Action,
        about: About,
    ) -> Result<(), MemoryError> {
        let Some(audit) = &self.0 else { return Ok(()) };
        if matches!(action, Action::Read | Action::Search | Action::Write) && !audit.all() {
            return Ok(());
        }
        self.record(at, who, action, about, Outcome::Done)
    }

    /// Tells of what was tried.
    pub(crate) fn denied(
        &self,
        at: i64,
        who: &Access,
        action: Action,
        about: About,
    ) -> Result<(), MemoryError> {
        self.record(at, (who.org(), who.user()), action, about, Outcome::Denied)
    }

    fn record(
        &self,
        at: i64,
        (org, user): (&str, &str),
        action: Action,
        about: About,
        outcome: Outcome,
    ) -> Result<(), MemoryError> {
        let Some(audit) = &self.0 else { return Ok(()) };
        let About { scope, id, memories } = about;
        let event = Event { at, org, user, action, scope, id, memories, outcome };
        audit.record(&event).map_err(MemoryError::doing("recorded in the audit log"))
    }
}

impl std::fmt::Debug for Trail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Trail(…)" } else { "Trail(nowhere)" })
    }
}
