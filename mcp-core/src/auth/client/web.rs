//! Exchanges with authorization servers: safe URLs, bounded answers, bounded time.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::{AuthError, DocumentError};
use crate::client::http::{HttpClient, HttpError};

/// No document of OAuth comes near.
const LIMIT: usize = 256 * 1024;

/// Form fields.
pub(super) type Form = Vec<(&'static str, String)>;

/// The HTTP client of all steps.
#[derive(Debug, Clone)]
pub(super) struct Web {
    pub(super) http: HttpClient,
    /// How long one exchange may take.
    pub(super) timeout: Duration,
    /// Which URLs may be used without TLS.
    pub(super) plain: Plain,
}

/// Which URLs may be used without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    /// None: a server elsewhere must not lead us to services on this machine.
    Never,
    /// Those on this machine, where the server is too.
    Loopback,
    /// All.
    Always,
}

impl Web {
    /// A URL that a document or header gave.
    pub(super) fn url(&self, what: &'static str, text: &str) -> Result<Url, AuthError> {
        let refuse = |why| Err(AuthError::Url { what, url: super::error::quote(text), why });
        let Ok(url) = Url::parse(text) else { return refuse("it is not an absolute URL") };
        if let Err(why) = self.plain.check(&url) {
            return refuse(why);
        }
        Ok(url)
    }

    /// Asks for a document.
    pub(super) async fn get(&self, what: &'static str, url: &Url) -> Result<Response<Bytes>, AuthError> {
        let request = self.request(what, Method::GET, url, HeaderMap::new(), Bytes::new())?;
        self.send(what, request).await
    }

    /// Sends a form.
    pub(super) async fn post_form(
        &self,
        what: &'static str,
        url: &Url,
        mut headers: HeaderMap,
        form: &Form,
    ) -> Result<Response<Bytes>, AuthError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let request = self.request(what, Method::POST, url, headers, body.into())?;
        self.send(what, request).await
    }

    /// Sends JSON.
    pub(super) async fn post_json(
        &self,
        what: &'static str,
        url: &Url,
        body: &serde_json::Value,
    ) -> Result<Response<Bytes>, AuthError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let request = self.request(what, Method::POST, url, headers, body.to_string().into())?;
        self.send(what, request).await
    }

    fn request(
        &self,
        what: &'static str,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Request<Bytes>, AuthError> {
        let refuse = |why| AuthError::Url { what, url: shown(url), why };
        self.plain.check(url).map_err(refuse)?;
        let mut request = Request::new(body);
        *request.uri_mut() = url.as_str().parse().map_err(|_| refuse("it is not a URL"))?;
        *request.method_mut() = method;
        *request.headers_mut() = headers;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        Ok(request)
    }

    async fn send(&self, what: &'static str, request: Request<Bytes>) -> Result<Response<Bytes>, AuthError> {
        let sent: Result<_, HttpError> = self.http.fetch(request, LIMIT, self.timeout).await;
        sent.map_err(|source| AuthError::Http { what, source })
    }
}

impl Plain {
    /// What is wrong with a URL.
    pub(super) fn check(self, url: &Url) -> Result<(), &'static str> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it has user info");
        }
        if url.fragment().is_some() {
            return Err("it has a fragment");
        }
        match (url.scheme(), self) {
            ("https", _) | ("http", Self::Always) => Ok(()),
            ("http", Self::Loopback) if is_loopback(url) => Ok(()),
            ("http", _) => Err("it is not `https`"),
            _ => Err("its scheme is not `https`"),
        }
    }
}

/// Whether a URL is on this machine.
pub(in crate::auth) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// A URL for messages, without its query.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    super::error::quote(url.as_str())
}

/// Reads a document.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DocumentError> {
    serde_json::from_slice(bytes).map_err(|error| DocumentError(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_safe_urls_are_used() {
        let check = |url: &str, [never, loopback, always]: [bool; 3]| {
            let parsed = Url::parse(url).unwrap();
            let found =
                [Plain::Never, Plain::Loopback, Plain::Always].map(|plain| plain.check(&parsed).is_ok());
            assert_eq!(found, [never, loopback, always], "{url}");
        };
        check("https://a.example/x?y", [true, true, true]);
        check("http://a.example/x", [false, false, true]);
        check("http://127.0.0.1:1/x", [false, true, true]);
        check("http://127.9.9.9/x", [false, true, true]);
        check("http://[::1]/x", [false, true, true]);
        check("http://localhost/x", [false, true, true]);
        check("http://a.localhost/x", [false, true, true]);
        check("http://localhost.a.example/x", [false, false, true]);
        check("http://10.0.0.1/x", [false, false, true]);
        check("https://user@a.example/x", [false, false, false]);
        check("https://a.example/x#y", [false, false, false]);
        check("file:///etc/passwd", [false, false, false]);
        check("ftp://127.0.0.1/", [false, false, false]);
    }
}
