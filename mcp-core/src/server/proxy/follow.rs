//! Keeping a server in step with the upstream it stands for.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::source::Moves;
use super::tables::List;
use super::upstream::Upstream;
use crate::client::{Change, Client, Error, PoolError, Subscription};
use crate::protocol::SubscriptionFilter;
use crate::server::{self, Inner, Server};

/// How long to wait before an upstream is asked once more to tell of changes.
const PAUSE: Duration = Duration::from_secs(15);

/// Resources of an upstream that are listened to at once; what is wanted beyond is not heard of.
const MOST_URIS: usize = 1000;

/// Follows the upstream until the server shuts down.
pub(super) struct Follower {
    upstream: Arc<Upstream>,
    server: Weak<Inner>,
}

/// What is listened to.
struct Ears {
    subscription: Option<Subscription>,
    moves: Moves,
    /// The resources of the upstream that somebody here wants to hear of.
    uris: BTreeSet<String>,
    demand: watch::Receiver<u64>,
}

/// What was heard.
enum Heard {
    Change(Change),
    /// The subscription is over, or another server has taken the upstream's place.
    Anew,
    /// Somebody may want to hear of other resources than before.
    Demand,
}

impl Follower {
    /// Fills the server's tables and keeps them in step from then on.
    pub(super) async fn start(upstream: Arc<Upstream>, server: &Server) -> Result<(), PoolError> {
        let follower = Self { upstream, server: Arc::downgrade(&server.0) };
        // Listen before reading: a change is seen by one or the other, never by none.
        let ears = follower.listen(BTreeSet::new(), server.hub().demand().changes()).await?;
        for list in List::ALL {
            follower.upstream.refresh(list, server).await?;
        }
        let shutdown = server.shutdown_token();
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = follower.follow(ears) => {}
            }
        });
        Ok(())
    }

    async fn follow(self, mut ears: Ears) {
        loop {
            match ears.next().await {
                Heard::Change(Change::Resource(uri)) => match self.server() {
                    Some(server) => server.publish(&server::Change::ResourceUpdated(uri)),
                    None => return,
                },
                Heard::Change(change) => {
                    let Some(lists) = lists(&change) else { continue };
                    if !self.refresh(lists).await {
                        return;
                    }
                    if change == Change::Missed {
                        self.tell_missed(&ears.uris);
                    }
                }
                Heard::Anew => {
                    let Some(wanted) = self.wanted() else { return };
                    let missed = ears.uris;
                    ears = self.listen_again(wanted, ears.demand).await;
                    if !self.refresh(&List::ALL).await {
                        return;
                    }
                    self.tell_missed(&missed);
                }
                Heard::Demand => {
                    let Some(wanted) = self.wanted() else { return };
                    if wanted != ears.uris {
                        // The new subscription is there before the old one goes: nothing is lost between.
                        match self.listen(wanted, ears.demand.clone()).await {
                            Ok(new) => ears = new,
                            Err(error) => {
                                let error = &error as &dyn std::error::Error;
                                tracing::warn!(error, "an upstream does not tell of its resources");
                            }
                        }
                    }
                }
            }
        }
    }

    /// Brings lists up to date; false when the server is gone.
    async fn refresh(&self, lists: &[List]) -> bool {
        for list in lists {
            let Some(server) = self.server.upgrade().map(|inner| Server(inner, None)) else { return false };
            if let Err(error) = self.upstream.refresh(*list, &server).await {
                tracing::warn!(
                    ?list,
                    error = &error as &dyn std::error::Error,
                    "a list of an upstream is stale"
                );
            }
        }
        true
    }

    fn server(&self) -> Option<Server> {
        self.server.upgrade().map(|inner| Server(inner, None))
    }

    /// The upstream's resources that somebody wants to hear of; none when the server is gone.
    fn wanted(&self) -> Option<BTreeSet<String>> {
        let server = self.server()?;
        let mut wanted = server.hub().wanted_uris();
        let catalog = server.catalog();
        wanted.retain(|uri| catalog.find_resource(uri).is_some());
        Some(wanted.into_iter().take(MOST_URIS).collect())
    }

    /// What nobody heard of may have changed.
    fn tell_missed(&self, uris: &BTreeSet<String>) {
        let Some(server) = self.server() else { return };
        for uri in uris {
            server.publish(&server::Change::ResourceUpdated(uri.clone()));
        }
    }

    async fn listen_again(&self, uris: BTreeSet<String>, demand: watch::Receiver<u64>) -> Ears {
        loop {
            match self.listen(uris.clone(), demand.clone()).await {
                Ok(ears) => return ears,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "an upstream cannot be listened to"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn listen(&self, uris: BTreeSet<String>, demand: watch::Receiver<u64>) -> Result<Ears, PoolError> {
        let moves = self.upstream.source.moves();
        let about = self.upstream.source.run(async |client: Client| client.server().await).await?;
        let offered = &about.capabilities;
        let filter = SubscriptionFilter {
            tools_list_changed: offered.tools.is_some_and(|tools| tools.list_changed),
            prompts_list_changed: offered.prompts.is_some_and(|prompts| prompts.list_changed),
            resources_list_changed: offered.resources.is_some_and(|resources| resources.list_changed),
            resource_subscriptions: if offered.resources.is_some_and(|resources| resources.subscribe) {
                uris.iter().cloned().collect()
            } else {
                Vec::new()
            },
            ..SubscriptionFilter::default()
        };
        if filter.is_empty() {
            return Ok(Ears { subscription: None, moves, uris, demand });
        }
        match self.upstream.source.listen(filter).await {
            Ok(subscription) => Ok(Ears { subscription: Some(subscription), moves, uris, demand }),
            // It promised more than it keeps. That is no reason to do without its tools.
            Err(PoolError::Client { source, .. }) if matches!(*source, Error::Rpc(_)) => {
                Ok(Ears { subscription: None, moves, uris, demand })
            }
            Err(error) => Err(error),
        }
    }
}

impl Ears {
    async fn next(&mut self) -> Heard {
        // The server's end shows at the next look at it.
        let Some(subscription) = &mut self.subscription else {
            return tokio::select! {
                () = self.moves.next() => Heard::Anew,
                () = changed(&mut self.demand) => Heard::Demand,
            };
        };
        tokio::select! {
            biased;
            () = self.moves.next() => Heard::Anew,
            () = changed(&mut self.demand) => Heard::Demand,
            change = subscription.next() => match change {
                Some(change) => Heard::Change(change),
                None => {
                    tokio::time::sleep(PAUSE).await;
                    Heard::Anew
                }
            },
        }
    }
}

/// Waits for a change; for ever if there will be none.
async fn changed(demand: &mut watch::Receiver<u64>) {
    if demand.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The lists that a change may have touched.
const fn lists(change: &Change) -> Option<&'static [List]> {
    match change {
        Change::Tools => Some(&[List::Tools]),
        Change::Prompts => Some(&[List::Prompts]),
        Change::Resources => Some(&[List::Resources]),
        Change::Missed => Some(&List::ALL),
        Change::Resource(_) => None,
    }
}
