//! Settings of a client.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Link;
use super::handlers::{Handlers, answering};
use super::lists::Cache;
use super::open::Opener;
use super::{Client, Error, FormQuestion, Inbox, IntoTarget, ResultCache, ServerNotification, UrlQuestion};
use crate::extension::tasks;
use crate::protocol::{
    Capability, ClientCapabilities, CreateMessage, CreateMessageResult, ElicitAction, ElicitResult,
    Implementation, LogLevel, LogMessage, ProtocolVersion, Root,
};
use crate::service::BoxError;

/// Bytes that a message of a server may have.
const LIMIT: usize = 16 * 1024 * 1024;

/// Settings of a client, made by [`Client::builder`].
///
/// What the client offers to servers follows from its handlers: one that handles forms says that it
/// can be asked to fill in forms.
#[derive(Clone)]
#[must_use]
pub struct ClientBuilder {
    info: Implementation,
    handlers: Handlers,
    capabilities: ClientCapabilities,
    tasks: bool,
    version: Option<ProtocolVersion>,
    log_level: Option<LogLevel>,
    patience: Option<Duration>,
    handshake: Duration,
    rounds: u32,
    limit: usize,
    cache: ResultCache,
    #[cfg(feature = "http-client")]
    http: super::http::HttpClient,
    #[cfg(feature = "http-client")]
    headers: http::HeaderMap,
    #[cfg(feature = "http-client")]
    authorize: Option<Arc<dyn super::http::Authorize>>,
}

impl ClientBuilder {
    pub(crate) fn new(info: Implementation) -> Self {
        Self {
            info,
            handlers: Handlers::default(),
            capabilities: ClientCapabilities::default(),
            tasks: true,
            version: None,
            log_level: None,
            patience: Some(Duration::from_secs(60)),
            handshake: Duration::from_secs(30),
            rounds: 10,
            limit: LIMIT,
            cache: ResultCache::default(),
            #[cfg(feature = "http-client")]
            http: super::http::HttpClient::default(),
            #[cfg(feature = "http-client")]
            headers: http::HeaderMap::new(),
            #[cfg(feature = "http-client")]
            authorize: None,
        }
    }

    /// Fills in forms: shows the question to a person, and returns what the person did. Fields that
    /// an accepted form leaves open get their defaults, and the form is checked before it is sent.
    pub fn on_form<F>(mut self, handler: impl Fn(FormQuestion) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<ElicitResult, BoxError>> + Send + 'static,
    {
        self.handlers.form = Some(answering(handler));
        self
    }

    /// Sends a person to an address. The handler asks the person first; nothing else opens it.
    pub fn on_url<F>(mut self, handler: impl Fn(UrlQuestion) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<ElicitAction, BoxError>> + Send + 'static,
    {
        self.handlers.url = Some(answering(handler));
        self
    }

    /// Asks a model on a server's behalf.
    pub fn on_sample<F>(mut self, handler: impl Fn(CreateMessage) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<CreateMessageResult, BoxError>> + Send + 'static,
    {
        self.handlers.sample = Some(answering(handler));
        self
    }

    /// Says that the model behind [`on_sample`](Self::on_sample) can call tools.
    pub const fn sampling_tools(mut self) -> Self {
        self.handlers.sampling_tools = true;
        self
    }

    /// Names the directories to work in.
    pub fn roots(mut self, roots: impl IntoIterator<Item = Root>) -> Self {
        self.handlers.roots = Some(roots.into_iter().collect());
        self
    }

    /// Takes the server's log messages of this level and above.
    pub fn on_log(mut self, level: LogLevel, told: impl Fn(LogMessage) + Send + Sync + 'static) -> Self {
        self.log_level = Some(level);
        self.handlers.log = Some(Arc::new(told));
        self
    }

    /// Takes every notification, whoever else does.
    pub fn on_notification(mut self, told: impl Fn(ServerNotification) + Send + Sync + 'static) -> Self {
        self.handlers.notification = Some(Arc::new(told));
        self
    }

    /// Declares capabilities beyond what the handlers imply, such as extensions.
    pub fn capabilities(mut self, capabilities: ClientCapabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Does not let servers turn calls into tasks.
    pub const fn without_tasks(mut self) -> Self {
        self.tasks = false;
        self
    }

    /// Speaks this revision only, and does not look for others.
    pub const fn version(mut self, version: ProtocolVersion) -> Self {
        self.version = Some(version);
        self
    }

    /// How long a request may be without a sign of life from the server; 60 s unless set.
    pub const fn timeout(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Waits for answers as long as it takes.
    pub const fn without_timeout(mut self) -> Self {
        self.patience = None;
        self
    }

    /// How long connecting may take, the start of a process and a person's consent included; 30 s
    /// unless set.
    pub const fn connect_timeout(mut self, patience: Duration) -> Self {
        self.handshake = patience;
        self
    }

    /// How often a server may answer one request with questions; 10 unless set.
    pub const fn max_rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }

    /// The most bytes of a message from the server; 16 MiB unless set.
    pub const fn max_message(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Shares a cache of results with other clients.
    pub fn cache(mut self, cache: ResultCache) -> Self {
        self.cache = cache;
        self
    }

    /// Sends requests over these connections, which other clients may share.
    #[cfg(feature = "http-client")]
    pub fn http(mut self, http: super::http::HttpClient) -> Self {
        self.http = http;
        self
    }

    /// Adds a header to every HTTP request.
    #[cfg(feature = "http-client")]
    pub fn header(mut self, name: http::HeaderName, mut value: http::HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    /// Sends a bearer token with every HTTP request.
    ///
    /// # Errors
    /// The token holds characters that a header cannot carry.
    #[cfg(feature = "http-client")]
    pub fn bearer(self, token: &str) -> Result<Self, Error> {
        let value = http::HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Error::Target {
            target: "the bearer token".to_owned(),
            problem: "it holds characters that a header cannot carry",
        })?;
        Ok(self.header(http::header::AUTHORIZATION, value))
    }

    /// Lets `authorize` put credentials on HTTP requests, and get them when the server asks for some.
    #[cfg(feature = "http-client")]
    pub fn authorize(mut self, authorize: impl super::http::Authorize) -> Self {
        self.authorize = Some(Arc::new(authorize));
        self
    }

    /// The client, before it is connected: the first request connects it.
    ///
    /// # Errors
    /// The target names no server.
    pub fn connect_lazily(self, target: impl IntoTarget) -> Result<Client, Error> {
        let target = target.into_target()?;
        let mut capabilities = self.handlers.capabilities(self.capabilities);
        if self.tasks {
            capabilities = capabilities.with(&Capability::Extension(tasks::ID.into()));
        }
        let cache = Cache::new(self.cache, &target.name());
        let opener = Opener {
            target,
            info: self.info,
            capabilities,
            version: self.version,
            log_level: self.log_level,
            patience: self.handshake,
            limit: self.limit,
            #[cfg(feature = "http-client")]
            http: self.http,
            #[cfg(feature = "http-client")]
            headers: self.headers,
            #[cfg(feature = "http-client")]
            authorize: self.authorize,
        };
        let link = Link::new(opener, Inbox::new(self.handlers, cache));
        Ok(Client::new(link, self.patience, self.rounds))
    }

    /// The client, connected.
    ///
    /// # Errors
    /// The target names no server, cannot be reached, or speaks no revision that we know.
    pub async fn connect(self, target: impl IntoTarget) -> Result<Client, Error> {
        let client = self.connect_lazily(target)?;
        client.server().await?;
        Ok(client)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder").field("info", &self.info.name).finish_non_exhaustive()
    }
}
