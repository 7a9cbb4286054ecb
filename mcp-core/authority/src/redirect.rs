//! Redirect URIs: which may be registered, and which request matches (OAuth 2.1, 2.3; RFC 8252, 7).

use url::Url;

const LONGEST: usize = 2048;
/// Hosts of this machine, as they are written in URLs. `localhost` is what MCP clients register beside the addresses.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];
/// Schemes that a browser runs or shows itself.
const OURS: [&str; 10] =
    ["about", "blob", "chrome", "data", "file", "ftp", "javascript", "vbscript", "view-source", "ws"];

/// What is wrong with a redirect URI that a client wants to register.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    if text.len() > LONGEST {
        return Err("a redirect URI has at most 2048 bytes");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) || text.contains(['\\', '"', '<', '>']) {
        return Err("a redirect URI is ASCII without spaces, quotes, angle brackets and backslashes");
    }
    let Ok(url) = Url::parse(text) else { return Err("a redirect URI is an absolute URL") };
    if text.contains('#') {
        return Err("a redirect URI has no fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a redirect URI has no user info");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if Loopback::parse(text).is_some() => Ok(()),
        "http" => Err("a redirect URI with `http` is on 127.0.0.1, [::1] or localhost"),
        // RFC 8252, 7.1: the reverse of a domain that the application owns.
        scheme if scheme.contains('.') => Ok(()),
        scheme if OURS.contains(&scheme) || scheme.starts_with("wss") => {
            Err("a redirect URI has the scheme `https`, `http` on this machine, or one of an application")
        }
        _ => Err(
            "the scheme of an application is the reverse of its domain, as in `com.example.app:/callback`",
        ),
    }
}

/// Whether a request may name this redirect URI: byte for byte a registered one, but that the port of a loopback
/// redirect may be any (RFC 8252, 7.3).
pub(crate) fn matches(registered: &str, asked: &str) -> bool {
    if registered == asked {
        return true;
    }
    match (Loopback::parse(registered), Loopback::parse(asked)) {
        (Some(registered), Some(asked)) => registered == asked,
        _ => false,
    }
}

/// Whether a redirect stays on the machine of the person.
pub(crate) fn is_loopback(text: &str) -> bool {
    Loopback::parse(text).is_some()
}

/// A loopback redirect without its port. Taken apart by hand, so that no normalization makes two texts alike.
#[derive(Debug, PartialEq, Eq)]
struct Loopback<'a> {
    host: &'a str,
    rest: &'a str,
}

impl<'a> Loopback<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let after = text.strip_prefix("http://")?;
        let (host, rest) = LOOPBACK.iter().find_map(|host| {
            let rest = after.strip_prefix(host)?;
            (rest.is_empty() || rest.starts_with([':', '/', '?'])).then_some((*host, rest))
        })?;
        let rest = match rest.strip_prefix(':') {
            Some(port) => {
                let digits = port.bytes().take_while(u8::is_ascii_digit).count();
                let (port, rest) = port.split_at(digits);
                port.parse::<u16>().ok()?;
                rest
            }
            None => rest,
        };
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(Self { host, rest })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_may_be_registered() {
        let check = |text: &str, ok: bool| assert_eq!(super::check(text).is_ok(), ok, "{text}");
        check("https://app.example/callback", true);
        check("https://app.example/callback?tenant=1", true);
        check("http://127.0.0.1/callback", true);
        check("http://127.0.0.1:3000/callback", true);
        check("http://[::1]:3000/callback", true);
        check("http://localhost:3000/callback", true);
        check("com.example.app:/callback", true);
        check("http://app.example/callback", false);
        check("http://127.0.0.1.evil.example/", false);
        check("http://127.0.0.1@evil.example/", false);
        check("http://localhost.evil.example/", false);
        check("https://user@app.example/callback", false);
        check("https://app.example/callback#fragment", false);
        check("https://app.example/call back", false);
        check("javascript:alert(1)", false);
        check("data:text/html,x", false);
        check("myapp:/callback", false);
        check("/callback", false);
        check("", false);
    }

    #[test]
    fn only_the_port_of_loopback_may_differ() {
        let check = |registered: &str, asked: &str, ok| {
            assert_eq!(matches(registered, asked), ok, "{registered} and {asked}");
        };
        check("https://a.example/cb", "https://a.example/cb", true);
        check("http://127.0.0.1/cb", "http://127.0.0.1:5000/cb", true);
        check("http://127.0.0.1:1/cb", "http://127.0.0.1:65535/cb", true);
        check("http://[::1]:1/cb?x=1", "http://[::1]:2/cb?x=1", true);
        check("https://a.example/cb", "https://a.example/cb/", false);
        check("https://a.example/cb", "https://a.example:443/cb", false);
        check("https://a.example/cb", "https://A.example/cb", false);
        check("https://a.example/cb", "https://a.example/cb?x", false);
        check("https://a.example/cb", "https://a.example/x/../cb", false);
        check("https://127.0.0.1:1/cb", "https://127.0.0.1:2/cb", false);
        check("http://127.0.0.1:1/cb", "http://localhost:1/cb", false);
        check("http://127.0.0.1:1/cb", "http://127.0.0.1:99999/cb", false);
        check("http://127.0.0.1:1/cb", "http://127.0.0.1:1@evil.example/cb", false);
        check("http://127.0.0.1:1/cb", "http://127.0.0.1:1/CB", false);
        check("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", false);
    }

    proptest! {
        #[test]
        fn a_match_goes_to_the_same_place(
            registered in "http://(127\\.0\\.0\\.1|localhost|\\[::1\\])(:[0-9]{1,5})?/[a-z]{0,3}",
            asked in "http://(127\\.0\\.0\\.1|localhost|\\[::1\\]|evil\\.example)([:@.][0-9a-z]{0,6})?(/[a-z]{0,3})?",
        ) {
            if matches(&registered, &asked) {
                let (one, two) = (Url::parse(&registered).unwrap(), Url::parse(&asked).unwrap());
                prop_assert_eq!(one.host_str(), two.host_str());
                prop_assert_eq!(one.path(), two.path());
                prop_assert!(two.username().is_empty());
            }
        }

        #[test]
        fn what_is_taken_can_be_redirected_to(text in "\\PC{0,60}") {
            if super::check(&text).is_ok() {
                prop_assert!(matches(&text, &text));
                prop_assert!(Url::parse(&text).is_ok_and(|url| url.fragment().is_none()));
            }
        }
    }
}
