//! Addresses that a person must have been to before a request can be served (-32042, 2025-11-25).

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::connection::{Link, Watch};
use super::draft::Replies;
use super::handlers::{ServerNotification, UrlQuestion};
use super::{Draft, Error};
use crate::protocol::{ElicitAction, ErrorCode, RpcError};

/// Servers need not tell when a person has been there: so long is waited before the request is tried again.
const RECHECK: Duration = Duration::from_secs(10);
/// How long a person may take, unless the call has a time-out of its own.
const PATIENCE: Duration = Duration::from_secs(300);

/// The `data` of the error.
#[derive(Deserialize)]
struct Demand {
    elicitations: Vec<Address>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Address {
    elicitation_id: String,
    url: String,
    message: String,
}

/// Whether an error says that a person must go somewhere first.
pub(super) fn is_demanded(error: &RpcError) -> bool {
    error.code == ErrorCode::URL_ELICITATION_REQUIRED
}

impl Link {
    /// Sends the person where the server wants them, and the request again until it is served. The error
    /// stands where the person says no, takes too long, or nobody can be asked.
    pub(super) async fn after_visits(
        &self,
        draft: &Draft,
        mut error: RpcError,
        watch: &Watch,
    ) -> Result<Bytes, Error> {
        let until = Instant::now() + watch.patience.unwrap_or(PATIENCE);
        let mut asked = HashSet::new();
        // Before anybody is asked: the news that they have been there may come quickly.
        let mut news = self.inbox.changes.subscribe();
        loop {
            if !self.visit(&error, &mut asked, &mut news, until).await? {
                return Err(error.into());
            }
            match self.exchange(draft, &Replies::default(), watch).await {
                Err(Error::Rpc(again)) if is_demanded(&again) => error = again,
                outcome => return outcome,
            }
        }
    }

    /// Asks the person to go to the addresses that are new, and waits for the news that they have been
    /// there. Whether the request is worth another try.
    async fn visit(
        &self,
        error: &RpcError,
        asked: &mut HashSet<String>,
        news: &mut broadcast::Receiver<ServerNotification>,
        until: Instant,
    ) -> Result<bool, Error> {
        let demand = error.data.as_ref().and_then(|data| Demand::deserialize(data).ok());
        let Some(addresses) = demand.map(|demand| demand.elicitations).filter(|all| !all.is_empty()) else {
            return Ok(false);
        };
        let Some(handler) = &self.inbox.handlers.url else { return Ok(false) };
        let mut open: HashSet<_> = addresses.iter().map(|address| address.elicitation_id.clone()).collect();
        for Address { elicitation_id, url, message } in addresses {
            if asked.insert(elicitation_id)
                && handler(UrlQuestion { message, url }).await.map_err(Error::Handler)?
                    != ElicitAction::Accept
            {
                return Ok(false);
            }
        }
        let recheck = until.min(Instant::now() + RECHECK);
        while !open.is_empty() {
            match tokio::time::timeout_at(recheck, news.recv()).await {
                Ok(Ok(told)) if told.method.as_str() == "notifications/elicitation/complete" => {
                    if let Some(id) = told.params.get_str("elicitationId") {
                        open.remove(id.as_ref());
                    }
                }
                Ok(Ok(_)) => {}
                // Some news was missed, or there will be none: the server knows best.
                Ok(Err(_)) => break,
                Err(_) => return Ok(Instant::now() < until),
            }
        }
        Ok(true)
    }
}
