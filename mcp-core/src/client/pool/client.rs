//! One upstream of a pool, as callers see it.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::entry::{Entry, Lease, Refusal};
use super::{Inner, PoolError};
use crate::client::call::{CallOutput, Decoded, Whole};
use crate::client::{Call, Client, Error, ServerInfo, Subscription};
use crate::protocol::{
    CompleteResult, CompletionArgument, CompletionReference, GetPromptResult, LogMessage, Method, Progress,
    Prompt, RawJson, ReadResourceResult, Resource, ResourceTemplate, SubscriptionFilter, Tool,
};

/// One upstream of a pool. Every request takes its turn among those that may run, and goes to the
/// upstream as it is configured at that moment.
#[derive(Clone)]
pub struct PooledClient {
    pub(super) pool: Arc<Inner>,
    pub(super) name: Arc<str>,
}

/// Methods that each send one request.
macro_rules! requests {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $out:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// The upstream cannot be reached, is busy, or refused.
        pub async fn $name(&self, $($arg: $type),*) -> Result<$out, PoolError> {
            self.run(async |client: Client| client.$name($($arg),*).await).await
        }
    )*};
}

impl PooledClient {
    /// What the pool calls the upstream.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Calls a tool, and reads its result as `Out`. See [`Client::call`].
    pub fn call<Out: DeserializeOwned + 'static>(
        &self,
        name: &str,
        arguments: impl Serialize,
    ) -> PooledCall<Decoded<Out>> {
        PooledCall::new(self, name, &arguments, |client, name, arguments| client.call(name, arguments))
    }

    /// Calls a tool, and yields its whole result, whether the tool failed or not.
    pub fn call_tool(&self, name: &str, arguments: impl Serialize) -> PooledCall<Whole> {
        PooledCall::new(self, name, &arguments, |client, name, arguments| client.call_tool(name, arguments))
    }

    requests! {
        /// What the server says of itself.
        server() -> Arc<ServerInfo>;
        /// All tools.
        tools() -> Vec<Tool>;
        /// All prompts.
        prompts() -> Vec<Prompt>;
        /// All resources.
        resources() -> Vec<Resource>;
        /// All templates of resources.
        resource_templates() -> Vec<ResourceTemplate>;
        /// Reads a resource.
        read(uri: &str) -> ReadResourceResult;
        /// Renders a prompt.
        prompt(name: &str, arguments: IndexMap<String, String>) -> GetPromptResult;
        /// Completes an argument. See [`Client::complete`].
        complete(
            reference: CompletionReference, argument: CompletionArgument, context: IndexMap<String, String>
        ) -> CompleteResult;
        /// Sends any request. See [`Client::request`].
        request(method: &str, params: impl Serialize) -> RawJson;
        /// Checks that the server answers.
        ping() -> ();
    }

    /// Asks to be told of changes. The subscription takes no turn of a call, and stays with the
    /// upstream as it is configured now.
    ///
    /// # Errors
    /// The upstream cannot be reached, or does not tell of changes.
    pub async fn listen(&self, filter: SubscriptionFilter) -> Result<Subscription, PoolError> {
        let entry = self.ready().await?;
        let outcome = entry.client.listen(filter).await;
        outcome.map_err(|source| told(&entry, source))
    }

    /// Does anything with the client, as one call.
    ///
    /// # Errors
    /// The upstream cannot be reached, is busy, or `work` failed.
    pub async fn run<T, F>(&self, work: impl FnOnce(Client) -> F) -> Result<T, PoolError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let Lease { entry, .. } = &self.lease().await?;
        work(entry.client.clone()).await.map_err(|source| told(entry, source))
    }

    /// Which of the servers that had the name it stands for now.
    pub(crate) fn stands_for(&self) -> Option<u64> {
        self.pool.entry(&self.name).ok().map(|entry| entry.id)
    }

    /// Changes with every change of the configuration.
    pub(crate) fn generation(&self) -> tokio::sync::watch::Receiver<u64> {
        self.pool.generation.subscribe()
    }

    async fn lease(&self) -> Result<Lease, PoolError> {
        self.pool.keep_probing();
        loop {
            match self.pool.entry(&self.name)?.lease().await {
                Ok(lease) => return Ok(lease),
                Err(Refusal::Error(error)) => return Err(error),
                // INVARIANT: an entry is retired after another one took its place, or none.
                Err(Refusal::Retired) => {}
            }
        }
    }

    /// The upstream as it is configured now, connected.
    pub(super) async fn ready(&self) -> Result<Arc<Entry>, PoolError> {
        self.pool.keep_probing();
        loop {
            let entry = self.pool.entry(&self.name)?;
            match entry.ready(false).await {
                Ok(()) => return Ok(entry),
                Err(Refusal::Error(error)) => return Err(error),
                Err(Refusal::Retired) => {}
            }
        }
    }
}

fn told(entry: &Entry, source: Error) -> PoolError {
    entry.observe(&source);
    PoolError::Client { name: entry.name.to_string(), source: Box::new(source) }
}

impl fmt::Debug for PooledClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledClient").field("name", &self.name).finish_non_exhaustive()
    }
}

type Make<Out> = Box<dyn FnOnce(&Client) -> Call<Out> + Send>;

/// A call of a tool through a pool: set what you need and await it. See [`Call`].
#[must_use = "nothing is called before it is awaited"]
pub struct PooledCall<Out> {
    client: PooledClient,
    make: Result<Make<Out>, Error>,
}

impl<Out: CallOutput + 'static> PooledCall<Out> {
    fn new(
        client: &PooledClient,
        name: &str,
        arguments: &impl Serialize,
        call: impl FnOnce(&Client, &str, RawJson) -> Call<Out> + Send + 'static,
    ) -> Self {
        let name = name.to_owned();
        let make = RawJson::from_serialize(arguments)
            .map(|arguments| Box::new(move |client: &Client| call(client, &name, arguments)) as Make<Out>)
            .map_err(|error| Error::Params { method: Method::ToolsCall, problem: error.to_string() });
        Self { client: client.clone(), make }
    }

    fn with(self, set: impl FnOnce(Call<Out>) -> Call<Out> + Send + 'static) -> Self {
        let make = self.make.map(|make| Box::new(move |client: &Client| set(make(client))) as Make<Out>);
        Self { make, ..self }
    }

    /// Calls `told` with every progress that the tool reports.
    pub fn progress(self, told: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.with(|call| call.progress(told))
    }

    /// Calls `told` with every log message that comes on the call's own stream.
    pub fn log(self, told: impl Fn(LogMessage) + Send + Sync + 'static) -> Self {
        self.with(|call| call.log(told))
    }

    /// How long nothing may come from the server.
    pub fn timeout(self, patience: Duration) -> Self {
        self.with(move |call| call.timeout(patience))
    }

    /// Adds a member to `_meta`.
    pub fn meta(self, key: &str, value: impl Into<Value>) -> Self {
        let (key, value) = (key.to_owned(), value.into());
        self.with(move |call| call.meta(&key, value))
    }
}

impl<Out> IntoFuture for PooledCall<Out>
where
    Out: CallOutput + 'static,
    Call<Out>: IntoFuture<IntoFuture: Send>,
    <Call<Out> as IntoFuture>::Output: Into<Result<Out::Value, Error>>,
    Out::Value: Send,
{
    type Output = Result<Out::Value, PoolError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { client, make } = self;
            let name = &client.name;
            let make = make
                .map_err(|source| PoolError::Client { name: name.to_string(), source: Box::new(source) })?;
            client
                .run(|client| {
                    let call = make(&client).into_future();
                    async move { call.await.into() }
                })
                .await
        })
    }
}

impl<Out> fmt::Debug for PooledCall<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PooledCall").field("client", &self.client).finish_non_exhaustive()
    }
}
