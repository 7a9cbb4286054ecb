//! What the server must remember between the rounds of a call (`requestState`).
//!
//! The state travels through the client, so it is the client's to attack: it is bound to who
//! calls, what is called and with which arguments, expires, and cannot be read or changed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::ask::Saved;
use crate::protocol::RpcError;
use crate::service::{Peer, Request};

/// How long a client may take to answer.
pub(crate) const TTL: Duration = Duration::from_secs(15 * 60);

/// Keeps the state of calls that wait for answers.
///
/// With the feature `http-server` the default is [`SealedState`](super::SealedState) under a key
/// made at start; replicas must share keys. Without it the default is a table in memory.
pub trait RequestStateStore: Send + Sync + 'static {
    /// Makes a token for `payload` that only [`open`](Self::open) with the same binding can use.
    ///
    /// # Errors
    /// The token cannot be made.
    fn seal(&self, payload: &[u8], binding: &[u8]) -> Result<String, RpcError>;

    /// The payload of a token; `None` if it is not ours, was changed or is bound to something else.
    fn open(&self, token: &str, binding: &[u8]) -> Option<Vec<u8>>;
}

/// An unguessable token of 128 bits.
pub(crate) fn random_token() -> Result<String, RpcError> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        RpcError::internal("no random numbers")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The store, and what is put into it.
pub(crate) struct StateKeeper(Arc<dyn RequestStateStore>);

impl StateKeeper {
    pub(crate) fn new(store: Arc<dyn RequestStateStore>) -> Self {
        Self(store)
    }

    pub(crate) fn seal(&self, saved: &Saved, request: &Request) -> Result<String, RpcError> {
        let expires = unix_seconds() + TTL.as_secs();
        let mut payload = expires.to_be_bytes().to_vec();
        crate::protocol::json::write(&mut payload, saved);
        self.0.seal(&payload, &binding(request))
    }

    pub(crate) fn open(&self, token: &str, request: &Request) -> Result<Saved, RpcError> {
        let invalid = || {
            RpcError::invalid_params("`requestState` is not valid for this request; start over without it")
        };
        let payload = self.0.open(token, &binding(request)).ok_or_else(invalid)?;
        let (expires, saved) = payload.split_first_chunk::<8>().ok_or_else(invalid)?;
        if u64::from_be_bytes(*expires) < unix_seconds() {
            return Err(RpcError::invalid_params("`requestState` has expired; start over without it"));
        }
        serde_json::from_slice(saved).map_err(|_| invalid())
    }
}

impl fmt::Debug for StateKeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKeeper")
    }
}

fn unix_seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Who asked for what: a token is worth nothing with anything else. Identifier, `_meta` and answers
/// are left out, since a retry changes them.
fn binding(request: &Request) -> Vec<u8> {
    let caller = caller(&request.peer);
    let target = request.method.mirrored_member().and_then(|member| request.params.get_str(member));
    let arguments = request.params.get("arguments").unwrap_or("{}");
    // Clients may write the same arguments in another order or spacing when they retry.
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    let mut out = Vec::new();
    let parts = serde_json::json!([caller, request.method.as_str(), target, canonical(arguments)]);
    crate::protocol::json::write(&mut out, &parts);
    out
}

fn caller(peer: &Peer) -> Option<[&str; 3]> {
    peer.principal.as_deref().map(|p| [p.issuer.as_str(), p.org.as_str(), p.user.as_str()])
}

/// Numbers by value: `1.0` and `1` are the same to the JavaScript clients in the world.
fn canonical(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Number(number), Value::from),
        Value::Array(items) => items.into_iter().map(canonical).collect(),
        Value::Object(members) => {
            let mut members: Vec<_> =
                members.into_iter().map(|(key, value)| (key, canonical(value))).collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(members.into_iter().collect())
        }
        other => other,
    }
}
