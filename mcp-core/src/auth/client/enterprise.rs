//! A grant that an organization manages: its identity provider vouches for the person (ID-JAG).

use std::fmt;
use std::sync::Arc;

use url::Url;

use super::assertion::Assertion;
use super::credentials::Client;
use super::error::quote;
use super::server_metadata;
use super::token::TokenEndpoint;
use super::web::{Form, Web, shown};
use super::{AuthError, Registered, Secret, ServerMetadata};

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const SAML: &str = "urn:ietf:params:oauth:token-type:saml2";

/// The identity provider of an organization, and who we are there.
#[derive(Clone)]
#[must_use]
pub struct Enterprise {
    provider: Provider,
    client: Client,
    identity: Arc<dyn Assertion>,
    identity_type: &'static str,
}

#[derive(Debug, Clone)]
enum Provider {
    Endpoint(Url),
    Issuer(String),
}

impl Enterprise {
    /// Exchanges what `identity` gives (an ID token) at this token endpoint. `client` is who we are to the
    /// identity provider; who we are to the authorization server is set apart with `registered`.
    pub fn at_endpoint(token_endpoint: Url, client: Registered, identity: impl Assertion) -> Self {
        Self::new(Provider::Endpoint(token_endpoint), client.into(), identity)
    }

    /// As [`at_endpoint`](Self::at_endpoint), at the endpoint that this issuer names in its metadata.
    pub fn at_issuer(issuer: impl Into<String>, client: Registered, identity: impl Assertion) -> Self {
        Self::new(Provider::Issuer(issuer.into()), client.into(), identity)
    }

    fn new(provider: Provider, client: Client, identity: impl Assertion) -> Self {
        Self { provider, client, identity: Arc::new(identity), identity_type: ID_TOKEN }
    }

    /// What `identity` gives is a SAML 2 assertion.
    pub const fn saml(mut self) -> Self {
        self.identity_type = SAML;
        self
    }

    /// A grant for the authorization server `audience`.
    pub(super) async fn grant(
        &self,
        web: &Web,
        audience: &str,
        resource: &str,
        scopes: &[String],
    ) -> Result<Secret, AuthError> {
        let provider = match &self.provider {
            Provider::Issuer(issuer) => server_metadata::find(web, issuer).await?,
            // Its issuer is what assertions of ours would be for.
            Provider::Endpoint(url) => ServerMetadata {
                issuer: url.to_string(),
                token_endpoint: Some(url.to_string()),
                ..ServerMetadata::default()
            },
        };
        let identity = self.identity.assertion(audience).await.map_err(AuthError::Assertion)?;
        let mut form: Form = vec![
            ("grant_type", EXCHANGE.to_owned()),
            ("requested_token_type", ID_JAG.to_owned()),
            ("audience", audience.to_owned()),
            ("resource", resource.to_owned()),
            ("subject_token", identity.expose().to_owned()),
            ("subject_token_type", self.identity_type.to_owned()),
        ];
        if !scopes.is_empty() {
            form.push(("scope", scopes.join(" ")));
        }
        let endpoint = TokenEndpoint { web, server: &provider, client: Some(&self.client), proofs: None };
        let url = provider.token_endpoint(web)?;
        let response = endpoint.exchange(&url, &form).await?;
        let found = response.issued_token_type.as_deref().unwrap_or_default();
        if found != ID_JAG {
            return Err(AuthError::TokenType { endpoint: shown(&url), found: quote(found), wanted: ID_JAG });
        }
        Ok(response.access_token)
    }
}

impl fmt::Debug for Enterprise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enterprise").field("provider", &self.provider).field("client", &self.client).finish()
    }
}
