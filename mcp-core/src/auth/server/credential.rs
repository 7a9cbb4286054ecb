//! What a request carries in its headers.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName};

use super::Rejection;

pub(super) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// More is no credential of ours: a token of that size would not fit into the headers of most servers.
const LONGEST: usize = 16 * 1024;

/// How a token is presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Bearer,
    Dpop,
}

/// The token of `Authorization`; none where there is no such header or it has another scheme.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<(Scheme, &str)>, Rejection> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::malformed("header `Authorization` occurs twice"));
    }
    let Ok(value) = value.to_str() else {
        return Err(Rejection::malformed("header `Authorization` has invalid characters"));
    };
    let value = value.trim();
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let scheme = match scheme {
        _ if scheme.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        _ if scheme.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
        _ => return Ok(None),
    };
    let token = token.trim();
    if token.is_empty() {
        return Err(Rejection::malformed("header `Authorization` has no token"));
    }
    if token.len() > LONGEST {
        return Err(Rejection::malformed(format!("the token has more than {LONGEST} bytes")));
    }
    // Which characters it has is not looked at: what has others is no token that anybody knows.
    Ok(Some((scheme, token)))
}

/// The single value of a header.
pub(super) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Rejection> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Rejection::malformed(format!("header `{name}` occurs twice")));
    }
    match value.to_str() {
        Ok(value) if value.len() <= LONGEST => Ok(Some(value.trim())),
        _ => Err(Rejection::malformed(format!("header `{name}` cannot be read"))),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn read(value: &[u8]) -> Result<Option<(Scheme, String)>, Rejection> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        token(&headers).map(|found| found.map(|(scheme, token)| (scheme, token.to_owned())))
    }

    #[test]
    fn tokens_are_found_and_rubbish_is_refused() {
        assert_eq!(read(b"Bearer a.b-c"), Ok(Some((Scheme::Bearer, "a.b-c".into()))));
        assert_eq!(read(b"bearer  a "), Ok(Some((Scheme::Bearer, "a".into()))));
        assert_eq!(read(b"DPOP t"), Ok(Some((Scheme::Dpop, "t".into()))));
        assert_eq!(read(b"Basic dTpw"), Ok(None));
        for bad in [&b"Bearer"[..], b"Bearer ", b"Bearer \xff"] {
            assert_eq!(read(bad).unwrap_err().kind(), "malformed", "{bad:?}");
        }
        assert!(read(&[&b"Bearer "[..], &vec![b'a'; LONGEST + 1]].concat()).is_err());
        let mut twice = HeaderMap::new();
        twice.append(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        twice.append(AUTHORIZATION, HeaderValue::from_static("Bearer b"));
        assert!(token(&twice).is_err());
    }

    proptest! {
        #[test]
        fn no_header_breaks_it(value in prop::collection::vec(32u8..=255, 0..200)) {
            if HeaderValue::from_bytes(&value).is_ok()
                && let Ok(Some((_, token))) = read(&value)
            {
                prop_assert!(!token.is_empty() && token.len() <= LONGEST);
            }
        }
    }
}
