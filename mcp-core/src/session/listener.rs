//! Listens for a session: one subscription per topic, adjusted as the client subscribes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use indexmap::IndexMap;

use super::Session;
use super::watch::Topic;
use crate::service::{Outcome, Response, ResponseFuture, SharedOutbound};

/// Runs the subscriptions of a session until the server ends them. Dropping it ends them too.
pub(crate) struct Listener {
    session: Arc<Session>,
    outbound: SharedOutbound,
    open: IndexMap<Topic, ResponseFuture>,
    changed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    /// The change up to which the topics are open.
    follows: u64,
}

impl Listener {
    pub(crate) fn new(session: Arc<Session>, outbound: SharedOutbound) -> Self {
        session.watch().listens(true);
        let mut listener = Self { session, outbound, open: IndexMap::new(), changed: None, follows: 0 };
        listener.adjust();
        listener
    }

    /// Opens what is new before closing what is gone, so that no change falls between.
    fn adjust(&mut self) {
        let (topics, change) = self.session.watch().topics();
        self.follows = change;
        for topic in &topics {
            if !self.open.contains_key(topic) {
                let listening = self.session.listen(topic, Arc::clone(&self.outbound));
                self.open.insert(topic.clone(), listening);
            }
        }
        self.open.retain(|topic, _| topics.contains(topic));
    }
}

impl Future for Listener {
    type Output = ();

    /// Ready when the server ended every subscription.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            let session = Arc::clone(&this.session);
            let changed =
                this.changed.get_or_insert_with(|| Box::pin(async move { session.watch().changed().await }));
            if changed.as_mut().poll(cx).is_pending() {
                break;
            }
            this.changed = None;
            this.adjust();
        }
        this.open.retain(|topic, listening| match Pin::new(listening).poll(cx) {
            Poll::Pending => true,
            Poll::Ready(ended) => {
                if let Err(error) = ended.map_err(|error| error.to_string()).and_then(refusal) {
                    tracing::warn!(?topic, error, "a session cannot be told of changes");
                }
                false
            }
        });
        // Each is open once it was polled.
        this.session.watch().follows(this.follows);
        if this.open.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.session.watch().listens(false);
    }
}

/// Why a subscription was refused; one that ended well was not.
fn refusal(response: Response) -> Result<(), String> {
    match response.outcome {
        Outcome::Error(error) => Err(error.to_string()),
        _ => Ok(()),
    }
}
