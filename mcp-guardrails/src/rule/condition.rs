//! What must hold for a rule to apply: a tree.

use std::time::Duration;

use super::{Field, Glob, Test};
use crate::event::Phase;

/// What must hold.
#[derive(Debug, Clone)]
pub enum Condition {
    /// All of these; true if there are none.
    All(Vec<Self>),
    /// One of these; false if there are none.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// So many of these.
    AtLeast(usize, Vec<Self>),
    /// A value of the field fits. What is not there fits nothing.
    Field(Field, Test),
    /// The event or its session has one of these labels.
    Label(Vec<Glob>),
    /// The caller has one of these roles.
    Role(Vec<Glob>),
    /// A setting is there, and neither empty, `0` nor `false`.
    Variable(String),
    /// A text of the event is about something.
    Trigger(Trigger),
    /// Something about what happened before.
    Tracked(Box<Tracked>),
    /// It is that time.
    Time(TimeOfDay),
}

impl Condition {
    /// How deep the tree is.
    pub(crate) fn depth(&self) -> usize {
        let (mut deepest, mut open) = (0, vec![(self, 1)]);
        while let Some((condition, depth)) = open.pop() {
            deepest = deepest.max(depth);
            match condition {
                Self::All(list) | Self::Any(list) | Self::AtLeast(_, list) => {
                    open.extend(list.iter().map(|inner| (inner, depth + 1)));
                }
                Self::Not(inner) => open.push((inner, depth + 1)),
                Self::Tracked(tracked) => {
                    open.extend(tracked.conditions().map(|inner| (inner, depth + 1)));
                }
                _ => {}
            }
        }
        deepest
    }
}

/// Words and patterns, one of which has to occur in a text of the event, whatever its case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigger {
    /// Texts that have to occur.
    pub keywords: Vec<String>,
    /// Expressions that have to match.
    pub patterns: Vec<String>,
    /// Keywords count as whole words only, and so does what patterns name, with or without an `s` at its end.
    pub whole_words: bool,
}

/// An event of a kind.
#[derive(Debug, Clone)]
pub struct Step {
    /// In which phases; `call` if there are none.
    pub phases: Vec<Phase>,
    /// With which tools.
    pub tools: Vec<Glob>,
    /// What must hold.
    pub when: Condition,
}

/// Something about what happened in the session.
#[derive(Debug, Clone)]
pub enum Tracked {
    /// Steps happened in this order, of which the last is the present event.
    Sequence(Sequence),
    /// So many events of a kind happened lately, the present one included.
    Window(Window),
}

impl Tracked {
    /// The conditions in it.
    pub(crate) fn conditions(&self) -> Box<dyn Iterator<Item = &Condition> + '_> {
        match self {
            Self::Sequence(sequence) => Box::new(sequence.steps.iter().map(|step| &step.when)),
            Self::Window(window) => Box::new(std::iter::once(&window.of.when)),
        }
    }
}

/// Steps, one after another; anything may happen between them.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// At least two.
    pub steps: Vec<Step>,
    /// From the first to the last.
    pub within: Duration,
    /// A field that has the same value in all of them.
    pub same: Option<Field>,
}

/// What is added up.
#[derive(Debug, Clone)]
pub enum Every {
    /// The events.
    Count,
    /// A number in them.
    Sum(Field),
    /// The different values of a field.
    Distinct(Field),
}

/// Events of a kind within a time, added up.
#[derive(Debug, Clone)]
pub struct Window {
    /// Which.
    pub of: Step,
    /// What is added.
    pub add: Every,
    /// How long they count. It is told in 64 parts: what is older by less than a part may count.
    pub within: Duration,
    /// What it has to come to.
    pub min: f64,
}

/// Days and hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeOfDay {
    /// From this minute of the day.
    pub from: u16,
    /// Until before this minute; earlier than `from`, it is on the next day.
    pub to: u16,
    /// On these days, Monday first.
    pub days: [bool; 7],
    /// Minutes east of Greenwich.
    pub offset: i16,
}

impl TimeOfDay {
    /// Whether a moment lies in it; the day is that of the moment.
    pub(crate) fn holds(&self, time: u64) -> bool {
        let minutes = i64::try_from(time / 60_000).unwrap_or(i64::MAX / 2).saturating_add(self.offset.into());
        let (day, minute) = (minutes.div_euclid(1440), minutes.rem_euclid(1440));
        // The first day of 1970 was a Thursday.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or(0);
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        let hours = if from <= to { (from..to).contains(&minute) } else { minute >= from || minute < to };
        hours && self.days.get(weekday).copied().unwrap_or(false)
    }
}
