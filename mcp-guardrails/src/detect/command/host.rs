//! Whether the host of an address is within.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// The host that begins at `start` if it is one that only machines within can reach, in whatever way its number is written.
pub(super) fn internal(text: &str, start: usize) -> Option<(&'static str, Range<usize>, f32)> {
    let rest = text.get(start..)?;
    let authority = rest
        .find(['/', '?', '#', ' ', '\n', '\t', '"', '\'', '<', '>', '`', '\\'])
        .map_or(rest, |end| rest.get(..end).unwrap_or(rest));
    // Whatever stands before the last `@` is a name, not the host.
    let from = authority.rfind('@').map_or(0, |sign| sign + 1);
    let host = authority.get(from..)?;
    let found =
        |host: &str, score| Some(("ssrf.private-address", start + from..start + from + host.len(), score));
    if let Some(bracketed) = host.strip_prefix('[') {
        let inner = bracketed.split(']').next().unwrap_or("");
        let address: Ipv6Addr = inner.parse().ok()?;
        let within = match address.to_ipv4_mapped() {
            Some(mapped) => is_within(mapped),
            None => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_unique_local()
                    || address.is_unicast_link_local()
            }
        };
        return if within { found(host.get(..inner.len() + 2)?, 0.8) } else { None };
    }
    let name = host.split(':').next().unwrap_or("").trim_end_matches('.');
    let lower = name.to_ascii_lowercase();
    if lower == "localhost" || lower.ends_with(".localhost") {
        return found(name, 0.4);
    }
    if [".internal", ".local", ".cluster.local", ".corp", ".lan"].iter().any(|end| lower.ends_with(end)) {
        return found(name, 0.5);
    }
    let (address, plain) = number(&lower)?;
    // Who writes a loopback address in another base hides it.
    let score = match (is_within(address), plain) {
        (false, _) => return None,
        (true, false) => 0.95,
        (true, true) if address.is_loopback() => 0.4,
        (true, true) => 0.7,
    };
    found(name, score)
}

fn is_within(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || a == 0
        || a == 100 && (64..128).contains(&b)
}

/// An address of one to four numbers, each decimal, octal or hexadecimal, and whether it is written as usual.
fn number(host: &str) -> Option<(Ipv4Addr, bool)> {
    if let Ok(address) = host.parse() {
        return Some((address, true));
    }
    let parts: Option<Vec<u32>> = host
        .split('.')
        .map(|part| match part.strip_prefix("0x") {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok(),
            None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
            None => part.parse().ok(),
        })
        .collect();
    let parts = parts.filter(|parts| (1..=4).contains(&parts.len()))?;
    let (last, head) = parts.split_last()?;
    let mut value = 0u64;
    for part in head {
        value = (value << 8) | u64::from(u8::try_from(*part).ok()?);
    }
    let bits = 8 * (4 - head.len());
    let value = (value << bits) | (u64::from(*last) < 1 << bits).then_some(u64::from(*last))?;
    Some((Ipv4Addr::from(u32::try_from(value).ok()?), false))
}
