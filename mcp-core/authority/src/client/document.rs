//! Client-identifier metadata documents: the URL of a document is the identifier of a client.
//!
//! A stranger chooses the URL that we fetch. So: https only, addresses of the public network only (checked on the
//! addresses that are connected to), no redirects, little time, little text, few at a time.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Request as HttpRequest, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use mcp_core::client::http::{HttpClient, HttpClientBuilder};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use url::Url;

use super::{Client, Method, Origin, Request};

/// Bytes of a document.
const LIMIT: usize = 16 * 1024;
/// For all of it.
const TIMEOUT: Duration = Duration::from_secs(5);
const AT_A_TIME: usize = 16;
const MOST_CACHED: usize = 1000;
/// Seconds that a document is kept which does not say how long, and at most.
const KEPT: u64 = 300;
const KEPT_LONGEST: u64 = 24 * 3600;
const LONGEST_URL: usize = 1024;

/// Fetches documents, and keeps them for a while.
pub(crate) struct Documents {
    http: HttpClient,
    /// Whether documents on this machine are taken, also without TLS.
    loopback: bool,
    cache: Mutex<HashMap<String, (Client, u64)>>,
    slots: Semaphore,
}

/// A document cannot be used. The text is for the person, and tells nothing of our network.
pub(crate) type Unusable = &'static str;

impl Documents {
    pub(crate) fn new(loopback: bool, roots: Vec<String>) -> Self {
        let allowed = if loopback { is_public_or_loopback } else { is_public };
        let http = HttpClient::builder()
            .connect_timeout(TIMEOUT)
            .idle_timeout(Duration::from_secs(5))
            .only_addresses(allowed);
        let http = roots.into_iter().fold(http, HttpClientBuilder::root_certificate).build();
        Self { http, loopback, cache: Mutex::default(), slots: Semaphore::new(AT_A_TIME) }
    }

    /// Whether an identifier is the URL of a document. Others are names that were given out.
    pub(crate) fn is_document(&self, id: &str) -> bool {
        id.starts_with("https://") || (self.loopback && id.starts_with("http://"))
    }

    /// Whether a document is at hand.
    pub(crate) fn is_kept(&self, id: &str, now: u64) -> bool {
        self.cache.lock().get(id).is_some_and(|(_, until)| now < *until)
    }

    pub(crate) async fn client(&self, id: &str, now: u64) -> Result<Client, Unusable> {
        if let Some((client, _)) = self.cache.lock().get(id).filter(|(_, until)| now < *until) {
            return Ok(client.clone());
        }
        self.check(id)?;
        let _slot =
            self.slots.try_acquire().map_err(|_| "too many documents are being fetched; try again")?;
        let fetched = tokio::time::timeout(TIMEOUT, self.fetch(id)).await;
        let (headers, body) =
            fetched.unwrap_or(Err("its metadata document did not arrive within 5 seconds"))?;
        let client = read(id, &body)?;
        let kept = seconds(&headers);
        if kept > 0 {
            self.keep(id, &client, now, kept);
        }
        Ok(client)
    }

    fn keep(&self, id: &str, client: &Client, now: u64, seconds: u64) {
        let mut cache = self.cache.lock();
        if cache.len() >= MOST_CACHED {
            cache.retain(|_, (_, until)| now < *until);
            if cache.len() >= MOST_CACHED {
                let first = cache.iter().min_by_key(|(_, (_, until))| *until).map(|(id, _)| id.clone());
                first.and_then(|id| cache.remove(&id));
            }
        }
        cache.insert(id.to_owned(), (client.clone(), now + seconds));
    }

    /// An identifier has one spelling, a path, and nothing that is not sent.
    fn check(&self, id: &str) -> Result<(), Unusable> {
        if id.len() > LONGEST_URL {
            return Err("the URL of its metadata document has more than 1024 bytes");
        }
        let url = Url::parse(id).map_err(|_| "its identifier is not a URL")?;
        if url.as_str() != id {
            return Err(
                "the URL of its metadata document is not in its normal form (lower-case host, no dot segments)",
            );
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("the URL of its metadata document has user info or a fragment");
        }
        if url.path() == "/" {
            return Err("the URL of its metadata document has no path");
        }
        let loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => Ok(()),
            "http" if self.loopback && loopback => Ok(()),
            _ => Err("the URL of its metadata document is not https"),
        }
    }

    async fn fetch(&self, id: &str) -> Result<(HeaderMap, Bytes), Unusable> {
        let unreachable = "its metadata document cannot be fetched";
        let request = HttpRequest::get(id).header(ACCEPT, "application/json").body(Bytes::new());
        // `send` follows no redirects.
        let response = self.http.send(request.map_err(|_| unreachable)?).await.map_err(|error| {
            tracing::debug!(%error, "a client metadata document cannot be fetched");
            unreachable
        })?;
        if response.status() != StatusCode::OK {
            return Err("its metadata document was not answered with status 200");
        }
        if !is_json(response.headers()) {
            return Err("its metadata document is not application/json");
        }
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LIMIT).collect().await;
        let body = body.map_err(|_| "its metadata document broke off, or has more than 16 KiB")?;
        Ok((head.headers, body.to_bytes()))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

fn read(id: &str, body: &[u8]) -> Result<Client, Unusable> {
    let request: Request =
        serde_json::from_slice(body).map_err(|_| "its metadata document cannot be read")?;
    if request.client_id.as_deref() != Some(id) {
        return Err("the client_id in its metadata document is not the URL of the document");
    }
    if request.client_secret.is_some() {
        return Err("its metadata document contains a secret");
    }
    let registration = request.check(Method::None).map_err(|(_, text)| text)?;
    if matches!(registration.method, Method::ClientSecretBasic | Method::ClientSecretPost) {
        return Err("a client with a metadata document authenticates with none or private_key_jwt");
    }
    Ok(registration.client(id.to_owned(), None, Origin::Document))
}

/// How long an answer may be kept.
fn seconds(headers: &HeaderMap) -> u64 {
    let mut kept = KEPT;
    for value in headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()) {
        for directive in value.split(',').map(|part| part.trim().to_ascii_lowercase()) {
            if directive == "no-store" || directive == "no-cache" {
                return 0;
            }
            if let Some(age) = directive.strip_prefix("max-age=") {
                kept = age.trim_matches('"').parse().unwrap_or(0);
            }
        }
    }
    kept.min(KEPT_LONGEST)
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_or_loopback(address: IpAddr) -> bool {
    address.is_loopback() || is_public(address)
}

/// Addresses that IANA lists as globally reachable.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || a >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

/// Global unicast without documentation, and without what is translated to IPv4 on the way.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let translated = a == 0x2002 || (a == 0x2001 && b < 0x200);
    (a & 0xe000) == 0x2000 && !translated && !(a == 0x2001 && b == 0xdb8) && a != 0x3fff
}

impl fmt::Debug for Documents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Documents").field("loopback", &self.loopback).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;

    #[test]
    fn strangers_do_not_lead_us_into_our_network() {
        let check = |address: &str, public: bool| {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}")
        };
        for address in ["1.1.1.1", "100.63.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111", "2a00::1"] {
            check(address, true);
        }
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.1.2.3",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            check(address, false);
        }
        assert!(is_public_or_loopback("127.0.0.1".parse().unwrap()));
        assert!(!is_public_or_loopback("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn identifiers_have_one_spelling() {
        let documents = Documents::new(false, Vec::new());
        let check = |id: &str, ok: bool| assert_eq!(documents.check(id).is_ok(), ok, "{id}");
        check("https://app.example/client.json", true);
        check("https://app.example/a?b=c", true);
        check("https://app.example/", false);
        check("https://app.example", false);
        check("https://APP.example/client.json", false);
        check("https://app.example/a/../client.json", false);
        check("https://app.example:443/client.json", false);
        check("https://me@app.example/client.json", false);
        check("https://app.example/client.json#x", false);
        check("http://app.example/client.json", false);
        check("http://127.0.0.1/client.json", false);
        let loopback = Documents::new(true, Vec::new());
        assert!(loopback.check("http://127.0.0.1/client.json").is_ok());
        assert!(loopback.check("http://app.example/client.json").is_err());
    }

    #[test]
    fn a_document_speaks_for_its_own_url_only() {
        let id = "https://app.example/client.json";
        let check = |fields: serde_json::Value, ok: bool| {
            let mut document = json!({ "client_id": id, "redirect_uris": ["https://app.example/cb"] });
            for (name, value) in fields.as_object().unwrap() {
                document[name] = value.clone();
            }
            assert_eq!(read(id, document.to_string().as_bytes()).is_ok(), ok, "{fields}");
        };
        check(json!({}), true);
        check(json!({ "client_id": "https://app.example/other.json" }), false);
        check(json!({ "client_id": null }), false);
        check(json!({ "client_secret": "x" }), false);
        check(json!({ "token_endpoint_auth_method": "client_secret_basic" }), false);
        check(json!({ "redirect_uris": [] }), false);
        assert!(read(id, b"[]").is_err() && read(id, b"").is_err());
    }

    #[test]
    fn documents_are_kept_as_long_as_they_say() {
        let check = |value: Option<&'static str>, expect| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static(value));
            }
            assert_eq!(seconds(&headers), expect, "{value:?}");
        };
        check(None, KEPT);
        check(Some("public, max-age=60"), 60);
        check(Some("max-age=99999999"), KEPT_LONGEST);
        check(Some("max-age=60, no-store"), 0);
        check(Some("max-age=x"), 0);
    }
}
