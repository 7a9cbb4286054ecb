//! Lists of tools without those that are not allowed.

use std::sync::Arc;

use mcp_core::protocol::RpcError;
use mcp_core::service::{BoxError, Outcome, Request, Response};
use serde_json::{Value, json};

use super::Guardrails;
use super::builder::Inner;
use super::caller::Caller;
use super::judge::{Failure, Ruling, Told, about};
use super::pinning::PinMode;
use super::service::Next;
use crate::Decision;
use crate::event::{Event, Phase};
use crate::rule::Effect;
use crate::state::StoreError;

/// What was decided over one tool of a list.
struct Listed {
    definition: Value,
    decision: Arc<Decision>,
    pin: Option<&'static str>,
}

pub(super) async fn run(
    guardrails: &Guardrails,
    caller: &Arc<Caller>,
    request: Request,
    next: Next,
) -> Result<Response, BoxError> {
    let response = next(request).await?.settled().await?;
    let Outcome::Result(bytes) = &response.outcome else { return Ok(response) };
    let Some((result, tools)) = read(bytes) else {
        return Ok(Response::error(RpcError::internal("the list cannot be read, and was withheld")));
    };
    let by = Arc::clone(caller);
    let decided = guardrails.run(bytes.len(), move |inner| decide(inner, &by, tools)).await;
    let decided = match decided.and_then(|decided| decided.map_err(Failure::Store)) {
        Ok(decided) => decided,
        Err(failure) => match guardrails.failed(&failure, caller, Phase::List, "") {
            Ruling::Refuse(reason) => return Ok(Response::error(RpcError::internal(reason.message))),
            _ => return Ok(response),
        },
    };
    let tools: Vec<Value> =
        decided.into_iter().filter_map(|listed| guardrails.listed(caller, listed)).collect();
    Ok(shown(result, tools))
}

/// The answer with the tools that may be shown.
pub(super) fn shown(mut result: Value, tools: Vec<Value>) -> Response {
    if let Some(members) = result.as_object_mut() {
        members.insert("tools".to_owned(), Value::Array(tools));
        // Who else asks may be shown another list, and the same caller may soon be.
        if members.contains_key("cacheScope") {
            members.insert("cacheScope".to_owned(), json!("private"));
        }
    }
    Response::result(result.to_string())
}

/// What a tool is called.
pub(super) fn name(definition: &Value) -> &str {
    definition.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The result but for its tools, and the tools.
pub(super) fn read(bytes: &[u8]) -> Option<(Value, Vec<Value>)> {
    let mut result: Value = serde_json::from_slice(bytes).ok()?;
    match result.get_mut("tools").map(Value::take) {
        Some(Value::Array(tools)) => Some((result, tools)),
        _ => None,
    }
}

/// Decides over each tool.
fn decide(inner: &Inner, caller: &Caller, tools: Vec<Value>) -> Result<Vec<Listed>, StoreError> {
    let pin = |definition: &Value| match inner.pin_mode {
        PinMode::Off => None,
        _ => inner.pins.lock().check(&inner.server, name(definition), definition),
    };
    let pins: Vec<Option<&'static str>> = tools.iter().map(pin).collect();
    let roles = caller.roles();
    let event = about(inner, caller, Event::end()).roles(&roles);
    let labels = |at: usize| pins.get(at).copied().flatten().into_iter().collect();
    let decisions = inner.guard.check_list(&event, &tools, labels)?;
    let listed = tools.into_iter().zip(decisions).zip(pins);
    Ok(listed.map(|((definition, decision), pin)| Listed { definition, decision, pin }).collect())
}

impl Guardrails {
    /// A tool as it may be shown, if it may.
    fn listed(&self, caller: &Caller, listed: Listed) -> Option<Value> {
        let Listed { mut definition, decision, pin } = listed;
        let name = name(&definition).to_owned();
        let quarantined = pin.is_some() && self.0.pin_mode == PinMode::Quarantine;
        if pin.is_some() {
            let effect = if quarantined { Effect::Block } else { Effect::Flag };
            self.tell(caller, Phase::List, &name, &Told::guard("pin", effect.name()));
        }
        match self.rule(Decision::clone(&decision), caller, Phase::List, &name) {
            Ruling::Refuse(_) | Ruling::Approve(..) => None,
            _ if quarantined => None,
            Ruling::Unguarded => Some(definition),
            Ruling::Pass(decision) => {
                if !decision.redactions().is_empty() {
                    decision.redact("definition", &mut definition, &self.0.mask);
                }
                Some(definition)
            }
        }
    }
}
