//! A request while it is served, and what is written down when it is over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mcp_core::protocol::{ErrorCode, Method, RpcError};
use mcp_core::service::{BoxError, Outcome as Answer, Principal, Request, Response};
use serde::Deserialize;

use super::Edge;
use super::admit::{self, Refusal};
use crate::audit::{Appended, AuditError};
use crate::call::{CallRecord, ExecutionId, Outcome};
use crate::limit::Asked;
use crate::trace::CallTrace;

/// A request that has no answer yet. Dropped without one, it was given up.
pub(super) struct Running {
    edge: Edge,
    method: Method,
    /// The name of the tool or prompt, or the URI.
    target: Option<Box<str>>,
    arguments: Option<Bytes>,
    principal: Option<Arc<Principal>>,
    correlation: Option<Arc<str>>,
    execution: ExecutionId,
    at: Duration,
    start: Instant,
    rule: Option<Box<str>>,
    trace: CallTrace,
    /// What it came to, once that is known.
    ended: (Outcome, Option<ErrorCode>),
    audited: bool,
    over: bool,
}

impl Running {
    pub(super) fn start(edge: Edge, request: &mut Request) -> Self {
        let method = request.method.clone();
        let member = match method {
            Method::ToolsCall | Method::PromptsGet => Some("name"),
            Method::ResourcesRead | Method::ResourcesSubscribe | Method::ResourcesUnsubscribe => Some("uri"),
            _ => None,
        };
        let target = member.and_then(|name| request.params.get_str(name)).map(|name| Box::from(&*name));
        let trace = CallTrace::start(edge.0.tracer.as_ref(), request, target.as_deref());
        let arguments = edge.0.audit.as_ref().and_then(|_| request.params.get_bytes("arguments"));
        let at = edge.0.clock.wall();
        edge.0.calls.in_flight().add(1.0);
        Self {
            method,
            target,
            arguments,
            principal: request.peer.principal.clone(),
            correlation: request.peer.correlation.clone(),
            execution: ExecutionId::generate(),
            at,
            start: Instant::now(),
            rule: None,
            trace,
            ended: (Outcome::Cancelled, None),
            audited: false,
            over: false,
            edge,
        }
    }

    fn tool(&self) -> Option<&str> {
        if self.method == Method::ToolsCall { self.target.as_deref() } else { None }
    }

    /// Whether the request may go on.
    pub(super) async fn admit(&self, request: &Request) -> Result<(), Refusal> {
        let parts = &*self.edge.0;
        if parts.audit.as_ref().is_some_and(|audit| !audit.is_healthy()) {
            return Err(Refusal { error: unaudited(), rule: None });
        }
        if let Some(limits) = &parts.limits {
            let asked = Asked {
                principal: self.principal.as_deref(),
                method: self.method.as_str(),
                tool: self.tool(),
            };
            // A way to Redis and back costs more than the box, and calls without one need no room for it.
            #[cfg(feature = "redis")]
            let taken = if limits.is_shared() {
                Box::pin(limits.take_shared(&asked)).await
            } else {
                limits.take(&asked)
            };
            #[cfg(not(feature = "redis"))]
            let taken = limits.take(&asked);
            if let Err(refused) = taken {
                parts.limited.with(&[&refused.limit]).increment();
                return Err(Refusal { error: refused.to_rpc_error(), rule: Some(refused.limit.into()) });
            }
        }
        if let Some(policy) = &parts.policy {
            let judged = policy.with(|policy| admit::judge(policy, self.principal.as_deref(), request));
            if let Err(refusal) = &judged {
                parts.denied.with(&[refusal.rule.as_deref().unwrap_or("default")]).increment();
            }
            return judged;
        }
        Ok(())
    }

    /// The answer to a request that may not go on.
    pub(super) fn refused(&mut self, Refusal { error, rule }: Refusal) -> Response {
        self.rule = rule;
        Response::error(error)
    }

    /// Makes of the answer what the caller may see, and writes down how the request ended; what is returned is to be awaited
    /// before the answer leaves.
    pub(super) fn end(&mut self, answer: &mut Result<Response, BoxError>) -> Option<Appended> {
        if let Ok(response) = answer {
            self.filter(response);
        }
        self.ended = self.classify(answer);
        let (outcome, code) = self.ended;
        let written = self.edge.0.audit.as_ref().map(|audit| audit.append(&self.record(outcome, code)));
        self.audited = true;
        written
    }

    /// Counts and logs how the request ended.
    pub(super) fn settle(mut self, kept: Result<(), AuditError>, answer: &mut Result<Response, BoxError>) {
        if let Err(error) = kept {
            tracing::error!(%error, "a call could not be audited");
            self.ended = (Outcome::Error, Some(ErrorCode::INTERNAL_ERROR));
            *answer = Ok(Response::error(unaudited()));
        }
        self.over = true;
        let (outcome, code) = self.ended;
        self.write_down(outcome, code);
        self.trace.end(outcome, code);
    }

    /// Takes from a list what the caller may not use.
    fn filter(&self, response: &mut Response) {
        let (Some(policy), Answer::Result(result)) = (&self.edge.0.policy, &response.outcome) else { return };
        let who = self.principal.as_deref();
        if let Some(filtered) = policy.with(|policy| policy.filter(who, &self.method, result)) {
            *response = Response::result(filtered);
        }
    }

    fn classify(&self, answer: &Result<Response, BoxError>) -> (Outcome, Option<ErrorCode>) {
        match answer.as_ref().map(|response| &response.outcome) {
            Err(_) => (Outcome::Error, Some(ErrorCode::INTERNAL_ERROR)),
            Ok(Answer::Result(result)) if self.method == Method::ToolsCall && is_tool_error(result) => {
                (Outcome::ToolError, None)
            }
            Ok(Answer::Error(error)) => {
                let outcome = match error.code {
                    ErrorCode::FORBIDDEN | ErrorCode::UNAUTHENTICATED => Outcome::Denied,
                    ErrorCode::RATE_LIMITED => Outcome::Limited,
                    _ => Outcome::Error,
                };
                (outcome, Some(error.code))
            }
            Ok(_) => (Outcome::Ok, None),
        }
    }

    fn record(&self, outcome: Outcome, code: Option<ErrorCode>) -> CallRecord<'_> {
        CallRecord {
            at: self.at,
            execution: self.execution,
            principal: self.principal.as_deref(),
            method: self.method.as_str(),
            tool: self.tool(),
            target: self.target.as_deref().filter(|_| self.method != Method::ToolsCall),
            arguments: self.arguments.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()),
            outcome,
            code,
            rule: self.rule.as_deref(),
            duration: self.start.elapsed(),
            correlation: self.correlation.as_deref(),
            trace: self.trace.id(),
        }
    }

    fn write_down(&self, outcome: Outcome, code: Option<ErrorCode>) {
        let parts = &*self.edge.0;
        parts.calls.in_flight().add(-1.0);
        let record = self.record(outcome, code);
        parts.calls.record(&self.method, record.tool, outcome, code, record.duration);
        if let Some(log) = &parts.log {
            log.write(&record);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        if let Some(audit) = self.edge.0.audit.as_ref().filter(|_| !self.audited) {
            // Nobody is left to wait for it.
            drop(audit.append(&self.record(Outcome::Cancelled, None)));
        }
        self.write_down(Outcome::Cancelled, None);
        self.trace.end(Outcome::Cancelled, None);
    }
}

fn unaudited() -> RpcError {
    RpcError::internal("the audit log cannot be written; nothing is served without it")
}

/// Whether a tool says that it failed. Results without the word are not read.
fn is_tool_error(result: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        #[serde(default)]
        is_error: bool,
    }
    memchr::memmem::find(result, b"\"isError\"").is_some()
        && serde_json::from_slice::<Said>(result).is_ok_and(|said| said.is_error)
}
