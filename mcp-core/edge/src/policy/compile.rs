//! From a document to rules that can be followed without looking at text again.

use super::condition::Condition;
use super::document::{Document, Effect, RuleDocument};
use super::error::nearest;
use super::glob::Glob;
use super::rule::{Callers, Rule};
use super::targets::Targets;
use super::{Policy, PolicyError};

/// More rules are refused: a policy of this size is generated, and wrong.
const MOST_RULES: usize = 10_000;

/// What is wrong, where, and what may have been meant.
pub(super) struct Problem(pub(super) String, pub(super) String, pub(super) Option<String>);

pub(super) fn compile(document: &Document, origin: &str) -> Result<Policy, PolicyError> {
    checked(document).map_err(|Problem(field, problem, nearest)| PolicyError::Invalid {
        origin: origin.to_owned(),
        field,
        problem,
        nearest,
    })
}

fn checked(document: &Document) -> Result<Policy, Problem> {
    let plain = |field: &str, problem: String| Problem(field.to_owned(), problem, None);
    if document.version != 1 {
        return Err(plain("version", format!("version {} is not supported, write 1", document.version)));
    }
    if document.rules.len() > MOST_RULES {
        return Err(plain("rules", format!("there may be at most {MOST_RULES} rules")));
    }
    let mut rules: Vec<Rule> = Vec::with_capacity(document.rules.len());
    for (i, written) in document.rules.iter().enumerate() {
        let at = format!("rules[{i}]");
        if rules.iter().any(|rule| *rule.id == *written.id) {
            return Err(plain(&format!("{at}.id"), format!("`{}` is the id of a rule above", written.id)));
        }
        declared(&written.roles, document.roles.as_deref(), &format!("{at}.roles"), "role")?;
        declared(&written.plans, document.plans.as_deref(), &format!("{at}.plans"), "plan")?;
        rules.push(rule(written, &at)?);
    }
    for (i, test) in document.tests.iter().enumerate() {
        let caller = test.caller.as_ref();
        let one = |name: Option<&String>| name.map(|name| vec![name.clone()]);
        let (role, plan) = (caller.and_then(|c| c.role.as_ref()), caller.and_then(|c| c.plan.as_ref()));
        declared(&one(role), document.roles.as_deref(), &format!("tests[{i}].as.role"), "role")?;
        declared(&one(plan), document.plans.as_deref(), &format!("tests[{i}].as.plan"), "plan")?;
        if let Some(wanted) =
            test.rule.as_deref().filter(|wanted| !rules.iter().any(|rule| *rule.id == **wanted))
        {
            let close = nearest(wanted, rules.iter().map(|rule| &*rule.id));
            return Err(Problem(format!("tests[{i}].rule"), format!("there is no rule `{wanted}`"), close));
        }
    }
    let by_kind = |patterns: fn(&Rule) -> &[Glob]| Targets::new(rules.iter().map(patterns));
    Ok(Policy {
        tools: by_kind(|rule| &rule.tools),
        prompts: by_kind(|rule| &rule.prompts),
        resources: by_kind(|rule| &rule.resources),
        methods: by_kind(|rule| &rule.methods),
        varies: rules.iter().any(|rule| rule.callers.are_restricted()),
        default: document.default,
        rules: rules.into(),
    })
}

/// Whether all names stand in the file's own list of them, where it has one.
fn declared(
    names: &Option<Vec<String>>,
    known: Option<&[String]>,
    field: &str,
    what: &str,
) -> Result<(), Problem> {
    let (Some(names), Some(known)) = (names, known) else { return Ok(()) };
    match names.iter().find(|name| *name != "*" && !known.contains(name)) {
        None => Ok(()),
        Some(unknown) => {
            let close = nearest(unknown, known.iter().map(String::as_str));
            Err(Problem(field.to_owned(), format!("`{unknown}` is no {what} of this policy"), close))
        }
    }
}

fn rule(written: &RuleDocument, at: &str) -> Result<Rule, Problem> {
    let globs = |names: &[String], field: &str, make: fn(&str) -> Result<Glob, &'static str>| {
        let made = names.iter().enumerate().map(|(i, name)| {
            make(name).map_err(|problem| Problem(format!("{at}.{field}[{i}]"), problem.to_owned(), None))
        });
        made.collect::<Result<Box<[Glob]>, _>>()
    };
    let mut conditions = Vec::new();
    for (pointer, operators) in &written.when.0 {
        conditions.push(
            Condition::new(pointer, operators)
                .map_err(|(field, problem)| Problem(format!("{at}.when.{pointer}{field}"), problem, None))?,
        );
    }
    let rule = Rule {
        id: written.id.as_str().into(),
        effect: written.effect,
        callers: Callers {
            roles: written.roles.as_deref().map(Into::into),
            plans: written.plans.as_deref().map(Into::into),
            orgs: written.orgs.as_deref().map(Into::into),
            scopes: written.scopes.as_slice().into(),
        },
        tools: globs(&written.tools, "tools", Glob::name)?,
        prompts: globs(&written.prompts, "prompts", Glob::name)?,
        resources: globs(&written.resources, "resources", Glob::uri)?,
        methods: globs(&written.methods, "methods", Glob::name)?,
        conditions: conditions.into(),
    };
    let problem = if written.id.is_empty() {
        Some(("id", "a rule needs an id: reports name it"))
    } else if [&rule.tools, &rule.prompts, &rule.resources, &rule.methods].iter().all(|all| all.is_empty()) {
        Some(("tools", "a rule needs `tools`, `prompts`, `resources` or `methods`; `['*']` is all of them"))
    } else if written.effect == Effect::Deny && !written.scopes.is_empty() {
        Some(("scopes", "a rule that denies cannot ask for scopes: write one that allows"))
    } else if [&written.roles, &written.plans, &written.orgs]
        .iter()
        .any(|list| list.as_ref().is_some_and(Vec::is_empty))
    {
        Some((
            "roles",
            "an empty list of roles, plans or orgs matches nobody: leave it out, or write `['*']`",
        ))
    } else {
        None
    };
    match problem {
        Some((field, problem)) => Err(Problem(format!("{at}.{field}"), problem.to_owned(), None)),
        None => Ok(rule),
    }
}
