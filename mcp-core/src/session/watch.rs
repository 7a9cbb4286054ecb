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
    uris: Mutex<IndexSet<String>>,
    changed: Notify,
}

impl Watch {
    pub(crate) fn add(&self, uri: String) -> Result<(), RpcError> {
        let mut uris = self.uris.lock();
        if uris.len() >= LIMIT && !uris.contains(&uri) {
            let message = format!("a session can subscribe to {LIMIT} resources at most");
            return Err(RpcError::new(ErrorCode::OVERLOADED, message));
        }
        uris.insert(uri);
        drop(uris);
        self.changed.notify_one();
        Ok(())
    }

    pub(crate) fn remove(&self, uri: &str) {
        self.uris.lock().shift_remove(uri);
        self.changed.notify_one();
    }

    /// Everything to listen for now.
    pub(crate) fn topics(&self) -> Vec<Topic> {
        let uris = self.uris.lock();
        std::iter::once(Topic::Lists).chain(uris.iter().cloned().map(Topic::Resource)).collect()
    }

    /// Waits until the topics change.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}
