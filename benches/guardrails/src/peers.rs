//! The same rules in other engines, with their input prepared, so that only deciding is measured.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Result, ensure};
use cedar_policy::{Authorizer, Context as CedarContext, Entities, PolicySet, Request};
use cel::{Context, Env, Program};
use serde_json::{Value, json};

use crate::rules::Asks;
use crate::{Report, calls, measure};

pub fn decisions(report: &mut Report, rules: &[Asks], documents: &[Value]) -> Result<()> {
    cel(report, rules, documents)?;
    cedar(report, rules, documents)
}

fn cel(report: &mut Report, rules: &[Asks], documents: &[Value]) -> Result<()> {
    let source = |rule: &Asks| match rule {
        Asks::Prefix(prefix) => format!("tool == 'transfer' && args.path.startsWith('{prefix}')"),
        Asks::Role(role) => format!("tool in ['transfer', 'other'] && '{role}' in roles"),
        Asks::Amount(amount, name) => format!("args.amount > {amount} && args.name.startsWith('{name}')"),
        Asks::Contains(field, part) => format!("args.{field}.contains('{part}')"),
    };
    let programs = rules.iter().map(|rule| Program::compile(&source(rule)).map_err(|error| anyhow::anyhow!("{error}")));
    let programs = programs.collect::<Result<Vec<_>>>()?;
    let env = Arc::new(Env::stdlib());
    let mut contexts = Vec::new();
    for document in documents {
        let mut context = Context::with_env(Arc::clone(&env));
        let problem = |error| anyhow::anyhow!("{error}");
        context.add_variable("args", document).map_err(problem)?;
        context.add_variable("tool", calls::TOOL).map_err(problem)?;
        context.add_variable("roles", calls::ROLES).map_err(problem)?;
        contexts.push(context);
    }
    let matching = |context: &Context<'_, '_>| {
        programs.iter().filter(|program| matches!(program.execute(context), Ok(cel::Value::Bool(true)))).count()
    };
    let least = contexts.iter().map(&matching).min().unwrap_or(0);
    ensure!(least >= 30, "cel: only {least} rules match");
    let cost = measure(500, |step| _ = black_box(matching(&contexts[step % contexts.len()])));
    report.line("the same 100 rules in `cel`, input prepared", cost, "µs", None);
    Ok(())
}

fn cedar(report: &mut Report, rules: &[Asks], documents: &[Value]) -> Result<()> {
    let source = |rule: &Asks| match rule {
        Asks::Prefix(prefix) => format!("action == Action::\"transfer\", resource) when {{ context.path like \"{prefix}*\" }};"),
        Asks::Role(role) => format!("action in [Action::\"transfer\", Action::\"other\"], resource) when {{ context.roles.contains(\"{role}\") }};"),
        Asks::Amount(amount, name) => format!("action, resource) when {{ context.amount > {amount} && context.name like \"{name}*\" }};"),
        Asks::Contains(field, part) => format!("action, resource) when {{ context.{field} like \"*{part}*\" }};"),
    };
    let text: String = rules.iter().map(|rule| format!("forbid(principal, {}\n", source(rule))).collect();
    let policies: PolicySet = text.parse()?;
    let (entities, authorizer) = (Entities::empty(), Authorizer::new());
    let mut requests = Vec::new();
    for document in documents {
        let mut context = document.clone();
        context["roles"] = json!(calls::ROLES);
        let context = CedarContext::from_json_value(context, None)?;
        requests.push(Request::new("User::\"ann\"".parse()?, "Action::\"transfer\"".parse()?, "Server::\"bank\"".parse()?, context, None)?);
    }
    let matching = |request: &Request| authorizer.is_authorized(request, &policies, &entities).diagnostics().reason().count();
    let least = requests.iter().map(&matching).min().unwrap_or(0);
    ensure!(least >= 30, "cedar: only {least} rules match");
    let cost = measure(200, |step| _ = black_box(matching(&requests[step % requests.len()])));
    report.line("the same 100 rules in `cedar-policy`, input prepared", cost, "µs", None);
    Ok(())
}
