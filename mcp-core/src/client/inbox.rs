//! What comes from a server without being an answer.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::Error;
use super::handlers::{Handlers, ServerNotification};
use super::lists::Cache;
use crate::protocol::{
    ErrorCode, InputRequest, Method, Params, RawJson, RequestId, RpcError, compat, decode, json, meta,
};

/// Changes that may wait for a slow subscriber before it is told that it missed some.
const CHANGES: usize = 256;

/// Takes what belongs to one request.
pub(crate) type Route = Arc<dyn Fn(&ServerNotification) + Send + Sync>;

/// Sorts notifications and answers questions, whichever connection they come by.
pub(crate) struct Inbox {
    routes: Mutex<HashMap<i64, Route>>,
    pub(crate) handlers: Handlers,
    pub(crate) cache: Cache,
    /// For subscriptions of sessions, which share one stream.
    pub(crate) changes: broadcast::Sender<ServerNotification>,
    asked: Asked,
}

/// Counts the questions of sessions. While one is open the server waits for us, and we not for it.
#[derive(Default)]
struct Asked {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// A question that is being answered.
struct Open<'a>(&'a Asked);

impl<'a> Open<'a> {
    fn new(asked: &'a Asked) -> Self {
        asked.begun.fetch_add(1, Ordering::Relaxed);
        Self(asked)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

impl Inbox {
    pub(crate) fn new(handlers: Handlers, cache: Cache) -> Arc<Self> {
        let changes = broadcast::Sender::new(CHANGES);
        Arc::new(Self { routes: Mutex::default(), handlers, cache, changes, asked: Asked::default() })
    }

    /// How many questions were answered so far; none while one is open.
    pub(crate) fn answered(&self) -> Option<u64> {
        let ended = self.asked.ended.load(Ordering::Relaxed);
        (self.asked.begun.load(Ordering::Relaxed) == ended).then_some(ended)
    }

    /// Leads what belongs to a request to `route` until the guard is dropped.
    pub(crate) fn route(self: &Arc<Self>, id: i64, route: Route) -> Routed {
        self.routes.lock().insert(id, route);
        Routed { id, inbox: Arc::clone(self) }
    }

    /// Takes a notification. `request` is the one whose stream it came by, where each has its own.
    pub(crate) fn notification(&self, method: Method, params: Params, request: Option<i64>) {
        let named = match method {
            Method::Progress => params.get(meta::PROGRESS_TOKEN),
            _ => params.meta(meta::SUBSCRIPTION_ID),
        };
        let request = named.map_or(request, |raw| raw.parse().ok());
        self.cache.changed(&method, &params);
        let route = request.and_then(|id| self.routes.lock().get(&id).cloned());
        let notification = ServerNotification { method, params };
        if let Some(route) = &route {
            route(&notification);
        }
        match &notification.method {
            Method::LogMessage => {
                if let Some(log) = &self.handlers.log
                    && let Ok(message) = decode(notification.params.as_str())
                {
                    log(message);
                }
            }
            // Progress of what nobody waits for any more.
            Method::Progress => return,
            _ if route.is_none() => drop(self.changes.send(notification.clone())),
            _ => {}
        }
        if let Some(told) = &self.handlers.notification {
            told(notification);
        }
    }

    /// Answers a question of a session (until 2025-11-25); yields the frame to send.
    pub(crate) async fn question(&self, id: RequestId, method: Method, params: Params) -> Vec<u8> {
        let outcome = match method {
            Method::Ping => Ok(RawJson::from(serde_json::json!({}))),
            Method::Elicit | Method::Sample | Method::RootsList => self.ask(&method, &params).await,
            _ => Err(RpcError::method_not_found(method.as_str())),
        };
        let mut frame = br#"{"jsonrpc":"2.0","id":"#.to_vec();
        id.write(&mut frame);
        match outcome {
            Ok(result) => {
                frame.extend_from_slice(br#","result":"#);
                frame.extend_from_slice(result.get().as_bytes());
            }
            Err(error) => {
                frame.extend_from_slice(br#","error":"#);
                json::write(&mut frame, &error);
            }
        }
        frame.push(b'}');
        frame
    }

    async fn ask(&self, method: &Method, params: &Params) -> Result<RawJson, RpcError> {
        let _open = Open::new(&self.asked);
        let question = format!(r#"{{"method":"{method}","params":{}}}"#, params.as_str());
        let question: InputRequest =
            decode(&question).map_err(|problem| RpcError::invalid_params(problem.to_string()))?;
        self.handlers.answer(question).await.map_err(|error| match error {
            Error::NoHandler { method } => RpcError::method_not_found(method),
            error => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a question was not answered");
                RpcError::new(ErrorCode::INTERNAL_ERROR, "the client could not answer")
            }
        })
    }
}

/// The code that an error of an older revision has today.
pub(crate) fn upgrade_error(
    version: crate::protocol::ProtocolVersion,
    method: &Method,
    error: &mut RpcError,
) {
    error.code.0 = compat::upgrade_error(version, method.as_str(), error.code.0);
}

/// A route that ends with its request.
pub(crate) struct Routed {
    id: i64,
    inbox: Arc<Inbox>,
}

impl Drop for Routed {
    fn drop(&mut self) {
        self.inbox.routes.lock().remove(&self.id);
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("routes", &self.routes.lock().len()).finish_non_exhaustive()
    }
}
