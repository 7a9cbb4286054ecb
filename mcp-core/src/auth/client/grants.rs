//! Step 5: a token, by the grant that the application chose.

use url::Url;

use super::authorization::{Authorization, Request};
use super::consent::Consent;
use super::credentials::Client;
use super::discovery::Discovered;
use super::oauth::Inner;
use super::settings::GrantKind;
use super::token::TokenResponse;
use super::web::{Plain, shown};
use super::{AuthError, client_credentials, code, pkce, refresh, workload};

type Outcome = Result<(Option<Client>, TokenResponse), AuthError>;

impl Inner {
    /// A token, and who got it.
    pub(super) async fn request(
        &self,
        found: &Discovered,
        known: Option<&Client>,
        scopes: &[String],
    ) -> Outcome {
        match &self.settings.grant {
            GrantKind::Code(None) => Err(AuthError::NoConsent),
            GrantKind::Code(Some(consent)) => self.by_code(&**consent, found, known, scopes).await,
            GrantKind::ClientCredentials => {
                let client = self.client(found, None, &["client_credentials"], known).await?;
                let endpoint = self.endpoint(found, Some(&client));
                let response = client_credentials::request(endpoint, &found.resource, scopes).await?;
                Ok((Some(client), response))
            }
            GrantKind::Enterprise(enterprise) => {
                found.server.check_grant(workload::GRANT)?;
                let client = self.client(found, None, &[workload::GRANT], known).await?;
                let (web, issuer) = (&self.settings.web, &found.server.issuer);
                let assertion = enterprise.grant(web, issuer, &found.resource, scopes).await?;
                let endpoint = self.endpoint(found, Some(&client));
                let response = workload::request(endpoint, &assertion, &found.resource, scopes).await?;
                Ok((Some(client), response))
            }
            GrantKind::Workload(source) => {
                found.server.check_grant(workload::GRANT)?;
                // The assertion says who we are; some servers want an identifier as well.
                let registration = &self.settings.registration;
                let named = registration.registered.is_some() || registration.document.is_some();
                let client = match named {
                    true => Some(self.client(found, None, &[workload::GRANT], known).await?),
                    false => None,
                };
                let assertion = source.assertion(&found.server.issuer).await.map_err(AuthError::Assertion)?;
                let endpoint = self.endpoint(found, client.as_ref());
                let response = workload::request(endpoint, &assertion, &found.resource, scopes).await?;
                Ok((client, response))
            }
        }
    }

    async fn client(
        &self,
        found: &Discovered,
        redirect: Option<&Url>,
        grants: &[&str],
        known: Option<&Client>,
    ) -> Result<Client, AuthError> {
        let settings = &self.settings;
        settings.registration.client(&settings.web, &found.server, redirect, grants, known).await
    }

    async fn by_code(
        &self,
        consent: &dyn Consent,
        found: &Discovered,
        known: Option<&Client>,
        scopes: &[String],
    ) -> Outcome {
        pkce::check(&found.server)?;
        found.server.check_grant(code::GRANT)?;
        let endpoint = found.server.authorization_endpoint(&self.settings.web)?;
        let question = consent.begin().await.map_err(AuthError::Consent)?;
        let redirect = checked(question.redirect_uri())?;
        let client = self.client(found, Some(&redirect), &[code::GRANT, refresh::GRANT], known).await?;
        let request = Request {
            endpoint,
            client: &client.id,
            redirect: &redirect,
            resource: &found.resource,
            scopes,
            thumbprint: self.proofs().map(super::dpop::Proofs::thumbprint),
        };
        let authorization = Authorization::begin(request, &found.server)?;
        let limit = self.settings.consent_timeout;
        let answer = tokio::time::timeout(limit, question.ask(&authorization.url)).await;
        let answer = answer.map_err(|_| AuthError::ConsentTimeout(limit))?.map_err(AuthError::Consent)?;
        let code = authorization.accept(&answer)?;
        let endpoint = self.endpoint(found, Some(&client));
        let response = code::exchange(endpoint, &authorization, &code, &redirect, &found.resource).await?;
        Ok((Some(client), response))
    }
}

/// Codes must not travel where everyone can read them.
fn checked(redirect: &Url) -> Result<Url, AuthError> {
    let plain = redirect.scheme() == "http";
    match Plain::Loopback.check(redirect) {
        Err(why) if plain => Err(AuthError::Url { what: "the redirect URI", url: shown(redirect), why }),
        // Schemes of applications stay on the machine.
        _ => Ok(redirect.clone()),
    }
}
