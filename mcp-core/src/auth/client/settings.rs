//! What an application wants.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::assertion::Assertion;
use super::consent::Consent;
use super::enterprise::Enterprise;
use super::registration::Registration;
use super::store::{StoreKey, TokenStore};
use super::web::Web;

/// How tokens are come by.
pub(super) enum GrantKind {
    /// A person agrees.
    Code(Option<Arc<dyn Consent>>),
    /// The client acts for itself.
    ClientCredentials,
    /// The identity provider of an organization vouches for a person.
    Enterprise(Box<Enterprise>),
    /// The platform of a workload says who it is.
    Workload(Arc<dyn Assertion>),
}

pub(super) struct Settings {
    pub(super) server: Url,
    pub(super) web: Web,
    pub(super) grant: GrantKind,
    pub(super) registration: Registration,
    pub(super) scopes: Vec<String>,
    pub(super) offline: bool,
    pub(super) dpop: bool,
    pub(super) consent_timeout: Duration,
    pub(super) store: Arc<dyn TokenStore>,
    pub(super) key: StoreKey,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grant = match &self.grant {
            GrantKind::Code(_) => "code",
            GrantKind::ClientCredentials => "client credentials",
            GrantKind::Enterprise(_) => "enterprise",
            GrantKind::Workload(_) => "workload",
        };
        f.debug_struct("Settings")
            .field("server", &self.server.as_str())
            .field("grant", &grant)
            .field("registration", &self.registration)
            .field("scopes", &self.scopes)
            .field("dpop", &self.dpop)
            .finish_non_exhaustive()
    }
}
