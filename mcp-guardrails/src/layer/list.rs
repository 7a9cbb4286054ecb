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
use crate::rule::{Action, Effect};
use crate::state::{Session, StoreError};

/// What was decided over one tool of a list.
struct Listed {
    name: String,
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
    let Some((mut result, tools)) = read(bytes) else {
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
    if let Some(members) = result.as_object_mut() {
        members.insert("tools".to_owned(), Value::Array(tools));
        // Who else asks may be shown another list, and the same caller may soon be.
        if members.contains_key("cacheScope") {
            members.insert("cacheScope".to_owned(), json!("private"));
        }
    }
    Ok(Response::result(result.to_string()))
}

/// The result but for its tools, and the tools.
fn read(bytes: &[u8]) -> Option<(Value, Vec<Value>)> {
    let mut result: Value = serde_json::from_slice(bytes).ok()?;
    match result.get_mut("tools").map(Value::take) {
        Some(Value::Array(tools)) => Some((result, tools)),
        _ => None,
    }
}

/// Decides over each tool. What a session knows counts, and what it learns is kept; but a list is no step of it, and what is left out
/// is no violation.
fn decide(inner: &Inner, caller: &Caller, tools: Vec<Value>) -> Result<Vec<Listed>, StoreError> {
    let mut known = Vec::new();
    inner.guard.session(&caller.session, &mut |session| known = session.labels().to_vec())?;
    let roles = caller.roles();
    let mut learnt: Vec<Action> = Vec::new();
    let mut all = Vec::with_capacity(tools.len());
    for definition in tools {
        let name = definition.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let pin = match inner.pin_mode {
            PinMode::Off => None,
            _ => inner.pins.lock().check(&inner.server, &name, &definition),
        };
        let labels: Vec<&str> = known.iter().map(String::as_str).chain(pin).collect();
        let event = about(inner, caller, Event::list(&name, &definition)).roles(&roles).labels(&labels);
        let decision = inner.guard.engine().decide(&event);
        let more = decision.fired().flat_map(|rule| &rule.more);
        learnt.extend(more.filter(|action| matches!(action, Action::Label(_) | Action::Unlabel(_))).cloned());
        all.push(Listed { name, definition, decision, pin });
    }
    if !learnt.is_empty() {
        let note = &mut |session: &mut Session| learnt.iter().for_each(|action| session.note(action));
        inner.guard.session(&caller.session, note)?;
    }
    Ok(all)
}

impl Guardrails {
    /// A tool as it may be shown, if it may.
    fn listed(&self, caller: &Caller, listed: Listed) -> Option<Value> {
        let Listed { name, mut definition, decision, pin } = listed;
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
                    super::answer::redact(&decision, "definition", &mut definition, &self.0.mask);
                }
                Some(definition)
            }
        }
    }
}
