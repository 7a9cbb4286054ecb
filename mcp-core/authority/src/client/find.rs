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
    /// The client with this identifier, for somebody at this place.
    pub(crate) async fn client(&self, id: &str, place: &str) -> Result<Client, Unknown> {
        let now = self.clock.now();
        let client = if let Some(client) = self.clients.get(id) {
            client.clone()
        } else if self.documents.is_document(id) {
            if !self.documents.is_kept(id, now) {
                // Nobody makes us busy with slow documents.
                let often = "too many documents were fetched for this address; try again in a minute";
                self.throttles.documents.check(place, now).map_err(|_| Unknown::Document(often))?;
                self.throttles.documents.count(place, now);
            }
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
