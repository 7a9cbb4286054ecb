//! Subscriptions.

use serde_json::{Value, json};

use super::{Notification, Pending, TestClient, fail};
use crate::protocol::{RpcError, SubscriptionFilter, meta};

const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// A subscription that is open.
#[derive(Debug)]
pub struct Listening {
    client: TestClient,
    /// The request that stays open; none on sessions of old revisions.
    request: Option<Pending>,
    /// What the server acknowledged.
    honoured: Value,
}

impl TestClient {
    /// Listens for changes. On old sessions, which hear of lists anyway, it subscribes to the
    /// resources that the filter names.
    ///
    /// # Errors
    /// The server refused.
    ///
    /// # Panics
    /// The server does not acknowledge.
    pub async fn listen(&self, filter: SubscriptionFilter) -> Result<Listening, RpcError> {
        let client = self.clone();
        if !self.version().is_modern() {
            for uri in &filter.resource_subscriptions {
                self.request("resources/subscribe", json!({ "uri": uri })).await?;
            }
            return Ok(Listening { client, request: None, honoured: Value::Null });
        }
        let mut request = self.start("subscriptions/listen", json!({ "notifications": filter })).await;
        let id = json!(request.id());
        let acknowledged = self.inbox().notification(|n| n.method == ACKNOWLEDGED && belongs(n, &id));
        let what = "the acknowledgement of a subscription";
        let honoured = tokio::select! {
            biased;
            mut acknowledged = self.wait(what, acknowledged) => acknowledged.params["notifications"].take(),
            outcome = request.outcome() => match outcome {
                Ok(result) => fail(format!("the subscription ended without a beginning: {result}")),
                Err(error) => return Err(error),
            },
        };
        Ok(Listening { client, request: Some(request), honoured })
    }
}

impl Listening {
    /// What of the filter the server acknowledged; null on old sessions.
    #[must_use]
    pub const fn honoured(&self) -> &Value {
        &self.honoured
    }

    /// Waits for the next change.
    ///
    /// # Panics
    /// None comes within the client's patience.
    pub async fn next(&self) -> Notification {
        let id = self.request.as_ref().map(|request| json!(request.id()));
        let next = self.client.inbox().notification(|n| id.as_ref().is_none_or(|id| belongs(n, id)));
        self.client.wait("a change", next).await
    }

    /// Ends the subscription.
    pub async fn cancel(self) {
        if let Some(request) = self.request {
            self.client.cancel(request.id()).await;
        }
    }

    /// Waits until the server ends the subscription; yields its last word, null on old sessions.
    ///
    /// # Errors
    /// The server ended it with an error.
    ///
    /// # Panics
    /// It does not end within the client's patience.
    pub async fn ended(self) -> Result<Value, RpcError> {
        match self.request {
            Some(request) => request.response().await,
            None => Ok(Value::Null),
        }
    }
}

fn belongs(notification: &Notification, id: &Value) -> bool {
    notification.params.get("_meta").and_then(|meta| meta.get(meta::SUBSCRIPTION_ID)) == Some(id)
}
