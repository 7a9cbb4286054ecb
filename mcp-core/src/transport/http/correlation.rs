//! What ties together everything that is written about one request: `X-Request-Id`.

use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use super::reply::HttpResponse;

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer identifiers are replaced: they would end up in every log line.
const LONGEST: usize = 128;

/// The identifier of a request, as its extensions carry it.
#[derive(Debug, Clone)]
pub(crate) struct Correlation(pub(crate) Arc<str>);

impl Correlation {
    /// The identifier that the request came with, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(X_REQUEST_ID).and_then(|value| value.to_str().ok()).map(str::trim);
        Self(given.filter(|id| is_sound(id)).map_or_else(generate, Arc::from))
    }

    /// Tells the client, so that it can name the request when it asks about it.
    pub(crate) fn echo(&self, response: &mut HttpResponse) {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            response.headers_mut().insert(X_REQUEST_ID, value);
        }
    }
}

/// Whether an identifier can stand in logs as it is.
fn is_sound(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= LONGEST
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte))
}

/// An identifier that no other request has: a random number of the process, and a count. It is no secret.
fn generate() -> Arc<str> {
    static PROCESS: LazyLock<u64> = LazyLock::new(|| getrandom::u64().unwrap_or_default());
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut id = [0; 32];
    let number = u128::from(*PROCESS) << 64 | u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
    for (place, digit) in id.iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(number >> (4 * place) & 15) as usize];
    }
    std::str::from_utf8(&id).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_identifier_is_kept_and_others_are_replaced() {
        let of = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(id.as_bytes()).unwrap());
            Correlation::of(&headers).0
        };
        for sound in ["a", "0af7651916cd43dd8448eb211c80319c", "req-1/2:3"] {
            assert_eq!(&*of(sound), sound);
        }
        for odd in ["", "a b", "a\tb", "<script>", "\u{e9}", &"x".repeat(129)] {
            assert_eq!(of(odd).len(), 32, "{odd}");
        }
        assert_ne!(of(""), of(""));
    }
}
