//! Learning from what becomes of recommendations.
//!
//! Every recommendation is logged with all candidates and the probability of each to be shown; feedback follows. What was learned is
//! computed from that log alone, so several processes that share a file agree, and feedback can be taken back. Each tenant learns for
//! itself. Only feedback that is marked to be shared teaches, besides, the model that all tenants build on.

mod choose;
mod codec;
mod exposure;
pub(crate) mod fit;
mod inner;
pub(crate) mod likeness;
pub(crate) mod model;
mod refused;
mod state;
mod store;
mod trust;
mod upkeep;
mod weights;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

pub use choose::Strategy;
pub(crate) use choose::probabilities;
pub use exposure::{Candidate, Exposure, Feedback, Outcome, Receipt, Record};
use inner::Inner;
use model::{Model, Pace};
pub(crate) use state::{State, hour};
use store::{Event, Store};

use crate::PatternError;

/// The tenant that holds what is shared. No tenant can have this name.
const SHARED: &str = "";

/// How it learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Settings {
    /// How the first entry is chosen among those that are nearly as good.
    pub strategy: Strategy,
    /// The length of a step; above 0, at most 10.
    pub rate: f32,
    /// After how many days something learned counts half; 0 for never.
    pub half_life_days: f32,
    /// How many answers of one principal count on a day.
    pub answers_a_day: u32,
    /// Whether principals who contradict all others count less.
    pub damp: bool,
    /// After how many events what was learned is kept, so that the next start is quick.
    pub snapshot_every: u32,
    /// For tests and evaluations: the same seed makes the same choices.
    pub seed: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            strategy: Strategy::Thompson { scale: 0.1 },
            rate: 1.5,
            half_life_days: 180.0,
            answers_a_day: 500,
            damp: true,
            snapshot_every: 2000,
            seed: None,
        }
    }
}

impl Settings {
    fn check(&self) -> Result<(), PatternError> {
        let wrong = |field: &str, problem: &str| {
            Err(PatternError::Invalid { field: field.to_owned(), problem: problem.to_owned() })
        };
        if !(self.rate > 0.0 && self.rate <= 10.0) {
            return wrong("rate", "has to be above 0 and at most 10");
        }
        if !(self.half_life_days >= 0.0 && self.half_life_days.is_finite()) {
            return wrong("half_life_days", "has to be 0, for never, or above");
        }
        let (Strategy::Thompson { scale } | Strategy::LinUcb { scale }) = self.strategy else {
            return Ok(());
        };
        if (0.0..=10.0).contains(&scale) {
            Ok(())
        } else {
            wrong("strategy", "`scale` has to be between 0 and 10")
        }
    }

    /// How it ranks where it does not learn.
    pub(crate) fn greedy() -> Self {
        Self { strategy: Strategy::Greedy, ..Self::default() }
    }

    pub(crate) fn pace(&self) -> Pace {
        let half_life = (self.half_life_days > 0.0).then_some(self.half_life_days * 24.0);
        Pace { rate: self.rate, half_life }
    }
}

/// What was learned, and the log behind it. Cheap to share by reference; blocks while it reads or writes its file.
///
/// ```
/// use mcp_patterns::learn::{Learner, Settings};
///
/// let learner = Learner::in_memory(Settings::default())?;
/// assert_eq!(learner.stats("acme")?.shown, 0);
/// # Ok::<(), mcp_patterns::PatternError>(())
/// ```
pub struct Learner {
    settings: Settings,
    inner: Mutex<Inner>,
}

/// What a tenant has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// How many requests were ranked.
    pub requests: u64,
    /// How many of them nothing fitted.
    pub abstained: u64,
    /// How many entries were shown.
    pub shown: u64,
    /// How many of them were used as they are.
    pub accepted: u64,
    /// Used after changes.
    pub edited: u64,
    /// Refused.
    pub rejected: u64,
    /// Neither.
    pub ignored: u64,
    /// How often somebody said that nothing fitted.
    pub nothing_fits: u64,
}

/// What ranking reads and leaves.
pub(crate) struct Desk<'a> {
    pub(crate) own: &'a mut State,
    pub(crate) shared: &'a mut State,
    pub(crate) dice: &'a mut Dice,
}

impl Learner {
    /// Opens what was learned in a file, or begins it. Several processes may.
    ///
    /// # Errors
    /// The file cannot be used, or a setting is out of bounds.
    pub fn open(path: impl AsRef<Path>, settings: Settings) -> Result<Self, PatternError> {
        Self::with(Some(path.as_ref()), settings)
    }

    /// Learns for as long as the process lives.
    ///
    /// # Errors
    /// A setting is out of bounds.
    pub fn in_memory(settings: Settings) -> Result<Self, PatternError> {
        Self::with(None, settings)
    }

    fn with(path: Option<&Path>, settings: Settings) -> Result<Self, PatternError> {
        settings.check()?;
        let seed = match settings.seed {
            Some(seed) => seed,
            None => getrandom::u64().map_err(store::failed("asking for randomness"))?,
        };
        let store = Store::open(path)?;
        Ok(Self { settings, inner: Mutex::new(Inner::new(store, Dice(seed))) })
    }

    /// How it learns.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Ranks with what was learned, and logs what came of it.
    pub(crate) fn rank<T>(
        &self,
        tenant: &str,
        rank: impl FnOnce(Desk<'_>) -> (T, Exposure),
    ) -> Result<(T, Exposure), PatternError> {
        check_tenant(tenant)?;
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let mut shared = inner.take(SHARED, &self.settings)?;
        let mut own = match inner.take(tenant, &self.settings) {
            Ok(own) => own,
            Err(error) => {
                inner.put(SHARED, shared);
                return Err(error);
            }
        };
        let desk = Desk { own: &mut own, shared: &mut shared, dice: &mut inner.dice };
        let (result, mut exposure) = rank(desk);
        let logged = inner.log(tenant, &mut own, &mut exposure, &self.settings);
        inner.put(SHARED, shared);
        inner.put(tenant, own);
        logged.map(|()| (result, exposure))
    }

    /// Learns from what became of an entry that was shown to the tenant, or that nothing fitted. What it returns a receipt for survives the
    /// end of the process at any moment.
    ///
    /// # Errors
    /// The tenant has no such exposure, the entry was not shown in it, the same principal has said something of it already, or the log
    /// cannot be written.
    pub fn feedback(&self, tenant: &str, feedback: &Feedback<'_>) -> Result<Receipt, PatternError> {
        check_tenant(tenant)?;
        self.inner.lock().teach(tenant, feedback, &self.settings)
    }

    /// Takes feedback back, as if it had never been given. What was shared stays shared.
    ///
    /// # Errors
    /// The tenant has no such feedback, or the log cannot be written.
    pub fn undo(&self, tenant: &str, feedback: i64, at: i64) -> Result<(), PatternError> {
        check_tenant(tenant)?;
        let mut inner = self.inner.lock();
        let change = inner.store.change()?;
        if !change.undo(tenant, feedback, at)? {
            return Err(PatternError::Invalid {
                field: "feedback".to_owned(),
                problem: format!(
                    "there is no {feedback} that could be taken back: use the number of its receipt"
                ),
            });
        }
        change.commit()?;
        inner.states.remove(tenant);
        Ok(())
    }

    /// Deletes all that is known of a tenant. Returns how many events that were.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn forget(&self, tenant: &str) -> Result<usize, PatternError> {
        check_tenant(tenant)?;
        let mut inner = self.inner.lock();
        inner.states.remove(tenant);
        inner.store.forget(tenant)
    }

    /// All exposures of a tenant and what was said of them, in order.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn export(&self, tenant: &str) -> Result<Vec<Record>, PatternError> {
        check_tenant(tenant)?;
        let mut records: Vec<Record> = Vec::new();
        self.inner.lock().store.since(tenant, 0, |_, event| match event {
            Event::Exposure(exposure) => {
                records.push(Record { exposure: Arc::unwrap_or_clone(exposure), feedback: Vec::new() })
            }
            Event::Feedback { exposure, entry, principal, outcome, .. } => {
                let at = records.binary_search_by_key(&exposure, |record| record.exposure.id);
                if let Some(record) = at.ok().and_then(|at| records.get_mut(at)) {
                    record.feedback.push((entry, principal, outcome));
                }
            }
            Event::Undo => {}
        })?;
        Ok(records)
    }

    /// What a tenant has done so far.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn stats(&self, tenant: &str) -> Result<Stats, PatternError> {
        check_tenant(tenant)?;
        let mut stats = Stats::default();
        self.inner.lock().store.since(tenant, 0, |_, event| match event {
            Event::Exposure(exposure) => {
                stats.requests += 1;
                stats.abstained += u64::from(exposure.shown.is_empty());
                stats.shown += exposure.shown.len() as u64;
            }
            Event::Feedback { outcome, .. } => {
                *match outcome {
                    Outcome::Accepted => &mut stats.accepted,
                    Outcome::Edited => &mut stats.edited,
                    Outcome::Rejected => &mut stats.rejected,
                    Outcome::Ignored => &mut stats.ignored,
                    Outcome::NothingFits => &mut stats.nothing_fits,
                } += 1;
            }
            Event::Undo => {}
        })?;
        Ok(stats)
    }
}

impl fmt::Debug for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learner").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn check_tenant(tenant: &str) -> Result<(), PatternError> {
    if tenant.is_empty() || tenant.len() > 256 {
        return Err(PatternError::Invalid {
            field: "tenant".to_owned(),
            problem: "has to be 1 to 256 bytes: name the organisation".to_owned(),
        });
    }
    Ok(())
}

/// Numbers that look random: xorshift64*.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Always the same.
    pub(crate) const fn fixed() -> Self {
        Self(1)
    }

    /// Between 0 and 1.
    pub(crate) fn roll(&mut self) -> f32 {
        let mut state = self.0 | 1;
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        self.0 = state;
        (state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1u64 << 24) as f32
    }
}

/// A model of nobody, to rank without learning.
pub(crate) fn nothing_learned() -> State {
    State::of(Model::default(), 0)
}
