//! Resources and resource templates.

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Display;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;

use super::complete::{Completers, IntoCompletion, completer};
use super::handler::ErasedHandler;
use super::state::StateMap;
use super::{Body, BuildError, Context, Handler, Needs};
use crate::protocol::{
    Annotations, CacheHint, Icon, Meta, RawJson, ReadResourceResult, Resource, ResourceBody,
    ResourceContents, ResourceTemplate, RpcError, UriTemplate,
};

/// What reading a resource may return: text, bytes, [`ResourceContents`] (one or several), a whole
/// [`ReadResourceResult`], an `Option` (none: not found), or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by a resource",
    note = "return `String`, `Vec<u8>`, `ResourceContents`, `Vec<ResourceContents>`, `ReadResourceResult`, or an `Option` or `Result` of one of these"
)]
pub trait IntoResource {
    /// Turns the value into what is read. An empty URI means the one that was asked for.
    ///
    /// # Errors
    /// The resource cannot be read, or there is none.
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError>;
}

/// Why a resource cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ResourceError {
    /// There is no such resource.
    #[error("there is no such resource")]
    NotFound,
    /// Some other reason.
    #[error(transparent)]
    Other(#[from] RpcError),
}

impl ResourceError {
    /// The protocol error for a URI.
    pub(crate) fn into_rpc_error(self, uri: &str) -> RpcError {
        match self {
            Self::NotFound => {
                RpcError::invalid_params("there is no such resource").with_data(json!({ "uri": uri }))
            }
            Self::Other(error) => error,
        }
    }
}

fn one(body: ResourceBody) -> ReadResourceResult {
    let mut contents = ResourceContents::text("", "");
    contents.body = body;
    ReadResourceResult::from(contents)
}

impl IntoResource for ReadResourceResult {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        Ok(self)
    }
}

impl IntoResource for ResourceContents {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        Ok(ReadResourceResult::from(self))
    }
}

impl IntoResource for Vec<ResourceContents> {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        Ok(ReadResourceResult::new(self))
    }
}

impl IntoResource for String {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        Ok(one(ResourceBody::Text(self)))
    }
}

impl IntoResource for &'static str {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        Ok(one(ResourceBody::Text(self.to_owned())))
    }
}

impl IntoResource for Vec<u8> {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        Ok(one(ResourceBody::Blob(STANDARD.encode(self))))
    }
}

impl IntoResource for Bytes {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        Ok(one(ResourceBody::Blob(STANDARD.encode(self))))
    }
}

impl<T: IntoResource> IntoResource for Option<T> {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        self.ok_or(ResourceError::NotFound)?.into_resource()
    }
}

impl<T: IntoResource, E: Display + Send + 'static> IntoResource for Result<T, E> {
    fn into_resource(self) -> Result<ReadResourceResult, ResourceError> {
        let error = match self {
            Ok(value) => return value.into_resource(),
            Err(error) => error,
        };
        let mut slot = Some(error);
        let any: &mut dyn std::any::Any = &mut slot;
        if let Some(error) = any.downcast_mut::<Option<ResourceError>>().and_then(Option::take) {
            return Err(error);
        }
        Err(slot
            .map_or(ResourceError::NotFound, |error| ResourceError::Other(super::prompt::rpc_error(error))))
    }
}

/// Erases a handler, filling in what it left out: the URI that was asked for and the usual type.
fn erase<M, H>(handler: H, mime_type: Option<String>) -> ErasedHandler
where
    H: Handler<M>,
    H::Output: IntoResource,
{
    Arc::new(move |context| {
        let future = handler.call(context)?;
        let uri = context.request().params.get_str("uri").unwrap_or_default().into_owned();
        let mime_type = mime_type.clone();
        Ok(Box::pin(async move {
            let mut result = future.await.into_resource().map_err(|error| error.into_rpc_error(&uri))?;
            for contents in &mut result.contents {
                if contents.uri.is_empty() {
                    contents.uri.clone_from(&uri);
                }
                if contents.mime_type.is_none() {
                    contents.mime_type.clone_from(&mime_type);
                }
            }
            Ok(Body::Resource(result))
        }))
    })
}

macro_rules! resource_setters {
    () => {
        /// What the resource is, for the model.
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

        /// For whom, how important, how old.
        #[must_use]
        pub fn annotations(mut self, annotations: Annotations) -> Self {
            self.definition.annotations = Some(annotations);
            self
        }

        /// Adds a member to `_meta` of the definition.
        #[must_use]
        pub fn meta(mut self, key: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
            self.definition.meta.get_or_insert_with(Meta::default).insert(key, value.into());
            self
        }

        /// How long, and by whom, what is read may be cached, instead of what the server says.
        #[must_use]
        pub const fn cache(mut self, cache: CacheHint) -> Self {
            self.cache = Some(cache);
            self
        }

        /// A word to find the resource by in filters and policies. Not sent to clients.
        #[must_use]
        pub fn tag(mut self, tag: impl Into<String>) -> Self {
            self.tags.insert(tag.into());
            self
        }

        /// What is listed.
        #[must_use]
        pub const fn definition(&self) -> &Definition {
            &self.definition
        }
    };
}

mod fixed {
    use super::*;

    type Definition = Resource;

    /// A resource under a URI, read by an async function over extractors.
    ///
    /// ```
    /// use mcp_core::server::resource;
    /// let motd = resource("text://motd", "motd", async || "Good morning.").mime_type("text/plain");
    /// ```
    pub fn resource<M, H>(uri: impl Into<String>, name: impl Into<String>, handler: H) -> ResourceEntry
    where
        H: Handler<M>,
        H::Output: IntoResource,
    {
        let handler = Arc::new(handler);
        ResourceEntry {
            definition: Resource::new(uri, name),
            make: Arc::new(move |mime_type| {
                let handler = Arc::clone(&handler);
                erase(Shared(handler), mime_type)
            }),
            handler: None,
            needs: Arc::new(H::needs()),
            tags: BTreeSet::new(),
            cache: None,
            state: Arc::default(),
            raw: RawJson::default(),
            origin: 0,
        }
    }

    /// A resource of a server: what is listed, and the handler that reads it.
    #[derive(Clone)]
    pub struct ResourceEntry {
        pub(crate) definition: Resource,
        make: Maker,
        pub(crate) handler: Option<ErasedHandler>,
        needs: Arc<Needs>,
        pub(crate) tags: BTreeSet<String>,
        pub(crate) cache: Option<CacheHint>,
        pub(crate) state: Arc<StateMap>,
        pub(crate) raw: RawJson,
        pub(crate) origin: u64,
    }

    impl ResourceEntry {
        resource_setters!();

        /// A resource that another server defines.
        pub(crate) fn foreign(definition: Resource, handler: ErasedHandler, origin: u64) -> Self {
            Self {
                definition,
                make: Arc::new(move |_| Arc::clone(&handler)),
                handler: None,
                needs: Arc::default(),
                tags: BTreeSet::new(),
                cache: None,
                state: Arc::default(),
                raw: RawJson::default(),
                origin,
            }
        }

        /// The media type of what is read.
        #[must_use]
        pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
            self.definition.mime_type = Some(mime_type.into());
            self
        }

        /// The size in bytes of what is read.
        #[must_use]
        pub const fn size(mut self, bytes: u64) -> Self {
            self.definition.size = Some(bytes);
            self
        }

        pub(crate) fn finish(mut self, state: &Arc<StateMap>) -> Result<Self, BuildError> {
            let uri = self.definition.uri.clone();
            let invalid = |problem: String| BuildError::Resource { uri: uri.clone(), problem };
            if !uri.contains(':') {
                return Err(invalid("a URI needs a scheme, like `file:` or `notes:`".into()));
            }
            super::super::build_error::check_states(&self.needs, state).map_err(&invalid)?;
            self.handler = Some((self.make)(self.definition.mime_type.clone()));
            self.state = Arc::clone(state);
            self.raw =
                RawJson::from_serialize(&self.definition).map_err(|error| invalid(error.to_string()))?;
            Ok(self)
        }
    }

    impl fmt::Debug for ResourceEntry {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("ResourceEntry").field("uri", &self.definition.uri).finish_non_exhaustive()
        }
    }
}

mod templated {
    use super::*;

    type Definition = ResourceTemplate;

    /// Resources under a URI template (RFC 6570), read by an async function over extractors. Take
    /// [`Variables`] for what the URI holds.
    ///
    /// ```
    /// use mcp_core::server::{Variables, template};
    /// let user = template("users://{id}", "user", async |Variables(v): Variables| {
    ///     v.get("id").map(|id| format!("user {id}"))
    /// });
    /// ```
    pub fn template<M, H>(
        uri_template: impl Into<String>,
        name: impl Into<String>,
        handler: H,
    ) -> TemplateEntry
    where
        H: Handler<M>,
        H::Output: IntoResource,
    {
        let handler = Arc::new(handler);
        TemplateEntry {
            definition: ResourceTemplate::new(uri_template, name),
            make: Arc::new(move |mime_type| {
                let handler = Arc::clone(&handler);
                erase(Shared(handler), mime_type)
            }),
            handler: None,
            needs: Arc::new(H::needs()),
            tags: BTreeSet::new(),
            cache: None,
            parsed: None,
            completers: Completers::default(),
            state: Arc::default(),
            raw: RawJson::default(),
            origin: 0,
        }
    }

    /// A family of resources of a server.
    #[derive(Clone)]
    pub struct TemplateEntry {
        pub(crate) definition: ResourceTemplate,
        make: Maker,
        pub(crate) handler: Option<ErasedHandler>,
        needs: Arc<Needs>,
        pub(crate) tags: BTreeSet<String>,
        pub(crate) cache: Option<CacheHint>,
        pub(crate) parsed: Option<Arc<UriTemplate>>,
        pub(crate) completers: Completers,
        pub(crate) state: Arc<StateMap>,
        pub(crate) raw: RawJson,
        pub(crate) origin: u64,
    }

    impl TemplateEntry {
        resource_setters!();

        /// A family of resources that another server defines.
        pub(crate) fn foreign(definition: ResourceTemplate, handler: ErasedHandler, origin: u64) -> Self {
            Self {
                definition,
                make: Arc::new(move |_| Arc::clone(&handler)),
                handler: None,
                needs: Arc::default(),
                tags: BTreeSet::new(),
                cache: None,
                parsed: None,
                completers: Completers::default(),
                state: Arc::default(),
                raw: RawJson::default(),
                origin,
            }
        }

        /// The media type of what is read.
        #[must_use]
        pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
            self.definition.mime_type = Some(mime_type.into());
            self
        }

        /// Suggests values of a variable while a person types.
        #[must_use]
        pub fn complete<M, H>(mut self, variable: impl Into<String>, handler: H) -> Self
        where
            H: Handler<M>,
            H::Output: IntoCompletion,
        {
            self.completers.insert(variable.into(), completer(handler));
            self
        }

        pub(crate) fn finish(mut self, state: &Arc<StateMap>) -> Result<Self, BuildError> {
            let uri = self.definition.uri_template.clone();
            let invalid = |problem: String| BuildError::Resource { uri: uri.clone(), problem };
            self.parsed =
                Some(Arc::new(UriTemplate::parse(&uri).map_err(|error| invalid(error.to_string()))?));
            super::super::build_error::check_states(&self.needs, state).map_err(&invalid)?;
            self.handler = Some((self.make)(self.definition.mime_type.clone()));
            self.state = Arc::clone(state);
            self.raw =
                RawJson::from_serialize(&self.definition).map_err(|error| invalid(error.to_string()))?;
            Ok(self)
        }
    }

    impl fmt::Debug for TemplateEntry {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("TemplateEntry")
                .field("uri", &self.definition.uri_template)
                .finish_non_exhaustive()
        }
    }
}

pub use fixed::{ResourceEntry, resource};
pub use templated::{TemplateEntry, template};

/// Makes the erased handler once the media type is known.
type Maker = Arc<dyn Fn(Option<String>) -> ErasedHandler + Send + Sync>;

/// A handler behind a pointer, so that it can be erased again after a setter.
struct Shared<H>(Arc<H>);

impl<M, H: Handler<M>> Handler<M> for Shared<H> {
    type Output = H::Output;
    type Future = H::Future;

    fn call(&self, context: &Context) -> Result<H::Future, super::Rejection> {
        self.0.call(context)
    }

    fn needs() -> Needs {
        H::needs()
    }
}

/// The variables that the URI gave to a template.
#[derive(Debug, Clone)]
pub struct Variables(pub indexmap::IndexMap<String, String>);

impl super::FromContext for Variables {
    fn from_context(context: &Context) -> Result<Self, super::Rejection> {
        Ok(Self(context.variables().clone()))
    }
}
