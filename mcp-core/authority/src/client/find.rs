//! From an identifier to a client.

use super::{Client, Origin, Registration};
use crate::authority::Inner;
use crate::error::{Internal, Refusal};

/// Why there is no client.
#[derive(Debug)]
pub(crate) enum Unknown {
    /// Nobody has this identifier.
    Nobody,
    /// Its document cannot be used.
    Document(&'static str),
    /// We failed.
    Failed(Internal),
}

impl Unknown {
    pub(crate) fn refusal(self, basic: bool) -> Refusal {
        match self {
            Self::Nobody => Refusal::client("the client is not known, or could not show who it is", basic),
            Self::Document(why) => Refusal::client(why, basic),
            Self::Failed(error) => error.into(),
        }
    }
}

impl Inner {
    /// The client with this identifier.
    pub(crate) async fn client(&self, id: &str) -> Result<Client, Unknown> {
        let now = self.clock.now();
        let client = if let Some(client) = self.clients.get(id) {
            client.clone()
        } else if self.documents.is_document(id) {
            self.documents.client(id, now).await.map_err(Unknown::Document)?
        } else {
            let stored = self.store.client(id, now).await.map_err(|error| Unknown::Failed(error.into()))?;
            let stored = stored.ok_or(Unknown::Nobody)?;
            let registration: Registration = serde_json::from_str(&stored.document)
                .map_err(|error| Unknown::Failed(Internal::Client(error)))?;
            registration.client(stored.id, stored.secret, Origin::Registered)
        };
        if client.is_public() && !self.settings.public_clients {
            return Err(Unknown::Document("clients without a secret or a key are not served here"));
        }
        Ok(client)
    }
}
