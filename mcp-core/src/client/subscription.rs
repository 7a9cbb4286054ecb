//! Being told of changes.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use serde_json::json;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::connection::{Link, Watch};
use super::draft::Replies;
use super::{Draft, Error, ServerNotification};
use crate::protocol::{Method, SubscriptionFilter};

/// Changes that may wait to be read before some are merged into [`Change::Missed`].
const QUEUE: usize = 256;
/// How long to wait before a broken subscription is opened again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// Something changed on the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources.
    Resources,
    /// The resource with this URI.
    Resource(String),
    /// The subscription was interrupted: anything may have changed meanwhile.
    Missed,
}

/// A stream of changes. It opens itself anew when the connection breaks; dropping it ends it.
#[must_use = "it ends when it is dropped"]
pub struct Subscription {
    changes: mpsc::Receiver<Change>,
    honoured: SubscriptionFilter,
    task: JoinHandle<()>,
}

impl Subscription {
    /// The next change; none when the server ended the subscription for good.
    pub async fn next(&mut self) -> Option<Change> {
        self.changes.recv().await
    }

    /// What the server will tell of: perhaps less than was asked for.
    #[must_use]
    pub const fn honoured(&self) -> &SubscriptionFilter {
        &self.honoured
    }
}

impl Stream for Subscription {
    type Item = Change;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        self.changes.poll_recv(cx)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens a subscription and waits until the server has taken it.
pub(crate) async fn listen(
    link: &Arc<Link>,
    filter: SubscriptionFilter,
    patience: Option<Duration>,
) -> Result<Subscription, Error> {
    let modern = link.connection().await?.server.version.is_modern();
    let (tx, changes) = mpsc::channel(QUEUE);
    let (ready, taken) = oneshot::channel();
    let link = Arc::clone(link);
    let task = tokio::spawn(async move {
        if modern {
            stay_modern(&link, &filter, &tx, ready).await;
        } else {
            stay_in_session(&link, &filter, &tx, ready).await;
        }
    });
    let wait = async { taken.await.unwrap_or_else(|_| Err(refused("the server ended it at once"))) };
    let honoured = match patience {
        Some(after) => tokio::time::timeout(after, wait)
            .await
            .unwrap_or(Err(Error::Timeout { method: Method::Listen, after })),
        None => wait.await,
    };
    match honoured {
        Ok(honoured) => Ok(Subscription { changes, honoured, task }),
        Err(error) => {
            task.abort();
            Err(error)
        }
    }
}

type Ready = oneshot::Sender<Result<SubscriptionFilter, Error>>;

fn refused(problem: &str) -> Error {
    Error::Malformed { method: Method::Listen, problem: problem.to_owned() }
}

/// Keeps a `subscriptions/listen` request open (2026-07-28).
async fn stay_modern(link: &Link, filter: &SubscriptionFilter, changes: &mpsc::Sender<Change>, ready: Ready) {
    let Ok(draft) = Draft::new(Method::Listen, &json!({ "notifications": filter })) else { return };
    let ready = Arc::new(parking_lot::Mutex::new(Some(ready)));
    let mut pause = PAUSES.0;
    loop {
        let (tx, first) = (changes.clone(), Arc::clone(&ready));
        let opened = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let acknowledged = Arc::clone(&opened);
        let route = move |notification: &ServerNotification| {
            if notification.method.as_str() == "notifications/subscriptions/acknowledged" {
                acknowledged.store(true, std::sync::atomic::Ordering::Relaxed);
                let honoured = notification.params.get("notifications").unwrap_or("{}");
                let honoured = serde_json::from_str(honoured).unwrap_or_default();
                match first.lock().take() {
                    Some(ready) => drop(ready.send(Ok(honoured))),
                    None => tell(&tx, Change::Missed),
                }
            } else if let Some(change) = change(notification) {
                tell(&tx, change);
            }
        };
        let watch = Watch { route: Some(Arc::new(route)), patience: None };
        let outcome = link.exchange(&draft, &Replies::default(), &watch).await;
        match outcome {
            Err(error) if !error.is_broken() || ready.lock().is_some() => {
                if let Some(ready) = ready.lock().take() {
                    _ = ready.send(Err(error));
                } else {
                    tracing::warn!(%error, "a subscription ended");
                }
                return;
            }
            // A server that shuts down says good-bye; another one may take its place.
            Ok(_) | Err(_) => {}
        }
        if opened.load(std::sync::atomic::Ordering::Relaxed) {
            pause = PAUSES.0;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Picks what was asked for from the stream of a session (until 2025-11-25).
async fn stay_in_session(
    link: &Link,
    filter: &SubscriptionFilter,
    changes: &mpsc::Sender<Change>,
    ready: Ready,
) {
    let mut all = link.inbox.changes.subscribe();
    let mut generation = link.generation.subscribe();
    generation.mark_unchanged();
    let taken = subscribe(link, filter).await.map(|()| filter.clone());
    let failed = taken.is_err();
    if ready.send(taken).is_err() || failed {
        return;
    }
    loop {
        tokio::select! {
            notification = all.recv() => match notification {
                Ok(notification) => {
                    if let Some(change) = change(&notification).filter(|change| wants(filter, change)) {
                        tell(changes, change);
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => tell(changes, Change::Missed),
                Err(broadcast::error::RecvError::Closed) => return,
            },
            renewed = generation.changed() => {
                if renewed.is_err() {
                    return;
                }
                if let Err(error) = subscribe(link, filter).await {
                    tracing::warn!(%error, "a subscription could not be renewed");
                }
                tell(changes, Change::Missed);
            }
        }
    }
}

async fn subscribe(link: &Link, filter: &SubscriptionFilter) -> Result<(), Error> {
    for uri in &filter.resource_subscriptions {
        let draft = Draft::new(Method::ResourcesSubscribe, &json!({ "uri": uri }))?;
        link.exchange(&draft, &Replies::default(), &Watch::default()).await?;
    }
    Ok(())
}

fn wants(filter: &SubscriptionFilter, change: &Change) -> bool {
    match change {
        Change::Tools => filter.tools_list_changed,
        Change::Prompts => filter.prompts_list_changed,
        Change::Resources => filter.resources_list_changed,
        Change::Resource(uri) => filter.resource_subscriptions.contains(uri),
        Change::Missed => true,
    }
}

fn change(notification: &ServerNotification) -> Option<Change> {
    match notification.method.as_str() {
        "notifications/tools/list_changed" => Some(Change::Tools),
        "notifications/prompts/list_changed" => Some(Change::Prompts),
        "notifications/resources/list_changed" => Some(Change::Resources),
        "notifications/resources/updated" => {
            Some(Change::Resource(notification.params.get_str("uri")?.into_owned()))
        }
        _ => None,
    }
}

fn tell(changes: &mpsc::Sender<Change>, change: Change) {
    // The last place is kept for the news that there was more.
    if changes.capacity() > 1 {
        _ = changes.try_send(change);
    } else if changes.capacity() == 1 {
        _ = changes.try_send(Change::Missed);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("honoured", &self.honoured).finish_non_exhaustive()
    }
}
