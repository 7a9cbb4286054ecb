//! Streamable HTTP: every request is an exchange of its own.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method as Verb, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt;
use hyper::body::Incoming as Body;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

use super::duplex::{DEPTH, cancelled};
use super::sse::SseDecoder;
use super::{Answer, Outgoing};
use crate::client::http::{Authorize, HttpClient, HttpError, Next, broken, read, shown};
use crate::client::{Error, Inbox};
use crate::protocol::header::{
    LAST_EVENT_ID, MCP_METHOD, MCP_NAME, MCP_PROTOCOL_VERSION, MCP_SESSION_ID, encode_value,
};
use crate::protocol::{Frame, Incoming, ProtocolVersion, RequestId};

/// Bytes of a body that is no answer which are kept for the error.
const EXCERPT: usize = 500;
/// How often one request is sent again because the credentials were not good enough.
const ATTEMPTS: u32 = 8;
/// How often a broken stream is taken up again without anything new on it.
const RESUMES: u32 = 8;
/// When to ask again unless the server says so.
const RETRY: Duration = Duration::from_secs(1);
/// How long a server may take to open the stream of what belongs to no request.
const OPENING: Duration = Duration::from_secs(1);

/// Where a server is, and how to reach it.
#[derive(Clone)]
pub(crate) struct HttpTarget {
    pub(crate) client: HttpClient,
    pub(crate) url: Url,
    uri: Uri,
    /// What every request carries.
    pub(crate) headers: HeaderMap,
    pub(crate) authorize: Option<Arc<dyn Authorize>>,
    /// The most bytes of an answer or event.
    pub(crate) limit: usize,
}

/// A server behind an URL.
pub(crate) struct HttpWire {
    inner: Arc<Inner>,
    /// The stream of what belongs to no request (sessions).
    listening: Mutex<Option<JoinHandle<()>>>,
}

struct Inner {
    target: HttpTarget,
    inbox: Arc<Inbox>,
    era: ArcSwap<Era>,
    ended: AtomicBool,
    /// Answers to questions that are being found (sessions).
    questions: Mutex<JoinSet<()>>,
}

/// What the headers say since the handshake.
struct Era {
    version: Option<ProtocolVersion>,
    session: Option<HeaderValue>,
    /// What every message is posted with.
    post: HeaderMap,
}

impl Era {
    fn new(target: &HttpTarget, version: Option<ProtocolVersion>, session: Option<HeaderValue>) -> Self {
        let mut era = Self { version, session, post: target.post_headers() };
        era.post.extend(session_headers(&era));
        era
    }

    fn is_legacy(&self) -> bool {
        self.version.is_none_or(|version| !version.is_modern())
    }
}

/// What one message on a stream was.
enum Taken {
    Answer(Answer),
    Other,
}

impl HttpTarget {
    pub(crate) fn new(
        client: HttpClient,
        url: Url,
        headers: HeaderMap,
        authorize: Option<Arc<dyn Authorize>>,
        limit: usize,
    ) -> Result<Self, Error> {
        let uri = url.as_str().parse().map_err(|_| HttpError::Url { url: url.path().to_owned() })?;
        Ok(Self { client, url, uri, headers, authorize, limit })
    }

    /// The same server at another address.
    pub(crate) fn at(&self, url: Url) -> Result<Self, Error> {
        let other = self.clone();
        Self::new(other.client, url, other.headers, other.authorize, other.limit)
    }

    /// Sends a request, with credentials, until the credentials are good enough. `headers` is asked for
    /// each time that it is sent: most are once.
    async fn exchange(
        &self,
        verb: &Verb,
        headers: impl Fn() -> HeaderMap,
        body: &Bytes,
    ) -> Result<Response<Body>, Error> {
        match &self.authorize {
            Some(authorize) => Box::pin(self.authorized(authorize.as_ref(), verb, headers, body)).await,
            None => Ok(self.client.follow_with(|| self.request(verb, headers(), body)).await?),
        }
    }

    fn request(&self, verb: &Verb, headers: HeaderMap, body: &Bytes) -> Request<Bytes> {
        let mut request = Request::new(body.clone());
        *request.method_mut() = verb.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        request
    }

    async fn authorized(
        &self,
        authorize: &dyn Authorize,
        verb: &Verb,
        headers: impl Fn() -> HeaderMap,
        body: &Bytes,
    ) -> Result<Response<Body>, Error> {
        for attempt in 0.. {
            let mut headers = headers();
            authorize.authorize(verb, &self.url, &mut headers).await?;
            let make = || self.request(verb, headers.clone(), body);
            let response = self.client.follow_with(make).await?;
            let (status, head) = (response.status(), response.headers());
            let next = authorize.answered(verb, &self.url, status, head, attempt).await?;
            if next == Next::Accept || attempt >= ATTEMPTS {
                return Ok(response);
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// For messages.
    pub(crate) fn shown(&self) -> String {
        shown(&self.uri)
    }

    /// Opens a stream of events.
    pub(crate) async fn open_stream(&self, more: HeaderMap) -> Result<Response<Body>, Error> {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.extend(more);
        let response = self.exchange(&Verb::GET, || headers.clone(), &Bytes::new()).await?;
        if !response.status().is_success() || !is(&response, "text/event-stream") {
            return Err(Box::pin(status_error(response)).await);
        }
        Ok(response)
    }

    /// Posts a message. The headers begin with [`post_headers`](Self::post_headers).
    pub(crate) async fn post(
        &self,
        headers: impl Fn() -> HeaderMap,
        body: &Bytes,
    ) -> Result<Response<Body>, Error> {
        self.exchange(&Verb::POST, headers, body).await
    }

    /// What every message is posted with.
    pub(crate) fn post_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }
}

impl HttpWire {
    pub(crate) fn new(target: HttpTarget, inbox: Arc<Inbox>) -> Self {
        let era = ArcSwap::from_pointee(Era::new(&target, None, None));
        let inner = Inner { target, inbox, era, ended: AtomicBool::new(false), questions: Mutex::default() };
        Self { inner: Arc::new(inner), listening: Mutex::default() }
    }

    /// From now on requests are of this revision.
    pub(crate) fn speak(&self, version: ProtocolVersion) {
        let session = self.inner.era.load().session.clone();
        self.inner.era.store(Arc::new(Era::new(&self.inner.target, Some(version), session)));
    }

    /// Opens the stream of what belongs to no request, if the server has one, and waits until it is
    /// open: servers lose what they send before.
    pub(crate) async fn listen(&self) {
        let (open, opened) = oneshot::channel();
        let listening = tokio::spawn(listen(Arc::clone(&self.inner), open));
        if let Some(before) = self.listening.lock().replace(listening) {
            before.abort();
        }
        // Some servers send not even a head before there is something to tell.
        _ = tokio::time::timeout(OPENING, opened).await;
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.inner.ended.load(Ordering::Relaxed)
    }

    pub(crate) async fn request(&self, outgoing: Outgoing<'_>) -> Result<Answer, Error> {
        let era = self.inner.era.load_full();
        let mut guard = CancelOnDrop(None);
        if era.is_legacy() && era.version.is_some() {
            guard.0 = Some((outgoing.id, Arc::clone(&self.inner)));
        }
        let answer = self.inner.request(&outgoing, &era).await;
        // Whether the answer is good or bad, nothing runs any more.
        guard.0 = None;
        answer
    }

    pub(crate) async fn notify(&self, frame: Bytes) -> Result<(), Error> {
        self.inner.notify(&frame).await
    }

    /// Ends the session, if there is one.
    pub(crate) async fn close(&self) {
        if let Some(listening) = self.listening.lock().take() {
            listening.abort();
        }
        let era = self.inner.era.load_full();
        if era.session.is_some() && !self.inner.ended.swap(true, Ordering::Relaxed) {
            let mut headers = self.inner.target.headers.clone();
            headers.extend(session_headers(&era));
            let nothing = Bytes::new();
            let ended = self.inner.target.exchange(&Verb::DELETE, || headers.clone(), &nothing);
            // Servers may refuse it, and sessions end by themselves.
            _ = tokio::time::timeout(Duration::from_secs(2), ended).await;
        }
    }
}

impl Drop for HttpWire {
    fn drop(&mut self) {
        if let Some(listening) = self.listening.lock().take() {
            listening.abort();
        }
        self.inner.questions.lock().abort_all();
    }
}

impl Inner {
    async fn request(self: &Arc<Self>, outgoing: &Outgoing<'_>, era: &Era) -> Result<Answer, Error> {
        let headers = || self.headers(outgoing, era);
        let response = self.target.post(headers, &outgoing.frame).await?;
        let status = response.status();
        if status == StatusCode::NOT_FOUND && era.session.is_some() {
            self.ended.store(true, Ordering::Relaxed);
            return Err(ended(false));
        }
        if let Some(session) = response.headers().get(MCP_SESSION_ID)
            && era.version.is_none()
        {
            self.era.store(Arc::new(Era::new(&self.target, None, Some(session.clone()))));
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(Box::pin(status_error(response)).await);
        }
        if !is(&response, "application/json") {
            if is(&response, "text/event-stream") && status.is_success() {
                return Box::pin(self.stream(outgoing, response, era)).await;
            }
            return Err(Box::pin(status_error(response)).await);
        }
        let body = read(response.into_body(), self.target.limit, || self.target.shown()).await?;
        match self.take(&body, Some(outgoing.id)) {
            Ok(Taken::Answer(answer)) => Ok(answer),
            _ if !status.is_success() => Err(Error::Status { status, body: excerpt(&body) }),
            Ok(Taken::Other) => Err(malformed(outgoing, "it is not an answer to the request")),
            Err(problem) => Err(malformed(outgoing, &problem)),
        }
    }

    fn headers(&self, outgoing: &Outgoing<'_>, era: &Era) -> HeaderMap {
        let mut headers = era.post.clone();
        if era.is_legacy() {
            return headers;
        }
        let mut insert = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        insert(MCP_METHOD, outgoing.draft.method.as_str());
        if let Some(name) = &outgoing.draft.name {
            insert(MCP_NAME, &encode_value(name));
        }
        for (name, value) in &outgoing.mirrored {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
                headers.insert(name, value);
            }
        }
        headers
    }

    /// Reads a stream until the answer is there; takes it up again where that is possible.
    async fn stream(
        self: &Arc<Self>,
        outgoing: &Outgoing<'_>,
        response: Response<Body>,
        era: &Era,
    ) -> Result<Answer, Error> {
        let mut body = response.into_body();
        let mut decoder = SseDecoder::new(self.target.limit);
        let (mut events, mut resumes) = (VecDeque::new(), 0);
        loop {
            let end = match body.frame().await {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else { continue };
                    let fed = decoder.feed(&data, &mut events);
                    for event in events.drain(..).filter(|event| !event.data.is_empty()) {
                        resumes = 0;
                        match self.take(&event.data, Some(outgoing.id)) {
                            Ok(Taken::Answer(answer)) => return Ok(answer),
                            Ok(Taken::Other) => {}
                            Err(problem) => return Err(malformed(outgoing, &problem)),
                        }
                    }
                    match fed {
                        Ok(()) => continue,
                        Err(error) => return Err(malformed(outgoing, &error.to_string())),
                    }
                }
                Some(Err(error)) => broken(self.target.shown(), error),
                None => HttpError::Broken {
                    url: self.target.shown(),
                    sent: true,
                    source: "the stream ended before the answer".into(),
                },
            };
            let last =
                decoder.last_id().filter(|_| era.is_legacy()).and_then(|id| HeaderValue::from_str(id).ok());
            let Some(last) = last else { return Err(end.into()) };
            if resumes >= RESUMES {
                return Err(end.into());
            }
            resumes += 1;
            tokio::time::sleep(decoder.retry().unwrap_or(RETRY)).await;
            match self.resume(last, era).await {
                Ok(Some(resumed)) => {
                    body = resumed.into_body();
                    decoder.restart();
                }
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes a stream up after an event; none if the server cannot be reached now.
    async fn resume(&self, last: HeaderValue, era: &Era) -> Result<Option<Response<Body>>, Error> {
        let mut headers = session_headers(era);
        headers.insert(HeaderName::from_static(LAST_EVENT_ID), last);
        match self.target.open_stream(headers).await {
            Ok(response) => Ok(Some(response)),
            Err(Error::Status { status: StatusCode::NOT_FOUND, .. }) if era.session.is_some() => {
                self.ended.store(true, Ordering::Relaxed);
                Err(ended(true))
            }
            Err(error) if error.is_broken() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sorts a message: the answer to `request`, a notification, or a question.
    fn take(self: &Arc<Self>, message: &Bytes, request: Option<i64>) -> Result<Taken, String> {
        let frames = match Incoming::parse(message, DEPTH).map_err(|error| error.to_string())? {
            Incoming::One(Frame::Response { id: Some(RequestId::Number(id)), outcome })
                if Some(id) == request =>
            {
                return Ok(Taken::Answer(outcome));
            }
            Incoming::One(frame) => vec![Ok(frame)],
            Incoming::Batch(frames) => frames,
        };
        let mut taken = Taken::Other;
        for frame in frames {
            match frame.map_err(|error| error.to_string())? {
                Frame::Response { id, outcome } => {
                    // A refusal may come without the identifier that could not be read.
                    let ours = match id {
                        Some(RequestId::Number(id)) => Some(id) == request,
                        Some(RequestId::String(_)) => false,
                        None => outcome.is_err(),
                    };
                    if ours {
                        taken = Taken::Answer(outcome);
                    }
                }
                Frame::Notification { method, params } => self.inbox.notification(method, params, request),
                // Since 2026-07-28 questions come in answers.
                Frame::Request { .. } if !self.era.load().is_legacy() => {}
                Frame::Request { id, method, params } => {
                    let this = Arc::clone(self);
                    let mut questions = self.questions.lock();
                    while questions.try_join_next().is_some() {}
                    questions.spawn(async move {
                        let frame = this.inbox.question(id, method, params).await.into();
                        if let Err(error) = this.notify(&frame).await {
                            tracing::warn!(%error, "the answer to a question could not be sent");
                        }
                    });
                }
            }
        }
        Ok(taken)
    }

    async fn notify(&self, frame: &Bytes) -> Result<(), Error> {
        let headers = || self.era.load().post.clone();
        let response = self.target.post(headers, frame).await?;
        if response.status().is_success() { Ok(()) } else { Err(status_error(response).await) }
    }
}

/// Reads the stream of what belongs to no request, again and again.
async fn listen(inner: Arc<Inner>, open: oneshot::Sender<()>) {
    let mut open = Some(open);
    let mut decoder = SseDecoder::new(inner.target.limit);
    let mut events = VecDeque::new();
    let mut failures = 0;
    loop {
        let era = inner.era.load_full();
        let mut headers = session_headers(&era);
        if let Some(last) = decoder.last_id().and_then(|id| HeaderValue::from_str(id).ok()) {
            headers.insert(HeaderName::from_static(LAST_EVENT_ID), last);
        }
        let opened = inner.target.open_stream(headers).await;
        // Whether it is open or never will be.
        drop(open.take());
        match opened {
            Ok(response) => {
                decoder.restart();
                let mut body = response.into_body();
                while let Some(Ok(frame)) = body.frame().await {
                    failures = 0;
                    let Ok(data) = frame.into_data() else { continue };
                    if decoder.feed(&data, &mut events).is_err() {
                        break;
                    }
                    for event in events.drain(..).filter(|event| !event.data.is_empty()) {
                        if let Err(problem) = inner.take(&event.data, None) {
                            tracing::warn!(problem, "the server sent something that is no message");
                        }
                    }
                }
            }
            // Most servers have no such stream.
            Err(error) if !error.is_broken() => return,
            Err(_) => {}
        }
        failures += 1;
        if failures > RESUMES {
            return;
        }
        tokio::time::sleep(decoder.retry().unwrap_or(RETRY)).await;
    }
}

/// Tells the server of a session that nobody waits any more: there, a broken connection does not.
struct CancelOnDrop(Option<(i64, Arc<Inner>)>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some((id, inner)) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let target = Arc::clone(&inner);
            let cancel = async move { _ = target.notify(&cancelled(id)).await };
            inner.questions.lock().spawn_on(cancel, &runtime);
        }
    }
}

fn session_headers(era: &Era) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(session) = &era.session {
        headers.insert(HeaderName::from_static(MCP_SESSION_ID), session.clone());
    }
    if let Some(version) = era.version.filter(|version| *version >= ProtocolVersion::V2025_03_26) {
        let version = HeaderValue::from_static(version.as_str());
        headers.insert(HeaderName::from_static(MCP_PROTOCOL_VERSION), version);
    }
    headers
}

fn ended(sent: bool) -> Error {
    Error::Closed { reason: "the session has ended".to_owned(), stderr: String::new(), sent }
}

fn malformed(outgoing: &Outgoing<'_>, problem: &str) -> Error {
    Error::Malformed { method: outgoing.draft.method.clone(), problem: problem.to_owned() }
}

/// Whether a body is of a media type.
fn is<B>(response: &Response<B>, media_type: &str) -> bool {
    let Some(value) = response.headers().get(CONTENT_TYPE) else { return false };
    // As it is nearly always, without a look at its parts.
    if value.as_bytes() == media_type.as_bytes() {
        return true;
    }
    let value = value.to_str().unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(media_type)
}

/// A response that is no answer, with the beginning of its body.
pub(super) async fn status_error(response: Response<Body>) -> Error {
    let status = response.status();
    let body = http_body_util::Limited::new(response.into_body(), 16 * EXCERPT).collect();
    let body = tokio::time::timeout(Duration::from_secs(2), body).await;
    let body = body.ok().and_then(Result::ok).map(|body| body.to_bytes()).unwrap_or_default();
    Error::Status { status, body: excerpt(&body) }
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(EXCERPT).filter(|c| !c.is_control()).collect()
}
