//! Extractors: what a handler may take as parameters.

use std::any::TypeId;
use std::sync::Arc;

use http::HeaderMap;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::Context;
use crate::protocol::{DecodeError, RawJson, decode};
use crate::service::Principal;

/// Taken from the context of a call, before the handler runs.
///
/// Implemented by [`Args`], [`State`], [`Context`], [`Principal`], [`Headers`], [`Progress`],
/// [`Cancelled`] and `Option` of those that may be absent. Implement it for types of your own to
/// share what several handlers derive from a request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    label = "not an extractor",
    note = "take `Args<T>` for the arguments, `State<T>` for a value given to the builder, or `Context`, `Principal`, `Headers`, `Progress`, `Cancelled`"
)]
pub trait FromContext: Sized {
    /// Takes the value.
    ///
    /// # Errors
    /// The request does not have it, or it does not fit.
    fn from_context(context: &Context) -> Result<Self, Rejection>;

    /// Says what the extractor needs, so that a server that lacks it fails when it is built.
    fn describe(_needs: &mut Needs) {}
}

/// Why a handler could not be called.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The arguments do not fit. The model can mend this, so tools answer it with `isError`.
    #[error("invalid arguments: {0}")]
    Arguments(DecodeError),
    /// The request is anonymous, and the handler needs to know who calls.
    #[error("this needs an authenticated caller")]
    Anonymous,
    /// The transport has no HTTP headers.
    #[error("this works over HTTP only")]
    NoHeaders,
    /// The builder was not given a value of this type.
    #[error("the server is not configured for this: no state of type `{0}`")]
    NoState(&'static str),
    /// Some other reason, for extractors of your own.
    #[error("{0}")]
    Other(String),
}

/// What a handler needs to be called.
#[derive(Debug, Default)]
pub struct Needs {
    pub(crate) input_schema: Option<RawJson>,
    pub(crate) states: Vec<(TypeId, &'static str)>,
}

impl Needs {
    /// The handler decodes arguments of this type.
    pub fn arguments<T: JsonSchema>(&mut self) {
        self.input_schema.get_or_insert_with(super::schema::of_input::<T>);
    }

    /// The handler needs a value of this type from the builder.
    pub fn state<T: 'static>(&mut self) {
        self.states.push((TypeId::of::<T>(), std::any::type_name::<T>()));
    }
}

/// The arguments of the call, decoded. The type's JSON Schema becomes the tool's `inputSchema`.
#[derive(Debug, Clone)]
pub struct Args<T>(pub T);

impl<T: DeserializeOwned + JsonSchema> FromContext for Args<T> {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        decode(context.arguments()).map(Self).map_err(Rejection::Arguments)
    }

    fn describe(needs: &mut Needs) {
        needs.arguments::<T>();
    }
}

/// A value given to the builder with [`state`](super::ServerBuilder::state).
#[derive(Debug, Clone)]
pub struct State<T>(pub T);

impl<T: Clone + Send + Sync + 'static> FromContext for State<T> {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        context.state().map(Self).ok_or(Rejection::NoState(std::any::type_name::<T>()))
    }

    fn describe(needs: &mut Needs) {
        needs.state::<T>();
    }
}

/// The HTTP headers of the request.
#[derive(Debug, Clone)]
pub struct Headers(pub Arc<HeaderMap>);

impl FromContext for Headers {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        context.request().peer.headers.clone().map(Self).ok_or(Rejection::NoHeaders)
    }
}

impl FromContext for Option<Headers> {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        Ok(context.request().peer.headers.clone().map(Headers))
    }
}

impl FromContext for Arc<Principal> {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        context.request().peer.principal.clone().ok_or(Rejection::Anonymous)
    }
}

impl FromContext for Principal {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        context.principal().cloned().ok_or(Rejection::Anonymous)
    }
}

impl FromContext for Option<Principal> {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        Ok(context.principal().cloned())
    }
}

impl FromContext for Context {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        Ok(context.clone())
    }
}

/// Reports progress to a client that asked for it; does nothing otherwise.
#[derive(Debug, Clone)]
pub struct Progress(Context);

impl Progress {
    /// Reports how far the work is. Values must grow from call to call.
    pub fn report(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        self.0.progress(progress, total, message);
    }
}

impl FromContext for Progress {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        Ok(Self(context.clone()))
    }
}

/// Cancelled when the caller gives up on the call. The handler's future is dropped then anyway; this
/// is for work that it handed to others.
#[derive(Debug, Clone)]
pub struct Cancelled(pub CancellationToken);

impl FromContext for Cancelled {
    fn from_context(context: &Context) -> Result<Self, Rejection> {
        Ok(Self(context.cancellation()))
    }
}
