//! Protocol errors: the `error` member of a response.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ProtocolVersion;

/// A JSON-RPC error code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ErrorCode(pub i32);

impl ErrorCode {
    /// The frame is not valid JSON.
    pub const PARSE_ERROR: Self = Self(-32700);
    /// The frame is JSON, but no valid request.
    pub const INVALID_REQUEST: Self = Self(-32600);
    /// The method is unknown here.
    pub const METHOD_NOT_FOUND: Self = Self(-32601);
    /// The parameters are wrong; also an unknown tool, prompt, resource or task.
    pub const INVALID_PARAMS: Self = Self(-32602);
    /// The server failed.
    pub const INTERNAL_ERROR: Self = Self(-32603);
    /// HTTP headers and body disagree (2026-07-28).
    pub const HEADER_MISMATCH: Self = Self(-32020);
    /// The request needs a capability that the client did not declare (2026-07-28).
    pub const MISSING_CLIENT_CAPABILITY: Self = Self(-32021);
    /// The protocol version is not supported (2026-07-28).
    pub const UNSUPPORTED_VERSION: Self = Self(-32022);
    /// A person must go to an address first; `data.elicitations` says where (2025-11-25).
    pub const URL_ELICITATION_REQUIRED: Self = Self(-32042);
    /// Resource not found, until 2025-11-25.
    pub const RESOURCE_NOT_FOUND: Self = Self(-32002);
    /// Ours: the server has as many requests in flight as it allows.
    pub const OVERLOADED: Self = Self(-31001);
    /// Ours: the call took longer than its deadline.
    pub const DEADLINE_EXCEEDED: Self = Self(-31002);
    /// Ours: a size or depth limit was exceeded.
    pub const TOO_LARGE: Self = Self(-31003);
    /// Ours: the server is shutting down.
    pub const SHUTTING_DOWN: Self = Self(-31004);
    /// Ours: the session is unknown, ended or belongs to somebody else.
    pub const SESSION_NOT_FOUND: Self = Self(-31005);
    /// Ours: the request's `Origin`, `Host`, `Accept` or `Content-Type` is refused.
    pub const REFUSED: Self = Self(-31006);
    /// Ours: credentials are missing, wrong or used up (HTTP 401).
    pub const UNAUTHENTICATED: Self = Self(-31007);
    /// Ours: the caller is known and may not do this (HTTP 403).
    pub const FORBIDDEN: Self = Self(-31008);
    /// Ours: the caller did this too often (HTTP 429).
    pub const RATE_LIMITED: Self = Self(-31009);
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A protocol error: the request could not be served. A tool that ran and failed is no protocol
/// error; it answers with `isError`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// What kind of error.
    pub code: ErrorCode,
    /// One sentence for a person.
    pub message: Cow<'static, str>,
    /// Details for a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl RpcError {
    /// An error with a code and a message.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// Adds details for a program.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// -32602 with a message.
    pub fn invalid_params(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::INVALID_PARAMS, message)
    }

    /// -32600 with a message.
    pub fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::INVALID_REQUEST, message)
    }

    /// -32603 with a message. Internal details belong in the log, not here.
    pub fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::INTERNAL_ERROR, message)
    }

    /// -31008: the caller is known and may not do this.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::FORBIDDEN, message)
    }

    /// -31008 with the scopes that a credential for this needs: over HTTP the client is asked to get
    /// such a credential.
    #[must_use]
    pub fn insufficient_scope(required: &[&str]) -> Self {
        Self::forbidden(format!("this needs the scope `{}`", required.join(" ")))
            .with_data(json!({ "requiredScopes": required }))
    }

    /// -31009 with how long to wait. Over HTTP it becomes `Retry-After` too.
    #[must_use]
    pub fn rate_limited(message: impl Into<Cow<'static, str>>, wait: Duration) -> Self {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self::new(ErrorCode::RATE_LIMITED, message).with_data(json!({ "retryAfterMs": wait }))
    }

    /// How long to wait before the request is worth another try, where the error says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.data.as_ref()?.get("retryAfterMs")?.as_u64().map(Duration::from_millis)
    }

    /// -32601 for a method.
    #[must_use]
    pub fn method_not_found(method: &str) -> Self {
        Self::new(ErrorCode::METHOD_NOT_FOUND, format!("method `{}` is not supported", excerpt(method)))
    }

    /// -32022 with what is supported and what was asked for.
    #[must_use]
    pub fn unsupported_version(requested: &str) -> Self {
        let supported: Vec<_> = ProtocolVersion::ALL.iter().map(|v| v.as_str()).collect();
        Self::new(
            ErrorCode::UNSUPPORTED_VERSION,
            format!("protocol version `{}` is not supported", excerpt(requested)),
        )
        .with_data(json!({ "supported": supported, "requested": requested }))
    }

    /// -32021 with the capabilities that are missing.
    #[must_use]
    pub fn missing_capability(required: &Value) -> Self {
        Self::new(
            ErrorCode::MISSING_CLIENT_CAPABILITY,
            "the client did not declare a capability this request needs",
        )
        .with_data(json!({ "requiredCapabilities": required }))
    }
}

/// At most the first 120 characters of a text that came from outside, for messages.
pub(crate) fn excerpt(text: &str) -> &str {
    text.char_indices().nth(120).map_or(text, |(i, _)| &text[..i])
}
