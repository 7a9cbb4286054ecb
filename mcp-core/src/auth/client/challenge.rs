//! What a server wants: the `WWW-Authenticate` header (RFC 9110, 11.6.1).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// More of either is noise.
const MAX_CHALLENGES: usize = 16;
const MAX_PARAMETERS: usize = 32;

/// One challenge: a scheme and its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Reads all challenges of one header value. Never fails: what makes no sense is left out.
    #[must_use]
    pub fn parse(header: &[u8]) -> Vec<Self> {
        Parser { rest: header, found: Vec::new() }.run()
    }

    /// The scheme, as written.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// A parameter, by its name in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &**value)
    }

    /// All parameters, by name.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (&**name, &**value))
    }

    fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// All challenges of an answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Challenges(Vec<Challenge>);

impl Challenges {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(WWW_AUTHENTICATE).iter();
        Self(values.flat_map(|value| Challenge::parse(value.as_bytes())).take(MAX_CHALLENGES).collect())
    }

    /// A parameter: of the schemes that we speak, else of any (RFC 9728 names none).
    fn get(&self, name: &str) -> Option<&str> {
        let ours = self.0.iter().filter(|challenge| challenge.is("Bearer") || challenge.is("DPoP"));
        let mut all = ours.chain(&self.0).filter_map(|challenge| challenge.get(name));
        all.find(|value| !value.is_empty())
    }

    pub(super) fn resource_metadata(&self) -> Option<&str> {
        self.get("resource_metadata")
    }

    /// The scopes the server wants, none if it names none.
    pub(super) fn scopes(&self) -> Vec<String> {
        super::scope::split(self.get("scope").unwrap_or_default())
    }

    pub(super) fn wants_scope(&self) -> bool {
        self.0.iter().any(|challenge| challenge.get("error") == Some("insufficient_scope"))
    }

    pub(super) fn wants_nonce(&self) -> bool {
        let mut proofs = self.0.iter().filter(|challenge| challenge.is("DPoP"));
        proofs.any(|challenge| challenge.get("error") == Some("use_dpop_nonce"))
    }
}

struct Parser<'a> {
    rest: &'a [u8],
    found: Vec<Challenge>,
}

impl<'a> Parser<'a> {
    fn run(mut self) -> Vec<Challenge> {
        loop {
            self.skip(|byte| byte == b' ' || byte == b'\t' || byte == b',');
            if self.rest.is_empty() || self.found.len() > MAX_CHALLENGES {
                self.found.truncate(MAX_CHALLENGES);
                return self.found;
            }
            let name = self.take(is_token);
            if name.is_empty() {
                // Junk: go on after the next comma.
                self.skip(|byte| byte != b',');
                continue;
            }
            self.spaces();
            if self.rest.first() == Some(&b'=') {
                self.parameter(name);
            } else {
                self.scheme(name);
            }
        }
    }

    fn scheme(&mut self, name: &[u8]) {
        self.found.push(Challenge { scheme: text(name), parameters: Vec::new() });
        // A credential without name, which no scheme of ours has, ends at a comma.
        let before = self.rest;
        self.skip(is_token68);
        self.skip(|byte| byte == b'=');
        self.spaces();
        if !matches!(self.rest.first(), None | Some(b',')) {
            self.rest = before;
        }
    }

    fn parameter(&mut self, name: &[u8]) {
        self.rest = self.rest.get(1..).unwrap_or_default();
        self.spaces();
        let value = match self.rest.split_first() {
            Some((b'"', rest)) => {
                self.rest = rest;
                self.quoted()
            }
            _ => text(self.take(|byte| !matches!(byte, b',' | b' ' | b'\t'))),
        };
        let Some(challenge) = self.found.last_mut() else { return };
        if challenge.parameters.len() < MAX_PARAMETERS {
            challenge.parameters.push((text(name), value));
        }
    }

    /// The rest of a quoted string.
    fn quoted(&mut self) -> String {
        let (mut value, mut escaped) = (Vec::new(), false);
        while let Some((byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            match byte {
                b'"' if !escaped => break,
                b'\\' if !escaped => escaped = true,
                _ => {
                    value.push(*byte);
                    escaped = false;
                }
            }
        }
        text(&value)
    }

    fn spaces(&mut self) {
        self.skip(|byte| byte == b' ' || byte == b'\t');
    }

    fn skip(&mut self, matches: impl Fn(u8) -> bool) {
        self.take(matches);
    }

    fn take(&mut self, matches: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| !matches(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

const fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn challenges_are_told_apart() {
        let check = |header: &str, expect: &[(&str, &[(&str, &str)])]| {
            let found = Challenge::parse(header.as_bytes());
            let found: Vec<(&str, Vec<(&str, &str)>)> = found
                .iter()
                .map(|one| (one.scheme(), one.parameters.iter().map(|(k, v)| (&**k, &**v)).collect()))
                .collect();
            let expect: Vec<_> = expect.iter().map(|(scheme, list)| (*scheme, list.to_vec())).collect();
            assert_eq!(found, expect, "{header}");
        };
        check("", &[]);
        check("Bearer", &[("Bearer", &[])]);
        check("Bearer realm=\"a, b\"", &[("Bearer", &[("realm", "a, b")])]);
        check(
            "Bearer a=b,c = \"d\\\"e\\\\\" ,, f=g",
            &[("Bearer", &[("a", "b"), ("c", "d\"e\\"), ("f", "g")])],
        );
        check(
            "Negotiate, Basic realm=x, DPoP algs=\"ES256\"",
            &[("Negotiate", &[]), ("Basic", &[("realm", "x")]), ("DPoP", &[("algs", "ES256")])],
        );
        check("Negotiate abc/+==, Bearer error=x", &[("Negotiate", &[]), ("Bearer", &[("error", "x")])]);
        check("Bearer scope=\"open", &[("Bearer", &[("scope", "open")])]);
        check("=x, \"y\", Bearer a=b", &[("Bearer", &[("a", "b")])]);
        check("Bearer a=https://x/y?z=1", &[("Bearer", &[("a", "https://x/y?z=1")])]);
    }

    fn challenges(headers: &[&str]) -> Challenges {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, HeaderValue::from_str(header).unwrap());
        }
        Challenges::of(&map)
    }

    #[test]
    fn our_schemes_go_first_and_headers_add_up() {
        let found = challenges(&[
            "Basic realm=x, scope=wrong",
            "bearer Error=\"insufficient_scope\", SCOPE=\"a  b a\", resource_metadata=\"https://x/m\"",
        ]);
        assert_eq!(found.scopes(), ["a", "b"]);
        assert_eq!(found.resource_metadata(), Some("https://x/m"));
        assert!(found.wants_scope() && !found.wants_nonce());
        assert!(challenges(&["DPoP error=\"use_dpop_nonce\""]).wants_nonce());
        assert!(!challenges(&["Bearer error=\"use_dpop_nonce\""]).wants_nonce());
        assert_eq!(
            challenges(&["Custom resource_metadata=\"https://y\""]).resource_metadata(),
            Some("https://y")
        );
        assert!(challenges(&[]).scopes().is_empty());
    }

    proptest! {
        #[test]
        fn anything_can_be_read(header in prop::collection::vec(any::<u8>(), 0..200)) {
            let found = Challenge::parse(&header);
            prop_assert!(found.len() <= MAX_CHALLENGES);
        }

        #[test]
        fn quoted_values_come_back(value in "[ -~]{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let found = Challenge::parse(format!("Bearer a=b, v=\"{quoted}\", c=d").as_bytes());
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].get("v"), Some(&*value));
            prop_assert_eq!(found[0].get("c"), Some("d"));
        }
    }
}
