//! Rules in force, and what they say about events.

mod cache;
mod change;
mod compile;
mod compiled;
mod deadline;
mod decision;
mod eval;
mod explain;
mod index;
mod place;
mod schema;
mod self_test;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use serde_json::Value;

use self::cache::Cache;
use self::change::Added;
pub(crate) use self::compile::{check, number_field};
pub(crate) use self::compiled::{Compiled, TrackerKind};
pub use self::decision::{Decision, Reason, Verdict};
use self::eval::{Frame, Nothing};
pub(crate) use self::eval::{Memory, Stepped};
pub use self::explain::{Explanation, RuleExplanation};
#[cfg(feature = "layer")]
pub(crate) use self::place::masked;
pub use self::place::{MASK, Place};
pub use self::schema::Lint;
use crate::detect::{Detector, standard};
use crate::event::Event;
use crate::parse::{RuleError, RuleSet};
use crate::rule::Rule;
use crate::state::Session;
use crate::trigger::Slow;

/// Decides over events. Rules change while it runs; a decision keeps those it began with.
pub struct Engine {
    live: ArcSwap<Live>,
    /// Held by whoever changes rules.
    changing: Mutex<()>,
    detectors: Vec<Arc<dyn Detector>>,
    cache: Cache,
    deadline: Option<Duration>,
    closed: bool,
}

struct Live {
    source: RuleSet,
    /// Which of them were added while the engine ran.
    added: Vec<Added>,
    set: Arc<Compiled>,
}

/// Makes an [`Engine`].
pub struct EngineBuilder {
    detectors: Vec<Arc<dyn Detector>>,
    cache: usize,
    deadline: Option<Duration>,
    closed: bool,
}

impl EngineBuilder {
    /// Adds a detector that rules may ask by its name, in the place of one with the same name. Those of
    /// [`standard`](crate::detect::standard) are there already.
    #[must_use]
    pub fn detector(mut self, detector: Arc<dyn Detector>) -> Self {
        self.detectors.retain(|known| known.name() != detector.name());
        self.detectors.push(detector);
        self
    }

    /// How many decisions are kept; 0 keeps none.
    #[must_use]
    pub const fn cache(mut self, decisions: usize) -> Self {
        self.cache = decisions;
        self
    }

    /// How long a decision may take (default: 50 ms), in processor time of the thread that decides: what waits for its turn is not slow. It
    /// is looked at before each question that takes long on a long text, and begins with the first of them; the time of one such question and
    /// a sixteenth of the deadline may come on top. After twenty times as long by the clock on the wall it has passed in any case. Where the
    /// system does not tell a thread's time, as on Windows, the clock on the wall is what counts.
    #[must_use]
    pub const fn deadline(mut self, deadline: Option<Duration>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Lets go on what could not be decided in time, or because a detector broke. Its decision says that it is not complete.
    #[must_use]
    pub const fn fail_open(mut self) -> Self {
        self.closed = false;
        self
    }

    /// Puts rules in force.
    ///
    /// # Errors
    /// The rules cannot be used, or one of their tests fails.
    pub fn build(self, rules: RuleSet) -> Result<Engine, RuleError> {
        let set = prepared(&rules, &self.detectors)?;
        Ok(Engine {
            live: ArcSwap::from_pointee(Live { source: rules, added: Vec::new(), set }),
            changing: Mutex::new(()),
            detectors: self.detectors,
            cache: Cache::new(self.cache),
            deadline: self.deadline,
            closed: self.closed,
        })
    }
}

fn prepared(rules: &RuleSet, detectors: &[Arc<dyn Detector>]) -> Result<Arc<Compiled>, RuleError> {
    let set = compile::compile(rules, detectors).map_err(|problem| rules.refused(problem))?;
    let set = Arc::new(set);
    self_test::run(&set, rules)?;
    Ok(set)
}

impl Engine {
    /// Starts one.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder {
            detectors: standard(),
            cache: 10_000,
            deadline: Some(Duration::from_millis(50)),
            closed: true,
        }
    }

    /// Says what the rules come to. Nothing is remembered: conditions about what happened before do not hold. See
    /// [`Guard`](crate::state::Guard) for those.
    #[must_use]
    pub fn decide(&self, event: &Event<'_>) -> Arc<Decision> {
        let set = self.set();
        let key = if self.cache.is_on() { cache::key(&set, event) } else { None };
        if let Some(known) = key.as_ref().and_then(|key| self.cache.get(key)) {
            return known;
        }
        let (decision, _) = evaluate(&set, event, &Nothing, &self.terms(false));
        let decision = Arc::new(decision);
        if let Some(key) = key.filter(|_| decision.is_complete()) {
            self.cache.put(key, &decision);
        }
        decision
    }

    pub(crate) fn set(&self) -> Arc<Compiled> {
        Arc::clone(&self.live.load().set)
    }

    /// Decides with what a session remembers, and lets it take note. `approved` says that what needs approval has it.
    pub(crate) fn step(&self, session: &mut Session, event: &Event<'_>, approved: bool) -> Decision {
        step(&self.set(), session, event, &self.terms(approved))
    }

    const fn terms(&self, approved: bool) -> Terms {
        Terms { deadline: self.deadline, closed: self.closed, approved }
    }

    /// Why rules apply to an event, and what keeps others from it, those that nearly apply first.
    #[must_use]
    pub fn explain(&self, event: &Event<'_>) -> Explanation {
        let set = self.set();
        Frame::new(&set, event, &Nothing, None).explain()
    }

    /// An engine with the same detectors and settings and other rules: to try them.
    ///
    /// # Errors
    /// The rules cannot be used, or one of their tests fails.
    pub fn with_rules(&self, rules: RuleSet) -> Result<Self, RuleError> {
        let builder = EngineBuilder {
            detectors: self.detectors.clone(),
            cache: 0,
            deadline: self.deadline,
            closed: self.closed,
        };
        builder.build(rules)
    }

    /// The rules in force.
    #[must_use]
    pub fn rules(&self) -> Vec<Rule> {
        self.live.load().source.rules.clone()
    }

    /// Compares the rules with the schema of a tool's arguments: names and types that cannot be, and what may be missing.
    #[must_use]
    pub fn check_tool(&self, tool: &str, schema: &Value) -> Vec<Lint> {
        schema::check(&self.set(), tool, schema)
    }

    /// Expressions of triggers that are no chains of words and run by themselves, with the rule's place.
    #[must_use]
    pub fn slow_triggers(&self) -> Vec<Slow> {
        self.set().matcher.slow().to_vec()
    }
}

/// How a decision is made.
pub(crate) struct Terms {
    pub(crate) deadline: Option<Duration>,
    pub(crate) closed: bool,
    pub(crate) approved: bool,
}

fn evaluate(
    set: &Arc<Compiled>,
    event: &Event<'_>,
    memory: &dyn Memory,
    terms: &Terms,
) -> (Decision, Vec<Stepped>) {
    let mut frame = Frame::new(set, event, memory, terms.deadline);
    frame.step();
    let fired = frame.rules();
    let stepped = std::mem::take(&mut frame.stepped);
    (Decision::weigh(set, frame, fired, terms), stepped)
}

/// Decides with what a session remembers, and lets it take note.
fn step(set: &Arc<Compiled>, session: &mut Session, event: &Event<'_>, terms: &Terms) -> Decision {
    let (decision, stepped) = evaluate(set, event, session, terms);
    match session.remember(&decision, &stepped, event) {
        Some(verdict) => decision.with(verdict),
        None => decision,
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("rules", &self.live.load().source.rules.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder").field("detectors", &self.detectors.len()).finish_non_exhaustive()
    }
}
