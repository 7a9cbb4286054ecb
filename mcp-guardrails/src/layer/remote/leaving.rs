//! What leaves before the answer does: the server of rules is asked about each, in their order, while the call goes on.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use mcp_core::service::{Event, Notification, Outbound, Request, SharedOutbound};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::RemoteGuard;
use super::ask::Who;
use crate::layer::deed::Deed;

/// More notifications do not wait to be decided over; they are left out.
const WAITING: usize = 256;

/// The way out of one call.
pub(super) struct Leaving {
    /// Nothing once the call has its answer.
    queue: Mutex<Option<mpsc::Sender<Notification>>>,
    outbound: SharedOutbound,
}

impl Outbound for Leaving {
    fn send(&self, event: Event) {
        let Event::Notification(notification) = event else { return self.outbound.send(event) };
        let queue = self.queue.lock();
        if queue.as_ref().is_some_and(|queue| queue.try_send(notification).is_err()) {
            tracing::warn!(
                "guardrails: notifications come faster than they are decided over; one is left out"
            );
        }
    }
}

/// Runs a call with a way out of its own; what is not allowed does not leave. The answer comes after all that does.
pub(super) async fn watched<T, F: Future<Output = T>>(
    guard: &RemoteGuard,
    deed: &Deed,
    who: &Who,
    mut request: Request,
    act: impl FnOnce(Request) -> F,
) -> T {
    let Some(outbound) = request.outbound.take() else { return act(request).await };
    let (queue, mut waiting) = mpsc::channel::<Notification>(WAITING);
    let leaving = Arc::new(Leaving { queue: Mutex::new(Some(queue)), outbound: Arc::clone(&outbound) });
    request.outbound = Some(Arc::<Leaving>::clone(&leaving));
    let call = async {
        let done = act(request).await;
        leaving.queue.lock().take();
        done
    };
    let pass = async {
        while let Some(notification) = waiting.recv().await {
            let Ok(params) = serde_json::from_slice(&notification.params) else { continue };
            // It is no step of the session, as with rules in this process.
            let told = deed.after(Arc::new(params), notification.params.len());
            if guard.ask(&told, who, false).await.is_ok() {
                outbound.send(Event::Notification(notification));
            }
        }
    };
    both(call, pass).await
}

/// Runs two futures to their ends; the first one's is the result.
async fn both<T>(first: impl Future<Output = T>, second: impl Future<Output = ()>) -> T {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let (mut result, mut is_over) = (None, false);
    poll_fn(move |cx| {
        if result.is_none()
            && let Poll::Ready(done) = first.as_mut().poll(cx)
        {
            result = Some(done);
        }
        is_over = is_over || second.as_mut().poll(cx).is_ready();
        match result.take() {
            Some(done) if is_over => Poll::Ready(done),
            other => {
                result = other;
                Poll::Pending
            }
        }
    })
    .await
}
