//! A request on its way to a handler.

use std::fmt;
use std::sync::Arc;

use http::{Extensions, HeaderMap};
use tokio_util::sync::CancellationToken;

use super::{Principal, SharedOutbound};
use crate::protocol::{
    Capability, ClientCapabilities, Implementation, LogLevel, Method, Params, ProtocolVersion, RequestId,
    decode, meta,
};

/// One request or notification, independent of the transport it came by.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// The identifier; absent for notifications.
    pub id: Option<RequestId>,
    /// What to do.
    pub method: Method,
    /// With what.
    pub params: Params,
    /// Who asks, and what they can do.
    pub peer: Peer,
    /// The way out for notifications and questions; absent where none can be delivered.
    pub outbound: Option<SharedOutbound>,
    /// Values that layers hand on to handlers.
    pub extensions: Extensions,
    /// Cancelled when the transport is about to close: what stays open should end.
    pub closing: Option<CancellationToken>,
}

impl Request {
    /// A request as a 2026-07-28 client without identity would send it.
    #[must_use]
    pub fn new(id: impl Into<RequestId>, method: Method, params: Params) -> Self {
        Self {
            id: Some(id.into()),
            method,
            params,
            peer: Peer::new(ProtocolVersion::LATEST),
            outbound: None,
            extensions: Extensions::new(),
            closing: None,
        }
    }

    /// A notification from a client.
    #[must_use]
    pub fn notification(method: Method, params: Params, peer: Peer) -> Self {
        Self { id: None, method, params, peer, outbound: None, extensions: Extensions::new(), closing: None }
    }

    /// The revision, capabilities and wishes of the client, wherever they were declared.
    #[must_use]
    pub fn client(&self) -> ClientView<'_> {
        ClientView { params: &self.params, session: self.peer.session.as_deref() }
    }
}

/// Marks a request whose headers were not written for it: they came with the connection, or its sender
/// does not mirror arguments in them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unmirrored;

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters may hold secrets: they stay out.
        f.debug_struct("Request").field("id", &self.id).field("method", &self.method).finish_non_exhaustive()
    }
}

/// The other end of a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Peer {
    /// The revision spoken.
    pub version: ProtocolVersion,
    /// The session, where the revision has one.
    pub session: Option<Arc<SessionPeer>>,
    /// The caller, where authentication established one.
    pub principal: Option<Arc<Principal>>,
    /// The HTTP headers, where there are any.
    pub headers: Option<Arc<HeaderMap>>,
    /// What ties together all that is written about this request, here and elsewhere.
    pub correlation: Option<Arc<str>>,
}

impl Peer {
    /// A peer that speaks a revision.
    #[must_use]
    pub const fn new(version: ProtocolVersion) -> Self {
        Self { version, session: None, principal: None, headers: None, correlation: None }
    }
}

/// What the client of a session (until 2025-11-25) declared once, in `initialize`.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionPeer {
    /// The session's identifier; empty where the connection is the session.
    pub id: Box<str>,
    /// What the client can do.
    pub capabilities: ClientCapabilities,
    /// Who the client says it is.
    pub info: Option<Implementation>,
    /// The log level that the client set.
    log_level: std::sync::atomic::AtomicU8,
    /// Whether the client can be asked on this session.
    pub can_be_asked: bool,
}

impl SessionPeer {
    /// A session of a client.
    #[must_use]
    pub fn new(
        id: impl Into<Box<str>>,
        capabilities: ClientCapabilities,
        info: Option<Implementation>,
        can_be_asked: bool,
    ) -> Self {
        let log_level = (LogLevel::Info as u8).into();
        Self { id: id.into(), capabilities, info, log_level, can_be_asked }
    }

    /// Sets the lowest level of log messages that the client wants.
    pub fn set_log_level(&self, level: LogLevel) {
        self.log_level.store(level as u8, std::sync::atomic::Ordering::Relaxed);
    }

    /// Whether the client wants log messages of this level.
    #[must_use]
    pub fn wants_log(&self, level: LogLevel) -> bool {
        level as u8 >= self.log_level.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// The client as its request (2026-07-28) or its session (before) describes it.
#[derive(Debug, Clone, Copy)]
pub struct ClientView<'a> {
    params: &'a Params,
    session: Option<&'a SessionPeer>,
}

impl ClientView<'_> {
    /// Whether the client declared a capability.
    #[must_use]
    pub fn can(&self, capability: &Capability) -> bool {
        self.with_capabilities(|capabilities| capabilities.has(capability))
    }

    /// Looks at what the client declared. What it did not declare, or declared in a way that cannot
    /// be read, it cannot do.
    pub fn with_capabilities<R>(&self, look: impl FnOnce(&ClientCapabilities) -> R) -> R {
        if let Some(session) = self.session {
            return look(&session.capabilities);
        }
        let declared = self.params.meta(meta::CLIENT_CAPABILITIES).and_then(|raw| decode(raw).ok());
        look(&declared.unwrap_or_default())
    }

    /// Who the client says it is; not verified.
    #[must_use]
    pub fn info(&self) -> Option<Implementation> {
        match self.session {
            Some(session) => session.info.clone(),
            None => self.params.meta(meta::CLIENT_INFO).and_then(|raw| decode(raw).ok()),
        }
    }

    /// Whether the client wants log messages of this level with this request.
    #[must_use]
    pub fn wants_log(&self, level: LogLevel) -> bool {
        if let Some(session) = self.session {
            return session.wants_log(level);
        }
        self.params
            .meta_str(meta::LOG_LEVEL)
            .and_then(|name| name.parse().ok())
            .is_some_and(|least| level >= least)
    }
}
