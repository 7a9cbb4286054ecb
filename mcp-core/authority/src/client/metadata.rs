//! What clients say about themselves: when they register (RFC 7591), and in a document (CIMD).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Authentication, Client, GrantType, Method, Origin};
use crate::jose::Jwk;
use crate::random::Digest;
use crate::redirect;
use crate::scope::Scopes;

/// A client has a handful of these.
const MOST: usize = 16;
const LONGEST_NAME: usize = 100;

/// Public keys. Keys of kinds that are not known here are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct KeySet {
    pub(crate) keys: Vec<Jwk>,
}

impl<'de> Deserialize<'de> for KeySet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            keys: Vec<Value>,
        }
        let raw = Raw::deserialize(deserializer)?;
        Ok(Self { keys: raw.keys.into_iter().take(MOST).filter_map(|key| Jwk::try_from(key).ok()).collect() })
    }
}

/// The JSON that a client sends or publishes. What is not known here is ignored, as the standards want.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Request {
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<Value>,
    client_name: Option<String>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    scope: Option<String>,
    jwks: Option<KeySet>,
    jwks_uri: Option<Value>,
    dpop_bound_access_tokens: Option<bool>,
}

/// What is wrong: the code of RFC 7591, and a text.
pub(crate) type Wrong = (&'static str, &'static str);

const fn wrong(text: &'static str) -> Wrong {
    ("invalid_client_metadata", text)
}

/// What was made of a [`Request`]. It is what is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registration {
    pub(crate) name: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) method: Method,
    pub(crate) grants: BTreeSet<GrantType>,
    pub(crate) scopes: Option<Scopes>,
    pub(crate) keys: KeySet,
    pub(crate) dpop: bool,
}

impl Request {
    /// Checks everything. `default` is how a client authenticates that does not say.
    pub(crate) fn check(self, default: Method) -> Result<Registration, Wrong> {
        let method = match self.token_endpoint_auth_method.as_deref() {
            None => default,
            Some("none") => Method::None,
            Some("client_secret_basic") => Method::ClientSecretBasic,
            Some("client_secret_post") => Method::ClientSecretPost,
            Some("private_key_jwt") => Method::PrivateKeyJwt,
            Some(_) => {
                return Err(wrong(
                    "token_endpoint_auth_method is one of none, client_secret_basic, client_secret_post and private_key_jwt",
                ));
            }
        };
        if self.jwks_uri.is_some() {
            return Err(wrong("jwks_uri is not supported: send the keys in jwks"));
        }
        let keys = self.jwks.unwrap_or_default();
        if method == Method::PrivateKeyJwt && keys.keys.is_empty() {
            return Err(wrong(
                "private_key_jwt needs a public key of P-256, Ed25519 or RSA from 2048 bits in jwks",
            ));
        }
        if self.redirect_uris.is_empty() || self.redirect_uris.len() > MOST {
            return Err(("invalid_redirect_uri", "there are 1 to 16 redirect_uris"));
        }
        for uri in &self.redirect_uris {
            redirect::check(uri).map_err(|text| ("invalid_redirect_uri", text))?;
        }
        if self.response_types.is_some_and(|types| types != ["code"]) {
            return Err(wrong("response_types is [\"code\"]"));
        }
        let scopes = match self.scope {
            None => None,
            Some(text) => {
                Some(Scopes::parse(&text).ok_or(wrong("scope has a character that is not allowed"))?)
            }
        };
        Ok(Registration {
            name: self.client_name.map(|name| readable(&name)).filter(|name| !name.is_empty()),
            redirect_uris: self.redirect_uris,
            method,
            grants: grants(self.grant_types.as_deref())?,
            scopes,
            keys,
            dpop: self.dpop_bound_access_tokens.unwrap_or_default(),
        })
    }
}

/// Unknown grants are left out, as clients list all they know. Nobody who registers may act for itself: it would be nobody.
fn grants(asked: Option<&[String]>) -> Result<BTreeSet<GrantType>, Wrong> {
    let Some(asked) = asked else { return Ok(BTreeSet::from([GrantType::AuthorizationCode])) };
    let known = asked.iter().filter_map(|grant| match grant.as_str() {
        "authorization_code" => Some(GrantType::AuthorizationCode),
        "refresh_token" => Some(GrantType::RefreshToken),
        _ => None,
    });
    let known: BTreeSet<_> = known.collect();
    if !known.contains(&GrantType::AuthorizationCode) {
        return Err(wrong(
            "grant_types contains authorization_code; others that are possible: refresh_token",
        ));
    }
    Ok(known)
}

/// A name for people: without characters that are not seen or turn the text around.
fn readable(name: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let seen: String = name.chars().filter(|c| !hidden(*c)).take(LONGEST_NAME).collect();
    seen.trim().to_owned()
}

impl Registration {
    pub(crate) fn client(self, id: String, secret: Option<Digest>, origin: Origin) -> Client {
        let authentication = match (self.method, secret) {
            (Method::None, _) => Authentication::None,
            (Method::PrivateKeyJwt, _) => Authentication::Keys(self.keys.keys),
            // Without a digest nothing fits.
            (_, secret) => Authentication::Secret(secret.unwrap_or_default()),
        };
        Client {
            id,
            name: self.name,
            redirect_uris: self.redirect_uris,
            authentication,
            grants: self.grants,
            scopes: self.scopes,
            dpop: self.dpop,
            origin,
            itself: None,
            introspects: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_are_checked_field_by_field() {
        let check = |fields: Value, expect: Result<Method, &str>| {
            let mut request = json!({ "redirect_uris": ["https://a.example/cb"] });
            for (name, value) in fields.as_object().unwrap() {
                request[name] = value.clone();
            }
            let request: Request = serde_json::from_value(request).unwrap();
            let found = request.check(Method::ClientSecretBasic).map(|read| read.method);
            assert_eq!(found.map_err(|(code, _)| code), expect, "{fields}");
        };
        check(json!({}), Ok(Method::ClientSecretBasic));
        check(json!({ "token_endpoint_auth_method": "none", "unknown": 1 }), Ok(Method::None));
        check(json!({ "grant_types": ["authorization_code", "urn:x"] }), Ok(Method::ClientSecretBasic));
        check(json!({ "token_endpoint_auth_method": "tls_client_auth" }), Err("invalid_client_metadata"));
        check(json!({ "token_endpoint_auth_method": "private_key_jwt" }), Err("invalid_client_metadata"));
        check(json!({ "grant_types": ["client_credentials"] }), Err("invalid_client_metadata"));
        check(json!({ "response_types": ["token"] }), Err("invalid_client_metadata"));
        check(json!({ "scope": "a\"b" }), Err("invalid_client_metadata"));
        check(json!({ "redirect_uris": [] }), Err("invalid_redirect_uri"));
        check(json!({ "redirect_uris": ["http://a.example/"] }), Err("invalid_redirect_uri"));
        check(json!({ "jwks_uri": "https://a.example/jwks" }), Err("invalid_client_metadata"));
    }

    #[test]
    fn names_are_what_people_see() {
        assert_eq!(readable("  My\u{202e} app\u{200b}\n "), "My app");
        assert_eq!(readable(&"x".repeat(500)).len(), LONGEST_NAME);
    }
}
