//! Extensions: methods, capabilities and result types beside the core of the protocol.
//!
//! The core names none of them. A type that implements [`Extension`] is registered on the builder
//! and from then on answers its methods, shows up in the capabilities, and may take over calls.

pub mod apps;
pub mod tasks;

use std::future::Future;
use std::pin::Pin;

use serde_json::{Map, Value};

use crate::protocol::{RawJson, RpcError};
use crate::server::{Body, Context, RunningCall, ToolEntry};
use crate::service::{Notification, Request};

/// A future that an extension returns.
pub type ExtensionFuture<T> = Pin<Box<dyn Future<Output = Result<T, RpcError>> + Send>>;

/// How a call of a tool begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Begin {
    /// As a plain call.
    #[default]
    Plain,
    /// Handed to the extension at once; see [`Extension::adopt`].
    Detached,
}

/// An extension of the protocol.
pub trait Extension: Send + Sync + 'static {
    /// The identifier, e.g. `io.modelcontextprotocol/tasks`.
    fn id(&self) -> &'static str;

    /// What the server declares about it.
    fn settings(&self) -> Value {
        Value::Object(Map::new())
    }

    /// The methods it answers.
    fn methods(&self) -> &'static [&'static str] {
        &[]
    }

    /// Answers one of its methods.
    fn handle(&self, context: Context) -> ExtensionFuture<Body> {
        let error = RpcError::method_not_found(context.request().method.as_str());
        Box::pin(async move { Err(error) })
    }

    /// Decides how a call of a tool begins, before its handler runs.
    ///
    /// # Errors
    /// The call is refused.
    fn begin(&self, _tool: &ToolEntry, _request: &Request) -> Result<Begin, RpcError> {
        Ok(Begin::Plain)
    }

    /// Whether calls can be handed to it; and if the client cannot take that, what it would have to
    /// declare.
    fn can_adopt(&self, _request: &Request) -> Option<Result<(), Value>> {
        None
    }

    /// Takes over a running call. Yields the result type and result to answer the request with.
    fn adopt(&self, call: RunningCall) -> ExtensionFuture<(String, RawJson)> {
        drop(call);
        Box::pin(async { Err(RpcError::internal("this extension takes over no calls")) })
    }

    /// Looks at the members of a subscription filter that the core does not know. The future fails
    /// if the subscription is refused.
    fn subscribe(&self, _filter: &Map<String, Value>, _request: &Request) -> Option<ExtensionFuture<Topics>> {
        None
    }

    /// How things stand with topics that somebody just began to listen for: told at once, so that
    /// what changed before is not missed.
    fn current(&self, _topics: Vec<String>, _request: &Request) -> ExtensionFuture<Vec<Notification>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// What an extension honours of a subscription.
#[derive(Debug, Clone, Default)]
pub struct Topics {
    /// The members of the filter that are honoured.
    pub honoured: Map<String, Value>,
    /// The topics that they stand for; see [`Change::Topic`](crate::server::Change::Topic).
    pub topics: Vec<String>,
}
