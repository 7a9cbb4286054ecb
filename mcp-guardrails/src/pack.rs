//! Rules that are ready, by name. `docs/GUARDRAILS.md` says what each does; their texts are files to begin with.
//!
//! ```
//! use mcp_guardrails::{Engine, Event, pack};
//! use serde_json::json;
//!
//! let engine = Engine::builder().build(pack::named("mass-delete").unwrap()?)?;
//! let arguments = json!({ "query": "DELETE FROM users;" });
//! assert_eq!(engine.decide(&Event::call("sql", &arguments)).effect().name(), "block");
//! # Ok::<(), mcp_guardrails::RuleError>(())
//! ```

use crate::{Format, RuleError, RuleSet};

const PACKS: [(&str, &str); 9] = [
    ("lethal-trifecta", include_str!("../packs/lethal-trifecta.yaml")),
    ("secret-then-egress", include_str!("../packs/secret-then-egress.yaml")),
    ("destructive-commands", include_str!("../packs/destructive-commands.yaml")),
    ("mass-delete", include_str!("../packs/mass-delete.yaml")),
    ("production-approval", include_str!("../packs/production-approval.yaml")),
    ("pii-out", include_str!("../packs/pii-out.yaml")),
    ("injection-in-results", include_str!("../packs/injection-in-results.yaml")),
    ("injection-in-prompts", include_str!("../packs/injection-in-prompts.yaml")),
    ("cost-budget", include_str!("../packs/cost-budget.yaml")),
];

/// Their names.
pub fn names() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|(name, _)| *name)
}

/// The file of a pack, to be changed.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    PACKS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The rules of a pack, with their tests; none where no pack has the name.
///
/// # Errors
/// The rules cannot be read; those of this version can.
#[must_use]
pub fn named(name: &str) -> Option<Result<RuleSet, RuleError>> {
    text(name).map(|text| RuleSet::parse(text, name, Format::Yaml))
}

/// The rules of several sets as one. The first of them says what happens by default, and when a session is stopped. Tests are left out: those of
/// a set are about that set alone.
///
/// ```
/// use mcp_guardrails::{Engine, pack};
///
/// let sets = ["lethal-trifecta", "mass-delete"].map(|name| pack::named(name).unwrap().unwrap());
/// let engine = Engine::builder().build(pack::together(sets))?;
/// assert!(engine.rules().len() > 6);
/// # Ok::<(), mcp_guardrails::RuleError>(())
/// ```
#[must_use]
pub fn together(sets: impl IntoIterator<Item = RuleSet>) -> RuleSet {
    let mut sets = sets.into_iter();
    let mut whole = sets.next().unwrap_or_else(|| RuleSet::new("packs"));
    whole.forget_text();
    whole.tests.clear();
    for set in sets {
        whole.actions.extend(set.actions);
        whole.rules.extend(set.rules);
    }
    whole
}
