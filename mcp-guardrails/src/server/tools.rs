//! The tools.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::protocol::{CallToolResult, RawJson};
use mcp_core::service::Principal;
use mcp_core::{Args, State};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Shared, now};
use crate::rule::{Action, Glob, Rule};
use crate::state::{Digest, Guard, Pending, StoreError};
use crate::{Decision, Format, Phase, Place, RuleError, RuleSet, Sample};

/// For how long an approval is good.
const VALID: Duration = Duration::from_secs(600);

/// Why a tool did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Rules(#[from] RuleError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("this changes what calls may do: it needs the scope `{}`", super::ADMIN)]
    Scope,
    #[error("`digest` must be the 64 hexadecimal digits that the refused call was answered with")]
    Digest,
    #[error("the guardrails did not run, so that nothing was done; try again later")]
    NotRun,
    #[error("there is no rule `{0}`; `list_rules` names them")]
    NoRule(String),
}

type Answer = Result<CallToolResult, Refused>;

fn result(value: &Value) -> CallToolResult {
    let mut result = CallToolResult::text(value.to_string());
    result.structured_content = RawJson::from_serialize(value).ok();
    result
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Evaluate {
    /// The event as tests of rule files write it, e.g. `{"tool": "git_push", "arguments": {"force": true}}`; also `phase`, `result`,
    /// `prompt`, `definition`, `file`, `server`, `environment`, `session`, `user`, `roles`, `labels`.
    event: Map<String, Value>,
    /// Whether its session remembers it; without it nothing that happened before counts.
    #[serde(default)]
    remember: bool,
}

/// A tool as its server describes it.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Listed {
    /// Its whole definition, which has a `name`.
    definition: Map<String, Value>,
    /// What is known of it, e.g. `tool-changed`.
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct EvaluateList {
    /// Who lists them, as `evaluate` takes it: `server`, `environment`, `session`, `user`, `roles`.
    event: Map<String, Value>,
    /// The tools.
    tools: Vec<Listed>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Explain {
    /// The event, as `evaluate` takes it.
    event: Map<String, Value>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct AddRule {
    /// One rule as rule files write it, in YAML or JSON, e.g. `{id: no-wipe, tool: wipe, then: block}`.
    rule: String,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RemoveRule {
    /// Its id.
    id: String,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct TestRules {
    /// A whole file of rules with its tests, in YAML or JSON.
    rules: String,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Simulate {
    /// A whole file of rules, in YAML or JSON.
    rules: String,
    /// Events as `evaluate` takes them, one a line, each with `after`, the time since the one before.
    log: String,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Approve {
    /// What the refused call was answered with.
    digest: String,
}

fn sample(event: Map<String, Value>) -> Result<Sample, RuleError> {
    Sample::parse(&Value::Object(event).to_string(), "event", 1)
}

pub(super) async fn evaluate(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(asked): Args<Evaluate>,
) -> Answer {
    let sample = sample(asked.event)?;
    let sample = Arc::new(sample);
    let observe =
        |decision: &Decision| shared.guardrails.observed(decision, who.as_ref(), sample.phase, &sample.tool);
    if !asked.remember {
        let decision = sample.with(now(), |event| shared.guardrails.engine().decide(event));
        observe(&decision);
        return Ok(result(&told(&shared, &decision).into()));
    }
    let happens = Arc::clone(&sample);
    let check = move |guard: &Guard| happens.with(now(), |event| guard.check(event));
    let checked = shared.guardrails.guarded(check).await.ok_or(Refused::NotRun)??;
    observe(&checked);
    let mut answer = told(&shared, &checked);
    if let Some(approval) = checked.approval {
        answer.insert("approval".to_owned(), approval.digest.to_string().into());
        let reason = checked.verdict().reason();
        let clean = |text: &str| shared.guardrails.clean(text);
        let pending = Pending {
            digest: approval.digest,
            tool: clean(&sample.tool),
            rule: reason.map_or_else(String::new, |reason| reason.rule.to_string()),
            message: reason.map_or_else(String::new, |reason| clean(&reason.message)),
            until: now().saturating_add(u64::try_from(VALID.as_millis()).unwrap_or(u64::MAX)),
        };
        shared.guardrails.guarded(move |guard| guard.wait(&pending)).await.ok_or(Refused::NotRun)??;
    }
    Ok(result(&answer.into()))
}

pub(super) async fn evaluate_list(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(asked): Args<EvaluateList>,
) -> Answer {
    let sample = sample(asked.event)?;
    let (definitions, labels): (Vec<Value>, Vec<Vec<String>>) =
        asked.tools.into_iter().map(|listed| (Value::Object(listed.definition), listed.labels)).unzip();
    let definitions = Arc::new(definitions);
    let tools = Arc::clone(&definitions);
    let check = move |guard: &Guard| {
        let labels = |at: usize| labels.get(at).into_iter().flatten().map(String::as_str).collect();
        sample.with(now(), |event| guard.check_list(event, &tools, labels))
    };
    let decisions = shared.guardrails.guarded(check).await.ok_or(Refused::NotRun)??;
    let said = definitions.iter().zip(&decisions).map(|(definition, decision)| {
        let tool = definition.get("name").and_then(Value::as_str).unwrap_or_default();
        shared.guardrails.observed(decision, who.as_ref(), Phase::List, tool);
        Value::Object(told(&shared, decision))
    });
    Ok(result(&json!({ "tools": said.collect::<Vec<_>>() })))
}

/// What was decided, without what may be secret of the event.
fn told(shared: &Shared, decision: &Decision) -> Map<String, Value> {
    let clean = |text: &str| shared.guardrails.clean(text);
    let place = |place: &Place| json!(Place { field: clean(&place.field), span: place.span.clone() });
    let mut answer = Map::new();
    let mut add = |name: &str, value: Value| drop(answer.insert(name.to_owned(), value));
    add("verdict", decision.effect().name().into());
    add("rules", decision.rules().collect());
    add("complete", decision.is_complete().into());
    if let Some(reason) = decision.verdict().reason() {
        add("rule", (*reason.rule).into());
        add("message", clean(&reason.message).into());
        add("places", reason.places.iter().map(place).collect());
    }
    if !decision.redactions().is_empty() {
        add("redactions", decision.redactions().iter().map(place).collect());
    }
    add("skills", decision.skills().into());
    add("shadow", decision.shadow().map(|(rule, _)| rule).collect());
    add("undefined", decision.undefined().collect());
    answer
}

pub(super) async fn explain(State(shared): State<Shared>, Args(asked): Args<Explain>) -> Answer {
    let explanation = sample(asked.event)?.with(now(), |event| shared.guardrails.engine().explain(event));
    Ok(CallToolResult::text(explanation.to_string()))
}

pub(super) async fn list_rules(State(shared): State<Shared>) -> Answer {
    let rules: Vec<Value> = shared.guardrails.engine().rules().iter().map(described).collect();
    Ok(result(&json!({ "rules": rules })))
}

fn described(rule: &Rule) -> Value {
    let globs = |globs: &[Glob]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
    let action = |action: &Action| match action {
        Action::Effect(effect) => json!(effect.name()),
        Action::Suggest(skill) => json!({ "suggest": skill }),
        Action::Label(label) => json!({ "label": label }),
        Action::Unlabel(label) => json!({ "unlabel": label }),
        Action::Run(chain) => json!({ "run": chain }),
    };
    json!({
        "id": rule.id,
        "description": rule.description,
        "phases": rule.phases.iter().map(|phase: &Phase| phase.name()).collect::<Vec<_>>(),
        "tools": globs(&rule.tools),
        "servers": globs(&rule.servers),
        "environments": rule.environments,
        "then": rule.then.iter().map(action).collect::<Vec<_>>(),
        "priority": rule.priority,
        "mode": match rule.mode {
            crate::rule::Mode::Enforce => "enforce",
            crate::rule::Mode::Shadow => "shadow",
            crate::rule::Mode::Off => "off",
        },
    })
}

pub(super) async fn add_rule(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(AddRule { rule }): Args<AddRule>,
) -> Answer {
    shared.may_change(who.as_ref())?;
    // The rule as the one element of a list.
    let text = format!("rules:\n- {}", rule.trim().replace('\n', "\n  "));
    let set = RuleSet::parse(&text, "rule", Format::Yaml)?;
    let mut added = Vec::new();
    for rule in set.rules {
        let id = rule.id.clone();
        shared.guardrails.engine().add(rule)?;
        tracing::info!(rule = id, "a rule was added");
        added.push(id);
    }
    Ok(result(&json!({ "added": added })))
}

pub(super) async fn remove_rule(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(RemoveRule { id }): Args<RemoveRule>,
) -> Answer {
    shared.may_change(who.as_ref())?;
    if !shared.guardrails.engine().remove(&id)? {
        return Err(Refused::NoRule(id));
    }
    tracing::info!(rule = id, "a rule was removed");
    Ok(result(&json!({ "removed": id })))
}

pub(super) async fn test_rules(
    State(shared): State<Shared>,
    Args(TestRules { rules }): Args<TestRules>,
) -> Answer {
    let engine = Arc::clone(shared.guardrails.engine());
    aside(move || {
        let set = RuleSet::parse(&rules, "rules", Format::Yaml)?;
        let (count, tests) = (set.rules.len(), set.tests.len());
        let slow = engine.with_rules(set)?.slow_triggers().len();
        Ok(result(&json!({ "rules": count, "tests": tests, "passed": true, "slow_triggers": slow })))
    })
    .await
}

pub(super) async fn simulate(State(shared): State<Shared>, Args(asked): Args<Simulate>) -> Answer {
    let engine = Arc::clone(shared.guardrails.engine());
    aside(move || {
        let next = engine.with_rules(RuleSet::parse(&asked.rules, "rules", Format::Yaml)?)?;
        let report = crate::simulate::simulate(&engine, &next, &asked.log, "log")?;
        let differences: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
        Ok(result(&json!({
            "events": report.events,
            "stopped_now": report.stopped.0,
            "stopped_then": report.stopped.1,
            "differences": differences,
        })))
    })
    .await
}

/// Does what takes long where nobody waits for it.
async fn aside(act: impl FnOnce() -> Answer + Send + 'static) -> Answer {
    tokio::task::spawn_blocking(act).await.map_err(|_| Refused::NotRun)?
}

pub(super) async fn list_pending(State(shared): State<Shared>, who: Option<Principal>) -> Answer {
    shared.may_change(who.as_ref())?;
    let list = |guard: &Guard| guard.pending(now());
    let pending: Vec<Pending> = shared.guardrails.guarded(list).await.ok_or(Refused::NotRun)??;
    Ok(result(&json!({ "pending": pending })))
}

pub(super) async fn approve(
    State(shared): State<Shared>,
    who: Option<Principal>,
    Args(Approve { digest }): Args<Approve>,
) -> Answer {
    shared.may_change(who.as_ref())?;
    let digest = Digest::parse(&digest).ok_or(Refused::Digest)?;
    // What was never put into the list, or fell out of it, may be approved by who knows its digest.
    let approve = move |guard: &Guard| {
        if guard.approve_pending(digest, now(), VALID)? {
            Ok(())
        } else {
            guard.approve(digest, now(), VALID)
        }
    };
    shared.guardrails.guarded(approve).await.ok_or(Refused::NotRun)??;
    tracing::info!(%digest, "a call was approved");
    Ok(result(&json!({ "approved": digest.to_string(), "seconds": VALID.as_secs() })))
}
