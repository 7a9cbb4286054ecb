//! A client shows who it is (OAuth 2.1, 2.4; RFC 7523).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use url::form_urlencoded;

use super::{Authentication, Client};
use crate::authority::Inner;
use crate::error::Refusal;
use crate::event::Event;
use crate::jose::Compact;
use crate::params::{Params, shown};
use crate::random::{same, sha256};
use crate::route::Call;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Seconds that an assertion may be good for, and that clocks may differ.
const LONGEST: u64 = 600;
const SKEW: u64 = 30;
/// One text for all reasons: it tells nobody which identifiers exist.
const REFUSED: &str = "the client is not known, or could not show who it is";

/// What a client brought.
enum Shown {
    Nothing,
    Secret(String),
    Assertion(String),
}

impl Inner {
    /// The client of a request to the token endpoint and its kin.
    pub(crate) async fn authenticate(&self, call: &Call, params: &Params) -> Result<Client, Refusal> {
        let (id, shown_by, basic) = brought(&call.headers, params)?;
        let (now, place) = (self.clock.now(), call.place());
        let key = format!("{id} {place}");
        if let Err(seconds) = self.throttles.clients.check(&key, now) {
            self.tell(&Event::Throttled { what: "client authentication", address: call.address() });
            return Err(Refusal { basic, ..Refusal::too_often(seconds) });
        }
        let found = match self.client(&id, &place).await {
            Ok(client) if self.is_shown(&client, &shown_by, now) => return Ok(client),
            Ok(_) => Refusal::client(REFUSED, basic),
            Err(unknown) => unknown.refusal(basic),
        };
        if found.code == "invalid_client" {
            self.throttles.clients.count(&key, now);
            self.tell(&Event::ClientRefused { client: shown(&id), address: call.address() });
        }
        Err(found)
    }

    fn is_shown(&self, client: &Client, shown: &Shown, now: u64) -> bool {
        match (&client.authentication, shown) {
            (Authentication::None, Shown::Nothing) => true,
            (Authentication::Secret(digest), Shown::Secret(secret)) => {
                same(digest, &sha256(secret.as_bytes()))
            }
            (Authentication::Keys(keys), Shown::Assertion(text)) => {
                let Some(assertion) = Compact::parse(text) else { return false };
                let id = client.id.as_str();
                let fits = assertion.claim("iss") == Some(id)
                    && assertion.claim("sub") == Some(id)
                    && assertion.names("aud", &[&self.issuer, &self.endpoint("/token")])
                    && assertion.time("exp").is_some_and(|exp| now < exp + SKEW && exp <= now + LONGEST)
                    && assertion.time("nbf").is_none_or(|nbf| nbf <= now + SKEW);
                let named = assertion.header("kid");
                let mut possible =
                    keys.iter().filter(|key| named.is_none() || key.id().is_none() || key.id() == named);
                fits && possible.any(|key| assertion.is_signed_by(key))
                    && assertion
                        .claim("jti")
                        .is_some_and(|jti| self.assertions.is_new(&format!("{id} {jti}"), now))
            }
            _ => false,
        }
    }
}

/// Identifier, what shows it, and whether that came by `Authorization: Basic`.
fn brought(headers: &HeaderMap, params: &Params) -> Result<(String, Shown, bool), Refusal> {
    let (secret, assertion) = (params.get("client_secret"), params.get("client_assertion"));
    let header = headers.get(AUTHORIZATION);
    if usize::from(header.is_some()) + usize::from(secret.is_some()) + usize::from(assertion.is_some()) > 1 {
        return Err(Refusal::request("the client authenticates in more than one way"));
    }
    if let Some(header) = header {
        let pair = header.to_str().ok().and_then(basic);
        let (id, secret) =
            pair.ok_or_else(|| Refusal::client("the Authorization header cannot be read", true))?;
        if params.get("client_id").is_some_and(|other| other != id) {
            return Err(Refusal::request(
                "parameter `client_id` and the Authorization header name different clients",
            ));
        }
        return Ok((id, Shown::Secret(secret), true));
    }
    if let Some(assertion) = assertion {
        if params.get("client_assertion_type") != Some(ASSERTION) {
            return Err(Refusal::request(format!("parameter `client_assertion_type` is `{ASSERTION}`")));
        }
        let named = Compact::parse(assertion).and_then(|read| read.claim("sub").map(str::to_owned));
        let id =
            named.ok_or_else(|| Refusal::client("parameter `client_assertion` cannot be read", false))?;
        if params.get("client_id").is_some_and(|other| other != id) {
            return Err(Refusal::request("parameter `client_id` and the assertion name different clients"));
        }
        return Ok((id, Shown::Assertion(assertion.to_owned()), false));
    }
    let id = params.want("client_id")?.to_owned();
    Ok((id, secret.map_or(Shown::Nothing, |secret| Shown::Secret(secret.to_owned())), false))
}

/// Identifier and secret, each form-encoded before both were joined (RFC 6749, 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, pair) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(pair.trim()).ok()?;
    let at = pair.iter().position(|byte| *byte == b':')?;
    let decode = |part: &[u8]| {
        // Clients that do not encode may leave these in: as they are, they would end the text.
        let part = String::from_utf8_lossy(part).replace('&', "%26").replace('=', "%3D");
        form_urlencoded::parse(part.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
    };
    Some((decode(pair.get(..at)?), decode(pair.get(at + 1..)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_pair_can_be_encoded(id in "\\PC{1,20}", secret in "\\PC{1,20}") {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let header = format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(&id), encode(&secret))));
            prop_assert_eq!(basic(&header), Some((id, secret)));
        }

        #[test]
        fn no_header_breaks_the_reader(text in "\\PC*", pair in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = basic(&text);
            let _ = basic(&format!("basic {}", STANDARD.encode(pair)));
        }
    }
}
