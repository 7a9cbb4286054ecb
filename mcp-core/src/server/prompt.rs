//! Prompts.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Display;
use std::sync::Arc;

use serde_json::Value;

use super::complete::{Completers, IntoCompletion, completer};
use super::handler::{ErasedHandler, erase};
use super::state::StateMap;
use super::{AskError, Body, BuildError, Handler, Needs, ToolError};
use crate::protocol::{
    GetPromptResult, Icon, Meta, Prompt, PromptArgument, PromptMessage, RawJson, RpcError,
};

/// What a prompt may return: text (one message of the user), messages, a whole
/// [`GetPromptResult`], or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a prompt",
    note = "return `String`, `Vec<PromptMessage>`, `GetPromptResult`, or a `Result` of one of these"
)]
pub trait IntoPrompt {
    /// Turns the value into a rendered prompt.
    ///
    /// # Errors
    /// The prompt cannot be rendered.
    fn into_prompt(self) -> Result<GetPromptResult, RpcError>;
}

impl IntoPrompt for GetPromptResult {
    fn into_prompt(self) -> Result<GetPromptResult, RpcError> {
        Ok(self)
    }
}

impl IntoPrompt for Vec<PromptMessage> {
    fn into_prompt(self) -> Result<GetPromptResult, RpcError> {
        Ok(GetPromptResult::new(self))
    }
}

impl IntoPrompt for String {
    fn into_prompt(self) -> Result<GetPromptResult, RpcError> {
        vec![PromptMessage::user(self)].into_prompt()
    }
}

impl IntoPrompt for &'static str {
    fn into_prompt(self) -> Result<GetPromptResult, RpcError> {
        self.to_owned().into_prompt()
    }
}

impl<T: IntoPrompt, E: Display + Send + 'static> IntoPrompt for Result<T, E> {
    fn into_prompt(self) -> Result<GetPromptResult, RpcError> {
        self.map_err(rpc_error)?.into_prompt()
    }
}

/// The protocol error for whatever a handler of a prompt or resource failed with.
pub(crate) fn rpc_error<E: Display + 'static>(error: E) -> RpcError {
    let any: &dyn Any = &error;
    if let Some(error) = any.downcast_ref::<RpcError>() {
        return error.clone();
    }
    if let Some(error) = any.downcast_ref::<ToolError>().and_then(ToolError::as_protocol_error) {
        return error.clone();
    }
    let asked = any.downcast_ref::<AskError>().and_then(AskError::as_protocol_error);
    asked.unwrap_or_else(|| RpcError::internal(format!("{error:#}")))
}

/// A prompt under a name, rendered by an async function over extractors. The fields of the type in
/// `Args` become the prompt's arguments; their values are strings on the wire.
///
/// ```
/// # use mcp_core::{Args, server::prompt};
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Review { /// The code to review.
///                 code: String }
///
/// let review = prompt("review", async |Args(Review { code }): Args<Review>| format!("Review this:\n{code}"))
///     .description("Asks for a code review.");
/// ```
pub fn prompt<M, H>(name: impl Into<String>, handler: H) -> PromptEntry
where
    H: Handler<M>,
    H::Output: IntoPrompt,
{
    let needs = H::needs();
    let mut definition = Prompt::new(name);
    definition.arguments = needs.input_schema.as_ref().map(arguments).unwrap_or_default();
    PromptEntry {
        definition,
        handler: erase(handler, |output| output.into_prompt().map(Body::Prompt)),
        needs: Arc::new(needs),
        tags: BTreeSet::new(),
        completers: Completers::default(),
        state: Arc::default(),
        raw: RawJson::default(),
        origin: 0,
    }
}

/// The properties of a schema as arguments of a prompt.
fn arguments(schema: &RawJson) -> Vec<PromptArgument> {
    let schema = schema.to_value().unwrap_or_default();
    let required = |name: &str| {
        let required = schema.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|n| n == name))
    };
    let text = |field: &Value, key: &str| field.get(key).and_then(Value::as_str).map(str::to_owned);
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    properties
        .iter()
        .map(|(name, field)| {
            let mut argument = PromptArgument::new(name);
            argument.title = text(field, "title");
            argument.description = text(field, "description");
            argument.required = Some(required(name));
            argument
        })
        .collect()
}

/// A prompt of a server: what is listed, and the handler that renders it.
#[derive(Clone)]
pub struct PromptEntry {
    pub(crate) definition: Prompt,
    pub(crate) handler: ErasedHandler,
    needs: Arc<Needs>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) completers: Completers,
    pub(crate) state: Arc<StateMap>,
    pub(crate) raw: RawJson,
    pub(crate) origin: u64,
}

impl PromptEntry {
    /// A prompt that another server defines.
    pub(crate) fn foreign(definition: Prompt, handler: ErasedHandler, origin: u64) -> Self {
        Self {
            definition,
            handler,
            needs: Arc::default(),
            tags: BTreeSet::new(),
            completers: Completers::default(),
            state: Arc::default(),
            raw: RawJson::default(),
            origin,
        }
    }

    /// What the prompt is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.definition.description = Some(description.into());
        self
    }

    /// A name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.definition.title = Some(title.into());
        self
    }

    /// An icon for user interfaces.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.definition.icons.push(icon);
        self
    }

    /// Declares an argument by hand, for handlers that take no `Args`.
    #[must_use]
    pub fn argument(mut self, argument: PromptArgument) -> Self {
        self.definition.arguments.push(argument);
        self
    }

    /// Adds a member to `_meta` of the definition.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.definition.meta.get_or_insert_with(Meta::default).insert(key, value.into());
        self
    }

    /// A word to find the prompt by in filters and policies. Not sent to clients.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.insert(tag.into());
        self
    }

    /// Suggests values of an argument while a person types.
    #[must_use]
    pub fn complete<M, H>(mut self, argument: impl Into<String>, handler: H) -> Self
    where
        H: Handler<M>,
        H::Output: IntoCompletion,
    {
        self.completers.insert(argument.into(), completer(handler));
        self
    }

    /// What is listed.
    #[must_use]
    pub const fn definition(&self) -> &Prompt {
        &self.definition
    }

    pub(crate) fn finish(mut self, state: &Arc<StateMap>) -> Result<Self, BuildError> {
        let name = self.definition.name.clone();
        let invalid = |problem: String| BuildError::Prompt { name: name.clone(), problem };
        super::build_error::check_name(&name).map_err(&invalid)?;
        super::build_error::check_states(&self.needs, state).map_err(&invalid)?;
        self.state = Arc::clone(state);
        self.raw = RawJson::from_serialize(&self.definition).map_err(|error| invalid(error.to_string()))?;
        Ok(self)
    }
}

impl fmt::Debug for PromptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PromptEntry").field("name", &self.definition.name).finish_non_exhaustive()
    }
}
