//! From rules to what is followed.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::compiled::{
    Compiled, CompiledRule, CompiledStep, Group, Leaf, Node, Tracker, TrackerKind, phases,
};
use super::index::{Entry, Index, Reads};
use crate::detect::Detector;
use crate::event::Phase;
use crate::nearest;
use crate::parse::{Problem, RuleSet};
use crate::rule::{
    Action, Broken, Condition, Effect, Every, Field, Mode, Outcome, Rule, SequenceStep, Test, Tracked,
    Trigger,
};
use crate::trigger::Matcher;

/// Deeper conditions are refused, so that following one cannot exhaust a stack.
const DEEPEST: usize = 64;
/// So many texts in one field are looked for together.
const GROUP: usize = 4;

static VERSIONS: AtomicU64 = AtomicU64::new(1);

type Made<T> = Result<T, Problem>;

/// What is wrong with rules apart from what only an engine knows.
pub(crate) fn check(set: &RuleSet) -> Made<()> {
    for (name, chain) in &set.actions {
        outcome(set, chain, || format!("actions.{name}"))?;
    }
    let mut ids: HashMap<&str, usize> = HashMap::new();
    for (i, rule) in set.rules.iter().enumerate() {
        let at = |field: &'static str| At { rule: i, field };
        if rule.id.is_empty() {
            return Err(Problem::at(at("id").path(), "a rule needs an id: reports name it"));
        }
        if let Some(first) = ids.insert(&rule.id, i) {
            let problem = format!("`{}` is the id of rules[{first}] already", rule.id);
            return Err(Problem::at(at("id").path(), problem));
        }
        outcome(set, &rule.then, || at("then").path())?;
        for (field, condition) in [("when", Some(&rule.when)), ("unless", rule.unless.as_ref())] {
            let Some(condition) = condition else { continue };
            if condition.depth() > DEEPEST {
                return Err(Problem::at(
                    at(field).path(),
                    format!("more than {DEEPEST} levels of conditions"),
                ));
            }
            possible(condition, phases(&rule.phases), at(field))?;
        }
    }
    for (i, test) in set.tests.iter().enumerate() {
        if let Some(id) = test.rule.as_deref().filter(|id| !ids.contains_key(id)) {
            let problem = Problem::at(format!("tests[{i}].rule"), format!("there is no rule `{id}`"));
            return Err(problem.nearest(nearest(id, ids.keys().copied())));
        }
    }
    Ok(())
}

/// A place in a rule, which is written out where something is wrong with it.
#[derive(Clone, Copy)]
struct At {
    rule: usize,
    field: &'static str,
}

impl At {
    fn path(self) -> String {
        format!("rules[{}].{}", self.rule, self.field)
    }
}

/// Refuses fields that no event of these phases has: a rule that asks for them never applies.
fn possible(condition: &Condition, within: &[Phase], at: At) -> Made<()> {
    let field = |field: &Field| {
        if within.iter().any(|phase| field.occurs_in(*phase)) {
            return Ok(());
        }
        let names: Vec<&str> = within.iter().map(|phase| phase.name()).collect();
        Err(Problem::at(at.path(), format!("`{field}` is never there in phase {}", names.join(", "))))
    };
    match condition {
        Condition::All(list) | Condition::Any(list) | Condition::AtLeast(_, list) => {
            list.iter().try_for_each(|inner| possible(inner, within, at))
        }
        Condition::Not(inner) => possible(inner, within, at),
        Condition::Field(asked, _) => field(asked),
        Condition::Tracked(tracked) => match &**tracked {
            Tracked::Sequence(sequence) => {
                sequence.steps.iter().try_for_each(|step| possible(&step.when, phases(&step.phases), at))
            }
            Tracked::Window(window) => possible(&window.of.when, phases(&window.of.phases), at),
        },
        _ => Ok(()),
    }
}

fn outcome(set: &RuleSet, actions: &[Action], at: impl Fn() -> String) -> Made<Outcome> {
    Outcome::of(actions, &set.actions).map_err(|broken| match broken {
        Broken::Unknown(name) => Problem::at(at(), format!("there are no actions `{name}`"))
            .nearest(nearest(&name, set.actions.keys().map(String::as_str))),
        Broken::Cycle(circle) => {
            Problem::at(at(), format!("actions run in a circle: {}", circle.join(" → ")))
        }
    })
}

/// Compiles rules for an engine with these detectors.
pub(crate) fn compile(set: &RuleSet, detectors: &[Arc<dyn Detector>]) -> Made<Compiled> {
    check(set)?;
    let mut builder = Builder { detectors, ..Builder::default() };
    let (mut rules, mut reads) = (Vec::new(), Vec::new());
    for (i, rule) in set.rules.iter().enumerate().filter(|(_, rule)| rule.mode != Mode::Off) {
        let (rule, read) = builder.rule(set, rule, i)?;
        rules.push(rule);
        reads.push(read);
    }
    let sources: Vec<&Rule> = set.rules.iter().filter(|rule| rule.mode != Mode::Off).collect();
    let entries: Vec<Entry<'_>> = sources
        .iter()
        .zip(reads)
        .map(|(rule, reads)| Entry { phases: phases(&rule.phases), tools: &rule.tools, reads })
        .collect();
    let step_entries: Vec<Entry<'_>> = builder
        .steps
        .iter()
        .map(|(phases, step)| Entry { phases, tools: &step.tools, reads: Reads::default() })
        .collect();
    let step_index = Index::new(&step_entries);
    let matcher = Matcher::new(&builder.triggers).map_err(|(number, problem)| {
        Problem::at(builder.trigger_places.get(number).map_or_else(String::new, |at| at.path()), problem)
    })?;
    let groups = group(&mut builder.leaves)?;
    Ok(Compiled {
        version: VERSIONS.fetch_add(1, Ordering::Relaxed),
        default: set.default,
        allows: rules.iter().any(|rule| rule.effect == Some(Effect::Allow)),
        circuit: set.circuit,
        index: Index::new(&entries),
        rules: rules.into(),
        slots: builder.slots.into(),
        leaves: builder.leaves.into(),
        groups,
        matcher,
        text: Field::text(),
        detectors: detectors.into(),
        trackers: builder.trackers.into(),
        steps: builder.steps.into_iter().map(|(_, step)| step).collect(),
        step_index,
    })
}

#[derive(Default)]
struct Builder<'d> {
    detectors: &'d [Arc<dyn Detector>],
    slots: Vec<Field>,
    slot_numbers: HashMap<Field, usize>,
    leaves: Vec<Leaf>,
    /// By the digest of what is asked.
    leaf_numbers: HashMap<u64, usize>,
    hashes: RandomState,
    triggers: Vec<Trigger>,
    trigger_places: Vec<At>,
    trackers: Vec<Tracker>,
    steps: Vec<(Vec<Phase>, CompiledStep)>,
}

/// Where a condition stands, and what helps the rule to apply there.
#[derive(Clone, Copy)]
struct Place {
    at: At,
    /// What a question counts as where readers would disagree.
    unsure: bool,
}

impl Builder<'_> {
    fn rule(&mut self, set: &RuleSet, rule: &Rule, number: usize) -> Made<(CompiledRule, Reads)> {
        let at = |field| At { rule: number, field };
        let outcome = outcome(set, &rule.then, || at("then").path())?;
        let restricts = outcome.effect != Some(Effect::Allow);
        let mut reads = Reads::default();
        let mut parts = Vec::new();
        parts.push(self.node(&rule.when, Place { at: at("when"), unsure: restricts }, &mut reads)?);
        if let Some(unless) = &rule.unless {
            let inner = self.node(unless, Place { at: at("unless"), unsure: !restricts }, &mut reads)?;
            parts.push(Node::Not(Box::new(inner)));
        }
        for field in rule.message.iter().flat_map(crate::rule::Template::fields) {
            let slot = self.slot(field);
            reads.slots.push(slot);
        }
        let more = outcome.skills.into_iter().map(Action::Suggest);
        let more = more.chain(outcome.labels.into_iter().map(Action::Label));
        let more = more.chain(outcome.unlabels.into_iter().map(Action::Unlabel));
        let compiled = CompiledRule {
            id: rule.id.as_str().into(),
            effect: outcome.effect,
            shadow: rule.mode == Mode::Shadow,
            priority: rule.priority,
            tools: rule.tools.clone().into(),
            servers: rule.servers.clone().into(),
            environments: rule.environments.clone().into(),
            node: Node::all(parts),
            message: rule.message.clone(),
            more: more.collect(),
        };
        Ok((compiled, reads))
    }

    fn slot(&mut self, field: &Field) -> usize {
        if let Some(slot) = self.slot_numbers.get(field) {
            return *slot;
        }
        let slot = self.slots.len();
        self.slots.push(field.clone());
        self.slot_numbers.insert(field.clone(), slot);
        slot
    }

    fn nodes(&mut self, list: &[Condition], place: Place, reads: &mut Reads) -> Made<Vec<Node>> {
        list.iter().map(|condition| self.node(condition, place, reads)).collect()
    }

    fn node(&mut self, condition: &Condition, place: Place, reads: &mut Reads) -> Made<Node> {
        Ok(match condition {
            Condition::All(list) => Node::all(self.nodes(list, place, reads)?),
            Condition::Any(list) => Node::Any(self.boxed(list, place, reads)?),
            Condition::AtLeast(count, list) => Node::AtLeast(*count, self.boxed(list, place, reads)?),
            Condition::Not(inner) => {
                let place = Place { at: place.at, unsure: !place.unsure };
                Node::Not(Box::new(self.node(inner, place, reads)?))
            }
            Condition::Field(field, test) => {
                let slot = self.slot(field);
                reads.slots.push(slot);
                Node::Field(self.leaf(slot, test, place)?)
            }
            Condition::Label(globs) => {
                reads.labels = true;
                Node::Label(globs.clone().into())
            }
            Condition::Role(globs) => {
                reads.roles = true;
                Node::Role(globs.clone().into())
            }
            Condition::Variable(name) => {
                reads.variables = true;
                Node::Variable(name.as_str().into())
            }
            Condition::Trigger(trigger) => {
                reads.texts = true;
                self.triggers.push(trigger.clone());
                self.trigger_places.push(place.at);
                Node::Trigger(self.triggers.len() - 1)
            }
            Condition::Time(time) => {
                reads.moment = true;
                Node::Time(time.clone())
            }
            Condition::Tracked(tracked) => {
                reads.moment = true;
                Node::Tracked(self.tracker(tracked, place.at)?)
            }
        })
    }

    fn boxed(&mut self, list: &[Condition], place: Place, reads: &mut Reads) -> Made<Box<[Node]>> {
        Ok(self.nodes(list, place, reads)?.into())
    }

    fn leaf(&mut self, slot: usize, test: &Test, place: Place) -> Made<usize> {
        let mut detector = None;
        if let Test::Detector(detect) = test {
            detector = self.detectors.iter().position(|known| known.name() == detect.detector);
            if detector.is_none() {
                let problem =
                    Problem::at(place.at.path(), format!("there is no detector `{}`", detect.detector));
                return Err(problem
                    .nearest(nearest(&detect.detector, self.detectors.iter().map(|known| known.name()))));
            }
        }
        let digest = self.hashes.hash_one((slot, place.unsure, test));
        let known = self.leaf_numbers.get(&digest).filter(|leaf| {
            // Two questions of one digest are no more than asked apart.
            let known = self.leaves.get(**leaf);
            known.is_some_and(|leaf| leaf.slot == slot && leaf.unsure == place.unsure && leaf.test == *test)
        });
        if let Some(leaf) = known {
            return Ok(*leaf);
        }
        let leaf = self.leaves.len();
        self.leaves.push(Leaf { slot, test: test.clone(), unsure: place.unsure, group: None, detector });
        self.leaf_numbers.insert(digest, leaf);
        Ok(leaf)
    }

    fn tracker(&mut self, tracked: &Tracked, at: At) -> Made<usize> {
        let fingerprint = crate::state::fingerprint(&format!("{tracked:?}"));
        if let Some(known) = self.trackers.iter().position(|tracker| tracker.fingerprint == fingerprint) {
            return Ok(known);
        }
        let number = self.trackers.len();
        let (kind, within, steps) = match tracked {
            Tracked::Sequence(sequence) => {
                let kind = TrackerKind::Sequence(sequence.steps.len(), sequence.same.clone());
                (kind, sequence.within, sequence.steps.as_slice())
            }
            Tracked::Window(window) => {
                let kind = TrackerKind::Window(window.add.clone(), window.min);
                (kind, window.within, std::slice::from_ref(&window.of))
            }
        };
        let within = u64::try_from(within.as_millis()).unwrap_or(u64::MAX / 4);
        self.trackers.push(Tracker { fingerprint, within, kind });
        for (stage, step) in steps.iter().enumerate() {
            let SequenceStep { phases: written, tools, when } = step;
            let node = self.node(when, Place { at, unsure: true }, &mut Reads::default())?;
            let step = CompiledStep { tracker: number, stage, tools: tools.clone().into(), node };
            self.steps.push((phases(written).to_vec(), step));
        }
        Ok(number)
    }
}

impl Node {
    fn all(mut list: Vec<Self>) -> Self {
        list.retain(|node| !matches!(node, Self::All(inner) if inner.is_empty()));
        match list.pop() {
            Some(only) if list.is_empty() => only,
            Some(last) => {
                list.push(last);
                Self::All(list.into())
            }
            None => Self::All(Box::default()),
        }
    }
}

/// Lets fields in which many texts are looked for be looked at once.
fn group(leaves: &mut [Leaf]) -> Made<Box<[Group]>> {
    let mut by_slot: HashMap<usize, Vec<usize>> = HashMap::new();
    for (number, leaf) in leaves.iter().enumerate().filter(|(_, leaf)| matches!(leaf.test, Test::Contains(_)))
    {
        by_slot.entry(leaf.slot).or_default().push(number);
    }
    let mut groups = Vec::new();
    for members in by_slot.into_values().filter(|members| members.len() >= GROUP) {
        let (mut texts, mut owners) = (Vec::new(), Vec::new());
        for number in members {
            let Some(leaf) = leaves.get_mut(number) else { continue };
            leaf.group = Some(groups.len());
            if let Test::Contains(all) = &leaf.test {
                texts.extend(all.iter().cloned());
                owners.extend(all.iter().map(|_| number));
            }
        }
        let kind = if texts.len() < 2000 { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let automaton = AhoCorasick::builder().kind(Some(kind)).build(&texts);
        let automaton = automaton.map_err(|error| Problem::at("rules", error.to_string()))?;
        groups.push(Group { automaton, leaves: owners.into() });
    }
    Ok(groups.into())
}

/// Whether a condition adds up what is no number.
pub(crate) fn number_field(every: &Every) -> Option<&Field> {
    match every {
        Every::Sum(field) | Every::Distinct(field) => Some(field),
        Every::Count => None,
    }
}
