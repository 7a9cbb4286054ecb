//! What a session watches for its client: lists, and the resources it subscribed to.

use indexmap::IndexSet;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::protocol::{ErrorCode, RpcError};

/// Resources one session may subscribe to.
const LIMIT: usize = 1000;

/// One thing to listen for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Topic {
    /// Changes of the lists.
    Lists,
    /// Changes of a resource.
    Resource(String),
}

/// The resources that a client subscribed to, and a signal when that changes.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    state: Mutex<State>,
    changed: Notify,
    followed: Notify,
}

#[derive(Debug, Default)]
struct State {
    uris: IndexSet<String>,
    /// How often the topics changed, and up to which change the listener follows.
    changes: u64,
    followed: u64,
    /// Listeners that are there.
    listeners: usize,
}

impl Watch {
    pub(crate) fn add(&self, uri: String) -> Result<(), RpcError> {
        let mut state = self.state.lock();
        if state.uris.len() >= LIMIT && !state.uris.contains(&uri) {
            let message = format!("a session can subscribe to {LIMIT} resources at most");
            return Err(RpcError::new(ErrorCode::OVERLOADED, message));
        }
        state.uris.insert(uri);
        state.changes += 1;
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    pub(crate) fn remove(&self, uri: &str) {
        let mut state = self.state.lock();
        state.uris.shift_remove(uri);
        state.changes += 1;
        drop(state);
        self.changed.notify_one();
    }

    /// Everything to listen for now, and the number of the change that made it so.
    pub(crate) fn topics(&self) -> (Vec<Topic>, u64) {
        let state = self.state.lock();
        let topics = std::iter::once(Topic::Lists).chain(state.uris.iter().cloned().map(Topic::Resource));
        (topics.collect(), state.changes)
    }

    /// A listener came (true) or went.
    pub(crate) fn listens(&self, here: bool) {
        let mut state = self.state.lock();
        state.listeners = if here { state.listeners + 1 } else { state.listeners.saturating_sub(1) };
        drop(state);
        self.followed.notify_waiters();
    }

    /// The listener follows up to this change.
    pub(crate) fn follows(&self, change: u64) {
        let mut state = self.state.lock();
        state.followed = state.followed.max(change);
        drop(state);
        self.followed.notify_waiters();
    }

    /// Waits until the listener, if there is one, follows every change so far: from then on no
    /// update is missed.
    pub(crate) async fn settled(&self) {
        let change = self.state.lock().changes;
        loop {
            let followed = self.followed.notified();
            let mut followed = std::pin::pin!(followed);
            followed.as_mut().enable();
            {
                let state = self.state.lock();
                if state.listeners == 0 || state.followed >= change {
                    return;
                }
            }
            followed.await;
        }
    }

    /// Waits until the topics change.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}
