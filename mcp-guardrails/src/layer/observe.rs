//! What is told to audits and metrics.

use mcp_core::service::Principal;

use crate::Place;
use crate::event::Phase;

/// A rule that applied, or a guard that did not run. It holds no value of what was decided over: places and names only, with what looks like
/// a secret taken out of them.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Activation<'a> {
    /// When in the life of a session.
    pub phase: Phase,
    /// The tool.
    pub tool: &'a str,
    /// The caller, where one is known.
    pub principal: Option<&'a Principal>,
    /// What ties together all that is written about the request.
    pub correlation: Option<&'a str>,
    /// The rule; `default`, `deadline`, `detector` or `circuit` where none speaks; `guard` where it did not run; `pin` where a tool is
    /// not as it was approved.
    pub rule: &'a str,
    /// `allow`, `suggest`, `flag`, `redact`, `require_approval` or `block`; `unguarded` where the guard did not run and the request went on; `label`
    /// where a rule has no effect of its own.
    pub verdict: &'static str,
    /// Whether it decided what happened; others applied, too, and were weaker.
    pub speaks: bool,
    /// Whether it would have applied, if it counted.
    pub shadow: bool,
    /// What it found, and where.
    pub places: &'a [Place],
}

/// Hears of all rules that apply. It is called before the request goes on, and should not take long.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use mcp_guardrails::layer::{Activation, Observer};
///
/// /// `guardrail_activations_total` by rule and verdict.
/// #[derive(Default)]
/// struct Counts(Mutex<HashMap<(String, &'static str), u64>>);
///
/// impl Observer for Counts {
///     fn activated(&self, activation: &Activation<'_>) {
///         let key = (activation.rule.to_owned(), activation.verdict);
///         *self.0.lock().unwrap().entry(key).or_default() += 1;
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// A rule applied, or the guard did not run.
    fn activated(&self, activation: &Activation<'_>);
}
