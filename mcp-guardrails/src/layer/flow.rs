//! The way of a request: decided over, maybe approved, passed on, and its answer decided over.

use std::sync::Arc;

use mcp_core::protocol::{Method, RpcError};
use mcp_core::service::{BoxError, Outcome, Request, Response};
use serde_json::Value;

use super::approve::{self, Answered};
use super::caller::Caller;
use super::deed::Deed;
use super::judge::{Ruling, Told};
use super::leaving::Leaving;
use super::pinning::PinMode;
use super::service::Next;
use super::{Guardrails, answer, list};
use crate::Decision;
use crate::event::Phase;
use crate::rule::Effect;

/// Whether requests of this method are decided over.
pub(super) fn is_guarded(method: &Method) -> bool {
    match method {
        Method::ToolsList | Method::ToolsCall | Method::ResourcesRead | Method::PromptsGet => true,
        Method::Other(name) => matches!(&**name, "tasks/get" | "tasks/result"),
        _ => false,
    }
}

pub(super) async fn run(
    guardrails: &Guardrails,
    mut request: Request,
    next: Next,
) -> Result<Response, BoxError> {
    let caller = Arc::new(Caller::of(&guardrails.0, &request));
    if request.method == Method::ToolsList {
        return list::run(guardrails, &caller, request, next).await;
    }
    let brought = approve::take_answer(&mut request);
    let method = request.method.clone();
    let deed = match Deed::of(&request) {
        Ok(deed) => deed,
        Err(problem) => return Ok(answer::refusal(&method, problem)),
    };
    if let Some(refusal) = guardrails.unpinned_call(&caller, &method, &deed.tool) {
        return Ok(refusal);
    }
    let mut passed = None;
    if let Some(before) = &deed.before {
        let mut ruling = guardrails.judge(before, &caller).await;
        if let Ruling::Approve(reason, digest) = ruling {
            let text = match guardrails.ask(&request, brought, before, &reason, digest).await {
                Answered::Ask(question) => return Ok(question),
                Answered::Approved => None,
                Answered::Declined => Some(format!(
                    "not done: a person was asked and did not approve it (rule `{}`); do not try it again",
                    reason.rule
                )),
                Answered::Impossible => Some(format!(
                    "not done yet: the rule `{}` wants a person's approval{}. Let a person approve `{digest}`, then make the same call again",
                    reason.rule,
                    if reason.message.is_empty() { String::new() } else { format!(" ({})", reason.message) },
                )),
            };
            if let Some(text) = text {
                return Ok(answer::refusal(&method, text));
            }
            ruling = guardrails.judge(before, &caller).await;
        }
        match ruling {
            Ruling::Refuse(reason) | Ruling::Approve(reason, _) => {
                return Ok(answer::refusal(&method, answer::refused(&reason)));
            }
            Ruling::Unguarded => {}
            Ruling::Pass(decision) => {
                if let Some(arguments) = deed.redacted(&decision, &guardrails.0.mask)
                    && answer::with_arguments(&mut request, &Deed::members(&method, arguments)).is_none()
                {
                    return Ok(Response::error(RpcError::internal("the arguments cannot be written")));
                }
                passed = Some(decision);
            }
        }
    }
    if let Some(outbound) = request.outbound.take() {
        request.outbound = Some(Arc::new(Leaving {
            guardrails: guardrails.clone(),
            caller: Arc::clone(&caller),
            tool: deed.tool.clone(),
            arguments: Arc::clone(&deed.arguments),
            outbound,
        }));
    }
    let response = next(request).await?.settled().await?;
    after(guardrails, &caller, &method, &deed, passed, response).await
}

/// Decides over an answer.
async fn after(
    guardrails: &Guardrails,
    caller: &Arc<Caller>,
    method: &Method,
    deed: &Deed,
    passed: Option<Decision>,
    response: Response,
) -> Result<Response, BoxError> {
    let Outcome::Result(bytes) = &response.outcome else { return Ok(response) };
    let Ok(result) = serde_json::from_slice::<Value>(bytes) else {
        return Ok(Response::error(RpcError::internal("the answer cannot be read, and was withheld")));
    };
    if result.get("resultType").is_some_and(|kind| kind == "input_required") {
        if let (Some(passed), Some(before)) = (passed, &deed.before) {
            guardrails.keep_approval(&passed, before, caller).await;
        }
        return Ok(response);
    }
    let (result, size) = (Arc::new(result), bytes.len());
    let decision = match guardrails.judge(&deed.after(Arc::clone(&result), size), caller).await {
        Ruling::Refuse(reason) | Ruling::Approve(reason, _) => {
            return Ok(answer::refusal(method, answer::withheld(&reason)));
        }
        Ruling::Unguarded => return Ok(response),
        Ruling::Pass(decision) => decision,
    };
    let skills: Vec<&str> = passed.iter().chain([&decision]).flat_map(Decision::skills).collect();
    if decision.redactions().is_empty() && skills.is_empty() {
        return Ok(response);
    }
    let mut clean = (*result).clone();
    decision.redact("result", &mut clean, &guardrails.0.mask);
    if !skills.is_empty() {
        let said = passed.iter().chain([&decision]).filter(|decision| decision.effect() == Effect::Suggest);
        let message = said.filter_map(|decision| decision.verdict().reason()).next();
        let message = message.map_or_else(String::new, |reason| guardrails.0.clean(&reason.message));
        answer::suggest(&mut clean, &skills, &message);
    }
    Ok(Response::result(clean.to_string()))
}

impl Guardrails {
    /// Refuses the call of a tool that is not known to be as it was approved.
    fn unpinned_call(&self, caller: &Caller, method: &Method, tool: &str) -> Option<Response> {
        if *method != Method::ToolsCall
            || self.0.pin_mode != PinMode::Quarantine
            || self.0.pins.lock().permits(tool)
        {
            return None;
        }
        self.tell(caller, Phase::Call, tool, &Told::guard("pin", Effect::Block.name()));
        Some(answer::refusal(method, answer::unpinned(&self.0.clean(tool))))
    }

    /// The service asks the client something, and the same call comes again: what was approved stays approved until then.
    async fn keep_approval(&self, passed: &Decision, before: &Arc<super::judge::Ask>, caller: &Arc<Caller>) {
        if !passed.fired().any(|rule| rule.effect == Some(Effect::RequireApproval)) {
            return;
        }
        let (asked, by) = (Arc::clone(before), Arc::clone(caller));
        let kept = self.run(0, move |inner| {
            let digest = asked.digest(inner, &by);
            inner.guard.approve(digest, inner.now(), inner.approval)
        });
        if !matches!(kept.await, Ok(Ok(()))) {
            tracing::error!("guardrails: an approval could not be kept; the person is asked again");
        }
    }
}
