//! How an application says what it wants.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::assertion::Assertion;
use super::consent::Consent;
use super::enterprise::Enterprise;
use super::registration::{ApplicationType, Registration};
use super::scope;
use super::settings::{GrantKind, Settings};
use super::store::{MemoryStore, StoreKey, TokenStore};
use super::web::{Plain, Web, is_loopback, shown};
use super::{OAuth, Registered, SigningKey};
use crate::client::http::HttpClient;

/// Builds an [`OAuth`].
#[derive(Debug)]
#[must_use]
pub struct OAuthBuilder {
    settings: Settings,
    account: String,
    plain: bool,
}

/// What was asked for cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A URL cannot be used.
    #[error("`{field}` is `{url}`, which cannot be used: {why}")]
    Url {
        /// Which URL.
        field: &'static str,
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl OAuthBuilder {
    pub(super) fn new(server: Url) -> Self {
        let web = Web { http: HttpClient::default(), timeout: Duration::from_secs(30), plain: Plain::Never };
        let settings = Settings {
            key: StoreKey::new(String::new(), String::new()),
            server,
            web,
            grant: GrantKind::Code(None),
            registration: Registration { name: "MCP client".to_owned(), ..Registration::default() },
            scopes: Vec::new(),
            offline: true,
            dpop: false,
            consent_timeout: Duration::from_secs(600),
            store: Arc::new(MemoryStore::new()),
        };
        Self { settings, account: String::new(), plain: false }
    }

    /// The name that people see when they agree.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.settings.registration.name = name.into();
        self
    }

    /// How a person is asked: [`Loopback`](super::Loopback), or [`consent::with`](super::consent::with).
    pub fn consent(mut self, consent: impl Consent) -> Self {
        self.settings.grant = GrantKind::Code(Some(Arc::new(consent)));
        self
    }

    /// How long a person may take; 10 minutes unless set.
    pub const fn consent_timeout(mut self, timeout: Duration) -> Self {
        self.settings.consent_timeout = timeout;
        self
    }

    /// A client that was registered by hand. It goes before all other ways.
    pub fn registered(mut self, client: Registered) -> Self {
        self.settings.registration.registered = Some(client);
        self
    }

    /// The URL of our metadata document, where authorization servers take it as a client identifier.
    pub fn client_id_metadata(mut self, url: Url) -> Self {
        self.settings.registration.document = Some((url, None));
        self
    }

    /// As [`client_id_metadata`](Self::client_id_metadata); the document names the public half of this key.
    pub fn client_id_metadata_with_key(mut self, url: Url, key: SigningKey) -> Self {
        self.settings.registration.document = Some((url, Some(key)));
        self
    }

    /// What kind of application to register as. Unless set, the redirect URI tells.
    pub const fn application_type(mut self, kind: ApplicationType) -> Self {
        self.settings.registration.application_type = Some(kind);
        self
    }

    /// The client acts for itself; nobody is asked.
    pub fn client_credentials(mut self, client: Registered) -> Self {
        self.settings.grant = GrantKind::ClientCredentials;
        self.registered(client)
    }

    /// The identity provider of an organization vouches for the person; nobody is asked.
    pub fn enterprise(mut self, enterprise: Enterprise) -> Self {
        self.settings.grant = GrantKind::Enterprise(Box::new(enterprise));
        self
    }

    /// The platform of a workload says who it is; nobody is asked.
    pub fn workload(mut self, assertion: impl Assertion) -> Self {
        self.settings.grant = GrantKind::Workload(Arc::new(assertion));
        self
    }

    /// Takes only tokens that are bound to a key of ours, and proves with every request that we have it.
    pub const fn dpop(mut self) -> Self {
        self.settings.dpop = true;
        self.settings.registration.dpop = true;
        self
    }

    /// Scopes to ask for besides those that the server names in its challenges.
    pub fn scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.settings.scopes = scope::union(&[], scopes);
        self
    }

    /// Whether to ask for `offline_access` where the authorization server knows it; yes unless set.
    pub const fn offline_access(mut self, wanted: bool) -> Self {
        self.settings.offline = wanted;
        self
    }

    /// Where tokens stay between runs; in memory unless set.
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.settings.store = Arc::new(store);
        self
    }

    /// As [`store`](Self::store), for a store that several share.
    pub fn shared_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.settings.store = store;
        self
    }

    /// Whose tokens these are, in a store that serves several people or tenants.
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = account.into();
        self
    }

    /// The connections to use.
    pub fn http(mut self, http: HttpClient) -> Self {
        self.settings.web.http = http;
        self
    }

    /// How long one exchange with an authorization server may take; 30 s unless set.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.web.timeout = timeout;
        self
    }

    /// Allows URLs without TLS everywhere: tokens can be read on the way. Only for networks of your own.
    pub const fn allow_http(mut self) -> Self {
        self.plain = true;
        self
    }

    /// The result.
    ///
    /// # Errors
    /// The URL of the server or of the metadata document is not `https`.
    pub fn build(mut self) -> Result<OAuth, BuildError> {
        let server = &self.settings.server;
        let plain = match self.plain {
            true => Plain::Always,
            false if is_loopback(server) => Plain::Loopback,
            false => Plain::Never,
        };
        let refuse = |field, url, why| BuildError::Url { field, url: shown(url), why };
        let mut bare = server.clone();
        bare.set_fragment(None);
        plain.check(&bare).map_err(|why| refuse("server_url", server, why))?;
        if let Some((url, _)) = &self.settings.registration.document {
            Plain::Never.check(url).map_err(|why| refuse("client_id_metadata", url, why))?;
            if url.path() == "/" {
                return Err(refuse("client_id_metadata", url, "it has no path"));
            }
        }
        self.settings.web.plain = plain;
        self.settings.key = StoreKey::new(self.account, bare.as_str());
        self.settings.server = bare;
        Ok(OAuth::new(self.settings))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_urls_are_refused() {
        let check = |server: &str, document: Option<&str>, expect: Option<&str>| {
            let mut builder = OAuth::builder(Url::parse(server).unwrap());
            if let Some(document) = document {
                builder = builder.client_id_metadata(Url::parse(document).unwrap());
            }
            assert_eq!(builder.build().err().map(|error| error.to_string()).as_deref(), expect);
        };
        check("https://a.example/mcp#x", None, None);
        check("http://127.0.0.1:1/mcp", None, None);
        check(
            "http://a.example/mcp?q",
            None,
            Some("`server_url` is `http://a.example/mcp`, which cannot be used: it is not `https`"),
        );
        check("https://a.example", Some("https://b.example/c.json"), None);
        let wrong = "`client_id_metadata` is `https://b.example/`, which cannot be used: it has no path";
        check("https://a.example", Some("https://b.example"), Some(wrong));
        let wrong = "`client_id_metadata` is `http://127.0.0.1/c`, which cannot be used: it is not `https`";
        check("http://127.0.0.1/", Some("http://127.0.0.1/c"), Some(wrong));
    }
}
