//! Everything a handler can know about its call, and do while it runs.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, HeaderMap};
use indexmap::IndexMap;
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::ask::Board;
use super::state::StateMap;
use super::{Ask, Inquiry, MemoError, Server};
use crate::protocol::{Capability, LogLevel, Method, ProgressToken, json, meta};
use crate::service::{ClientView, Event, Notification, Principal, Request};

/// The context of one call: who asks, what with, and the way back to the client while it runs.
///
/// Cheap to clone; everything stays valid until the last clone is gone.
#[derive(Clone)]
pub struct Context(Arc<Call>);

pub(crate) struct Call {
    request: Request,
    server: Server,
    state: Arc<StateMap>,
    arguments: Bytes,
    variables: IndexMap<String, String>,
    pub(crate) board: Board,
    cancellation: OnceLock<CancellationToken>,
    cancelled: AtomicBool,
    attached: Mutex<Extensions>,
}

impl Context {
    pub(crate) fn new(request: Request, server: Server, state: Arc<StateMap>, board: Board) -> Self {
        let arguments = request.params.get_bytes("arguments").unwrap_or_default();
        Self(Arc::new(Call {
            request,
            server,
            state,
            arguments,
            variables: IndexMap::new(),
            board,
            cancellation: OnceLock::new(),
            cancelled: AtomicBool::new(false),
            attached: Mutex::default(),
        }))
    }

    /// Adds the variables of a resource template; only while the context is not shared yet.
    pub(crate) fn with_variables(mut self, variables: IndexMap<String, String>) -> Self {
        if let Some(call) = Arc::get_mut(&mut self.0) {
            call.variables = variables;
        }
        self
    }

    pub(crate) fn downgrade(&self) -> Weak<Call> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn board(&self) -> &Board {
        &self.0.board
    }

    /// The request that is being served.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.0.request
    }

    /// The server that serves it.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.0.server
    }

    /// The arguments as raw JSON, `{}` where the call has none.
    #[must_use]
    pub fn arguments(&self) -> &str {
        match std::str::from_utf8(&self.0.arguments) {
            Ok("") | Err(_) => "{}",
            Ok(text) => text,
        }
    }

    /// The variables that the URI gave to the template of the resource.
    #[must_use]
    pub fn variables(&self) -> &IndexMap<String, String> {
        &self.0.variables
    }

    /// The caller, where authentication established one.
    #[must_use]
    pub fn principal(&self) -> Option<&Principal> {
        self.0.request.peer.principal.as_deref()
    }

    /// The HTTP headers of the request, where there are any.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.request.peer.headers.as_deref()
    }

    /// A value given to the builder.
    #[must_use]
    pub fn state<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.0.state.get()
    }

    /// What the client declared about itself.
    #[must_use]
    pub fn client(&self) -> ClientView<'_> {
        self.0.request.client()
    }

    /// Whether the client can do something, and be asked to on this connection.
    #[must_use]
    pub fn can(&self, capability: &Capability) -> bool {
        self.board().allows() && self.client().can(capability)
    }

    /// Asks the client: the person behind it ([`Elicit`](super::Elicit)), its model
    /// ([`Sample`](super::Sample)) or its roots ([`ListRoots`](super::ListRoots)).
    ///
    /// The same code works on all revisions. Before 2026-07-28 the question goes out and the
    /// handler waits. Since then the handler is *dropped* at the question and *runs again* from its
    /// start when the answer is there; wrap work that must not be repeated in [`memo`](Self::memo).
    /// The key names the question within the call: the same key, the same answer. To ask several
    /// questions at once, await them together (`tokio::join!`).
    pub fn ask<I: Inquiry>(&self, key: impl Into<String>, inquiry: I) -> Ask<I> {
        Ask::new(self.clone(), key.into(), inquiry)
    }

    /// Runs work once per call, even when the handler runs again after a question.
    ///
    /// The result travels, sealed, with the question and back: keep it small. This is no guarantee
    /// of exactly one run; effects on other systems need idempotency keys.
    ///
    /// # Errors
    /// The result cannot be serialised, or all results together are larger than 16 KiB.
    pub async fn memo<T, F>(&self, key: &str, work: F) -> Result<T, MemoError>
    where
        T: Serialize + serde::de::DeserializeOwned,
        F: Future<Output = T>,
    {
        if let Some(known) = self.board().memo(key)? {
            return Ok(known);
        }
        let value = work.await;
        self.board().remember(key, &value)?;
        Ok(value)
    }

    /// Continues this call as a task: the client gets a task handle now and the result when it is
    /// there. Returns at once; does nothing if the call already is a task.
    ///
    /// # Errors
    /// No tasks extension is registered, or the client did not declare it.
    pub async fn detach(&self) -> Result<(), super::AskError> {
        super::ask::Detach::new(self.clone()).await
    }

    /// Reports progress if the client asked for it. Values must grow from call to call.
    pub fn progress(&self, progress: f64, total: Option<f64>, message: Option<&str>) {
        if self.board().is_detached() {
            return;
        }
        let Some(token) = self.0.request.params.meta(meta::PROGRESS_TOKEN) else { return };
        let Ok(token) = serde_json::from_str::<ProgressToken>(token) else { return };
        let report = crate::protocol::Progress { progress, total, message: message.map(str::to_owned) };
        let mut params = br#"{"progressToken":"#.to_vec();
        json::write(&mut params, &token);
        params.push(b',');
        let body = params.len();
        json::write(&mut params, &report);
        params.remove(body);
        self.notify(Method::Progress, params.into());
    }

    /// Sends a log message if the client wants messages of this level. For operators, use `tracing`.
    pub fn log(&self, level: LogLevel, logger: Option<&str>, data: impl Serialize) {
        if self.board().is_detached() || !self.client().wants_log(level) {
            return;
        }
        let Ok(data) = serde_json::to_value(data) else { return };
        let mut message = json!({ "level": level, "data": data });
        if let (Some(logger), Some(object)) = (logger, message.as_object_mut()) {
            object.insert("logger".into(), logger.into());
        }
        self.notify(Method::LogMessage, message.to_string().into());
    }

    /// Sends a notification that belongs to this request. A task has no request to send it with.
    pub fn notify(&self, method: Method, params: Bytes) {
        if self.board().is_detached() {
            return;
        }
        if let Some(outbound) = &self.0.request.outbound {
            outbound.send(Event::Notification(Notification { method, params }));
        }
    }

    /// Lets go of the connection while the call goes on: the client comes back for the answer after
    /// `retry`. For long calls on sessions with resumable streams; ignored elsewhere.
    pub fn release_stream(&self, retry: Duration) {
        if let Some(outbound) = &self.0.request.outbound {
            outbound.send(Event::ReleaseStream { retry });
        }
    }

    /// Attaches a value to the call, for extensions and what they offer to handlers.
    pub fn attach<T: Clone + Send + Sync + 'static>(&self, value: T) {
        self.0.attached.lock().insert(value);
    }

    /// A value that was attached to the call.
    #[must_use]
    pub fn attached<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.0.attached.lock().get().cloned()
    }

    /// Whether the caller gave up.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// A token that is cancelled when the caller gives up. The handler's own future is dropped then;
    /// this is for work handed to others.
    #[must_use]
    pub fn cancellation(&self) -> CancellationToken {
        let token = self.0.cancellation.get_or_init(CancellationToken::new);
        if self.is_cancelled() {
            token.cancel();
        }
        token.clone()
    }

    pub(crate) fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        if let Some(token) = self.0.cancellation.get() {
            token.cancel();
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("request", &self.0.request).finish_non_exhaustive()
    }
}
