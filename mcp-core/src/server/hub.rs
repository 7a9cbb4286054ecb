//! Who wants to know when something changes.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use indexmap::{IndexMap, IndexSet};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::demand::Demand;
use crate::protocol::{Method, json};
use crate::service::Notification;

/// Something changed that clients may listen for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Change {
    /// The list of tools.
    Tools,
    /// The list of prompts.
    Prompts,
    /// The list of resources or templates.
    Resources,
    /// What a resource holds.
    ResourceUpdated(String),
    /// Something of an extension: those who listen for the topic get the notification.
    Topic {
        /// What it is about, e.g. a task's identifier with the extension's prefix.
        topic: String,
        /// What they get.
        notification: Notification,
    },
}

/// What a subscriber wants to know.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) tools: bool,
    pub(crate) prompts: bool,
    pub(crate) resources: bool,
    pub(crate) uris: HashSet<String>,
    pub(crate) topics: HashSet<String>,
}

/// Changes that wait to be told. They coalesce: a slow subscriber hears once that the tools
/// changed, however often they did, so what waits is bounded by what is wanted.
#[derive(Debug, Default)]
struct Waiting {
    tools: bool,
    prompts: bool,
    resources: bool,
    uris: IndexSet<String>,
    topics: IndexMap<String, Notification>,
}

/// One who wants to know. Dropping it ends the subscription.
#[derive(Debug)]
pub(crate) struct Subscriber {
    wanted: Wanted,
    waiting: Mutex<Waiting>,
    notify: Notify,
    demand: Arc<Demand>,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        if !self.wanted.uris.is_empty() {
            self.demand.change();
        }
    }
}

impl Subscriber {
    fn offer(&self, change: &Change) {
        let wanted = &self.wanted;
        let mut waiting = self.waiting.lock();
        let fresh = match change {
            Change::Tools => wanted.tools && !std::mem::replace(&mut waiting.tools, wanted.tools),
            Change::Prompts => wanted.prompts && !std::mem::replace(&mut waiting.prompts, wanted.prompts),
            Change::Resources => {
                wanted.resources && !std::mem::replace(&mut waiting.resources, wanted.resources)
            }
            Change::ResourceUpdated(uri) => wanted.uris.contains(uri) && waiting.uris.insert(uri.clone()),
            Change::Topic { topic, notification } => {
                let wants = wanted.topics.contains(topic);
                if wants {
                    waiting.topics.insert(topic.clone(), notification.clone());
                }
                wants
            }
        };
        if fresh {
            self.notify.notify_one();
        }
    }

    /// The changes since this was last called; waits until there are some.
    ///
    /// # Cancel safety
    /// Nothing is lost when the future is dropped.
    pub(crate) async fn changes(&self) -> Vec<Notification> {
        loop {
            let waiting = std::mem::take(&mut *self.waiting.lock());
            let told = waiting.into_notifications();
            if !told.is_empty() {
                return told;
            }
            self.notify.notified().await;
        }
    }
}

impl Waiting {
    fn into_notifications(self) -> Vec<Notification> {
        let plain =
            |name: &str| Notification { method: Method::parse(name), params: Bytes::from_static(b"{}") };
        let mut out = Vec::new();
        let lists = [
            (self.tools, "notifications/tools/list_changed"),
            (self.prompts, "notifications/prompts/list_changed"),
            (self.resources, "notifications/resources/list_changed"),
        ];
        out.extend(lists.into_iter().filter(|(changed, _)| *changed).map(|(_, name)| plain(name)));
        out.extend(self.uris.into_iter().map(|uri| {
            let mut params = br#"{"uri":"#.to_vec();
            json::write_str(&mut params, &uri);
            params.push(b'}');
            Notification { params: params.into(), ..plain("notifications/resources/updated") }
        }));
        out.extend(self.topics.into_values());
        out
    }
}

/// Called at every change, as long as it answers true.
pub(crate) type OnChange = Box<dyn Fn(&Change) -> bool + Send + Sync>;

/// Tells subscribers what changes.
#[derive(Default)]
pub(crate) struct Hub {
    subscribers: Mutex<Vec<Weak<Subscriber>>>,
    followers: Mutex<Vec<Arc<OnChange>>>,
    demand: Arc<Demand>,
}

impl Hub {
    pub(crate) fn subscribe(&self, wanted: Wanted) -> Arc<Subscriber> {
        let wants_uris = !wanted.uris.is_empty();
        let demand = Arc::clone(&self.demand);
        let subscriber =
            Arc::new(Subscriber { wanted, waiting: Mutex::default(), notify: Notify::new(), demand });
        let mut all = self.subscribers.lock();
        // Sweep the gone when the list would grow: the cost is spread over subscriptions.
        if all.len() == all.capacity() {
            all.retain(|weak| weak.strong_count() > 0);
        }
        all.push(Arc::downgrade(&subscriber));
        drop(all);
        if wants_uris {
            self.demand.change();
        }
        subscriber
    }

    /// The resources that subscribers want to hear of, here and where this server is mounted.
    pub(crate) fn wanted_uris(&self) -> BTreeSet<String> {
        let mut all = self.demand.outer();
        for subscriber in self.subscribers.lock().iter().filter_map(Weak::upgrade) {
            all.extend(subscriber.wanted.uris.iter().cloned());
        }
        all
    }

    /// What is wanted, as something that can be watched.
    pub(crate) const fn demand(&self) -> &Arc<Demand> {
        &self.demand
    }

    pub(crate) fn publish(&self, change: &Change) {
        for subscriber in self.subscribers.lock().iter().filter_map(Weak::upgrade) {
            subscriber.offer(change);
        }
        // Followers may publish themselves: no lock is held while they run.
        let followers = self.followers.lock().clone();
        for follower in followers {
            if !follower(change) {
                self.followers.lock().retain(|other| !Arc::ptr_eq(other, &follower));
            }
        }
    }

    pub(crate) fn on_change(&self, follower: OnChange) {
        self.followers.lock().push(Arc::new(follower));
    }
}
