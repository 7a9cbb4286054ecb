//! An engine that remembers.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "layer")]
use serde_json::Value;

use super::{ApprovalRequest, Digest, Pending, Session, Store, StoreError};
use crate::engine::{Decision, Engine, Verdict};
use crate::event::{Event, Phase};
#[cfg(feature = "layer")]
use crate::rule::Action;

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

    /// Decides over each tool of a list; `labels` says what is known of one by its place. What a session knows counts, and what it learns is
    /// kept; but a list is no step of it, and what is left out is no violation.
    #[cfg(feature = "layer")]
    pub(crate) fn check_list<'t>(
        &self,
        event: &Event<'_>,
        tools: &'t [Value],
        labels: impl Fn(usize) -> Vec<&'t str>,
    ) -> Result<Vec<Arc<Decision>>, StoreError> {
        let mut known = Vec::new();
        self.store.update(event.session, &mut |session| known = session.labels().to_vec())?;
        let (mut learnt, mut all) = (Vec::new(), Vec::with_capacity(tools.len()));
        for (at, definition) in tools.iter().enumerate() {
            let name = definition.get("name").and_then(Value::as_str).unwrap_or_default();
            let labels: Vec<&str> = known.iter().map(String::as_str).chain(labels(at)).collect();
            let listed = Event {
                phase: Phase::List,
                tool: name,
                definition: Some(definition),
                labels: &labels,
                ..*event
            };
            let decision = self.engine.decide(&listed);
            let more = decision.fired().flat_map(|rule| &rule.more);
            learnt.extend(
                more.filter(|action| matches!(action, Action::Label(_) | Action::Unlabel(_))).cloned(),
            );
            all.push(decision);
        }
        if !learnt.is_empty() {
            let note = &mut |session: &mut Session| learnt.iter().for_each(|action| session.note(action));
            self.store.update(event.session, note)?;
        }
        Ok(all)
    }

    /// Approves what a [`Checked`] asked for: once, until so long after `now`.
    ///
    /// # Errors
    /// The store failed.
    pub fn approve(&self, digest: Digest, now: u64, valid: Duration) -> Result<(), StoreError> {
        let valid = u64::try_from(valid.as_millis()).unwrap_or(u64::MAX);
        self.store.grant(digest, now.saturating_add(valid))
    }

    /// Lets a call wait for somebody to approve it, whichever process that somebody asks.
    ///
    /// # Errors
    /// The store failed.
    pub fn wait(&self, pending: &Pending) -> Result<(), StoreError> {
        self.store.wait(pending)
    }

    /// The calls that wait, the oldest first.
    ///
    /// # Errors
    /// The store failed.
    pub fn pending(&self, now: u64) -> Result<Vec<Pending>, StoreError> {
        self.store.waiting(now)
    }

    /// Approves a call that waits, as [`approve`](Self::approve) does; nothing happens where none waits.
    ///
    /// # Errors
    /// The store failed. The call may wait no longer then; who makes it again is asked again.
    pub fn approve_pending(&self, digest: Digest, now: u64, valid: Duration) -> Result<bool, StoreError> {
        let waited = self.store.settle(digest, now)?;
        if waited {
            self.approve(digest, now, valid)?;
        }
        Ok(waited)
    }

    /// Uses up what was approved under a digest of one's own.
    #[cfg(feature = "layer")]
    pub(crate) fn take(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        self.store.take(digest, now)
    }

    /// Gives a session a label that something else found out.
    ///
    /// # Errors
    /// The store failed.
    pub fn label(&self, session: &str, label: &str) -> Result<(), StoreError> {
        self.store.update(session, &mut |session| session.label(label))
    }
}
