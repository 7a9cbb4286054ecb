//! A connection, and what was agreed on it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use tokio::sync::watch;

use super::draft::Replies;
use super::inbox::{Route, Routed, upgrade_error};
use super::mirror::Mirrors;
use super::open::{Opener, open};
use super::wire::{Answer, Outgoing, Wire};
use super::{Draft, Error, Inbox};
use crate::protocol::{ErrorCode, Implementation, Method, ProtocolVersion, ServerCapabilities};

/// What a server says of itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The revision that is spoken.
    pub version: ProtocolVersion,
    /// Name and version of the server; not verified.
    pub info: Option<Implementation>,
    /// What it can do.
    pub capabilities: ServerCapabilities,
    /// How a model should use it.
    pub instructions: Option<String>,
}

/// A connection after the handshake.
pub(crate) struct Connection {
    pub(crate) wire: Wire,
    pub(crate) server: Arc<ServerInfo>,
    /// The members of `_meta` that every request carries.
    pub(crate) standard: String,
}

impl Connection {
    /// Whether requests have headers that repeat arguments.
    pub(crate) fn mirrors(&self) -> bool {
        #[cfg(feature = "http-client")]
        if let Wire::Http(_) = self.wire {
            return self.server.version.is_modern();
        }
        false
    }
}

/// The connection of a client: opened when needed, replaced when it broke.
pub(crate) struct Link {
    opener: Opener,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) mirrors: Mirrors,
    current: ArcSwapOption<Connection>,
    opening: tokio::sync::Mutex<()>,
    next: AtomicI64,
    /// Counts connections, for what has to be set up anew on each.
    pub(crate) generation: watch::Sender<u64>,
}

/// How one request is watched.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    /// Takes the notifications that belong to it.
    pub(crate) route: Option<Route>,
    /// How long nothing may come; for ever if absent.
    pub(crate) patience: Option<Duration>,
}

impl Link {
    pub(crate) fn new(opener: Opener, inbox: Arc<Inbox>) -> Self {
        Self {
            opener,
            inbox,
            mirrors: Mirrors::default(),
            current: ArcSwapOption::empty(),
            opening: tokio::sync::Mutex::default(),
            next: AtomicI64::new(1),
            generation: watch::Sender::new(0),
        }
    }

    /// The connection; opens one if there is none.
    pub(crate) async fn connection(&self) -> Result<Arc<Connection>, Error> {
        match self.usable() {
            Some(connection) => Ok(connection),
            // Boxed like all that is rare: the future of every call would have room for it.
            None => Box::pin(self.open()).await,
        }
    }

    async fn open(&self) -> Result<Arc<Connection>, Error> {
        let _opening = self.opening.lock().await;
        if let Some(connection) = self.usable() {
            return Ok(connection);
        }
        let connection = Arc::new(open(&self.opener, &self.inbox, &self.next).await?);
        self.current.store(Some(Arc::clone(&connection)));
        self.generation.send_modify(|generation| *generation += 1);
        Ok(connection)
    }

    fn usable(&self) -> Option<Arc<Connection>> {
        self.current.load_full().filter(|connection| !connection.wire.is_closed())
    }

    /// The connection as it is now, if there is one.
    pub(crate) fn current(&self) -> Option<Arc<Connection>> {
        self.current.load_full()
    }

    /// Sends a request and waits for its answer. What surely had no effect is sent once more.
    pub(crate) async fn exchange(
        &self,
        draft: &Draft,
        replies: &Replies,
        watch: &Watch,
    ) -> Result<Bytes, Error> {
        let mut again = true;
        loop {
            let connection = self.connection().await?;
            let outcome = self.attempt(&connection, draft, replies, watch).await;
            let repeat = match &outcome {
                Err(error) => error.was_never_sent() || (error.is_broken() && is_safe(&draft.method)),
                Ok(Err(error)) => {
                    let stale = error.code == ErrorCode::HEADER_MISMATCH
                        && draft.method == Method::ToolsCall
                        && connection.mirrors();
                    again && stale && Box::pin(self.relearn(watch)).await
                }
                Ok(Ok(_)) => false,
            };
            if !std::mem::take(&mut again) || !repeat {
                return Ok(outcome??);
            }
            tracing::debug!(method = %draft.method, "a request is sent once more");
        }
    }

    async fn attempt(
        &self,
        connection: &Connection,
        draft: &Draft,
        replies: &Replies,
        watch: &Watch,
    ) -> Result<Answer, Error> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let frame = draft.frame(id, &connection.standard, replies);
        let mirrored = if connection.mirrors() { self.mirrors.headers(draft) } else { Vec::new() };
        let routed: Option<(Arc<AtomicBool>, Routed)> = watch.route.as_ref().map(|route| {
            let (route, touched) = (Arc::clone(route), Arc::new(AtomicBool::new(false)));
            let touch = Arc::clone(&touched);
            let watched = move |notification: &_| {
                touch.store(true, Ordering::Relaxed);
                route(notification);
            };
            (touched, self.inbox.route(id, Arc::new(watched)))
        });
        let mut answer = std::pin::pin!(connection.wire.request(Outgoing { id, draft, frame, mirrored }));
        let mut answer = match watch.patience {
            Some(patience) => {
                let touched = routed.as_ref().map(|(touched, _)| touched.as_ref());
                self.in_time(answer.as_mut(), patience, touched, &draft.method).await?
            }
            None => answer.await?,
        };
        if let Err(error) = &mut answer {
            upgrade_error(connection.server.version, &draft.method, error);
        }
        Ok(answer)
    }

    /// Waits for an answer as long as there are signs of life: progress, or questions to us.
    async fn in_time(
        &self,
        mut answer: Pin<&mut impl Future<Output = Result<Answer, Error>>>,
        patience: Duration,
        touched: Option<&AtomicBool>,
        method: &Method,
    ) -> Result<Answer, Error> {
        let mut answered = self.inbox.answered();
        loop {
            if let Ok(answer) = tokio::time::timeout(patience, &mut answer).await {
                return answer;
            }
            let now = self.inbox.answered();
            let asked = now.is_none() || now != answered;
            answered = now;
            let alive = touched.is_some_and(|touched| touched.swap(false, Ordering::Relaxed));
            if !alive && !asked {
                return Err(Error::Timeout { method: method.clone(), after: patience });
            }
        }
    }

    /// Asks for the tools anew: the headers that repeat their arguments may have changed.
    async fn relearn(&self, watch: &Watch) -> bool {
        self.inbox.cache.forget_list(&Method::ToolsList);
        match Box::pin(super::pages::all_tools(self, watch.patience)).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(%error, "the list of tools could not be fetched");
                false
            }
        }
    }

    /// Ends the connection politely. The next request opens a new one.
    pub(crate) async fn close(&self) {
        let _opening = self.opening.lock().await;
        if let Some(connection) = self.current.swap(None) {
            connection.wire.close().await;
        }
    }
}

/// Whether sending a request twice does nothing twice.
fn is_safe(method: &Method) -> bool {
    matches!(
        method,
        Method::Discover
            | Method::ToolsList
            | Method::ResourcesList
            | Method::ResourceTemplatesList
            | Method::ResourcesRead
            | Method::PromptsList
            | Method::PromptsGet
            | Method::Complete
            | Method::Ping
    ) || method.as_str() == "tasks/get"
}
