//! Keeping a server in step with the upstream it stands for.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::source::Moves;
use super::tables::List;
use super::upstream::Upstream;
use crate::client::{Change, Client, Error, PoolError, Subscription};
use crate::protocol::SubscriptionFilter;
use crate::server::{Inner, Server};

/// How long to wait before an upstream is asked once more to tell of changes.
const PAUSE: Duration = Duration::from_secs(15);

/// Follows the upstream until the server shuts down.
pub(super) struct Follower {
    upstream: Arc<Upstream>,
    server: Weak<Inner>,
}

/// What is listened to.
struct Ears {
    subscription: Option<Subscription>,
    moves: Moves,
}

/// What was heard.
enum Heard {
    Change(Change),
    /// The subscription is over, or another server has taken the upstream's place.
    Anew,
}

impl Follower {
    /// Fills the server's tables and keeps them in step from then on.
    pub(super) async fn start(upstream: Arc<Upstream>, server: &Server) -> Result<(), PoolError> {
        let follower = Self { upstream, server: Arc::downgrade(&server.0) };
        // Listen before reading: a change is seen by one or the other, never by none.
        let ears = follower.listen().await?;
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
                Heard::Change(change) => {
                    let Some(lists) = lists(&change) else { continue };
                    if !self.refresh(lists).await {
                        return;
                    }
                }
                Heard::Anew => {
                    ears = self.listen_again().await;
                    if !self.refresh(&List::ALL).await {
                        return;
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

    async fn listen_again(&self) -> Ears {
        loop {
            match self.listen().await {
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

    async fn listen(&self) -> Result<Ears, PoolError> {
        let moves = self.upstream.source.moves();
        let about = self.upstream.source.run(async |client: Client| client.server().await).await?;
        let offered = &about.capabilities;
        let filter = SubscriptionFilter {
            tools_list_changed: offered.tools.is_some_and(|tools| tools.list_changed),
            prompts_list_changed: offered.prompts.is_some_and(|prompts| prompts.list_changed),
            resources_list_changed: offered.resources.is_some_and(|resources| resources.list_changed),
            ..SubscriptionFilter::default()
        };
        if filter.is_empty() {
            return Ok(Ears { subscription: None, moves });
        }
        match self.upstream.source.listen(filter).await {
            Ok(subscription) => Ok(Ears { subscription: Some(subscription), moves }),
            // It promised more than it keeps. That is no reason to do without its tools.
            Err(PoolError::Client { source, .. }) if matches!(*source, Error::Rpc(_)) => {
                Ok(Ears { subscription: None, moves })
            }
            Err(error) => Err(error),
        }
    }
}

impl Ears {
    async fn next(&mut self) -> Heard {
        let Some(subscription) = &mut self.subscription else {
            self.moves.next().await;
            return Heard::Anew;
        };
        tokio::select! {
            biased;
            () = self.moves.next() => Heard::Anew,
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
