//! The scenarios behind an authorization server: which grant, and with which credentials.

use anyhow::Context as _;
use bytes::Bytes;
use mcp_core::auth::client::{Enterprise, OAuth, OAuthBuilder, Registered, Secret, SigningKey, consent};
use mcp_core::client::Client;
use mcp_core::client::http::HttpClient;
use mcp_core::service::BoxError;
use serde::Deserialize;
use serde_json::json;
use url::Url;

/// What a scenario hands to the client.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    client_id: String,
    client_secret: String,
    private_key_pem: String,
    signing_algorithm: Option<String>,
    idp_client_id: String,
    idp_id_token: String,
    idp_token_endpoint: Option<String>,
    valid_jwt: String,
}

/// Lists the tools and calls each, with a token.
pub(crate) async fn run(scenario: &str, url: &str) -> anyhow::Result<()> {
    let given = std::env::var("MCP_CONFORMANCE_CONTEXT").unwrap_or_else(|_| "{}".to_owned());
    let given: Given = serde_json::from_str(&given)?;
    let oauth = credentials(scenario, given, OAuth::builder(url.parse()?))?.build()?;
    let client = super::builder().authorize(oauth).connect(url).await?;
    let outcome = async {
        for tool in client.tools().await? {
            client.call_tool(&tool.name, json!({})).await?;
        }
        anyhow::Ok(())
    };
    let outcome = outcome.await;
    Client::close(&client).await;
    outcome
}

fn credentials(scenario: &str, given: Given, oauth: OAuthBuilder) -> anyhow::Result<OAuthBuilder> {
    let id = given.client_id;
    Ok(match scenario {
        "client-credentials-basic" => {
            oauth.client_credentials(Registered::with_secret(id, given.client_secret))
        }
        "client-credentials-jwt" => {
            let algorithm = given.signing_algorithm.unwrap_or_else(|| "ES256".to_owned());
            let key = SigningKey::from_pem(&given.private_key_pem)?.algorithm(&algorithm)?;
            oauth.client_credentials(Registered::with_key(id, key))
        }
        "enterprise-managed-authorization" => {
            let provider = given.idp_token_endpoint.context("no identity provider was given")?.parse()?;
            let at_provider = Registered::public(given.idp_client_id);
            oauth
                .registered(Registered::with_secret(id, given.client_secret))
                .enterprise(Enterprise::at_endpoint(provider, at_provider, Secret::new(given.idp_id_token)))
        }
        "wif-jwt-bearer" => oauth.registered(Registered::public(id)).workload(Secret::new(given.valid_jwt)),
        _ => {
            let mut oauth = oauth
                .client_name("conformance-client")
                .client_id_metadata("https://conformance-test.local/client-metadata.json".parse()?)
                .consent(consent::with("http://localhost:3000/callback".parse()?, agree));
            if scenario == "pre-registration" {
                oauth = oauth.registered(Registered::with_secret(id, given.client_secret));
            }
            if scenario.starts_with("dpop") {
                oauth = oauth.dpop();
            }
            oauth
        }
    })
}

/// Agrees like a person in a browser: goes to the address, and sees where it leads.
async fn agree(url: Url) -> Result<Url, BoxError> {
    let request = http::Request::get(url.as_str()).body(Bytes::new())?;
    let response = HttpClient::default().send(request).await?;
    let location = response.headers().get("location").ok_or("the server did not redirect")?;
    Ok(url.join(location.to_str()?)?)
}
