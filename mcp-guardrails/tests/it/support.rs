//! What tests share.

use std::sync::Arc;

use mcp_guardrails::detect::{Detector, Finding, Kind};
use mcp_guardrails::{Decision, Engine, Event, Format, RuleSet, Text, Verdict};

pub(crate) fn rules(text: &str) -> RuleSet {
    RuleSet::parse(text, "rules.yaml", Format::Yaml).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn engine(text: &str) -> Engine {
    Engine::builder()
        // A machine that is busy must not make guesses of answers.
        .deadline(None)
        .detector(Arc::new(Word("word")))
        .build(rules(text))
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The effect's name and who speaks.
pub(crate) fn said(decision: &Decision) -> (&'static str, String) {
    let speaker = decision.verdict().reason().map(|reason| reason.rule.to_string()).unwrap_or_default();
    (decision.effect().name(), speaker)
}

pub(crate) fn check(engine: &Engine, event: &Event<'_>, effect: &str, rule: &str) {
    let decision = engine.decide(event);
    assert_eq!(
        said(&decision),
        (effect_name(effect), rule.to_owned()),
        "{event:?}\n{}",
        engine.explain(event)
    );
}

fn effect_name(name: &str) -> &'static str {
    let known = ["allow", "suggest", "flag", "redact", "require_approval", "block"];
    known.into_iter().find(|known| *known == name).unwrap()
}

pub(crate) fn message(decision: &Decision) -> String {
    match decision.verdict() {
        Verdict::Allow => String::new(),
        verdict => verdict.reason().unwrap().message.clone(),
    }
}

/// Finds the word `hush`, and a little of it in `hus`.
pub(crate) struct Word(pub(crate) &'static str);

impl Detector for Word {
    fn name(&self) -> &str {
        self.0
    }

    fn scan(&self, text: &Text<'_>, found: &mut Vec<Finding>) {
        for (at, part) in text.as_str().match_indices("hus") {
            let whole = text.as_str().get(at..at + 4) == Some("hush");
            let (kind, score) =
                if whole { (Kind::new("secret.word"), 0.9) } else { (Kind::new("guess.word"), 0.3) };
            found.push(Finding { kind, span: at..at + part.len() + usize::from(whole), score });
        }
    }
}
