//! What is remembered of one session.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::track::{Run, Runs, Sums, Track, Values};
use crate::engine::{Compiled, Decision, Memory, Reason, Stepped, TrackerKind, Verdict, number_field};
use crate::event::Event;
use crate::rule::{Action, Effect, Every, Field, Node, canonical, number};

/// More labels are not kept.
const MOST_LABELS: usize = 256;

/// What is remembered of one session. It is bounded, and each event takes a step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    labels: Vec<String>,
    /// By the condition's fingerprint, so that other versions of the rules go on with it.
    tracks: HashMap<u64, Track>,
    violations: Sums,
    /// Until when everything is blocked.
    open_until: u64,
    /// When it was last used.
    pub(super) seen: u64,
}

impl Session {
    /// Its labels.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Gives it a label: what somebody else knows of it.
    pub fn label(&mut self, label: &str) {
        if self.labels.len() < MOST_LABELS && !self.labels.iter().any(|known| known == label) {
            self.labels.push(label.to_owned());
        }
    }

    /// Takes a label away.
    pub fn unlabel(&mut self, label: &str) {
        self.labels.retain(|known| known != label);
    }

    /// Does what an action does to a session: gives it a label or takes one away.
    pub(crate) fn note(&mut self, action: &Action) {
        match action {
            Action::Label(label) => self.label(label),
            Action::Unlabel(label) => self.unlabel(label),
            _ => {}
        }
    }

    /// Takes note of an event and what was decided. Says what happens instead, if there were too many violations.
    pub(crate) fn remember(
        &mut self,
        decision: &Decision,
        stepped: &[Stepped],
        event: &Event<'_>,
    ) -> Option<Verdict> {
        self.seen = self.seen.max(event.time);
        for action in decision.fired().flat_map(|rule| &rule.more) {
            self.note(action);
        }
        // What does not happen is no step towards anything.
        if decision.effect() < Effect::RequireApproval && event.time >= self.open_until {
            stepped.iter().for_each(|step| self.advance(&decision.set, *step, event));
        }
        let circuit = decision.set.circuit?;
        if event.time < self.open_until {
            let message =
                "there were too many violations in this session: it is stopped for a while".to_owned();
            return Some(Verdict::Block(Reason { rule: "circuit".into(), message, places: Vec::new() }));
        }
        if decision.effect() == Effect::Block {
            let milliseconds =
                |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX / 4);
            let within = milliseconds(circuit.within);
            self.violations.add(1.0, event.time, within);
            if self.violations.total(event.time, within) >= f64::from(circuit.violations) {
                self.open_until = event.time.saturating_add(milliseconds(circuit.open_for));
                self.violations = Sums::default();
            }
        }
        None
    }

    fn advance(&mut self, set: &Compiled, step: Stepped, event: &Event<'_>) {
        let Some(tracker) = set.trackers.get(step.tracker) else { return };
        let (now, within) = (event.time, tracker.within);
        match &tracker.kind {
            TrackerKind::Sequence(_, None) => {
                let track =
                    self.tracks.entry(tracker.fingerprint).or_insert_with(|| Track::Run(Run::default()));
                if let Track::Run(run) = track {
                    run.step(step.stage, now, within);
                }
            }
            TrackerKind::Sequence(_, Some(field)) => {
                let track =
                    self.tracks.entry(tracker.fingerprint).or_insert_with(|| Track::Runs(Runs::default()));
                if let Track::Runs(runs) = track {
                    values(field, event)
                        .into_iter()
                        .for_each(|value| runs.step(value, step.stage, now, within));
                }
            }
            TrackerKind::Window(Every::Distinct(field), _) => {
                let track = self
                    .tracks
                    .entry(tracker.fingerprint)
                    .or_insert_with(|| Track::Values(Values::default()));
                if let Track::Values(known) = track {
                    values(field, event).into_iter().for_each(|value| known.add(value, now, within));
                }
            }
            TrackerKind::Window(every, _) => {
                let track =
                    self.tracks.entry(tracker.fingerprint).or_insert_with(|| Track::Sums(Sums::default()));
                if let Track::Sums(sums) = track {
                    sums.add(amount(every, event), now, within);
                }
            }
        }
    }
}

impl Memory for Session {
    fn labels(&self) -> &[String] {
        &self.labels
    }

    fn holds(&self, set: &Compiled, number: usize, now: &[Stepped], event: &Event<'_>) -> bool {
        let Some(tracker) = set.trackers.get(number) else { return false };
        let is_now = |stage| now.contains(&Stepped { tracker: number, stage });
        let (time, within) = (event.time, tracker.within);
        let track = self.tracks.get(&tracker.fingerprint);
        match (&tracker.kind, track) {
            (TrackerKind::Sequence(steps, None), Some(Track::Run(run))) => {
                let last = steps.saturating_sub(1);
                is_now(last) && run.ends(last, time, within)
            }
            (TrackerKind::Sequence(steps, Some(field)), Some(Track::Runs(runs))) => {
                let last = steps.saturating_sub(1);
                let ends = |value: &u64| runs.get(*value).is_some_and(|run| run.ends(last, time, within));
                is_now(last) && values(field, event).iter().any(ends)
            }
            (TrackerKind::Sequence(..), _) => false,
            (TrackerKind::Window(Every::Distinct(field), min), known) => {
                let with = if is_now(0) { values(field, event) } else { Vec::new() };
                let count = match known {
                    Some(Track::Values(known)) => known.count(&with, time, within),
                    _ => Values::default().count(&with, time, within),
                };
                #[expect(clippy::cast_precision_loss, reason = "at most a few thousand")]
                let count = count as f64;
                count >= *min
            }
            (TrackerKind::Window(every, min), track) => {
                let before = if let Some(Track::Sums(sums)) = track { sums.total(time, within) } else { 0.0 };
                before + if is_now(0) { amount(every, event) } else { 0.0 } >= *min
            }
        }
    }
}

fn nodes<'e>(field: &Field, event: &Event<'e>) -> Vec<Node<'e>> {
    let mut nodes = Vec::new();
    field.find(event, &mut nodes);
    nodes
}

/// What an event adds.
fn amount(every: &Every, event: &Event<'_>) -> f64 {
    number_field(every).map_or(1.0, |field| nodes(field, event).into_iter().filter_map(number).sum())
}

/// The values of a field, as numbers that stay the same between processes.
fn values(field: &Field, event: &Event<'_>) -> Vec<u64> {
    let nodes = nodes(field, event);
    let value = |node: Node<'_>| {
        let mut text = Vec::new();
        match node {
            Node::Json(value) => canonical(value, &mut text),
            Node::Text(value) => canonical(&value.into(), &mut text),
            Node::Bool(value) => canonical(&value.into(), &mut text),
        }
        super::approval::short(&text)
    };
    nodes.into_iter().map(value).collect()
}
