//! Questions as requests from the server, and the answers that come back.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde_json::Value;

use crate::protocol::{ProtocolVersion, RawJson, RequestId, RpcError, compat, json};
use crate::service::{Question, Reply};

/// Questions that wait for the client.
#[derive(Debug, Default)]
pub(crate) struct Questions(Mutex<Option<Box<Pending>>>);

#[derive(Debug, Default)]
struct Pending {
    next: i64,
    /// Nobody will answer any more.
    closed: bool,
    replies: HashMap<i64, Asked>,
}

/// A question as it was put, before it was made to fit the revision.
#[derive(Debug)]
struct Asked {
    version: ProtocolVersion,
    method: String,
    params: Value,
    reply: Reply,
}

impl Questions {
    /// Registers a question; yields the frame to send.
    pub(crate) fn ask(&self, version: ProtocolVersion, question: Question) -> Vec<u8> {
        let request = serde_json::to_value(&question.request).unwrap_or_default();
        let method = request.get("method").and_then(|m| m.as_str()).unwrap_or_default().to_owned();
        let params = request.get("params").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        let mut guard = self.0.lock();
        let pending = guard.get_or_insert_default();
        pending.next += 1;
        let id = pending.next;
        if !pending.closed {
            let asked =
                Asked { version, method: method.clone(), params: params.clone(), reply: question.reply };
            pending.replies.insert(id, asked);
        }
        drop(guard);
        let params = compat::downgrade_input_request(version, &method, params, &id.to_string());
        let mut frame = br#"{"jsonrpc":"2.0","id":"#.to_vec();
        json::write(&mut frame, &id);
        frame.extend_from_slice(br#","method":"#);
        json::write_str(&mut frame, &method);
        frame.extend_from_slice(br#","params":"#);
        json::write(&mut frame, &params);
        frame.push(b'}');
        frame
    }

    /// Forgets what was asked, now and from now on: the client is gone. Replies hold on to their calls,
    /// and those to their connection.
    pub(crate) fn close(&self) {
        let mut guard = self.0.lock();
        let pending = guard.get_or_insert_default();
        pending.closed = true;
        let forgotten = std::mem::take(&mut pending.replies);
        drop(guard);
        drop(forgotten);
    }

    /// Delivers an answer; returns whether somebody waits for it.
    pub(crate) fn answer(&self, id: &RequestId, outcome: Result<RawJson, RpcError>) -> bool {
        let RequestId::Number(id) = id else { return false };
        let reply = self.0.lock().as_mut().and_then(|pending| pending.replies.remove(id));
        let Some(Asked { version, method, params, reply }) = reply else { return false };
        reply.answer(outcome.map(|raw| {
            let value = raw.to_value().unwrap_or_default();
            RawJson::from(compat::upgrade_input_response(version, &method, &params, value))
        }));
        true
    }
}
