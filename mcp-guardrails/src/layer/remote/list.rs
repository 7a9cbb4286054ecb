//! Lists of tools without those that the server of rules does not allow, or that are not as they were approved.

use mcp_core::protocol::RpcError;
use mcp_core::service::{BoxError, Outcome, Request, Response};
use serde_json::Value;

use super::ask::Who;
use super::{Next, RemoteGuard};
use crate::layer::list::{name, read, shown};
use crate::layer::pinning::PinMode;

pub(super) async fn run(guard: &RemoteGuard, request: Request, next: Next) -> Result<Response, BoxError> {
    let who = Who::of(&request);
    let response = next(request).await?.settled().await?;
    let Outcome::Result(bytes) = &response.outcome else { return Ok(response) };
    let Some((result, tools)) = read(bytes) else {
        return Ok(Response::error(RpcError::internal("the list cannot be read, and was withheld")));
    };
    let labels: Vec<Option<&'static str>> = tools.iter().map(|definition| guard.pin(definition)).collect();
    let Some(allowed) = guard.ask_list(&tools, &labels, &who).await else {
        let text = "not listed: the server of rules gave no answer, so that nobody knows which tools are safe; try again later";
        return Ok(Response::error(RpcError::internal(text)));
    };
    let quarantine = guard.0.pin_mode == PinMode::Quarantine;
    let keeps =
        allowed.iter().zip(&labels).map(|(allowed, label)| *allowed && !(quarantine && label.is_some()));
    let kept = tools.into_iter().zip(keeps).filter(|(_, keeps)| *keeps).map(|(definition, _)| definition);
    Ok(shown(result, kept.collect()))
}

impl RemoteGuard {
    /// The label of a tool that is not as it was approved.
    fn pin(&self, definition: &Value) -> Option<&'static str> {
        if self.0.pin_mode == PinMode::Off {
            return None;
        }
        let tool = name(definition);
        let label = self.0.pins.lock().check(&self.0.server, tool, definition);
        if let Some(label) = label {
            tracing::warn!(tool, label, "guardrails: a tool is not as it was approved");
        }
        label
    }
}
