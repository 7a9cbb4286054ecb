//! The tests that rules bring.

use std::sync::Arc;

use super::compiled::Compiled;
use super::{Terms, step};
use crate::parse::{RuleError, RuleSet};
use crate::state::Session;

/// Runs the tests. One that fails refuses the rules.
pub(super) fn run(set: &Arc<Compiled>, rules: &RuleSet) -> Result<(), RuleError> {
    for (index, test) in rules.tests.iter().enumerate() {
        let (mut session, mut time, mut last) = (Session::default(), 0_u64, None);
        for sample in &test.events {
            time = time.saturating_add(sample.milliseconds_after());
            last = Some(sample.with(time, |event| {
                step(set, &mut session, event, &Terms { deadline: None, closed: true, approved: false })
            }));
        }
        let Some(decision) = last else { continue };
        let speaks = decision.verdict().reason().map(|reason| &*reason.rule);
        let by_rule = test.rule.as_deref().is_none_or(|id| {
            speaks == Some(id) || (speaks.is_none() && decision.rules().any(|rule| rule == id))
        });
        if decision.effect() != test.expect || !by_rule {
            let named = test.rule.as_ref().map_or_else(String::new, |rule| format!(" by `{rule}`"));
            let by = speaks.map_or_else(|| "no rule speaks".to_owned(), |rule| format!("`{rule}` speaks"));
            return Err(RuleError::Test {
                origin: rules.origin.clone(),
                index,
                name: test.name.clone(),
                expected: format!("{}{named}", test.expect.name()),
                actual: format!("it comes to {}: {by}", decision.effect().name()),
            });
        }
    }
    Ok(())
}
