//! Why a decision is what it is.

use std::fmt;

use mcp_core::service::Principal;
use serde::Serialize;

use super::call::Kind;
use super::rule::Rule;
use super::{Call, Effect, Policy, Verdict};

/// A decision and what every rule had to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// What was decided.
    pub effect: Effect,
    /// The rule that decided; none where it is the default.
    pub rule: Option<String>,
    /// Scopes without which no rule allows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_scopes: Vec<String>,
    /// All rules in order.
    pub rules: Vec<RuleExplanation>,
}

/// What one rule had to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RuleExplanation {
    /// The rule.
    pub id: String,
    /// What it does when it applies.
    pub effect: Effect,
    /// Whether it applies, and if not, why.
    #[serde(flatten)]
    pub outcome: RuleOutcome,
}

/// Whether a rule applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum RuleOutcome {
    /// It does.
    Applies,
    /// It is about something else.
    OtherTarget,
    /// It is about somebody else.
    OtherCaller {
        /// What of the caller does not fit: `role`, `plan` or `org`.
        because: &'static str,
    },
    /// The caller's credential lacks scopes.
    MissingScope {
        /// All scopes it asks for.
        scopes: Vec<String>,
    },
    /// An argument is not as it asks.
    Condition {
        /// Which argument.
        pointer: String,
        /// What does not hold.
        operator: &'static str,
    },
}

impl Policy {
    /// Decides on a call and says why. For people and tools: it looks at every rule.
    #[must_use]
    pub fn explain(&self, who: Option<&Principal>, call: &Call<'_>) -> Explanation {
        let verdict = self.decide(who, call);
        let missing_scopes = match verdict {
            Verdict::MissingScope { scopes, .. } => scopes.to_vec(),
            _ => Vec::new(),
        };
        let rules = self.rules.iter().map(|rule| RuleExplanation {
            id: rule.id.to_string(),
            effect: rule.effect,
            outcome: outcome(rule, who, call),
        });
        Explanation {
            effect: if verdict.is_allowed() { Effect::Allow } else { Effect::Deny },
            rule: verdict.rule().map(str::to_owned),
            missing_scopes,
            rules: rules.collect(),
        }
    }
}

fn outcome(rule: &Rule, who: Option<&Principal>, call: &Call<'_>) -> RuleOutcome {
    let named = match call.kind {
        Kind::Tool => &rule.tools,
        Kind::Prompt => &rule.prompts,
        Kind::Resource | Kind::Template => &rule.resources,
        Kind::Method => &rule.methods,
    };
    let by_name = named.iter().any(|glob| glob.matches(call.name));
    if !by_name && !rule.methods.iter().any(|glob| glob.matches(call.method)) {
        return RuleOutcome::OtherTarget;
    }
    if let Some(because) = rule.callers.mismatch(who) {
        return RuleOutcome::OtherCaller { because };
    }
    if let Some((pointer, operator)) = rule.failing(call) {
        return RuleOutcome::Condition { pointer: pointer.to_owned(), operator };
    }
    if !rule.callers.has_scopes(who) {
        return RuleOutcome::MissingScope { scopes: rule.callers.scopes.to_vec() };
    }
    RuleOutcome::Applies
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{} by rule `{rule}`", self.effect)?,
            None => write!(f, "{} by default", self.effect)?,
        }
        if !self.missing_scopes.is_empty() {
            write!(f, " (scope `{}` is missing)", self.missing_scopes.join(" "))?;
        }
        for RuleExplanation { id, effect, outcome } in &self.rules {
            write!(f, "\n  {effect} `{id}`: ")?;
            match outcome {
                RuleOutcome::Applies => f.write_str("applies")?,
                RuleOutcome::OtherTarget => f.write_str("is about something else")?,
                RuleOutcome::OtherCaller { because } => write!(f, "is about another {because}")?,
                RuleOutcome::MissingScope { scopes } => write!(f, "needs the scope `{}`", scopes.join(" "))?,
                RuleOutcome::Condition { pointer, operator } => {
                    write!(f, "`{pointer}`: `{operator}` does not hold")?
                }
            }
        }
        Ok(())
    }
}
