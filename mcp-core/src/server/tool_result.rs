//! What a tool may return.

use std::any::Any;
use std::fmt::Display;

use schemars::JsonSchema;
use serde::Serialize;

use super::ToolError;
use crate::protocol::{CallToolResult, ContentBlock, RawJson, RpcError};

/// What a tool may return: text, [`Json`], content blocks, a whole [`CallToolResult`], nothing, or
/// a `Result` of these whose error the model gets to read.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a tool",
    note = "return `String`, `Json<T>`, `ContentBlock`, `Vec<ContentBlock>`, `CallToolResult`, `()`, or a `Result` of one of these"
)]
pub trait IntoToolResult {
    /// Turns the value into the result of a call.
    ///
    /// # Errors
    /// The call fails as a request, rather than as a tool.
    fn into_tool_result(self) -> Result<CallToolResult, RpcError>;

    /// The JSON Schema of the structured content, if there is any.
    #[must_use]
    fn output_schema() -> Option<RawJson> {
        None
    }
}

/// Structured output: the value as `structuredContent`, its text as content, its schema in the
/// tool's `outputSchema`.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

impl<T: Serialize + JsonSchema> IntoToolResult for Json<T> {
    fn into_tool_result(self) -> Result<CallToolResult, RpcError> {
        let structured = RawJson::from_serialize(&self.0).map_err(|error| {
            tracing::error!(%error, "the output of a tool could not be serialised");
            RpcError::internal("the output of the tool could not be serialised")
        })?;
        let mut result = CallToolResult::text(structured.get());
        result.structured_content = Some(structured);
        Ok(result)
    }

    fn output_schema() -> Option<RawJson> {
        Some(super::schema::of_output::<T>())
    }
}

impl IntoToolResult for CallToolResult {
    fn into_tool_result(self) -> Result<CallToolResult, RpcError> {
        Ok(self)
    }
}

impl IntoToolResult for () {
    fn into_tool_result(self) -> Result<CallToolResult, RpcError> {
        Ok(CallToolResult::default())
    }
}

impl IntoToolResult for String {
    fn into_tool_result(self) -> Result<CallToolResult, RpcError> {
        Ok(CallToolResult::text(self))
    }
}

impl IntoToolResult for &'static str {
    fn into_tool_result(self) -> Result<CallToolResult, RpcError> {
        Ok(CallToolResult::text(self))
    }
}

impl IntoToolResult for ContentBlock {
    fn into_tool_result(self) -> Result<CallToolResult, RpcError> {
        vec![self].into_tool_result()
    }
}

impl IntoToolResult for Vec<ContentBlock> {
    fn into_tool_result(self) -> Result<CallToolResult, RpcError> {
        Ok(CallToolResult { content: self, ..CallToolResult::default() })
    }
}

impl<T: IntoToolResult, E: Display + Send + 'static> IntoToolResult for Result<T, E> {
    fn into_tool_result(self) -> Result<CallToolResult, RpcError> {
        match self {
            Ok(value) => value.into_tool_result(),
            Err(error) => failure(error),
        }
    }

    fn output_schema() -> Option<RawJson> {
        T::output_schema()
    }
}

/// An error becomes text that the model reads, but an [`RpcError`] stays an error of the protocol.
fn failure<E: Display + 'static>(error: E) -> Result<CallToolResult, RpcError> {
    let mut slot = Some(error);
    let any: &mut dyn Any = &mut slot;
    if let Some(error) = any.downcast_mut::<Option<RpcError>>().and_then(Option::take) {
        return Err(error);
    }
    if let Some(error) = any.downcast_mut::<Option<ToolError>>().and_then(Option::take) {
        return error.into_result();
    }
    if let Some(error) = any.downcast_mut::<Option<super::AskError>>().and_then(Option::take) {
        return ToolError::from(error).into_result();
    }
    // `{:#}` lets errors that know their chain of causes print it.
    Ok(CallToolResult::error(slot.map(|error| format!("{error:#}")).unwrap_or_default()))
}
