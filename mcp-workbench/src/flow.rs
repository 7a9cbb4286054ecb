//! From what a person wants to a prompt that is ready: guardrails, then memory, then patterns.
//!
//! What guardrails stop goes no further: neither memory nor patterns are connected, let alone asked.

mod prompt;

use std::fmt;
use std::time::Instant;

use mcp_core::client::Error as ClientError;
use mcp_guardrails::{MASK, Place};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ask::{self, Memory, Recommended, Search, TRACE};
use crate::connect::{ConnectError, Part, Servers};

/// Memories that are looked for.
const MEMORIES: usize = 5;
/// Characters of a reason.
const LINE: usize = 160;

/// A way to a prompt.
#[derive(Debug, Clone)]
#[must_use = "it does nothing until it is run"]
pub struct Flow {
    servers: Servers,
    patterns: u8,
}

/// A step cannot be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// There is nothing to do.
    #[error("there is no text: give some, `-` for standard input, or --file")]
    Empty,
    /// The service cannot be reached.
    #[error("{step}")]
    Connect {
        /// Which step.
        step: Step,
        /// Why.
        source: ConnectError,
    },
    /// The service does not answer as it should.
    #[error("{step}")]
    Call {
        /// Which step.
        step: Step,
        /// Why.
        source: ClientError,
    },
    /// There is no randomness for the trace.
    #[error("the system has no random numbers: {0}")]
    Random(String),
}

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// Whether it may be done.
    Guardrails,
    /// What is known.
    Memory,
    /// How it is done well.
    Patterns,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Guardrails => "the guardrails could not be asked",
            Self::Memory => "the memory could not be asked",
            Self::Patterns => "the patterns could not be asked",
        })
    }
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Done {
    /// Which.
    pub step: Step,
    /// The identifier of its span, within the trace.
    pub span_id: String,
    /// How long it took.
    pub milliseconds: f64,
    /// What came of it, in a word or two.
    pub outcome: String,
    /// Why.
    pub reasons: Vec<String>,
    /// What came into question besides, and why it is not in the prompt.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
}

/// What became of it all.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// The trace that all services saw.
    pub trace_id: String,
    /// Whether guardrails stopped it.
    pub blocked: bool,
    /// What was done.
    pub steps: Vec<Done>,
    /// What is known of it.
    pub memories: Vec<Memory>,
    /// What fits it.
    pub recommended: Option<Recommended>,
    /// The prompt; none if it was stopped.
    pub prompt: Option<String>,
}

/// What the guardrails' `evaluate` answers.
#[derive(Deserialize)]
struct Verdict {
    verdict: String,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    redactions: Vec<Place>,
}

/// A trace, and the spans in it.
struct Trace(String);

impl Trace {
    fn begin() -> Result<Self, FlowError> {
        random::<16>().map(Self)
    }

    /// A new span, and what calls within it carry.
    fn span(&self) -> Result<(String, String), FlowError> {
        let span = random::<8>()?;
        let parent = format!("00-{}-{span}-01", self.0);
        Ok((span, parent))
    }
}

fn random<const BYTES: usize>() -> Result<String, FlowError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| FlowError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Flow {
    /// A way through these servers.
    pub const fn new(servers: Servers) -> Self {
        Self { servers, patterns: 3 }
    }

    /// How many patterns may be in the prompt (default: 3).
    pub const fn patterns(mut self, most: u8) -> Self {
        self.patterns = most;
        self
    }

    /// Goes it.
    ///
    /// # Errors
    /// A service cannot be asked. That guardrails stop it is none.
    pub async fn run(&self, text: &str) -> Result<Outcome, FlowError> {
        if text.trim().is_empty() {
            return Err(FlowError::Empty);
        }
        let trace = Trace::begin()?;
        let mut outcome = Outcome {
            trace_id: trace.0.clone(),
            blocked: false,
            steps: Vec::new(),
            memories: Vec::new(),
            recommended: None,
            prompt: None,
        };
        let Some(text) = self.guard(text, &trace, &mut outcome).await? else {
            outcome.blocked = true;
            return Ok(outcome);
        };
        self.recall(&text, &trace, &mut outcome).await?;
        let bodies = self.advise(&text, &trace, &mut outcome).await?;
        outcome.prompt = Some(prompt::assemble(&text, &outcome.memories, &bodies));
        Ok(outcome)
    }

    async fn connect(&self, step: Step, part: Part) -> Result<mcp_core::Client, FlowError> {
        self.servers.part(part).await.map_err(|source| FlowError::Connect { step, source })
    }

    /// The text, as it may go on; none if it may not.
    async fn guard(
        &self,
        text: &str,
        trace: &Trace,
        outcome: &mut Outcome,
    ) -> Result<Option<String>, FlowError> {
        let (begun, (span_id, parent)) = (Instant::now(), trace.span()?);
        let guardrails = self.connect(Step::Guardrails, Part::Guardrails).await?;
        let ask = async |text: &str| {
            let event = json!({ "event": { "phase": "prompt", "prompt": text } });
            let call = guardrails.call::<Verdict>("evaluate", event).meta(TRACE, &*parent);
            call.await.map_err(|source| FlowError::Call { step: Step::Guardrails, source })
        };
        let mut verdict = ask(text).await?;
        let mut allowed = is_allowed(&verdict).then(|| text.to_owned());
        let mut reasons = Vec::new();
        if verdict.complete && verdict.verdict == "redact" {
            reasons.extend(reason(&verdict));
            // What is left is asked about again: nothing goes on that was not allowed as it is.
            if let Some(masked) = masked(text, &verdict.redactions) {
                verdict = ask(&masked).await?;
                allowed = is_allowed(&verdict).then_some(masked);
            }
        }
        reasons.extend(reason(&verdict));
        reasons.extend(verdict.rules.iter().filter(|rule| Some(*rule) != verdict.rule.as_ref()).cloned());
        if !verdict.complete {
            reasons.push("the rules could not be decided in full".to_owned());
        }
        outcome.steps.push(Done {
            step: Step::Guardrails,
            span_id,
            milliseconds: milliseconds(begun),
            outcome: if allowed.is_some() && !reasons.is_empty() && verdict.verdict == "allow" {
                "redacted".to_owned()
            } else {
                verdict.verdict
            },
            reasons,
            left_out: Vec::new(),
        });
        Ok(allowed)
    }

    async fn recall(&self, text: &str, trace: &Trace, outcome: &mut Outcome) -> Result<(), FlowError> {
        let (begun, (span_id, parent)) = (Instant::now(), trace.span()?);
        let memory = self.connect(Step::Memory, Part::Memory).await?;
        let search = Search { query: text.to_owned(), limit: MEMORIES, ..Search::default() };
        let found = ask::search(&memory, &search, Some(&parent)).await;
        outcome.memories = found.map_err(|source| FlowError::Call { step: Step::Memory, source })?;
        let reason = |memory: &Memory| format!("{:.2} {}", memory.score, first(&memory.content));
        outcome.steps.push(Done {
            step: Step::Memory,
            span_id,
            milliseconds: milliseconds(begun),
            outcome: format!("{} found", outcome.memories.len()),
            reasons: outcome.memories.iter().map(reason).collect(),
            left_out: Vec::new(),
        });
        Ok(())
    }

    /// The texts of what fits.
    async fn advise(
        &self,
        text: &str,
        trace: &Trace,
        outcome: &mut Outcome,
    ) -> Result<Vec<String>, FlowError> {
        let (begun, (span_id, parent)) = (Instant::now(), trace.span()?);
        let failed = |source| FlowError::Call { step: Step::Patterns, source };
        let patterns = self.connect(Step::Patterns, Part::Patterns).await?;
        let found = ask::recommend(&patterns, text, &[], self.patterns, Some(&parent)).await;
        let recommended = found.map_err(failed)?;
        let (mut bodies, mut left_out) = (Vec::new(), Vec::new());
        for entry in &recommended.entries {
            let get = patterns.call_tool("get", json!({ "id": entry.id })).meta(TRACE, &*parent);
            let answer = get.await.map_err(failed)?;
            let said = answer.content.iter().find_map(|block| block.as_text()).unwrap_or_default();
            if answer.is_error {
                // An entry that is withheld says why, in a line.
                left_out.push(format!("{}: {}", entry.id, first(said)));
            } else {
                bodies.push(said.to_owned());
            }
        }
        left_out.extend(recommended.left_out.iter().map(ToString::to_string));
        let reason = |entry: &ask::Entry| format!("{}: {}", entry.id, entry.reasons.join(", "));
        outcome.steps.push(Done {
            step: Step::Patterns,
            span_id,
            milliseconds: milliseconds(begun),
            outcome: match recommended.entries.len() {
                0 => "nothing fits".to_owned(),
                many => format!("{many} fit"),
            },
            reasons: recommended.entries.iter().map(reason).collect(),
            left_out,
        });
        outcome.recommended = Some(recommended);
        Ok(bodies)
    }
}

fn milliseconds(begun: Instant) -> f64 {
    (begun.elapsed().as_secs_f64() * 1e5).round() / 1e2
}

fn is_allowed(verdict: &Verdict) -> bool {
    verdict.complete && matches!(&*verdict.verdict, "allow" | "flag" | "suggest")
}

fn reason(verdict: &Verdict) -> Option<String> {
    let rule = verdict.rule.as_ref()?;
    Some(match verdict.message.as_deref().filter(|message| !message.is_empty()) {
        Some(message) => format!("{rule}: {message}"),
        None => rule.clone(),
    })
}

/// The text without places; none where nothing or everything would be out.
fn masked(text: &str, places: &[Place]) -> Option<String> {
    let masked = Place::redact_text(places, "prompt", text, MASK);
    (masked != text && masked != MASK).then_some(masked)
}

fn first(text: &str) -> String {
    let line: Value = text.split_whitespace().collect::<Vec<_>>().join(" ").into();
    line.as_str().unwrap_or_default().chars().take(LINE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_would_be_left_of_goes_no_further() {
        let place = |field: &str, span| Place { field: field.to_owned(), span };
        let masked = |places: &[Place]| masked("a key and b", places);
        assert_eq!(masked(&[place("prompt", Some(2..5))]).as_deref(), Some("a [redacted] and b"));
        for wrong in
            [&[][..], &[place("prompt", Some(3..99))], &[place("prompt", None)], &[place("tool", None)]]
        {
            assert_eq!(masked(wrong), None, "{wrong:?}");
        }
    }
}
