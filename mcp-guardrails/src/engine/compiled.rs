//! Rules as they are followed: numbered, shared, indexed.

use std::sync::Arc;

use aho_corasick::AhoCorasick;

use super::index::Index;
use crate::detect::Detector;
use crate::event::Phase;
use crate::parse::Circuit;
use crate::rule::{Action, Effect, Every, Field, Glob, Template, Test, TimeOfDay};
use crate::trigger::Matcher;

/// Rules in force. Immutable: whoever decides keeps the version it began with.
pub(crate) struct Compiled {
    /// Different for all sets of a process.
    pub(crate) version: u64,
    pub(crate) default: Effect,
    /// Whether a rule can silence others.
    pub(crate) allows: bool,
    pub(crate) circuit: Option<Circuit>,
    pub(crate) rules: Box<[CompiledRule]>,
    pub(crate) index: Index,
    /// Fields, each once.
    pub(crate) slots: Box<[Field]>,
    /// Questions about fields, each once.
    pub(crate) leaves: Box<[Leaf]>,
    pub(crate) groups: Box<[Group]>,
    pub(crate) matcher: Matcher,
    /// The field whose texts triggers look at.
    pub(crate) text: Field,
    pub(crate) detectors: Box<[Arc<dyn Detector>]>,
    pub(crate) trackers: Box<[Tracker]>,
    /// The steps of all trackers.
    pub(crate) steps: Box<[CompiledStep]>,
    pub(crate) step_index: Index,
}

pub(crate) struct CompiledRule {
    pub(crate) id: Arc<str>,
    pub(crate) effect: Option<Effect>,
    pub(crate) shadow: bool,
    pub(crate) priority: i32,
    pub(crate) tools: Box<[Glob]>,
    pub(crate) servers: Box<[Glob]>,
    pub(crate) environments: Box<[String]>,
    pub(crate) node: Node,
    pub(crate) message: Option<Template>,
    /// Skills, labels to add and to remove: nothing else is left of actions.
    pub(crate) more: Box<[Action]>,
}

/// A condition.
#[derive(Debug)]
pub(crate) enum Node {
    All(Box<[Self]>),
    Any(Box<[Self]>),
    Not(Box<Self>),
    AtLeast(usize, Box<[Self]>),
    Field(usize),
    Label(Box<[Glob]>),
    Role(Box<[Glob]>),
    Variable(Box<str>),
    Trigger(usize),
    Tracked(usize),
    Time(TimeOfDay),
}

/// A question about a field.
#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) slot: usize,
    pub(crate) test: Test,
    /// What it counts as where readers would disagree.
    pub(crate) unsure: bool,
    pub(crate) group: Option<usize>,
    pub(crate) detector: Option<usize>,
}

/// All texts that are looked for in one field: one pass answers them together.
pub(crate) struct Group {
    pub(crate) automaton: AhoCorasick,
    /// The leaf of each text.
    pub(crate) leaves: Box<[usize]>,
}

/// What is remembered for one condition.
#[derive(Debug)]
pub(crate) struct Tracker {
    /// The same for the same condition in other versions of the rules.
    pub(crate) fingerprint: u64,
    /// In milliseconds.
    pub(crate) within: u64,
    pub(crate) kind: TrackerKind,
}

#[derive(Debug)]
pub(crate) enum TrackerKind {
    /// How many steps, and the field that they share.
    Sequence(usize, Option<Field>),
    Window(Every, f64),
}

/// A kind of event that a tracker waits for.
pub(crate) struct CompiledStep {
    pub(crate) tracker: usize,
    /// Which of its steps.
    pub(crate) stage: usize,
    pub(crate) tools: Box<[Glob]>,
    pub(crate) node: Node,
}

/// Whether names fit; everything fits no patterns.
pub(crate) fn fits(patterns: &[Glob], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
}

/// The phases that are meant by none.
pub(crate) fn phases(written: &[Phase]) -> &[Phase] {
    if written.is_empty() { &[Phase::Call] } else { written }
}
