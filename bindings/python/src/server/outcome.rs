//! What functions return, as results of the protocol.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mcp_core::protocol::{
    CallToolResult, ContentBlock, GetPromptResult, PromptMessage, RawJson, ReadResourceResult,
    ResourceContents, RpcError,
};
use mcp_core::server::{IntoResource, ResourceError};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::{json, python};

/// The result of a kind of request.
pub(crate) trait Outcome: Sized + Send + 'static {
    /// Reads what a function returned.
    fn of(value: &Bound<'_, PyAny>, structured: bool) -> PyResult<Self>;
    /// The function failed.
    fn failed(message: String) -> Result<Self, RpcError>;
    /// The arguments do not fit.
    fn refused(message: String) -> Result<Self, RpcError>;
}

impl Outcome for CallToolResult {
    fn of(value: &Bound<'_, PyAny>, structured: bool) -> PyResult<Self> {
        if !structured {
            if let Ok(text) = value.cast::<PyString>() {
                return Ok(Self::text(text.to_str()?));
            }
            if value.is_none() {
                return Ok(Self::default());
            }
            let content = python::content_function(value.py())?.call1((value,))?;
            if !content.is_none() {
                let blocks: Vec<ContentBlock> = json::to_rust(&content, "content")?;
                return Ok(Self::new(blocks));
            }
        }
        let text = json::to_text(value)?;
        let raw =
            RawJson::from_string(text.clone()).map_err(|error| PyValueError::new_err(error.to_string()))?;
        let mut result = Self::text(text);
        // A number without an annotation is text; a table is data in any case.
        if structured || raw.get().starts_with(['{', '[']) {
            result.structured_content = Some(raw);
        }
        Ok(result)
    }

    fn failed(message: String) -> Result<Self, RpcError> {
        Ok(Self::error(message))
    }

    fn refused(message: String) -> Result<Self, RpcError> {
        Ok(Self::error(message))
    }
}

impl Outcome for GetPromptResult {
    fn of(value: &Bound<'_, PyAny>, _structured: bool) -> PyResult<Self> {
        if let Ok(text) = value.cast::<PyString>() {
            return Ok(Self::new([PromptMessage::user(text.to_str()?)]));
        }
        let messages = python::messages_function(value.py())?.call1((value,))?;
        let messages: Vec<PromptMessage> = json::to_rust(&messages, "messages")?;
        Ok(Self::new(messages))
    }

    fn failed(message: String) -> Result<Self, RpcError> {
        Err(RpcError::internal(message))
    }

    fn refused(message: String) -> Result<Self, RpcError> {
        Err(RpcError::invalid_params(message))
    }
}

/// What a resource holds; nothing where there is no such resource.
pub(crate) struct Contents(Option<ReadResourceResult>);

impl IntoResource for Contents {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        self.0.into_resource()
    }
}

impl Outcome for Contents {
    fn of(value: &Bound<'_, PyAny>, _structured: bool) -> PyResult<Self> {
        let one = |contents| Ok(Self(Some(ReadResourceResult::from(contents))));
        if value.is_none() {
            return Ok(Self(None));
        }
        if let Ok(text) = value.cast::<PyString>() {
            return one(ResourceContents::text("", text.to_str()?));
        }
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return one(ResourceContents::blob("", STANDARD.encode(bytes.as_bytes())));
        }
        let contents = python::contents_function(value.py())?.call1((value,))?;
        if contents.is_none() {
            return one(ResourceContents::text("", json::to_text(value)?).mime_type("application/json"));
        }
        let contents: Vec<ResourceContents> = json::to_rust(&contents, "contents")?;
        Ok(Self(Some(ReadResourceResult::new(contents))))
    }

    fn failed(message: String) -> Result<Self, RpcError> {
        Err(RpcError::internal(message))
    }

    fn refused(message: String) -> Result<Self, RpcError> {
        Err(RpcError::invalid_params(message))
    }
}
