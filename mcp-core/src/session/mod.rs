//! The lifecycles of revisions until 2025-11-25, as a layer over any service of the newest one.
//!
//! Everything that only old revisions know ends here: `initialize`, `ping`, log levels per session,
//! resource subscriptions per session, questions as requests from the server. What is behind this
//! layer sees requests of the newest revision, and what comes back is turned into what the session
//! negotiated. Dispatch never asks for a version.

mod convert;
mod listener;
mod questions;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

pub(crate) use convert::{Downgrades, downgrade_notification};
pub(crate) use listener::Listener;
use watch::Watch;

use self::questions::Questions;
use crate::protocol::{
    ClientCapabilities, Implementation, LogLevel, Method, Params, ProtocolVersion, RawJson, RequestId,
    RpcError, compat, decode, meta,
};
use crate::service::{
    Notification, Peer, Question, Request, Response, ResponseFuture, SessionPeer, SharedOutbound,
    SharedService,
};

/// How long a subscription may take to be followed.
const PATIENCE: Duration = Duration::from_secs(1);

/// The parameters of `initialize`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Initialize {
    protocol_version: String,
    #[serde(default)]
    capabilities: Option<ClientCapabilities>,
    #[serde(default)]
    client_info: Option<Implementation>,
}

/// One session of an old revision.
pub(crate) struct Session {
    service: SharedService,
    version: ProtocolVersion,
    /// What every request of the session is stamped with.
    peer: Peer,
    questions: Questions,
    watch: Arc<Watch>,
    downgrades: Arc<Downgrades>,
    /// Cancelled when the transport is about to close.
    closing: CancellationToken,
}

impl Session {
    /// Opens a session from the parameters of `initialize`. `peer` carries who calls.
    pub(crate) fn open(
        service: SharedService,
        id: impl Into<Box<str>>,
        initialize: Initialize,
        peer: Peer,
        downgrades: Arc<Downgrades>,
        closing: CancellationToken,
    ) -> Self {
        let version = negotiate(&initialize.protocol_version);
        let capabilities = initialize.capabilities.unwrap_or_default();
        let client = SessionPeer::new(id, capabilities, initialize.client_info, true);
        let peer = Peer { version, session: Some(Arc::new(client)), ..peer };
        Self {
            service,
            version,
            peer,
            questions: Questions::default(),
            watch: Arc::default(),
            downgrades,
            closing,
        }
    }

    /// Reads the parameters of `initialize`. What the revision does not know, its client cannot
    /// promise.
    pub(crate) fn read_initialize(params: &Params) -> Result<Initialize, RpcError> {
        let version = negotiate(&params.get_str("protocolVersion").unwrap_or_default());
        let params = compat::upgrade_params(version, Method::Initialize.as_str(), params.parse()?);
        decode(&params.to_string()).map_err(|error| RpcError::invalid_params(error.to_string()))
    }

    /// The revision that was agreed on.
    pub(crate) const fn version(&self) -> ProtocolVersion {
        self.version
    }

    pub(crate) const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What the session watches for its client.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The answer to `initialize`.
    pub(crate) fn welcome(&self) -> ResponseFuture {
        initialize_result(&self.service, self.version, self.peer.clone(), &self.downgrades)
    }

    /// Answers a request of the session. `outbound` leads to the client while the request runs;
    /// `headers` are those of the request, where there are any.
    pub(crate) fn request(
        &self,
        id: RequestId,
        method: Method,
        params: Params,
        peer: Peer,
        outbound: Option<SharedOutbound>,
    ) -> ResponseFuture {
        let done = || ResponseFuture::ready(Response::result(&b"{}"[..]));
        let answer = match method {
            Method::Ping => Ok(done()),
            Method::SetLogLevel => self.set_log_level(&params).map(|()| done()),
            Method::ResourcesSubscribe => {
                self.watched_uri(&params).and_then(|uri| self.watch.add(uri)).map(|()| self.settled())
            }
            Method::ResourcesUnsubscribe => self.watched_uri(&params).map(|uri| {
                self.watch.remove(&uri);
                done()
            }),
            Method::Initialize => Err(RpcError::invalid_request("the session is initialized already")),
            _ => {
                Ok(forward(&self.service, self.version, id, method, params, peer, outbound, &self.downgrades))
            }
        };
        answer.unwrap_or_else(|error| ResponseFuture::ready(Response::error(error)))
    }

    /// Takes the client's answer to a question.
    pub(crate) fn answer(&self, id: Option<&RequestId>, outcome: Result<bytes::Bytes, RpcError>) {
        let outcome = outcome.and_then(|raw| {
            let text = String::from_utf8(raw.to_vec()).unwrap_or_default();
            RawJson::from_string(text).map_err(|_| RpcError::internal("the client's answer is not JSON"))
        });
        if !id.is_some_and(|id| self.questions.answer(id, outcome)) {
            tracing::debug!(?id, "an answer to a question that nobody asked");
        }
    }

    /// The client is gone: nobody waits for its answers any more.
    pub(crate) fn abandon(&self) {
        self.questions.close();
    }

    /// A question as the frame of a request to the client.
    pub(crate) fn ask(&self, question: Question) -> Vec<u8> {
        self.questions.ask(self.version, question)
    }

    /// A notification as a frame of this revision; none where the revision has no such thing.
    pub(crate) fn notification(&self, notification: Notification) -> Option<Vec<u8>> {
        downgrade_notification(self.version, notification).map(|notification| notification.to_frame())
    }

    /// Starts what watches for the client, telling `outbound`.
    pub(crate) fn listen(&self, topic: &watch::Topic, outbound: SharedOutbound) -> ResponseFuture {
        let filter = match topic {
            watch::Topic::Lists => {
                json!({ "toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true })
            }
            watch::Topic::Resource(uri) => json!({ "resourceSubscriptions": [uri] }),
        };
        let params = json!({ "notifications": filter }).to_string().into();
        let params = Params::from_json(&params).unwrap_or_default();
        let mut request = Request::new(0, Method::Listen, params);
        request.peer = self.peer.clone();
        request.outbound = Some(outbound);
        request.closing = Some(self.closing.clone());
        self.service.handle(request)
    }

    /// The answer to a subscription: from then on no update is missed. A client that does not read
    /// its stream does not hold up its own requests.
    fn settled(&self) -> ResponseFuture {
        let watch = Arc::clone(&self.watch);
        ResponseFuture::boxed(async move {
            if tokio::time::timeout(PATIENCE, watch.settled()).await.is_err() {
                tracing::debug!("a client subscribed and does not read its stream");
            }
            Ok(Response::result(&b"{}"[..]))
        })
    }

    fn set_log_level(&self, params: &Params) -> Result<(), RpcError> {
        let level = params.get_str("level").and_then(|name| name.parse::<LogLevel>().ok());
        let level = level.ok_or_else(|| {
            RpcError::invalid_params(
                "`level` must be debug, info, notice, warning, error, critical, alert or emergency",
            )
        })?;
        if let Some(session) = &self.peer.session {
            session.set_log_level(level);
        }
        Ok(())
    }

    fn watched_uri(&self, params: &Params) -> Result<String, RpcError> {
        params
            .get_str("uri")
            .map(Into::into)
            .ok_or_else(|| RpcError::invalid_params("`uri` must be a string"))
    }
}

/// The revision for a client that asks for `requested`: what it asks for if that is an old one we
/// know, else our newest old one.
pub(crate) fn negotiate(requested: &str) -> ProtocolVersion {
    let known = requested.parse().ok().filter(|version: &ProtocolVersion| !version.is_modern());
    known.unwrap_or(ProtocolVersion::LATEST_LEGACY)
}

/// Answers `initialize` from what the service says about itself.
pub(crate) fn initialize_result(
    service: &SharedService,
    version: ProtocolVersion,
    peer: Peer,
    downgrades: &Arc<Downgrades>,
) -> ResponseFuture {
    let mut discover = Request::new(0, Method::Discover, Params::default());
    discover.peer = peer;
    let (discovered, downgrades) = (service.handle(discover), Arc::clone(downgrades));
    ResponseFuture::boxed(async move {
        let result = match discovered.await?.into_result() {
            Ok(result) => result,
            Err(error) => return Ok(Response::error(error)),
        };
        let mut result: Map<String, Value> = serde_json::from_slice(&result)?;
        let mut welcome = Map::new();
        welcome.insert("protocolVersion".into(), version.as_str().into());
        for member in ["capabilities", "instructions"] {
            if let Some(value) = result.remove(member) {
                welcome.insert(member.into(), value);
            }
        }
        let identity =
            result.get_mut("_meta").and_then(|meta| meta.get_mut(meta::SERVER_INFO)).map(Value::take);
        welcome.insert("serverInfo".into(), identity.unwrap_or_default());
        let welcome = Value::Object(welcome).to_string();
        Ok(downgrades.apply(version, &Method::Initialize, Response::result(welcome)))
    })
}

/// Passes a request of an old revision on, and turns what comes back into that revision.
#[expect(clippy::too_many_arguments, reason = "the parts of one request")]
pub(crate) fn forward(
    service: &SharedService,
    version: ProtocolVersion,
    id: RequestId,
    method: Method,
    params: Params,
    peer: Peer,
    outbound: Option<SharedOutbound>,
    downgrades: &Arc<Downgrades>,
) -> ResponseFuture {
    if matches!(method, Method::Discover | Method::Listen) || method.is_legacy_only() {
        return ResponseFuture::ready(Response::error(RpcError::method_not_found(method.as_str())));
    }
    let mut request = Request::new(id, method.clone(), params);
    request.peer = peer;
    request.outbound = outbound;
    let (answer, downgrades) = (service.handle(request), Arc::clone(downgrades));
    ResponseFuture::boxed(async move { Ok(downgrades.apply(version, &method, answer.await?)) })
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("version", &self.version).finish_non_exhaustive()
    }
}
