//! The client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::call::{Decoded, Whole};
use super::connection::{Link, Watch};
use super::draft::Replies;
use super::pages::Listed;
use super::{
    Call, ClientBuilder, Draft, Error, IntoTarget, Pages, ServerInfo, Subscription, subscription, task,
};
use crate::protocol::{
    CompleteParams, CompleteResult, CompletionArgument, CompletionReference, GetPromptResult, Implementation,
    Method, Prompt, ProtocolVersion, RawJson, ReadResourceResult, Resource, ResourceTemplate,
    SubscriptionFilter, Tool, decode,
};

/// A client of one server. Cheap to clone; clones share the connection, and many callers may use it
/// at once. Dropping the last one ends the connection.
///
/// See the [module](crate::client) for an example.
#[derive(Clone)]
pub struct Client {
    link: Arc<Link>,
    patience: Option<Duration>,
    rounds: u32,
}

impl Client {
    /// Connects to a server: a URL, a command line, `unix:/path`, a [`Server`](crate::Server) of this
    /// process. See [`Target`](super::Target).
    ///
    /// # Errors
    /// The target names no server, cannot be reached, or speaks no revision that we know.
    pub async fn connect(target: impl IntoTarget) -> Result<Self, Error> {
        Self::builder("mcp-core", env!("CARGO_PKG_VERSION")).connect(target).await
    }

    /// Settings of a client that calls itself by this name and version.
    pub fn builder(name: impl Into<String>, version: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(Implementation::new(name, version))
    }

    pub(crate) fn new(link: Link, patience: Option<Duration>, rounds: u32) -> Self {
        Self { link: Arc::new(link), patience, rounds }
    }

    /// The connection, for what is built on clients.
    pub(crate) const fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// How long a request may be without a sign of life.
    pub(crate) const fn patience(&self) -> Option<Duration> {
        self.patience
    }

    /// Whether there is a connection that can be used.
    pub(crate) fn is_connected(&self) -> bool {
        self.link.current().is_some_and(|connection| !connection.wire.is_closed())
    }

    /// What the server says of itself; connects if need be.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub async fn server(&self) -> Result<Arc<ServerInfo>, Error> {
        Ok(Arc::clone(&self.link.connection().await?.server))
    }

    /// Calls a tool, and reads its result as `Out`: from structured content where there is some, else
    /// from its text. Arguments are anything that serializes to an object; `()` for none.
    ///
    /// # Errors
    /// [`Error::Tool`] if the tool failed, with what it said.
    pub fn call<Out: DeserializeOwned>(&self, name: &str, arguments: impl Serialize) -> Call<Decoded<Out>> {
        Call::new(&self.link, name, &arguments, self.patience, self.rounds)
    }

    /// Calls a tool, and yields its whole result, whether the tool failed or not.
    pub fn call_tool(&self, name: &str, arguments: impl Serialize) -> Call<Whole> {
        Call::new(&self.link, name, &arguments, self.patience, self.rounds)
    }

    /// All tools.
    ///
    /// # Errors
    /// A page of the list could not be fetched.
    pub async fn tools(&self) -> Result<Vec<Tool>, Error> {
        self.list().all().await
    }

    /// All prompts.
    ///
    /// # Errors
    /// A page of the list could not be fetched.
    pub async fn prompts(&self) -> Result<Vec<Prompt>, Error> {
        self.list().all().await
    }

    /// All resources.
    ///
    /// # Errors
    /// A page of the list could not be fetched.
    pub async fn resources(&self) -> Result<Vec<Resource>, Error> {
        self.list().all().await
    }

    /// All templates of resources.
    ///
    /// # Errors
    /// A page of the list could not be fetched.
    pub async fn resource_templates(&self) -> Result<Vec<ResourceTemplate>, Error> {
        self.list().all().await
    }

    /// A list as a stream, fetched page by page: of [`Tool`], [`Prompt`], [`Resource`] or
    /// [`ResourceTemplate`].
    pub fn list<T: Listed>(&self) -> Pages<T> {
        Pages::new(&self.link, self.patience)
    }

    /// Reads a resource, from the cache if the server allows and it is fresh.
    ///
    /// # Errors
    /// There is no such resource, or it cannot be read.
    pub async fn read(&self, uri: &str) -> Result<ReadResourceResult, Error> {
        let cache = &self.link.inbox.cache;
        if let Some(kept) = cache.get(&Method::ResourcesRead, uri) {
            return parse(&Method::ResourcesRead, &kept);
        }
        let mut draft = Draft::new(Method::ResourcesRead, &json!({ "uri": uri }))?;
        draft.name = Some(uri.to_owned());
        let watch = self.watch();
        // What answers to questions led to is for whom gave them: only first answers are kept.
        let first = self.link.exchange(&draft, &Replies::default(), &watch).await?;
        let result = self.link.settle(&draft, first.clone(), &watch, self.rounds).await?;
        if result == first {
            cache.put(&Method::ResourcesRead, uri, &result);
        }
        parse(&Method::ResourcesRead, &result)
    }

    /// Renders a prompt.
    ///
    /// # Errors
    /// There is no such prompt, or an argument is missing.
    pub async fn prompt<K: Into<String>, V: Into<String>>(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = (K, V)>,
    ) -> Result<GetPromptResult, Error> {
        let arguments: IndexMap<String, String> =
            arguments.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let mut draft = Draft::new(Method::PromptsGet, &json!({ "name": name }))?;
        if !arguments.is_empty() {
            draft.push("arguments", &arguments);
        }
        draft.name = Some(name.to_owned());
        parse(&Method::PromptsGet, &self.link.resolve(&draft, &self.watch(), self.rounds).await?)
    }

    /// Completes an argument of a prompt or resource template while it is typed. `context` holds the
    /// arguments that were settled before.
    ///
    /// # Errors
    /// The server does not complete this.
    pub async fn complete(
        &self,
        reference: CompletionReference,
        argument: CompletionArgument,
        context: IndexMap<String, String>,
    ) -> Result<CompleteResult, Error> {
        let mut params = CompleteParams { reference, argument, context };
        if self.server().await?.version < ProtocolVersion::V2025_06_18 {
            params.context.clear();
        }
        let draft = Draft::new(Method::Complete, &params)?;
        parse(&Method::Complete, &self.link.exchange(&draft, &Replies::default(), &self.watch()).await?)
    }

    /// Asks to be told of changes. Returns when the server has agreed.
    ///
    /// # Errors
    /// The server does not tell of changes.
    pub async fn listen(&self, filter: SubscriptionFilter) -> Result<Subscription, Error> {
        subscription::listen(&self.link, filter, self.patience).await
    }

    /// Cancels a task. It may end otherwise before the server gets to it.
    ///
    /// # Errors
    /// There is no such task.
    pub async fn cancel_task(&self, id: &str) -> Result<(), Error> {
        let draft = task::request("tasks/cancel", id)?;
        self.link.exchange(&draft, &Replies::default(), &self.watch()).await?;
        Ok(())
    }

    /// Sends any request, an extension's for instance, and yields the result as it came. `params` are
    /// anything that serializes to an object; `()` for none.
    ///
    /// # Errors
    /// The server refused, or cannot be reached.
    pub async fn request(&self, method: &str, params: impl Serialize) -> Result<RawJson, Error> {
        let method = Method::parse(method);
        let mut draft = Draft::new(method.clone(), &params)?;
        if let Some(member) = method.mirrored_member() {
            let params = serde_json::to_value(&params).unwrap_or_default();
            draft.name = params.get(member).and_then(Value::as_str).map(str::to_owned);
        }
        let result = self.link.resolve(&draft, &self.watch(), self.rounds).await?;
        parse(&method, &result)
    }

    /// Checks that the server answers, whatever its revision.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), Error> {
        let modern = self.server().await?.version.is_modern();
        let draft = Draft::bare(if modern { Method::Discover } else { Method::Ping });
        self.link.exchange(&draft, &Replies::default(), &self.watch()).await?;
        Ok(())
    }

    /// Ends the connection politely: a session is given back, a process is asked to end, and made to
    /// if it does not. The next request connects again.
    pub async fn close(&self) {
        self.link.close().await;
    }

    fn watch(&self) -> Watch {
        Watch { route: None, patience: self.patience }
    }
}

fn parse<T: DeserializeOwned>(method: &Method, result: &bytes::Bytes) -> Result<T, Error> {
    let text = std::str::from_utf8(result).unwrap_or_default();
    decode(text).map_err(|source| Error::Decode { method: method.clone(), source })
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}
