//! Tools: definition and handler together.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;

use super::handler::{ErasedHandler, erase};
use super::state::StateMap;
use super::{Body, BuildError, Handler, IntoToolResult, Needs, schema};
use crate::protocol::{
    Capability, Icon, Meta, RawJson, Tool, ToolAnnotations,
    header::{MirroredParam, mirrored_params},
};

/// A tool under a name, served by an async function over extractors. A closure that captures
/// something is written `move || async move { … }`; what it captures is better given as
/// [`State`](super::State).
///
/// ```
/// # use mcp_core::{Args, server::{tool, Context}};
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Add { /// The first number.
///              a: i64, /// The second number.
///              b: i64 }
///
/// let add = tool("add", async |Args(Add { a, b }): Args<Add>| (a + b).to_string())
///     .description("Adds two numbers.")
///     .read_only();
/// ```
pub fn tool<M, H>(name: impl Into<String>, handler: H) -> ToolEntry
where
    H: Handler<M>,
    H::Output: IntoToolResult,
{
    let needs = H::needs();
    let input = needs.input_schema.clone().unwrap_or_else(schema::empty);
    let mut definition = Tool::new(name, input);
    definition.output_schema = H::Output::output_schema();
    ToolEntry {
        definition,
        handler: erase(handler, |output| output.into_tool_result().map(Body::Tool)),
        needs: Arc::new(needs),
        requires: Vec::new(),
        tags: BTreeSet::new(),
        deadline: None,
        extensions: Extensions::new(),
        mirrored: Vec::new(),
        state: Arc::default(),
        raw: RawJson::default(),
        origin: 0,
        #[cfg(feature = "schema")]
        validator: None,
        #[cfg(feature = "schema")]
        output_validator: None,
    }
}

/// A tool of a server: what is listed, and the handler that serves it.
#[derive(Clone)]
pub struct ToolEntry {
    pub(crate) definition: Tool,
    pub(crate) handler: ErasedHandler,
    pub(crate) needs: Arc<Needs>,
    pub(crate) requires: Vec<Capability>,
    pub(crate) tags: BTreeSet<String>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) extensions: Extensions,
    pub(crate) mirrored: Vec<MirroredParam>,
    pub(crate) state: Arc<StateMap>,
    pub(crate) raw: RawJson,
    pub(crate) origin: u64,
    #[cfg(feature = "schema")]
    pub(crate) validator: Option<Arc<super::validate::Validator>>,
    #[cfg(feature = "schema")]
    pub(crate) output_validator: Option<Arc<super::validate::Validator>>,
}

impl ToolEntry {
    /// What the tool does, for the model.
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

    /// Changes nothing in the world.
    #[must_use]
    pub fn read_only(self) -> Self {
        self.annotate(|hints| hints.read_only_hint = Some(true))
    }

    /// May destroy something.
    #[must_use]
    pub fn destructive(self) -> Self {
        self.annotate(|hints| hints.destructive_hint = Some(true))
    }

    /// Calling it twice has the effect of calling it once.
    #[must_use]
    pub fn idempotent(self) -> Self {
        self.annotate(|hints| hints.idempotent_hint = Some(true))
    }

    /// Touches nothing but the server's own data.
    #[must_use]
    pub fn closed_world(self) -> Self {
        self.annotate(|hints| hints.open_world_hint = Some(false))
    }

    /// Replaces all hints on how it behaves.
    #[must_use]
    pub fn annotations(mut self, annotations: ToolAnnotations) -> Self {
        self.definition.annotations = Some(annotations);
        self
    }

    fn annotate(mut self, set: impl FnOnce(&mut ToolAnnotations)) -> Self {
        set(self.definition.annotations.get_or_insert_default());
        self
    }

    /// An icon for user interfaces.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.definition.icons.push(icon);
        self
    }

    /// Replaces the derived schema of the arguments. It goes to clients byte for byte.
    #[must_use]
    pub fn input_schema(mut self, schema: RawJson) -> Self {
        self.definition.input_schema = schema;
        self
    }

    /// Replaces the derived schema of the structured output.
    #[must_use]
    pub fn output_schema(mut self, schema: RawJson) -> Self {
        self.definition.output_schema = Some(schema);
        self
    }

    /// Adds a member to `_meta` of the definition.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
        self.definition.meta.get_or_insert_with(Meta::default).insert(key, value.into());
        self
    }

    /// Needs a capability of the client: without it, calls are refused before the handler runs.
    #[must_use]
    pub fn requires(mut self, capability: Capability) -> Self {
        self.requires.push(capability);
        self
    }

    /// A word to find the tool by in filters and policies. Not sent to clients.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.insert(tag.into());
        self
    }

    /// How long a call may take, instead of what the server allows.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Attaches a value for an extension or a layer.
    #[must_use]
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.extensions.insert(value);
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// What is listed.
    #[must_use]
    pub const fn definition(&self) -> &Tool {
        &self.definition
    }

    /// The tags.
    #[must_use]
    pub const fn tags(&self) -> &BTreeSet<String> {
        &self.tags
    }

    /// A value attached with [`extension`](Self::extension).
    #[must_use]
    pub fn get_extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// A tool that another server defines, ready to be listed: it checks its arguments itself.
    pub(crate) fn foreign(definition: Tool, handler: ErasedHandler, origin: u64) -> Result<Self, BuildError> {
        let name = definition.name.clone();
        let invalid = |problem: String| BuildError::Tool { name: name.clone(), problem };
        super::build_error::check_name(&name).map_err(&invalid)?;
        let mirrored =
            mirrored_params(&definition.input_schema).map_err(|error| invalid(error.to_string()))?;
        let raw = RawJson::from_serialize(&definition).map_err(|error| invalid(error.to_string()))?;
        Ok(Self {
            definition,
            handler,
            needs: Arc::default(),
            requires: Vec::new(),
            tags: BTreeSet::new(),
            deadline: None,
            extensions: Extensions::new(),
            mirrored,
            state: Arc::default(),
            raw,
            origin,
            #[cfg(feature = "schema")]
            validator: None,
            #[cfg(feature = "schema")]
            output_validator: None,
        })
    }

    /// Checks the definition and prepares what every call and list needs.
    pub(crate) fn finish(mut self, state: &Arc<StateMap>) -> Result<Self, BuildError> {
        let name = self.definition.name.clone();
        let invalid = |problem: String| BuildError::Tool { name: name.clone(), problem };
        super::build_error::check_name(&name).map_err(&invalid)?;
        let input = self.definition.input_schema.to_value().unwrap_or_default();
        if input.get("type").is_none_or(|kind| kind != "object") {
            return Err(invalid(
                "the input schema must have `\"type\": \"object\"`: take a struct in `Args`".into(),
            ));
        }
        self.mirrored =
            mirrored_params(&self.definition.input_schema).map_err(|error| invalid(error.to_string()))?;
        super::build_error::check_states(&self.needs, state).map_err(&invalid)?;
        #[cfg(feature = "schema")]
        {
            use super::validate::Validator;
            self.validator = Some(Arc::new(Validator::new(&input).map_err(&invalid)?));
            if let Some(output) = &self.definition.output_schema {
                self.output_validator =
                    Some(Arc::new(Validator::new(&output.to_value().unwrap_or_default()).map_err(&invalid)?));
            }
        }
        self.state = Arc::clone(state);
        self.raw = RawJson::from_serialize(&self.definition).map_err(|error| invalid(error.to_string()))?;
        Ok(self)
    }
}

impl fmt::Debug for ToolEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolEntry").field("name", &self.definition.name).finish_non_exhaustive()
    }
}
