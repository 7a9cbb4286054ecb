//! Following rules: pure, and without a way to fail.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::compiled::{Compiled, CompiledRule, Leaf, Node, fits};
use super::deadline::Deadline;
use crate::detect::Finding;
use crate::event::Event;
use crate::rule::{Detect, Node as Value, Test, Truth};
use crate::text::Text;
use crate::trigger::Hits;

/// What is remembered of a session, as conditions ask for it.
pub(crate) trait Memory {
    fn labels(&self) -> &[String];

    /// Whether what a tracker waits for has come. `now` says whether the present event is of its last kind.
    fn holds(&self, set: &Compiled, tracker: usize, now: &[Stepped], event: &Event<'_>) -> bool;
}

/// Nothing is remembered.
pub(crate) struct Nothing;

impl Memory for Nothing {
    fn labels(&self) -> &[String] {
        &[]
    }

    fn holds(&self, _: &Compiled, _: usize, _: &[Stepped], _: &Event<'_>) -> bool {
        false
    }
}

/// The present event is of the kind that a tracker's step waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stepped {
    pub(crate) tracker: usize,
    pub(crate) stage: usize,
}

/// The values of a field.
enum Slot<'e> {
    Unread,
    Empty,
    One(Value<'e>),
    Many(Vec<Value<'e>>),
}

/// One event and what is known about it so far: each question is answered once.
pub(crate) struct Frame<'s, 'e> {
    pub(crate) set: &'s Compiled,
    pub(crate) event: &'s Event<'e>,
    memory: &'s dyn Memory,
    slots: Vec<Slot<'e>>,
    /// 0 is open, 1 is false, 2 is true.
    answers: Vec<u8>,
    hits: Option<Hits>,
    /// What detectors found in each text, by where the text is.
    scanned: HashMap<(usize, usize), Scanned<'e>>,
    pub(crate) stepped: Vec<Stepped>,
    /// Passes from the first question that takes long on a long text: what comes before takes no time to speak of.
    deadline: Deadline,
    /// A detector broke.
    pub(crate) broken: bool,
}

/// A text with what each detector found in it.
struct Scanned<'e> {
    text: Text<'e>,
    found: Vec<(usize, Vec<Finding>)>,
}

/// Which rules apply.
#[derive(Debug, Default)]
pub(crate) struct Fired {
    pub(crate) rules: Vec<usize>,
    pub(crate) shadow: Vec<usize>,
}

impl<'s, 'e> Frame<'s, 'e> {
    pub(crate) fn new(
        set: &'s Compiled,
        event: &'s Event<'e>,
        memory: &'s dyn Memory,
        deadline: Option<Duration>,
    ) -> Self {
        let mut slots = Vec::with_capacity(set.slots.len());
        slots.resize_with(set.slots.len(), || Slot::Unread);
        Self {
            set,
            event,
            memory,
            slots,
            answers: vec![0; set.leaves.len()],
            hits: None,
            scanned: HashMap::new(),
            stepped: Vec::new(),
            deadline: Deadline::new(deadline),
            broken: false,
        }
    }

    /// The rules that apply.
    pub(crate) fn rules(&mut self) -> Fired {
        let mut fired = Fired::default();
        let Some((first, check, any)) = self.set.index.candidates(self.event.phase, self.event.tool) else {
            return fired;
        };
        fired.rules.reserve((first.numbers.len() + any.numbers.len()).min(64));
        for (numbers, check) in [(&first.numbers, check), (&any.numbers, false)] {
            for number in numbers {
                let Some(rule) = self.set.rules.get(*number) else { continue };
                if (check && !fits(&rule.tools, self.event.tool)) || !self.applies(rule) {
                    continue;
                }
                if rule.shadow { fired.shadow.push(*number) } else { fired.rules.push(*number) }
            }
        }
        fired
    }

    /// Whether a rule for this tool applies.
    pub(crate) fn applies(&mut self, rule: &'s CompiledRule) -> bool {
        self.is_there(rule) && self.holds(&rule.node)
    }

    /// Whether a rule is about this server and environment.
    pub(crate) fn is_there(&self, rule: &CompiledRule) -> bool {
        (rule.servers.is_empty() || fits(&rule.servers, self.event.server))
            && (rule.environments.is_empty()
                || rule.environments.iter().any(|name| *name == self.event.environment))
    }

    /// Finds out which steps of trackers the event is.
    pub(crate) fn step(&mut self) {
        if self.set.steps.is_empty() {
            return;
        }
        let mut stepped = Vec::new();
        for (number, check) in self.set.step_index.numbers(self.event.phase, self.event.tool) {
            let Some(step) = self.set.steps.get(number) else { continue };
            if (!check || fits(&step.tools, self.event.tool)) && self.holds(&step.node) {
                stepped.push(Stepped { tracker: step.tracker, stage: step.stage });
            }
        }
        // The last steps first: what one event completes, it does not begin.
        stepped.sort_unstable_by_key(|step| (step.tracker, std::cmp::Reverse(step.stage)));
        self.stepped = stepped;
    }

    /// Whether a condition holds.
    pub(crate) fn holds(&mut self, node: &'s Node) -> bool {
        match node {
            Node::Field(leaf) => match self.answers.get(*leaf) {
                Some(1) => false,
                Some(2) => true,
                _ => self.ask(*leaf),
            },
            Node::All(list) => list.iter().all(|node| self.holds(node)),
            Node::Any(list) => list.iter().any(|node| self.holds(node)),
            Node::Not(inner) => !self.holds(inner),
            Node::AtLeast(count, list) => {
                let mut left = *count;
                list.iter().any(|node| {
                    left = left.saturating_sub(usize::from(self.holds(node)));
                    left == 0
                })
            }
            Node::Label(globs) => {
                let mine = self.event.labels.iter().copied();
                mine.chain(self.memory.labels().iter().map(String::as_str))
                    .any(|label| globs.iter().any(|glob| glob.matches(label)))
            }
            Node::Role(globs) => {
                self.event.roles.iter().any(|role| globs.iter().any(|glob| glob.matches(role)))
            }
            Node::Variable(name) => {
                let value =
                    self.event.variables.iter().find(|(known, _)| **name == **known).map(|(_, value)| *value);
                value.is_some_and(|value| !matches!(value, "" | "0" | "false"))
            }
            Node::Trigger(number) => self.hits().contains(*number),
            Node::Tracked(tracker) => self.memory.holds(self.set, *tracker, &self.stepped, self.event),
            Node::Time(time) => time.holds(self.event.time),
        }
    }

    fn hits(&mut self) -> &Hits {
        if self.hits.is_none() {
            let mut nodes = Vec::new();
            self.set.text.find(self.event, &mut nodes);
            let mut hits = self.set.matcher.none();
            for text in nodes.iter().filter_map(|node| node.as_str()) {
                if self.is_late() {
                    break;
                }
                hits.add(&self.set.matcher.matches(text));
            }
            self.hits = Some(hits);
        }
        // INVARIANT: set above.
        self.hits.get_or_insert_with(|| self.set.matcher.none())
    }

    fn is_late(&mut self) -> bool {
        self.deadline.look()
    }

    /// Whether the deadline has passed: answers are guesses.
    pub(crate) const fn is_expired(&self) -> bool {
        self.deadline.passed()
    }

    fn answer(&mut self, leaf: usize, answer: bool) {
        if let Some(slot) = self.answers.get_mut(leaf) {
            *slot = 1 + u8::from(answer);
        }
    }

    /// Reads a field; tells whether something is there.
    pub(crate) fn read(&mut self, slot: usize) -> bool {
        match self.slots.get(slot) {
            Some(Slot::Unread) => {}
            other => return !matches!(other, Some(Slot::Empty) | None),
        }
        let Some(field) = self.set.slots.get(slot) else { return false };
        let read = if let Some(single) = field.single(self.event) {
            single.map_or(Slot::Empty, |value| Slot::One(Value::Json(value)))
        } else {
            let mut found = Vec::new();
            field.find(self.event, &mut found);
            match found.as_slice() {
                [] => Slot::Empty,
                [one] => Slot::One(*one),
                _ => Slot::Many(found),
            }
        };
        let there = !matches!(read, Slot::Empty);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = read;
        }
        there
    }

    /// The fields that were asked for and are not there.
    pub(crate) fn missing(&self) -> Vec<usize> {
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| matches!(slot, Slot::Empty))
            .map(|(at, _)| at)
            .collect()
    }

    /// Looks at each value of a field until one is enough.
    pub(crate) fn any(&mut self, slot: usize, mut look: impl FnMut(&mut Self, Value<'e>) -> Truth) -> Truth {
        self.read(slot);
        match self.slots.get_mut(slot) {
            Some(Slot::One(value)) => {
                let value = *value;
                look(self, value)
            }
            Some(Slot::Many(values)) => {
                let values = std::mem::take(values);
                let sum = Truth::any(values.iter().map(|value| look(self, *value)));
                if let Some(place) = self.slots.get_mut(slot) {
                    *place = Slot::Many(values);
                }
                sum
            }
            _ => Truth::False,
        }
    }

    fn ask(&mut self, number: usize) -> bool {
        let Some(leaf) = self.set.leaves.get(number) else { return false };
        if let Test::Exists(wanted) = leaf.test {
            let answer = self.read(leaf.slot) == wanted;
            self.answer(number, answer);
            return answer;
        }
        if let Some(group) = leaf.group {
            self.ask_group(leaf.slot, group);
            return self.answers.get(number) == Some(&2);
        }
        let truth = self.any(leaf.slot, |frame, value| frame.test(leaf, value));
        let answer = match truth {
            Truth::True => true,
            Truth::False => false,
            Truth::Unsure => leaf.unsure,
        };
        self.answer(number, answer);
        answer
    }

    fn ask_group(&mut self, slot: usize, group: usize) {
        let Some(group) = self.set.groups.get(group) else { return };
        for leaf in &group.leaves {
            self.answer(*leaf, false);
        }
        self.any(slot, |frame, value| {
            if let Some(text) = value.as_str().filter(|_| !frame.is_late()) {
                for found in group.automaton.find_overlapping_iter(text) {
                    if let Some(leaf) = group.leaves.get(found.pattern().as_usize()) {
                        frame.answer(*leaf, true);
                    }
                }
            }
            Truth::False
        });
    }

    fn test(&mut self, leaf: &Leaf, value: Value<'e>) -> Truth {
        if leaf.test.is_costly() && self.is_late() {
            return Truth::Unsure;
        }
        match (&leaf.test, leaf.detector, value.as_str()) {
            (Test::Detector(detect), Some(detector), Some(text)) => {
                let broken = self.broken;
                self.broken = false;
                let found = self.findings(detector, text).iter().any(|finding| counts(detect, finding));
                // A detector that broke has said nothing.
                let unsure = self.broken && !found;
                self.broken |= broken;
                if unsure { Truth::Unsure } else { found.into() }
            }
            _ => leaf.test.holds(value),
        }
    }

    /// What a detector finds in a text, once per event. All detectors look at the same views of it.
    fn findings(&mut self, detector: usize, text: &'e str) -> &[Finding] {
        let scanned = self.scanned.entry((text.as_ptr() as usize, text.len())).or_insert_with(|| Scanned {
            text: if self.set.detectors.len() > 1 { Text::shared(text) } else { Text::new(text) },
            found: Vec::new(),
        });
        let known = scanned.found.iter().position(|(by, _)| *by == detector);
        let at = known.unwrap_or_else(|| {
            let mut found = Vec::new();
            if let Some(detector) = self.set.detectors.get(detector) {
                let scan = AssertUnwindSafe(|| detector.scan(&scanned.text, &mut found));
                self.broken |= catch_unwind(scan).is_err();
            }
            scanned.found.push((detector, found));
            scanned.found.len() - 1
        });
        scanned.found.get(at).map_or(&[], |(_, found)| found)
    }

    /// Where what makes a condition hold stands: values, and parts of them.
    pub(crate) fn places(&mut self, node: &'s Node, look: &mut dyn FnMut(String, Option<Range<usize>>)) {
        match node {
            Node::All(list) | Node::Any(list) | Node::AtLeast(_, list) => {
                for node in list {
                    if self.holds(node) {
                        self.places(node, look);
                    }
                }
            }
            Node::Field(number) => self.places_of(*number, look),
            _ => {}
        }
    }

    fn places_of(&mut self, number: usize, look: &mut dyn FnMut(String, Option<Range<usize>>)) {
        let Some(leaf) = self.set.leaves.get(number) else { return };
        let Some(field) = self.set.slots.get(leaf.slot) else { return };
        let (mut values, mut parts) = (Vec::new(), Vec::new());
        self.any(leaf.slot, |frame, value| {
            let fits = match frame.test(leaf, value) {
                Truth::True => true,
                Truth::Unsure => leaf.unsure,
                Truth::False => false,
            };
            if fits {
                values.push(value);
                parts.push(match (&leaf.test, leaf.detector, value.as_str()) {
                    (Test::Detector(detect), Some(detector), Some(text)) => {
                        let found =
                            frame.findings(detector, text).iter().filter(|finding| counts(detect, finding));
                        found.map(|finding| finding.span.clone()).collect()
                    }
                    _ => leaf.test.spans(value),
                });
            }
            Truth::False
        });
        for (place, spans) in field.places(self.event, &values).into_iter().zip(parts) {
            if spans.is_empty() {
                look(place, None);
            } else {
                spans.into_iter().for_each(|span| look(place.clone(), Some(span)));
            }
        }
    }
}

fn counts(detect: &Detect, finding: &Finding) -> bool {
    finding.score >= detect.min_score && fits(&detect.kinds, finding.kind.as_str())
}
