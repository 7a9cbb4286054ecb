//! The trace of one call.

use mcp_core::protocol::ErrorCode;
#[cfg(feature = "otel")]
use mcp_core::protocol::Method;
use mcp_core::service::Request;

use super::TraceContext;
#[cfg(feature = "otel")]
use super::{Span, SpanKind, Tracer};
use crate::call::Outcome;
#[cfg(feature = "otel")]
use crate::call::without_secrets;

/// Without the feature `otel` nobody can make one.
#[cfg(not(feature = "otel"))]
#[derive(Debug, Clone)]
pub(crate) enum Tracer {}

/// The trace of a call, and its span where there is one.
#[derive(Debug, Default)]
pub(crate) struct CallTrace {
    id: Option<Box<str>>,
    #[cfg(feature = "otel")]
    span: Option<Span>,
}

impl CallTrace {
    /// Continues the trace of a request, and leaves its context among the request's extensions.
    pub(crate) fn start(tracer: Option<&Tracer>, request: &mut Request, target: Option<&str>) -> Self {
        let parent = TraceContext::of(request);
        #[cfg(feature = "otel")]
        if let Some(tracer) = tracer {
            let span = span(tracer, parent.as_ref(), request, target);
            let context = span.context().clone();
            let id = Some(context.trace_id().into());
            request.extensions.insert(context);
            return Self { id, span: Some(span) };
        }
        let _ = (tracer, target);
        let id = parent.as_ref().map(|parent| parent.trace_id().into());
        if let Some(parent) = parent {
            request.extensions.insert(parent);
        }
        Self {
            id,
            #[cfg(feature = "otel")]
            span: None,
        }
    }

    /// The trace, as 32 hexadecimal digits.
    pub(crate) fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Says what the call came to, and ends its span.
    #[cfg(feature = "otel")]
    pub(crate) fn end(&mut self, outcome: Outcome, code: Option<ErrorCode>) {
        let Some(mut span) = self.span.take() else { return };
        if let Some(code) = code {
            span.set("rpc.response.status_code", code.to_string());
        }
        match outcome {
            Outcome::Ok => {}
            Outcome::Error => {
                span.set("error.type", code.map_or_else(|| outcome.to_string(), |code| code.to_string()));
                span.fail(outcome.as_str());
            }
            other => {
                span.set("error.type", other.as_str());
                span.fail(other.as_str());
            }
        }
    }

    #[cfg(not(feature = "otel"))]
    #[expect(clippy::unused_self, reason = "there is nothing to end")]
    pub(crate) fn end(&mut self, _: Outcome, _: Option<ErrorCode>) {}
}

/// A span with the attributes of the OpenTelemetry semantic conventions for MCP.
#[cfg(feature = "otel")]
fn span(tracer: &Tracer, parent: Option<&TraceContext>, request: &Request, target: Option<&str>) -> Span {
    let method = request.method.as_str();
    let named = matches!(request.method, Method::ToolsCall | Method::PromptsGet);
    let target = target.map(|target| without_secrets(target).into_owned());
    let name = match target.as_deref().filter(|_| named) {
        Some(target) => format!("{method} {}", crate::call::shortened(target)),
        None => method.to_owned(),
    };
    let mut span = tracer.start(name, SpanKind::Server, parent);
    span.set("mcp.method.name", method);
    span.set("mcp.protocol.version", request.peer.version.as_str());
    if let Some(target) = target {
        let member = match request.method {
            Method::ToolsCall => "gen_ai.tool.name",
            Method::PromptsGet => "gen_ai.prompt.name",
            _ => "mcp.resource.uri",
        };
        span.set(member, crate::call::shortened(&target));
    }
    if request.method == Method::ToolsCall {
        span.set("gen_ai.operation.name", "execute_tool");
    }
    span
}
