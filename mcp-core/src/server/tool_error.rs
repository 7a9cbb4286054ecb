//! The failure of a tool.

use std::any::Any;
use std::fmt;

use crate::protocol::{CallToolResult, RpcError};
use crate::server::AskError;

/// The failure of a tool, made by `?` from any error.
///
/// The model reads the message and can try again in another way. An [`RpcError`] that passes
/// through stays what it is: an error of the request, which the model does not see.
#[derive(Debug)]
pub struct ToolError(Kind);

#[derive(Debug)]
enum Kind {
    Visible(Box<CallToolResult>),
    Protocol(Box<RpcError>),
}

impl ToolError {
    /// A failure that says what went wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self(Kind::Visible(Box::new(CallToolResult::error(message))))
    }

    /// A failure with content of its own.
    #[must_use]
    pub fn with_result(mut result: CallToolResult) -> Self {
        result.is_error = true;
        Self(Kind::Visible(Box::new(result)))
    }

    /// The error of the request, if that is what it is.
    pub(crate) fn as_protocol_error(&self) -> Option<&RpcError> {
        match &self.0 {
            Kind::Visible(_) => None,
            Kind::Protocol(error) => Some(error),
        }
    }

    pub(crate) fn into_result(self) -> Result<CallToolResult, RpcError> {
        match self.0 {
            Kind::Visible(result) => Ok(*result),
            Kind::Protocol(error) => Err(*error),
        }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Visible(result) => {
                f.write_str(result.content.first().and_then(|c| c.as_text()).unwrap_or("failed"))
            }
            Kind::Protocol(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for ToolError {
    fn from(error: E) -> Self {
        let any: &dyn Any = &error;
        if let Some(error) = any.downcast_ref::<RpcError>() {
            return Self(Kind::Protocol(Box::new(error.clone())));
        }
        if let Some(error) = any.downcast_ref::<AskError>().and_then(AskError::as_protocol_error) {
            return Self(Kind::Protocol(Box::new(error)));
        }
        Self::new(format!("{error:#}"))
    }
}
