//! The tests that a policy brings.

use super::document::TestDocument;
use super::{Call, Effect, Policy, PolicyError};

/// Runs the tests of a policy. One that fails refuses the policy.
pub(super) fn run(policy: &Policy, tests: &[TestDocument], origin: &str) -> Result<(), PolicyError> {
    for (index, test) in tests.iter().enumerate() {
        let written = &test.call;
        let arguments = written.arguments.as_ref().map_or_else(|| "{}".to_owned(), ToString::to_string);
        let call = match (&written.tool, &written.prompt, &written.resource, &written.method) {
            (Some(name), None, None, None) => Call::tool(name, &arguments),
            (None, Some(name), None, None) => Call::prompt(name, &arguments),
            (None, None, Some(uri), None) => Call::resource(uri),
            (None, None, None, Some(method)) => Call::method(method, &arguments),
            _ => {
                return Err(PolicyError::Invalid {
                    origin: origin.to_owned(),
                    field: format!("tests[{index}].call"),
                    problem: "a call has one of `tool`, `prompt`, `resource` and `method`".to_owned(),
                    nearest: None,
                });
            }
        };
        let who = test.caller.as_ref().map(super::document::Caller::principal);
        let verdict = policy.decide(who.as_ref(), &call);
        let effect = if verdict.is_allowed() { Effect::Allow } else { Effect::Deny };
        let by_rule = test.rule.as_deref().is_none_or(|rule| verdict.rule() == Some(rule));
        if effect != test.expect || !by_rule {
            let name = test.name.clone().unwrap_or_else(|| call.name.to_owned());
            let actual = policy.explain(who.as_ref(), &call).to_string();
            let (origin, expected) = (origin.to_owned(), test.expect);
            return Err(PolicyError::Test { origin, index, name, expected, actual });
        }
    }
    Ok(())
}
