//! Hosts and networks that addresses lead to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::test::Truth;

/// A host by name, all below a name (`*.example.com`), or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    place: Place,
    below: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    Name(String),
    Address(IpAddr),
}

impl Host {
    /// Reads a host.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (below, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        let bare = rest.parse::<Ipv6Addr>().ok().map(|address| Place::Address(plain(address.into())));
        match bare.or_else(|| Place::parse(rest)) {
            Some(place) if !below || matches!(place, Place::Name(_)) => Ok(Self { place, below }),
            _ => Err(format!("`{text}` is no host such as `api.example.com`, `*.example.com` or `10.0.0.5`")),
        }
    }

    fn is(&self, place: &Place) -> bool {
        match (&self.place, place) {
            (Place::Name(name), Place::Name(other)) if self.below => {
                other.strip_suffix(name.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
            (a, b) => a == b,
        }
    }
}

/// Addresses that begin alike: `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// Networks with a name.
const NAMED: [(&str, &[&str]); 4] = [
    ("private", &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]),
    ("loopback", &["127.0.0.0/8", "0.0.0.0/8", "::1/128", "::/128"]),
    ("link_local", &["169.254.0.0/16", "fe80::/10"]),
    ("multicast", &["224.0.0.0/4", "ff00::/8"]),
];

impl Network {
    /// Reads a network, or the name of some: `private`, `loopback`, `link_local`, `multicast`.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        if let Some((_, members)) = NAMED.iter().find(|(name, _)| *name == text) {
            return members.iter().map(|member| Self::one(member)).collect();
        }
        Ok(vec![Self::one(text)?])
    }

    fn one(text: &str) -> Result<Self, String> {
        let problem = || {
            format!(
                "`{text}` is no network such as `10.0.0.0/8`, nor `private`, `loopback`, `link_local`, `multicast`"
            )
        };
        let (base, bits) = text.split_once('/').map_or((text, None), |(base, bits)| (base, Some(bits)));
        let base: IpAddr = base.parse().map_err(|_| problem())?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse::<u8>().map_err(|_| problem()))?;
        if bits > most { Err(problem()) } else { Ok(Self { base, bits }) }
    }

    fn holds(&self, address: IpAddr) -> bool {
        let (a, b, width) = match (self.base, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(u32::from(a)), u128::from(u32::from(b)), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a), u128::from(b), 128),
            _ => return false,
        };
        let kept = width - u32::from(self.bits);
        (a ^ b).checked_shr(kept).unwrap_or(0) == 0
    }
}

/// Whether a URL, or a host, leads to one of these. What parsers disagree about is unsure.
pub(crate) fn leads_to(url: &str, hosts: &[Host]) -> Truth {
    place(url).map_or(Truth::Unsure, |place| hosts.iter().any(|host| host.is(&place)).into())
}

/// Whether the address in a URL lies in one of these. A name has no address here: nothing is resolved.
pub(crate) fn lies_in(url: &str, networks: &[Network]) -> Truth {
    match place(url) {
        None => Truth::Unsure,
        Some(Place::Address(address)) => networks.iter().any(|network| network.holds(address)).into(),
        Some(Place::Name(name)) => {
            let here = name == "localhost" || name.ends_with(".localhost");
            let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
            (here && networks.iter().any(|network| network.holds(loopback))).into()
        }
    }
}

fn place(url: &str) -> Option<Place> {
    if !url.bytes().all(|byte| (0x21..0x7f).contains(&byte)) || url.contains('\\') {
        return None;
    }
    if let Ok(address) = url.parse::<Ipv6Addr>() {
        return Some(Place::Address(plain(address.into())));
    }
    let authority = match url.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) => {
            rest.split(['/', '?', '#']).next()?
        }
        Some(_) => return None,
        None if url.contains(['/', '?', '#']) => return None,
        None => url,
    };
    // Who is named before an `@` is not where it leads, and not every reader knows.
    if authority.contains(['@', '%']) {
        return None;
    }
    let end = if authority.starts_with('[') {
        authority.find(']')? + 1
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, port) = authority.split_at_checked(end)?;
    let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    port_fits.then(|| Place::parse(host)).flatten()
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            return Some(Self::Address(plain(inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?.into())));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        if name.len() > 253 || !name.split('.').all(label) {
            return None;
        }
        // What ends in a number is an address to whoever connects.
        let last = name.rsplit('.').next()?;
        if last.bytes().all(|b| b.is_ascii_digit())
            || last.strip_prefix("0x").is_some_and(|hex| u32::from_str_radix(hex, 16).is_ok())
        {
            return numbers(&name).map(|address| Self::Address(address.into()));
        }
        Some(Self::Name(name))
    }
}

/// An address of one to four numbers, each decimal, octal or hexadecimal, as the C library reads it.
fn numbers(text: &str) -> Option<Ipv4Addr> {
    let number = |part: &str| match part.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
        None => part.parse().ok(),
    };
    let parts: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    if first.len() > 3 {
        return None;
    }
    let mut address: u32 = 0;
    for (i, part) in first.iter().enumerate() {
        address |= u32::from(u8::try_from(*part).ok()?) << (24 - 8 * i);
    }
    let room = 32 - 8 * u32::try_from(first.len()).ok()?;
    (u64::from(*last) < 1_u64 << room).then(|| Ipv4Addr::from(address | last))
}

fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(address.into(), Into::into),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let hosts = [Host::parse("*.example.com").unwrap(), Host::parse("api.test").unwrap()];
        let check = |url: &str, expect| assert_eq!(leads_to(url, &hosts), expect, "{url}");
        check("https://a.example.com/x?y", Truth::True);
        check("API.TEST.:8080", Truth::True);
        for other in
            ["https://example.com", "https://a.example.com.evil.test/", "https://evil.test/?a.example.com"]
        {
            check(other, Truth::False);
        }
        for unsure in [
            "https://api.test@evil.test",
            "https://api.test\\.evil.test",
            "//api.test",
            "https://\u{430}pi.test",
            "",
            "https://api.test:x/",
        ] {
            check(unsure, Truth::Unsure);
        }
        assert!(Host::parse("*.10.0.0.1").is_err() && Host::parse("a b").is_err());
    }

    #[test]
    fn networks() {
        let mut inside = Network::parse("private").unwrap();
        inside.extend(Network::parse("loopback").unwrap());
        inside.extend(Network::parse("link_local").unwrap());
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1",
            "http://[::ffff:10.1.2.3]/",
            "http://[::1]:80/",
            "10.9.9.9",
            "http://169.254.169.254/latest",
            "fe80::1",
            "http://localhost:3000",
            "http://0/",
            "192.168.1.1:22",
        ] {
            assert_eq!(lies_in(url, &inside), Truth::True, "{url}");
        }
        for url in ["http://8.8.8.8", "https://example.com", "http://11.0.0.1", "2606:4700::1"] {
            assert_eq!(lies_in(url, &inside), Truth::False, "{url}");
        }
        assert_eq!(lies_in("http://1.2.3.4.5/", &inside), Truth::Unsure);
        assert!(Network::parse("10.0.0.0/33").is_err() && Network::parse("privat").is_err());
        assert_eq!(lies_in("1.2.3.4", &Network::parse("0.0.0.0/0").unwrap()), Truth::True);
    }
}
