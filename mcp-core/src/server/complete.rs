//! Suggestions for arguments of prompts and variables of templates.

use std::collections::HashMap;
use std::fmt::Display;

use indexmap::IndexMap;

use super::handler::{ErasedHandler, erase};
use super::{Body, Context, FromContext, Handler, Rejection};
use crate::protocol::{CompleteParams, Completion, RawJson, RpcError};

/// Completion handlers by argument.
pub(crate) type Completers = HashMap<String, ErasedHandler>;

/// What a completion handler may return: values, a [`Completion`], or a `Result` of these.
pub trait IntoCompletion {
    /// Turns the value into a completion.
    ///
    /// # Errors
    /// There are no suggestions because something failed.
    fn into_completion(self) -> Result<Completion, RpcError>;
}

impl IntoCompletion for Completion {
    fn into_completion(self) -> Result<Completion, RpcError> {
        Ok(self)
    }
}

impl<S: Into<String>> IntoCompletion for Vec<S> {
    fn into_completion(self) -> Result<Completion, RpcError> {
        Ok(Completion::new(self))
    }
}

impl<T: IntoCompletion, E: Display + Send + 'static> IntoCompletion for Result<T, E> {
    fn into_completion(self) -> Result<Completion, RpcError> {
        self.map_err(super::prompt::rpc_error)?.into_completion()
    }
}

pub(crate) fn completer<M, H>(handler: H) -> ErasedHandler
where
    H: Handler<M>,
    H::Output: IntoCompletion,
{
    erase(handler, |output| {
        let completion = output.into_completion()?;
        let result = serde_json::json!({ "completion": completion });
        RawJson::from_serialize(&result)
            .map(Body::Object)
            .map_err(|_| RpcError::internal("unreadable completion"))
    })
}

/// What is being completed: an extractor for completion handlers.
#[derive(Debug, Clone)]
pub struct Completing {
    /// The argument or variable.
    pub argument: String,
    /// What has been typed so far.
    pub value: String,
    /// Arguments that are filled in already (since 2025-06-18).
    pub arguments: IndexMap<String, String>,
}

impl FromContext for Completing {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        let params: CompleteParams =
            context.request().params.parse().map_err(|error| Rejection::Other(error.message.into_owned()))?;
        Ok(Self { argument: params.argument.name, value: params.argument.value, arguments: params.context })
    }
}
