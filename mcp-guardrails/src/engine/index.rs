//! Which rules an event can touch: by phase and name of the tool.

use std::collections::HashMap;

use crate::event::Phase;
use crate::rule::Glob;

/// Things by the phases and tools that they are about.
#[derive(Debug, Default)]
pub(crate) struct Index(Vec<OfPhase>);

#[derive(Debug, Default)]
struct OfPhase {
    /// For each tool that something names.
    named: HashMap<Box<str>, Group>,
    /// With patterns, for all other tools.
    patterned: Group,
    /// For all tools.
    any: Group,
}

/// Numbers of things, and what deciding on them looks at.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) numbers: Vec<usize>,
    pub(crate) reads: Reads,
}

/// What deciding looks at.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Reads {
    pub(crate) slots: Vec<usize>,
    pub(crate) texts: bool,
    pub(crate) roles: bool,
    pub(crate) labels: bool,
    pub(crate) variables: bool,
    /// The time, or what happened before.
    pub(crate) moment: bool,
}

impl Reads {
    /// Takes more in. What is added several times has to be put in [order](Self::order) once.
    fn add(&mut self, other: &Self) {
        self.slots.extend(&other.slots);
        self.texts |= other.texts;
        self.roles |= other.roles;
        self.labels |= other.labels;
        self.variables |= other.variables;
        self.moment |= other.moment;
    }

    fn order(&mut self) {
        self.slots.sort_unstable();
        self.slots.dedup();
    }
}

/// A thing to be found.
pub(crate) struct Entry<'a> {
    pub(crate) phases: &'a [Phase],
    pub(crate) tools: &'a [Glob],
    pub(crate) reads: Reads,
}

impl Index {
    pub(crate) fn new(entries: &[Entry<'_>]) -> Self {
        let of_phase = |phase| {
            let mut of = OfPhase::default();
            let inside = || entries.iter().enumerate().filter(|(_, entry)| entry.phases.contains(&phase));
            for name in inside().flat_map(|(_, entry)| entry.tools).filter_map(Glob::exact) {
                if !of.named.contains_key(name) {
                    of.named.insert(name.into(), Group::default());
                }
            }
            for (number, entry) in inside() {
                if entry.tools.is_empty()
                    || entry
                        .tools
                        .iter()
                        .any(|glob| glob.matches("") && glob.exact().is_none() && glob.to_string() == "*")
                {
                    of.any.add(number, &entry.reads);
                    continue;
                }
                if entry.tools.iter().all(|glob| glob.exact().is_some()) {
                    for name in entry.tools.iter().filter_map(Glob::exact) {
                        if let Some(group) =
                            of.named.get_mut(name).filter(|group| group.numbers.last() != Some(&number))
                        {
                            group.add(number, &entry.reads);
                        }
                    }
                    continue;
                }
                of.patterned.add(number, &entry.reads);
                for (name, group) in &mut of.named {
                    if entry.tools.iter().any(|glob| glob.matches(name)) {
                        group.add(number, &entry.reads);
                    }
                }
            }
            of.named
                .values_mut()
                .chain([&mut of.patterned, &mut of.any])
                .for_each(|group| group.reads.order());
            of
        };
        Self(Phase::ALL.into_iter().map(of_phase).collect())
    }

    /// The numbers of what an event can touch; with each, whether its tools are still to be compared.
    pub(crate) fn numbers(&self, phase: Phase, tool: &str) -> impl Iterator<Item = (usize, bool)> {
        let found = self.candidates(phase, tool);
        found.into_iter().flat_map(|(first, check, any)| {
            let first = first.numbers.iter().map(move |number| (*number, check));
            first.chain(any.numbers.iter().map(|number| (*number, false)))
        })
    }

    /// What an event can touch, and whether the tools of the first group are still to be compared.
    pub(crate) fn candidates(&self, phase: Phase, tool: &str) -> Option<(&Group, bool, &Group)> {
        let of = self.0.get(phase as usize)?;
        Some(match of.named.get(tool) {
            Some(named) => (named, false, &of.any),
            None => (&of.patterned, true, &of.any),
        })
    }
}

impl Group {
    fn add(&mut self, number: usize, reads: &Reads) {
        self.numbers.push(number);
        self.reads.add(reads);
    }
}
