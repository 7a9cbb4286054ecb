//! An engine that remembers.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::{ApprovalRequest, Digest, Session, Store, StoreError};
use crate::engine::{Decision, Engine, Verdict};
use crate::event::{Event, Phase};

/// Decides over events with what happened before in their sessions.
#[derive(Debug, Clone)]
pub struct Guard {
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
}

/// What was decided.
#[derive(Debug)]
pub struct Checked {
    decision: Decision,
    /// What has to be approved, where something has to be.
    pub approval: Option<ApprovalRequest>,
}

impl Checked {
    /// The decision alone.
    #[cfg(feature = "layer")]
    pub(crate) fn into_decision(self) -> Decision {
        self.decision
    }

    /// Whether it must not happen: it is blocked, or nobody has approved it.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        matches!(self.decision.verdict(), Verdict::Block(_) | Verdict::RequireApproval(_))
    }
}

impl Deref for Checked {
    type Target = Decision;

    fn deref(&self) -> &Decision {
        &self.decision
    }
}

impl Guard {
    /// An engine and where it remembers.
    #[must_use]
    pub const fn new(engine: Arc<Engine>, store: Arc<dyn Store>) -> Self {
        Self { engine, store }
    }

    /// The engine.
    #[must_use]
    pub const fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Decides over an event and takes note of it. An approval that fits is used up.
    ///
    /// # Errors
    /// The store failed. What happened before is not known then, and the event should not go on.
    pub fn check(&self, event: &Event<'_>) -> Result<Checked, StoreError> {
        let mut decision = self.step(event, false)?;
        let mut approval = None;
        if matches!(decision.verdict(), Verdict::RequireApproval(_)) {
            let digest = Digest::of(event);
            if self.store.take(digest, event.time)? {
                decision = self.step(event, true)?;
            } else {
                approval = Some(ApprovalRequest { digest });
            }
        }
        if event.phase == Phase::End {
            self.store.forget(event.session)?;
        }
        Ok(Checked { decision, approval })
    }

    fn step(&self, event: &Event<'_>, approved: bool) -> Result<Decision, StoreError> {
        let mut decided = None;
        let mut step = |session: &mut Session| decided = Some(self.engine.step(session, event, approved));
        self.store.update(event.session, &mut step)?;
        decided.ok_or_else(|| StoreError::new("changed", "the store did not call back"))
    }

    /// Approves what a [`Checked`] asked for: once, until so long after `now`.
    ///
    /// # Errors
    /// The store failed.
    pub fn approve(&self, digest: Digest, now: u64, valid: Duration) -> Result<(), StoreError> {
        let valid = u64::try_from(valid.as_millis()).unwrap_or(u64::MAX);
        self.store.grant(digest, now.saturating_add(valid))
    }

    /// Uses up what was approved under a digest of one's own.
    #[cfg(feature = "layer")]
    pub(crate) fn take(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        self.store.take(digest, now)
    }

    /// Looks at a session, or changes it.
    #[cfg(feature = "layer")]
    pub(crate) fn session(&self, name: &str, act: &mut dyn FnMut(&mut Session)) -> Result<(), StoreError> {
        self.store.update(name, act)
    }

    /// Gives a session a label that something else found out.
    ///
    /// # Errors
    /// The store failed.
    pub fn label(&self, session: &str, label: &str) -> Result<(), StoreError> {
        self.store.update(session, &mut |session| session.label(label))
    }
}
