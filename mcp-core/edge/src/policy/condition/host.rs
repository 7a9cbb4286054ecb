//! Hosts that a URL may lead to.
//!
//! Parsers of URLs disagree in many corners. What they could disagree about is refused here, so that what is left reads the same
//! for all: a scheme, `://`, an ASCII host or an address in its usual notation, a port.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Truth;

/// A host that is allowed: a name, all below a name, or an address; with its port, all ports, or the port of the scheme.
#[derive(Debug)]
pub(super) struct HostPattern {
    host: Host,
    below: bool,
    port: Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    OfScheme,
    Any,
    Number(u16),
}

impl HostPattern {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let problem = || {
            format!("`{text}` is no host such as `api.example`, `*.example:8443`, `10.0.0.5:*` or `[::1]:80`")
        };
        let (below, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        let (host, port) = split_port(rest).ok_or_else(problem)?;
        let port = match port {
            None => Port::OfScheme,
            Some("*") => Port::Any,
            Some(digits) => Port::Number(number(digits).ok_or_else(problem)?),
        };
        let host = Host::parse(host).ok_or_else(problem)?;
        if below && !matches!(host, Host::Name(_)) {
            return Err(problem());
        }
        Ok(Self { host, below, port })
    }

    fn fits(&self, place: &Place) -> bool {
        let port = match self.port {
            Port::Any => true,
            Port::OfScheme => place.port == place.usual,
            Port::Number(port) => place.port == Some(port),
        };
        port && self.is_host(&place.host)
    }

    fn is_host(&self, host: &Host) -> bool {
        match (&self.host, host) {
            (Host::Name(name), Host::Name(is)) if self.below => {
                is.strip_suffix(name.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            (a, b) => a == b,
        }
    }
}

/// Whether a URL, or a host with or without port, leads to one of these.
pub(super) fn allowed(url: &str, patterns: &[HostPattern]) -> Truth {
    let Some(place) = place(url) else { return Truth::Unsure };
    if patterns.iter().any(|pattern| pattern.fits(&place)) {
        return Truth::True;
    }
    // Names may resolve to addresses: whoever forbids an address cannot tell by the name.
    let named =
        matches!(place.host, Host::Name(_)) && patterns.iter().any(|p| matches!(p.host, Host::Address(_)));
    if named { Truth::Unsure } else { Truth::False }
}

/// Where a URL leads.
struct Place {
    host: Host,
    port: Option<u16>,
    /// The port of the scheme.
    usual: Option<u16>,
}

fn place(url: &str) -> Option<Place> {
    if !url.bytes().all(|byte| (0x21..0x7f).contains(&byte)) || url.contains('\\') {
        return None;
    }
    let (usual, authority) = match url.split_once("://") {
        Some((scheme, rest)) => {
            let usual = match scheme.to_ascii_lowercase().as_str() {
                "http" | "ws" => 80,
                "https" | "wss" => 443,
                _ => return None,
            };
            (Some(usual), rest.split(['/', '?', '#']).next()?)
        }
        None if url.contains(['/', '?', '#']) => return None,
        None => (None, url),
    };
    let (host, port) = split_port(authority)?;
    let port = match port {
        None => usual,
        Some(digits) => Some(number(digits)?),
    };
    Some(Place { host: Host::parse(host)?, port, usual })
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(address.to_ipv4_mapped().map_or(address.into(), Into::into)));
        }
        let name = text.to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if name.len() > 253 || !name.split('.').all(label) {
            return None;
        }
        // What ends in a number is an address to URL parsers, in whatever notation.
        let last = name.rsplit('.').next()?;
        if last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") {
            return name.parse::<Ipv4Addr>().ok().map(|address| Self::Address(address.into()));
        }
        Some(Self::Name(name))
    }
}

/// Host and port of an authority; nothing where there is user information or an odd character.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.contains(['@', '%']) {
        return None;
    }
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(end);
    match rest.strip_prefix(':') {
        Some(port) => Some((host, Some(port))),
        None => rest.is_empty().then_some((host, None)),
    }
}

fn number(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    if plain { digits.parse().ok() } else { None }
}
