//! A duplex connection: requests, answers, notifications and questions on one channel.
//!
//! What the connection says first decides its era: `initialize` opens a session of an old revision,
//! requests with their own version need none. Both may share a connection.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

#[cfg(feature = "stdio")]
use super::lines::Line;
use super::outbox::Outbox;
use super::tasks::Tasks;
use crate::protocol::{
    DEFAULT_DEPTH, Frame, FrameError, Incoming, Method, Params, ProtocolVersion, RequestId, RpcError, meta,
};
use crate::service::{
    Event, Outbound, Outcome, Peer, Request, Response, ResponseFuture, SharedOutbound, SharedService,
    Unmirrored, error_frame,
};
use crate::session::{Downgrades, Listener, Session};

/// Bytes that a frame may have.
pub(crate) const MAX_FRAME: usize = 4 * 1024 * 1024;

/// One connection and what is in flight on it.
pub(crate) struct Connection {
    service: SharedService,
    outbox: Outbox,
    session: OnceLock<Arc<Session>>,
    /// Requests that did not finish at once.
    in_flight: Mutex<HashMap<RequestId, CancellationToken>>,
    tasks: Tasks,
    downgrades: Arc<Downgrades>,
    /// Who is at the other end.
    peer: Peer,
    /// How deep a message may nest.
    depth: u32,
    /// Cancelled when the connection is about to end.
    closing: CancellationToken,
    /// Cancelled when nobody waits for anything any more.
    over: CancellationToken,
    runtime: Handle,
}

impl Connection {
    /// A connection to a service. Call it within a tokio runtime.
    pub(crate) fn new(service: SharedService) -> Arc<Self> {
        let peer = Peer::new(ProtocolVersion::LATEST_LEGACY);
        Self::with_peer(service, peer, DEFAULT_DEPTH, CancellationToken::new())
    }

    /// A connection of a known caller. Subscriptions on it end when `closing` is cancelled.
    pub(crate) fn with_peer(
        service: SharedService,
        peer: Peer,
        depth: u32,
        closing: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            service,
            outbox: Outbox::default(),
            session: OnceLock::new(),
            in_flight: Mutex::default(),
            tasks: Tasks::default(),
            downgrades: Arc::default(),
            peer,
            depth,
            closing,
            over: CancellationToken::new(),
            runtime: Handle::current(),
        })
    }

    pub(crate) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Takes one message. What can be answered at once is put into the outbox; the rest runs on.
    pub(crate) fn accept(self: &Arc<Self>, message: &Bytes) {
        match Incoming::parse(message, self.depth) {
            Ok(Incoming::One(frame)) => self.frame(frame),
            Ok(Incoming::Batch(frames)) => self.batch(frames),
            Err(error) => self.refuse(error.id.as_ref(), &error.to_rpc_error()),
        }
    }

    /// Takes a line, if there is one.
    #[cfg(feature = "stdio")]
    pub(crate) fn accept_line(self: &Arc<Self>, line: Option<Line<'_>>) {
        match line {
            Some(Line::Whole(line)) => self.accept(&Bytes::copy_from_slice(line)),
            Some(Line::TooLong) => self.refuse_length(),
            None => {}
        }
    }

    /// Answers a message that was too long to be read.
    pub(crate) fn refuse_length(&self) {
        let message = format!("the message has more than {MAX_FRAME} bytes");
        self.refuse(None, &RpcError::new(crate::protocol::ErrorCode::TOO_LARGE, message));
    }

    /// Answers a message that cannot be served.
    pub(crate) fn refuse(&self, id: Option<&RequestId>, error: &RpcError) {
        tracing::debug!(code = error.code.0, message = %error.message, "message refused");
        self.outbox.put(error_frame(id, error));
    }

    fn frame(self: &Arc<Self>, frame: Frame) {
        match frame {
            Frame::Request { id, method, params } => self.request(id, method, params),
            Frame::Notification { method, params } => self.notification(method, params),
            Frame::Response { id, outcome } => match self.session.get() {
                Some(session) => session.answer(id.as_ref(), outcome),
                None => tracing::debug!("a response on a connection without a session"),
            },
        }
    }

    /// Takes a notification, and passes it on: layers may want to know.
    fn notification(self: &Arc<Self>, method: Method, params: Params) {
        match method {
            Method::Cancelled => self.cancel(&params),
            Method::Initialized => self.initialized(),
            _ => {}
        }
        let peer = self.session.get().map_or_else(|| self.peer.clone(), |session| session.peer().clone());
        let mut taken = self.service.handle(Request::notification(method, params, peer));
        // A server takes notifications at once; layers may take their time.
        if Pin::new(&mut taken).poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            self.spawn(async move {
                if let Err(error) = taken.await {
                    tracing::error!(%error, "the path to the server broke");
                }
            });
        }
    }

    fn request(self: &Arc<Self>, id: RequestId, method: Method, params: Params) {
        if self.in_flight.lock().contains_key(&id) {
            let message = format!("request `{id}` is in flight already: identifiers must be unique");
            return self.refuse(Some(&id), &RpcError::invalid_request(message));
        }
        match self.route(&id, method, params) {
            Ok(answer) => self.run(id, answer),
            Err(error) => self.refuse(Some(&id), &error),
        }
    }

    fn route(
        self: &Arc<Self>,
        id: &RequestId,
        method: Method,
        params: Params,
    ) -> Result<ResponseFuture, RpcError> {
        if let Some(version) = params.meta_str(meta::PROTOCOL_VERSION) {
            match version.parse::<ProtocolVersion>() {
                Ok(version) if version.is_modern() => {}
                _ => return Err(RpcError::unsupported_version(&version)),
            }
            if !params.meta(meta::CLIENT_CAPABILITIES).is_some_and(|raw| raw.starts_with('{')) {
                return Err(RpcError::invalid_params(format!(
                    "`_meta.{}` must be an object",
                    meta::CLIENT_CAPABILITIES
                )));
            }
            let mut request = Request::new(id.clone(), method, params);
            request.peer = Peer { version: ProtocolVersion::LATEST, ..self.peer.clone() };
            if request.peer.headers.is_some() {
                request.extensions.insert(Unmirrored);
            }
            request.outbound = Some(Arc::new(ToOutbox { connection: Arc::downgrade(self), session: None }));
            request.closing = Some(self.closing.clone());
            return Ok(self.service.handle(request));
        }
        if let Some(session) = self.session.get() {
            let peer = session.peer().clone();
            return Ok(session.request(id.clone(), method, params, peer, Some(self.outbound_of(session))));
        }
        match method {
            Method::Initialize => self.initialize(&params),
            Method::Ping => Ok(ResponseFuture::ready(Response::result(&b"{}"[..]))),
            _ => {
                let message =
                    format!("`_meta.{}` is missing, and no session was initialized", meta::PROTOCOL_VERSION);
                Err(RpcError::invalid_params(message))
            }
        }
    }

    fn outbound_of(self: &Arc<Self>, session: &Arc<Session>) -> SharedOutbound {
        Arc::new(ToOutbox { connection: Arc::downgrade(self), session: Some(Arc::clone(session)) })
    }

    fn initialize(&self, params: &Params) -> Result<ResponseFuture, RpcError> {
        let initialize = Session::read_initialize(params)?;
        let (peer, downgrades) = (self.peer.clone(), Arc::clone(&self.downgrades));
        let session =
            Session::open(self.service.clone(), "", initialize, peer, downgrades, self.closing.clone());
        Ok(self.session.get_or_init(|| Arc::new(session)).welcome())
    }

    /// The client is ready for notifications: tell it what changes.
    fn initialized(self: &Arc<Self>) {
        if let Some(session) = self.session.get().cloned() {
            let outbound = self.outbound_of(&session);
            let closing = self.closing.clone();
            let listening = Listener::new(session, outbound);
            self.spawn(async move {
                tokio::select! {
                    () = closing.cancelled() => {}
                    () = listening => {}
                }
            });
        }
    }

    fn cancel(&self, params: &Params) {
        let id = params.get("requestId").and_then(|raw| serde_json::from_str::<RequestId>(raw).ok());
        if let Some(cancelled) = id.and_then(|id| self.in_flight.lock().remove(&id)) {
            cancelled.cancel();
        }
    }

    /// Runs a request: here and now if it is done at once, on a task of its own otherwise.
    fn run(self: &Arc<Self>, id: RequestId, mut answer: ResponseFuture) {
        let waker = Waker::noop();
        // The task polls again with a waker that works: nothing that happens meanwhile is missed.
        match Pin::new(&mut answer).poll(&mut Context::from_waker(waker)) {
            Poll::Ready(response) => {
                if let Some(frame) = to_frame(&id, response) {
                    self.outbox.put(frame);
                }
            }
            Poll::Pending => {
                let cancelled = CancellationToken::new();
                self.in_flight.lock().insert(id.clone(), cancelled.clone());
                let this = Arc::clone(self);
                self.spawn(async move {
                    let response = tokio::select! {
                        biased;
                        () = cancelled.cancelled() => return,
                        response = answer => response,
                    };
                    this.in_flight.lock().remove(&id);
                    this.outbox.has_room().await;
                    if let Some(frame) = to_frame(&id, response) {
                        this.outbox.push(frame);
                    }
                });
            }
        }
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let over = self.over.clone();
        self.tasks.spawn_on(async move { _ = over.run_until_cancelled_owned(task).await }, &self.runtime);
    }

    /// A batch: sessions of 2025-03-26 only, and never with `initialize` in it.
    fn batch(self: &Arc<Self>, frames: Vec<Result<Frame, FrameError>>) {
        let Some(session) = self.session.get().filter(|session| session.version().has_batches()) else {
            let message = "batches are part of protocol version 2025-03-26 only: send one message at a time";
            return self.refuse(None, &RpcError::invalid_request(message));
        };
        let mut answers = Vec::new();
        for frame in frames {
            match frame {
                Ok(Frame::Request { id, method: Method::Initialize, .. }) => {
                    let error = RpcError::invalid_request("`initialize` must not be part of a batch");
                    answers.push((Some(id), ResponseFuture::ready(Response::error(error))));
                }
                Ok(Frame::Request { id, method, params }) => {
                    let outbound = self.outbound_of(session);
                    let peer = session.peer().clone();
                    let answer = session.request(id.clone(), method, params, peer, Some(outbound));
                    answers.push((Some(id), answer));
                }
                Ok(frame) => self.frame(frame),
                Err(error) => {
                    let refused = ResponseFuture::ready(Response::error(error.to_rpc_error()));
                    answers.push((error.id, refused));
                }
            }
        }
        if answers.is_empty() {
            return;
        }
        let this = Arc::clone(self);
        self.spawn(async move {
            let mut frames = Vec::new();
            for (id, answer) in answers {
                let response = answer.await.unwrap_or_else(|error| broken(&error));
                frames.extend(response.to_frame(id.as_ref()));
            }
            let mut out = vec![b'['];
            out.extend_from_slice(&frames.join(&b","[..]));
            out.push(b']');
            this.outbox.push(out);
        });
    }

    /// Ends the connection: no more messages will come. Running requests get `grace`.
    pub(crate) async fn finish(&self, grace: std::time::Duration) {
        self.closing.cancel();
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                running = self.tasks.len(),
                "requests were still running at the end of a connection"
            );
        }
        self.hang_up();
    }

    /// The other side is gone: what runs is cancelled.
    pub(crate) fn hang_up(&self) {
        self.closing.cancel();
        self.over.cancel();
        self.in_flight.lock().clear();
        if let Some(session) = self.session.get() {
            session.abandon();
        }
        self.outbox.close();
    }
}

fn broken(error: &crate::service::BoxError) -> Response {
    tracing::error!(%error, "the path to a handler broke");
    Response::error(RpcError::internal("the server could not serve the request"))
}

fn to_frame(id: &RequestId, response: Result<Response, crate::service::BoxError>) -> Option<Vec<u8>> {
    let response = response.unwrap_or_else(|error| broken(&error));
    match &response.outcome {
        Outcome::Error(error) => {
            tracing::debug!(%id, code = error.code.0, message = %error.message, "request refused")
        }
        Outcome::Result(_) | Outcome::Accepted | Outcome::Open(_) => {}
    }
    response.to_frame(Some(id))
}

/// Events of requests, on the connection that all share.
struct ToOutbox {
    /// Weak, so that what outlives its request does not keep the connection.
    connection: Weak<Connection>,
    /// The session that the request belongs to.
    session: Option<Arc<Session>>,
}

impl Outbound for ToOutbox {
    fn send(&self, event: Event) {
        let Some(connection) = self.connection.upgrade() else { return };
        let outbox = &connection.outbox;
        match (event, &self.session) {
            (Event::Notification(notification), None) => outbox.offer(notification.to_frame()),
            (Event::Notification(notification), Some(session)) => {
                if let Some(frame) = session.notification(notification) {
                    outbox.offer(frame);
                }
            }
            (Event::Question(question), Some(session)) => outbox.push(session.ask(question)),
            // Only sessions carry questions.
            (Event::Question(_), None) => {}
            // One channel cannot be let go of.
            (Event::ReleaseStream { .. }, _) => {}
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("in_flight", &self.in_flight.lock().len()).finish_non_exhaustive()
    }
}
