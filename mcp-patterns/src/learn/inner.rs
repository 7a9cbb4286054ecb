//! The models of tenants beside the log that they follow: who writes, reads what others wrote first.

use std::collections::HashMap;
use std::sync::Arc;

use super::exposure::{Exposure, Feedback, Outcome, Receipt};
use super::state::State;
use super::store::{Event, Store};
use super::{Dice, SHARED, Settings};
use crate::PatternError;

/// How many tenants are kept in memory.
const TENANTS: usize = 256;

pub(super) struct Inner {
    pub(super) store: Store,
    /// By tenant, with when it was used last.
    pub(super) states: HashMap<String, (u64, State)>,
    uses: u64,
    pub(super) dice: Dice,
}

impl Inner {
    pub(super) fn new(store: Store, dice: Dice) -> Self {
        Self { store, states: HashMap::new(), uses: 0, dice }
    }

    /// The state of a tenant as it was left.
    fn left(&mut self, tenant: &str) -> Result<State, PatternError> {
        self.states.remove(tenant).map_or_else(|| State::load(&self.store, tenant), |(_, state)| Ok(state))
    }

    /// The state of a tenant, as the log says.
    pub(super) fn take(&mut self, tenant: &str, settings: &Settings) -> Result<State, PatternError> {
        let mut state = self.left(tenant)?;
        state.follow(
            |seq, visit| self.store.since(tenant, seq, visit),
            |id| self.store.exposure(tenant, id),
            settings,
        )?;
        Ok(state)
    }

    pub(super) fn put(&mut self, tenant: &str, state: State) {
        self.uses += 1;
        if self.states.len() >= TENANTS {
            let oldest = self.states.iter().min_by_key(|(_, (used, _))| *used).map(|(name, _)| name.clone());
            oldest.and_then(|name| self.states.remove(&name));
        }
        self.states.insert(tenant.to_owned(), (self.uses, state));
    }

    /// Writes an exposure and counts it.
    pub(super) fn log(
        &mut self,
        tenant: &str,
        state: &mut State,
        exposure: &mut Exposure,
        settings: &Settings,
    ) -> Result<(), PatternError> {
        let change = self.store.change()?;
        // What others wrote meanwhile comes first.
        state.follow(
            |seq, visit| change.since(tenant, seq, visit),
            |id| change.exposure(tenant, id),
            settings,
        )?;
        exposure.id = change.expose(tenant, exposure)?;
        change.commit()?;
        let event = Event::Exposure(Arc::new(exposure.clone()));
        state.apply(exposure.id, event, &mut |_| Ok(None), settings)?;
        state.keep(&mut self.store, tenant, settings)
    }

    /// Writes feedback and learns from it; if it is to be shared, so does what all tenants build on. Both or neither are written.
    pub(super) fn teach(
        &mut self,
        tenant: &str,
        feedback: &Feedback<'_>,
        settings: &Settings,
    ) -> Result<Receipt, PatternError> {
        let mut own = self.left(tenant)?;
        let mut shared = if feedback.share { Some(self.left(SHARED)?) } else { None };
        let told = self.tell(tenant, &mut own, shared.as_mut(), feedback, settings);
        self.put(tenant, own);
        if let Some(shared) = shared {
            self.put(SHARED, shared);
        }
        told
    }

    fn tell(
        &mut self,
        tenant: &str,
        own: &mut State,
        shared: Option<&mut State>,
        feedback: &Feedback<'_>,
        settings: &Settings,
    ) -> Result<Receipt, PatternError> {
        let change = self.store.change()?;
        own.follow(
            |seq, visit| change.since(tenant, seq, visit),
            |id| change.exposure(tenant, id),
            settings,
        )?;
        let known = match own.recent(feedback.exposure) {
            Some(exposure) => Some(exposure),
            None => change.exposure(tenant, feedback.exposure)?,
        };
        let exposure = shown(known, feedback)?;
        let id = change.feed(tenant, feedback)?.ok_or_else(|| again(feedback))?;
        if shared.is_some() {
            let copy = change.expose(SHARED, &exposure)?;
            change.feed(SHARED, &Feedback { exposure: copy, ..*feedback })?;
        }
        change.commit()?;
        own.apply(id, Event::of(feedback), &mut |_| Ok(Some(exposure.clone())), settings)?;
        let weight = own.last_weight;
        own.keep(&mut self.store, tenant, settings)?;
        if let Some(shared) = shared {
            // What was written is followed, after what others wrote before it.
            shared.follow(
                |seq, visit| self.store.since(SHARED, seq, visit),
                |id| self.store.exposure(SHARED, id),
                settings,
            )?;
            shared.keep(&mut self.store, SHARED, settings)?;
        }
        Ok(Receipt { id, weight })
    }
}

/// The exposure that feedback is about, if it can be about that.
fn shown(known: Option<Arc<Exposure>>, feedback: &Feedback<'_>) -> Result<Arc<Exposure>, PatternError> {
    let invalid =
        |field: &str, problem: String| Err(PatternError::Invalid { field: field.to_owned(), problem });
    let Some(exposure) = known else {
        let problem =
            format!("there is no {}: use the number that a recommendation came with", feedback.exposure);
        return invalid("exposure", problem);
    };
    if feedback.outcome == Outcome::NothingFits {
        if feedback.entry.is_empty() {
            return Ok(exposure);
        }
        let problem = format!("`{}` is not asked for where nothing fitted: leave it empty", feedback.entry);
        return invalid("entry", problem);
    }
    if exposure.shown.iter().any(|shown| shown == feedback.entry) {
        return Ok(exposure);
    }
    invalid("entry", format!("`{}` was not shown there: name one of {:?}", feedback.entry, exposure.shown))
}

fn again(feedback: &Feedback<'_>) -> PatternError {
    let about = match feedback.entry {
        "" => "the recommendation",
        entry => entry,
    };
    PatternError::Invalid {
        field: "entry".to_owned(),
        problem: format!("feedback on `{about}` was given already: take it back first"),
    }
}
