//! What came from the server.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, oneshot};

use super::answers::Answers;
use crate::protocol::{ErrorCode, RpcError};

/// A notification from the server.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Notification {
    /// What happened.
    pub method: String,
    /// Details.
    pub params: Value,
}

pub(crate) type Outcome = Result<Value, RpcError>;

/// Frames from the server, sorted.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    arrived: Notify,
    pub(crate) answers: Answers,
}

#[derive(Debug, Default)]
struct State {
    waiting: HashMap<i64, oneshot::Sender<Outcome>>,
    notifications: VecDeque<Notification>,
    strays: VecDeque<Value>,
    questions: Vec<Value>,
}

impl Inbox {
    /// Waits for the answer to a request.
    pub(crate) fn expect(&self, id: i64) -> oneshot::Receiver<Outcome> {
        let (tx, rx) = oneshot::channel();
        self.state.lock().waiting.insert(id, tx);
        rx
    }

    /// Takes frames until the server closes, answering what it asks.
    pub(crate) async fn fill(&self, mut frames: mpsc::UnboundedReceiver<Bytes>, tx: mpsc::Sender<Bytes>) {
        while let Some(frame) = frames.recv().await {
            let frame = serde_json::from_slice(&frame).unwrap_or_else(|error| {
                super::fail(format!("the server sent something that is no JSON: {error}: {frame:?}"))
            });
            if let Some(answer) = self.take(frame)
                && tx.send(answer.to_string().into()).await.is_err()
            {
                break;
            }
        }
        // Whoever still waits learns that nothing will come.
        self.state.lock().waiting.clear();
    }

    /// Sorts a frame; yields the answer if it is a question.
    fn take(&self, frame: Value) -> Option<Value> {
        let mut state = self.state.lock();
        let id = frame.get("id").cloned();
        let method = frame.get("method").and_then(Value::as_str).map(str::to_owned);
        match (method, id) {
            (Some(_), Some(id)) => {
                state.questions.push(frame.clone());
                drop(state);
                return Some(match self.answers.find(None, &frame) {
                    Some(answer) => json!({ "jsonrpc": "2.0", "id": id, "result": answer }),
                    None => {
                        let error =
                            RpcError::new(ErrorCode::METHOD_NOT_FOUND, "the test has no answer to this");
                        json!({ "jsonrpc": "2.0", "id": id, "error": error })
                    }
                });
            }
            (Some(method), None) => {
                let params = frame.get("params").cloned().unwrap_or_default();
                state.notifications.push_back(Notification { method, params });
            }
            (None, id) => {
                let waiting = id.as_ref().and_then(Value::as_i64).and_then(|id| state.waiting.remove(&id));
                match (waiting, outcome(&frame)) {
                    // The test may have lost interest.
                    (Some(waiting), Some(outcome)) => drop(waiting.send(outcome)),
                    _ => state.strays.push_back(frame),
                }
            }
        }
        drop(state);
        self.arrived.notify_waiters();
        None
    }

    /// Remembers what an `input_required` result asks.
    pub(crate) fn asked(&self, result: &Value) {
        let questions = result.get("inputRequests").and_then(Value::as_object);
        self.state.lock().questions.extend(questions.into_iter().flat_map(|all| all.values().cloned()));
    }

    pub(crate) fn questions(&self) -> Vec<Value> {
        self.state.lock().questions.clone()
    }

    /// Takes the first notification that passes; waits for one.
    pub(crate) async fn notification(&self, wanted: impl Fn(&Notification) -> bool) -> Notification {
        self.wait(|state| {
            let at = state.notifications.iter().position(&wanted)?;
            state.notifications.remove(at)
        })
        .await
    }

    /// Takes notifications that are there already.
    pub(crate) fn notifications(&self) -> Vec<Notification> {
        self.state.lock().notifications.drain(..).collect()
    }

    /// Takes a frame that answers no request of the client; waits for one.
    pub(crate) async fn stray(&self) -> Value {
        self.wait(|state| state.strays.pop_front()).await
    }

    async fn wait<T>(&self, mut take: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let mut arrived = std::pin::pin!(self.arrived.notified());
            // From here on no arrival is missed.
            arrived.as_mut().enable();
            if let Some(found) = take(&mut self.state.lock()) {
                return found;
            }
            arrived.await;
        }
    }
}

/// What a response holds; none where it is malformed.
fn outcome(frame: &Value) -> Option<Outcome> {
    match (frame.get("result"), frame.get("error")) {
        (Some(result), None) => Some(Ok(result.clone())),
        (None, Some(error)) => serde_json::from_value(error.clone()).ok().map(Err),
        _ => None,
    }
}
