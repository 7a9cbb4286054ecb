//! What rules say about an event.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::Terms;
use super::compiled::{Compiled, CompiledRule};
use super::eval::{Fired, Frame};
use super::place::Place;
use crate::event::Phase;
use crate::rule::{Action, Effect};

/// Which rule speaks, what it says, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The rule's id; `default`, `deadline` or `circuit` where no rule speaks.
    pub rule: Arc<str>,
    /// What it says.
    pub message: String,
    /// What it found.
    pub places: Vec<Place>,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Allow,
    /// It goes on; skills are suggested.
    Suggest(Reason),
    /// It goes on, and is marked.
    Flag(Reason),
    /// It goes on without what was found.
    Redact(Reason),
    /// It waits until somebody approves.
    RequireApproval(Reason),
    /// It does not happen.
    Block(Reason),
}

impl Verdict {
    pub(crate) fn new(effect: Effect, reason: Reason) -> Self {
        match effect {
            Effect::Allow => Self::Allow,
            Effect::Suggest => Self::Suggest(reason),
            Effect::Flag => Self::Flag(reason),
            Effect::Redact => Self::Redact(reason),
            Effect::RequireApproval => Self::RequireApproval(reason),
            Effect::Block => Self::Block(reason),
        }
    }

    /// How strong it is.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        match self {
            Self::Allow => Effect::Allow,
            Self::Suggest(_) => Effect::Suggest,
            Self::Flag(_) => Effect::Flag,
            Self::Redact(_) => Effect::Redact,
            Self::RequireApproval(_) => Effect::RequireApproval,
            Self::Block(_) => Effect::Block,
        }
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Allow => None,
            Self::Suggest(reason)
            | Self::Flag(reason)
            | Self::Redact(reason)
            | Self::RequireApproval(reason)
            | Self::Block(reason) => Some(reason),
        }
    }
}

/// All that rules say about one event.
#[derive(Clone)]
pub struct Decision {
    pub(crate) set: Arc<Compiled>,
    verdict: Verdict,
    fired: Vec<usize>,
    shadow: Vec<usize>,
    missing: Vec<usize>,
    redactions: Vec<Place>,
    complete: bool,
}

impl Decision {
    /// Weighs the rules that apply. The strongest effect wins, whatever its priority; among equals the highest priority speaks, then
    /// who stands first. A rule that allows silences those of lower priority.
    pub(crate) fn weigh(set: &Arc<Compiled>, mut frame: Frame<'_, '_>, fired: Fired, terms: &Terms) -> Self {
        let compiled: &Compiled = frame.set;
        let rule = |number: &usize| compiled.rules.get(*number);
        let allowing = fired.rules.iter().filter_map(rule).filter(|rule| rule.effect == Some(Effect::Allow));
        let floor = if compiled.allows { allowing.map(|rule| rule.priority).max() } else { None };
        let (mut strongest, mut redacting) = (None, false);
        for number in &fired.rules {
            let Some(rule) = rule(number).filter(|rule| floor.is_none_or(|floor| rule.priority >= floor))
            else {
                continue;
            };
            let effect = match rule.effect {
                // What has been approved is only marked.
                Some(Effect::RequireApproval) if terms.approved => Effect::Flag,
                Some(effect) => effect,
                None => continue,
            };
            redacting |= effect == Effect::Redact;
            strongest = strongest.max(Some((effect, rule.priority, Reverse(*number))));
        }
        let winner = strongest.and_then(|(effect, _, Reverse(number))| Some((effect, rule(&number)?)));
        let by_default = set.default == Effect::Block
            && floor.is_none()
            && matches!(frame.event.phase, Phase::Call | Phase::List)
            && winner.is_none_or(|(effect, _)| effect < Effect::Block);
        let unanswered = (frame.is_expired() || frame.broken) && terms.closed;
        let mut redactions = Vec::new();
        if redacting {
            let redacts = |rule: &&CompiledRule| {
                rule.effect == Some(Effect::Redact) && floor.is_none_or(|floor| rule.priority >= floor)
            };
            for rule in fired.rules.iter().filter_map(rule).filter(redacts) {
                frame.places(&rule.node, &mut |field, span| redactions.push(Place { field, span }));
            }
        }
        let said = |rule: &str, message: &str| {
            Verdict::Block(Reason { rule: rule.into(), message: message.to_owned(), places: Vec::new() })
        };
        let verdict = match winner {
            Some((Effect::Allow, _)) | None if !by_default && !unanswered => Verdict::Allow,
            _ if by_default => said("default", "no rule allows this"),
            Some((effect, rule)) if !unanswered || effect == Effect::Block => {
                let mut places = Vec::new();
                if effect > Effect::Suggest {
                    frame.places(&rule.node, &mut |field, span| places.push(Place { field, span }));
                }
                let message = rule
                    .message
                    .as_ref()
                    .map_or_else(String::new, |message| message.render(frame.event, &rule.id));
                Verdict::new(effect, Reason { rule: Arc::clone(&rule.id), message, places })
            }
            _ if frame.broken => {
                said("detector", "a detector broke, so that nobody knows whether this is safe")
            }
            _ => {
                said("deadline", "the rules were not done in time, so that nobody knows whether this is safe")
            }
        };
        Self {
            missing: frame.missing(),
            complete: !frame.is_expired() && !frame.broken,
            verdict,
            fired: fired.rules,
            shadow: fired.shadow,
            redactions,
            set: Arc::clone(set),
        }
    }

    /// The same with another verdict.
    pub(crate) fn with(mut self, verdict: Verdict) -> Self {
        self.verdict = verdict;
        self
    }

    /// What happens.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// How strong the verdict is.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.verdict.effect()
    }

    pub(crate) fn fired(&self) -> impl Iterator<Item = &CompiledRule> {
        self.fired.iter().filter_map(|number| self.set.rules.get(*number))
    }

    /// The ids of all rules that apply.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.fired().map(|rule| &*rule.id)
    }

    /// The ids and effects of rules that would apply if they counted.
    pub fn shadow(&self) -> impl Iterator<Item = (&str, Option<Effect>)> {
        let rules = self.shadow.iter().filter_map(|number| self.set.rules.get(*number));
        rules.map(|rule| (&*rule.id, rule.effect))
    }

    /// The skills that rules suggest, those of higher priority first.
    #[must_use]
    pub fn skills(&self) -> Vec<&str> {
        let mut rules: Vec<&CompiledRule> = self.fired().collect();
        rules.sort_by_key(|rule| Reverse(rule.priority));
        let all = rules.into_iter().flat_map(|rule| &rule.more);
        all.filter_map(|action| if let Action::Suggest(skill) = action { Some(skill.as_str()) } else { None })
            .collect()
    }

    /// Fields that rules asked for and the event does not have. What is not there fits nothing: a rule that blocks by what
    /// it finds there did not see it.
    pub fn undefined(&self) -> impl Iterator<Item = String> {
        self.missing.iter().filter_map(|slot| self.set.slots.get(*slot)).map(ToString::to_string)
    }

    /// Whether all questions were answered in time.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// What rules want taken out.
    #[must_use]
    pub fn redactions(&self) -> &[Place] {
        &self.redactions
    }

    /// Takes out of a text what stands at these places.
    #[must_use]
    pub fn redact_text(&self, field: &str, text: &str, mask: &str) -> String {
        Place::redact_text(&self.redactions, field, text, mask)
    }

    /// Takes out of a document what stands below `root` (`arguments`, `result`), as [`Place::redact`] does.
    pub fn redact(&self, root: &str, document: &mut Value, mask: &str) -> bool {
        Place::redact(&self.redactions, root, document, mask)
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision")
            .field("verdict", &self.verdict)
            .field("rules", &self.rules().collect::<Vec<_>>())
            .field("complete", &self.complete)
            .finish_non_exhaustive()
    }
}
