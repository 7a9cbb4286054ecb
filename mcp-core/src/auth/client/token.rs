//! The token endpoint: every grant ends here.

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use serde::{Deserialize, Deserializer};
use url::Url;

use super::credentials::Client;
use super::dpop::{self, Proofs};
use super::error::quote;
use super::web::{self, Form, Web, shown};
use super::{AuthError, DocumentError, Secret, ServerMetadata};

const WHAT: &str = "the token endpoint";

/// What a token endpoint answers.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct TokenResponse {
    /// The token.
    pub access_token: Secret,
    /// How it is to be used: `Bearer` or `DPoP`.
    pub token_type: String,
    /// Seconds that it is good for.
    #[serde(default, deserialize_with = "seconds")]
    pub expires_in: Option<u64>,
    /// Gets the next token.
    pub refresh_token: Option<Secret>,
    /// What it is good for, if that is not what was asked for.
    pub scope: Option<String>,
    /// What it is, in the answer to a token exchange.
    pub issued_token_type: Option<String>,
}

impl TokenResponse {
    /// Reads the document.
    ///
    /// # Errors
    /// It is no JSON, lacks a field, or the token could not be sent in a header.
    pub fn parse(document: &[u8]) -> Result<Self, DocumentError> {
        let response: Self = web::parse(document)?;
        let token = response.access_token.expose();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(DocumentError("`access_token` is not printable ASCII".into()));
        }
        Ok(response)
    }
}

/// Some servers send numbers as text or as fractions.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    let text = value.as_str().and_then(|text| text.trim().parse().ok());
    let whole = value.as_f64().filter(|seconds| *seconds >= 0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    Ok(value.as_u64().or(text).or(whole.map(|seconds| seconds as u64)))
}

#[derive(Debug, Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
    error_description: Option<String>,
}

/// The token endpoint of one authorization server.
#[derive(Debug, Clone, Copy)]
pub(super) struct TokenEndpoint<'a> {
    pub(super) web: &'a Web,
    pub(super) server: &'a ServerMetadata,
    /// Nobody, where an assertion says it all.
    pub(super) client: Option<&'a Client>,
    pub(super) proofs: Option<&'a Proofs>,
}

impl TokenEndpoint<'_> {
    /// Asks for an access token.
    pub(super) async fn request(&self, grant: &Form) -> Result<TokenResponse, AuthError> {
        if self.proofs.is_some() {
            dpop::check(self.server)?;
        }
        let url = self.server.token_endpoint(self.web)?;
        let response = self.exchange(&url, grant).await?;
        let wanted = if self.proofs.is_some() { "DPoP" } else { "Bearer" };
        if !response.token_type.eq_ignore_ascii_case(wanted) {
            let found = quote(&response.token_type);
            return Err(AuthError::TokenType { endpoint: shown(&url), found, wanted });
        }
        Ok(response)
    }

    /// Asks for a token of any type.
    pub(super) async fn exchange(&self, url: &Url, grant: &Form) -> Result<TokenResponse, AuthError> {
        let answer = self.send(url, grant).await?;
        let learned = self.proofs.is_some_and(|proofs| proofs.learn(url, answer.headers()));
        match read(url, &answer) {
            Err(error) if learned && error.is_refused_with("use_dpop_nonce") => {
                let answer = self.send(url, grant).await?;
                if let Some(proofs) = self.proofs {
                    proofs.learn(url, answer.headers());
                }
                read(url, &answer)
            }
            outcome => outcome,
        }
    }

    /// Each time with fresh proofs and assertions.
    async fn send(&self, url: &Url, grant: &Form) -> Result<Response<Bytes>, AuthError> {
        let (mut headers, mut form) = (HeaderMap::new(), grant.clone());
        if let Some(client) = self.client {
            client.authenticate(self.server, &mut headers, &mut form)?;
        }
        if let Some(proofs) = self.proofs {
            headers.insert(dpop::PROOF, proofs.proof(&Method::POST, url, None)?);
        }
        self.web.post_form(WHAT, url, headers, &form).await
    }
}

fn read(url: &Url, answer: &Response<Bytes>) -> Result<TokenResponse, AuthError> {
    let (endpoint, status) = (shown(url), answer.status());
    if status.is_success() {
        let parsed = TokenResponse::parse(answer.body());
        return parsed.map_err(|source| AuthError::Document {
            what: "the token response",
            url: endpoint,
            source,
        });
    }
    if status.is_server_error() {
        return Err(AuthError::Status { what: WHAT, url: endpoint, status });
    }
    let refusal: Refusal = web::parse(answer.body()).unwrap_or_default();
    Err(AuthError::TokenRefused {
        endpoint,
        status,
        code: quote(&refusal.error),
        description: refusal.error_description.as_deref().map(quote),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_responses_are_read_with_patience() {
        let check = |document: &str, expires_in: Option<u64>| {
            let read = TokenResponse::parse(document.as_bytes()).unwrap();
            assert_eq!(read.expires_in, expires_in, "{document}");
        };
        check(r#"{"access_token":"a","token_type":"bearer"}"#, None);
        check(r#"{"access_token":"a","token_type":"bearer","expires_in":null,"scope":null}"#, None);
        check(r#"{"access_token":"a","token_type":"bearer","expires_in":3600}"#, Some(3600));
        check(r#"{"access_token":"a","token_type":"bearer","expires_in":"3600"}"#, Some(3600));
        check(r#"{"access_token":"a","token_type":"bearer","expires_in":3599.5}"#, Some(3599));
        check(r#"{"access_token":"a","token_type":"bearer","expires_in":-1}"#, None);
        check(r#"{"access_token":"a","token_type":"bearer","expires_in":1e99}"#, Some(u64::MAX));
    }

    #[test]
    fn what_is_no_token_response_is_refused_without_being_shown() {
        for document in [
            "",
            "{}",
            r#"{"access_token":"hunter2"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"hunter2\r\nX: y","token_type":"Bearer"}"#,
            r#"{"access_token":["hunter2"],"token_type":"Bearer"}"#,
        ] {
            let error = TokenResponse::parse(document.as_bytes()).unwrap_err();
            let mut text = format!("{error} {error:?}");
            let mut source = std::error::Error::source(&error);
            while let Some(error) = source {
                text += &error.to_string();
                source = error.source();
            }
            assert!(!text.contains("hunter2"), "{text}");
        }
        let read = TokenResponse::parse(
            br#"{"access_token":"hunter2","token_type":"Bearer","refresh_token":"hunter2"}"#,
        );
        assert!(!format!("{read:?}").contains("hunter2"));
    }
}
