//! Why rules apply, and what keeps others from applying.

use std::fmt;

use serde_json::Value as Json;

use super::compiled::{CompiledRule, Leaf, Node, fits};
use super::eval::Frame;
use crate::rule::{Effect, Node as Value, Test, Truth};

/// What a rule comes to for one event.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleExplanation {
    /// The rule's id.
    pub rule: String,
    /// What it does where it applies.
    pub effect: Option<Effect>,
    /// The first part of its condition that does not hold; none if the rule applies.
    pub failing: Option<String>,
    /// How much of its condition holds, from 0 to 1.
    pub nearness: f32,
}

/// What all rules of a phase come to: those that apply first, then those that nearly do.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// One for each rule.
    pub rules: Vec<RuleExplanation>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rule in &self.rules {
            let effect = rule.effect.map_or("label", Effect::name);
            match &rule.failing {
                None => writeln!(f, "{}: applies ({effect})", rule.rule)?,
                Some(failing) => writeln!(f, "{}: would {effect}, but not: {failing}", rule.rule)?,
            }
        }
        Ok(())
    }
}

impl<'s> Frame<'s, '_> {
    /// Explains all rules of the event's phase that are about its tool and server.
    pub(crate) fn explain(&mut self) -> Explanation {
        let mut rules = Vec::new();
        for (number, check) in self.set.index.numbers(self.event.phase, self.event.tool) {
            let Some(rule) = self.set.rules.get(number) else { continue };
            if (!check || fits(&rule.tools, self.event.tool)) && self.is_there(rule) {
                rules.push(self.explained(rule));
            }
        }
        rules.sort_by(|a, b| {
            (a.failing.is_some(), -a.nearness)
                .partial_cmp(&(b.failing.is_some(), -b.nearness))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        Explanation { rules }
    }

    fn explained(&mut self, rule: &'s CompiledRule) -> RuleExplanation {
        let holds = self.holds(&rule.node);
        let (met, all) = self.count(&rule.node, true);
        RuleExplanation {
            rule: rule.id.to_string(),
            effect: rule.effect,
            failing: (!holds).then(|| self.failing(&rule.node, true)),
            #[expect(clippy::cast_precision_loss, reason = "a handful of conditions")]
            nearness: if all == 0 { 1.0 } else { met as f32 / all as f32 },
        }
    }

    /// How many questions are answered as the rule would like it, and how many there are.
    fn count(&mut self, node: &'s Node, wanted: bool) -> (usize, usize) {
        match node {
            Node::All(list) | Node::Any(list) | Node::AtLeast(_, list) => {
                list.iter().fold((0, 0), |sum, node| {
                    let (met, all) = self.count(node, wanted);
                    (sum.0 + met, sum.1 + all)
                })
            }
            Node::Not(inner) => self.count(inner, !wanted),
            leaf => (usize::from(self.holds(leaf) == wanted), 1),
        }
    }

    /// The first part that is not as it should be.
    fn failing(&mut self, node: &'s Node, wanted: bool) -> String {
        match node {
            Node::All(list) | Node::Any(list) | Node::AtLeast(_, list) => {
                let culprit = list.iter().find(|node| self.holds(node) != wanted);
                culprit.map_or_else(|| "one of no conditions".to_owned(), |node| self.failing(node, wanted))
            }
            Node::Not(inner) => self.failing(inner, !wanted),
            leaf => {
                let text = self.question(leaf);
                if wanted { text } else { format!("not ({text})") }
            }
        }
    }

    fn question(&mut self, node: &Node) -> String {
        let list = |globs: &[crate::rule::Glob]| {
            globs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        match node {
            Node::Field(number) => {
                self.set.leaves.get(*number).map_or_else(String::new, |leaf| self.field_question(leaf))
            }
            Node::Label(globs) => format!("label {}", list(globs)),
            Node::Role(globs) => format!("role {}", list(globs)),
            Node::Variable(name) => format!("variable {name}"),
            Node::Trigger(_) => "trigger on its texts".to_owned(),
            Node::Tracked(tracker) => match self.set.trackers.get(*tracker).map(|tracker| &tracker.kind) {
                Some(super::compiled::TrackerKind::Sequence(..)) => "sequence".to_owned(),
                _ => "count, sum or distinct within its time".to_owned(),
            },
            Node::Time(_) => "time of day".to_owned(),
            _ => "conditions".to_owned(),
        }
    }

    fn field_question(&mut self, leaf: &Leaf) -> String {
        let field = self.set.slots.get(leaf.slot).map_or_else(String::new, ToString::to_string);
        let mut is = String::from("there is none");
        self.any(leaf.slot, |_, value| {
            is = described(value);
            if !leaf.test.is_about(value) {
                is.push_str(", which it cannot be");
            }
            Truth::True
        });
        format!("`{field}` {} ({is})", asked(&leaf.test))
    }
}

/// What a test asks, shortly.
fn asked(test: &Test) -> String {
    let text = match test {
        Test::Equal(value) => format!("eq {value}"),
        Test::OneOf(values) => format!("in {}", Json::from(values.clone())),
        Test::Prefix(all) | Test::Suffix(all) | Test::Contains(all) => {
            format!("{} {}", test.name(), all.join(", "))
        }
        Test::Glob(all) => {
            format!("glob {}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        Test::Range(bounds) | Test::Length(bounds) => {
            let limits =
                [("min", bounds.min), ("above", bounds.above), ("max", bounds.max), ("below", bounds.below)];
            let limits =
                limits.iter().filter_map(|(name, limit)| limit.map(|limit| format!("{name} {limit}")));
            format!("{} {}", test.name(), limits.collect::<Vec<_>>().join(" "))
        }
        Test::Exists(wanted) => format!("exists: {wanted}"),
        Test::Detector(detect) => format!("detector {}", detect.detector),
        other => other.name().to_owned(),
    };
    let end = text.char_indices().nth(80).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default().to_owned()
}

/// What a value is, without what may be secret of it.
fn described(value: Value<'_>) -> String {
    match (value, value.as_str()) {
        (_, Some(text)) => format!("is a text of {} characters", text.chars().count()),
        (Value::Json(number @ (Json::Number(_) | Json::Bool(_) | Json::Null)), _) => format!("is {number}"),
        (Value::Bool(flag), _) => format!("is {flag}"),
        (other, _) => format!("is {}", other.type_name()),
    }
}
