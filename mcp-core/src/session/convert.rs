//! Answers and notifications of the newest revision, for clients of older ones.

use bytes::Bytes;
use indexmap::IndexMap;
use parking_lot::Mutex;
use serde_json::Value;

use crate::protocol::{Method, ProtocolVersion, RawJson, compat};
use crate::service::{Notification, Outcome, Response};

/// Lists that were converted already. Bounded; lists change rarely and many ask for them.
#[derive(Debug, Default)]
pub(crate) struct Downgrades(Mutex<IndexMap<(ProtocolVersion, u64), Bytes>>);

const LIMIT: usize = 64;

impl Downgrades {
    /// Turns an answer into what `version` knows.
    pub(crate) fn apply(&self, version: ProtocolVersion, method: &Method, response: Response) -> Response {
        let key = response.shared.map(|shared| (version, shared));
        if let Some(known) = key.and_then(|key| self.0.lock().get(&key).cloned()) {
            return Response::result(known);
        }
        match response.outcome {
            Outcome::Result(result) => {
                let Ok(value) = serde_json::from_slice::<Value>(&result) else {
                    return Response::result(result);
                };
                let value = compat::downgrade_result(version, method.as_str(), value);
                let converted = match method {
                    Method::ToolsList => schemas_kept(&result, &value),
                    _ => Bytes::from(value.to_string()),
                };
                if let Some(key) = key {
                    let mut known = self.0.lock();
                    if known.len() >= LIMIT {
                        known.swap_remove_index(0);
                    }
                    known.insert(key, converted.clone());
                }
                Response::result(converted)
            }
            Outcome::Error(mut error) => {
                // Of the invalid parameters, only a resource that is not there names a URI.
                if error.data.as_ref().is_some_and(|data| data.get("uri").is_some()) {
                    error.code.0 = compat::downgrade_error(version, method.as_str(), error.code.0);
                }
                Response::error(error)
            }
            outcome @ (Outcome::Accepted | Outcome::Open(_)) => Response { outcome, shared: None },
        }
    }
}

/// A notification as `version` knows it; none where it has no such thing.
pub(crate) fn downgrade_notification(
    version: ProtocolVersion,
    notification: Notification,
) -> Option<Notification> {
    // The hot ones are the same in all revisions.
    if matches!(notification.method, Method::Progress | Method::LogMessage) {
        return Some(notification);
    }
    if notification.method.as_str() == "notifications/subscriptions/acknowledged" {
        return None;
    }
    let params = serde_json::from_slice(&notification.params).ok()?;
    let params = compat::downgrade_notification(version, notification.method.as_str(), params);
    Some(Notification { method: notification.method, params: params.to_string().into() })
}

/// The list of tools, each schema in the spelling in which its author wrote it unless the older
/// revision wants another schema.
fn schemas_kept(original: &[u8], converted: &Value) -> Bytes {
    #[derive(serde::Deserialize)]
    struct Tools {
        tools: Vec<IndexMap<String, RawJson>>,
    }
    let text = converted.to_string();
    let (Ok(original), Ok(mut list)) =
        (serde_json::from_slice::<Tools>(original), serde_json::from_str::<IndexMap<String, RawJson>>(&text))
    else {
        return text.into();
    };
    let Some(Value::Array(converted)) = converted.get("tools").cloned() else { return text.into() };
    let tools = converted.into_iter().zip(original.tools).map(|(converted, original)| {
        let Value::Object(members) = converted else { return RawJson::from(converted) };
        let members = members.into_iter().map(|(name, value)| {
            let kept =
                original.get(&name).filter(|raw| raw.to_value().is_ok_and(|original| original == value));
            let kept = kept.cloned();
            (name, kept.unwrap_or_else(|| RawJson::from(value)))
        });
        RawJson::from_serialize(&members.collect::<IndexMap<_, _>>()).unwrap_or_default()
    });
    let Ok(tools) = RawJson::from_serialize(&tools.collect::<Vec<_>>()) else { return text.into() };
    list.insert("tools".into(), tools);
    serde_json::to_vec(&list).map_or_else(|_| text.into(), Bytes::from)
}
