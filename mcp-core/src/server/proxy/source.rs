//! Where the upstream is.

use std::future::Future;

use crate::client::{Client, Error, PoolError, PooledClient, Subscription};
use crate::protocol::SubscriptionFilter;

/// A client of our own, or one of a pool.
#[derive(Clone)]
pub(super) enum Source {
    Client(Client),
    Pooled(PooledClient),
}

/// Tells when another server has taken the place of the upstream.
pub(super) struct Moves {
    client: Option<PooledClient>,
    stood_for: Option<u64>,
}

impl Source {
    /// Does something with the client.
    pub(super) async fn run<T, F>(&self, work: impl FnOnce(Client) -> F) -> Result<T, PoolError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        match self {
            Self::Client(client) => work(client.clone()).await.map_err(failed),
            Self::Pooled(client) => client.run(work).await,
        }
    }

    /// Asks to be told of changes.
    pub(super) async fn listen(&self, filter: SubscriptionFilter) -> Result<Subscription, PoolError> {
        match self {
            Self::Client(client) => client.listen(filter).await.map_err(failed),
            Self::Pooled(client) => client.listen(filter).await,
        }
    }

    pub(super) fn moves(&self) -> Moves {
        let client = if let Self::Pooled(client) = self { Some(client.clone()) } else { None };
        Moves { stood_for: client.as_ref().and_then(PooledClient::stands_for), client }
    }
}

fn failed(error: Error) -> PoolError {
    PoolError::Client { name: "upstream".to_owned(), source: Box::new(error) }
}

impl Moves {
    /// Waits until another server has taken the place.
    pub(super) async fn next(&self) {
        let Some(client) = &self.client else { return std::future::pending().await };
        let mut generation = client.generation();
        loop {
            generation.borrow_and_update();
            if client.stands_for() != self.stood_for {
                return;
            }
            if generation.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}
