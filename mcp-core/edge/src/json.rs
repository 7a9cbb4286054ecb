//! Writing small JSON texts straight into a buffer.

use std::cell::RefCell;
use std::time::Duration;

thread_local! {
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Lends a buffer of the thread, empty. It must not be asked for again within.
pub(crate) fn with_scratch<R>(act: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        act(scratch)
    })
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Writes a string.
pub(crate) fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = odd(rest) {
        let (plain, odd) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = odd.split_first() else { break };
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(b >> 4), hex(b & 15)]),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Where the first byte is that cannot stand in a string as it is.
fn odd(text: &[u8]) -> Option<usize> {
    let is_odd = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    // Chunks are searched without a branch for each byte; there is seldom anything to find.
    let (chunks, rest) = text.as_chunks::<16>();
    let clean = chunks.iter().take_while(|chunk| !chunk.iter().fold(false, |any, byte| any | is_odd(*byte)));
    let start = clean.count() * 16;
    if start == text.len() - rest.len() {
        return rest.iter().position(|byte| is_odd(*byte)).map(|at| start + at);
    }
    text.iter().skip(start).position(|byte| is_odd(*byte)).map(|at| start + at)
}

/// Writes a string, or `null`.
pub(crate) fn optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}

const fn hex(nibble: u8) -> u8 {
    HEX[(nibble & 15) as usize]
}

/// The 16 digits of a number.
pub(crate) fn hex16(number: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    for (place, byte) in digits.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        place.copy_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
    }
    digits
}

/// Writes bytes as digits.
pub(crate) fn hex_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        out.extend_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
    }
}

/// Writes a number.
pub(crate) fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Writes a time in milliseconds with three decimals.
pub(crate) fn milliseconds(out: &mut Vec<u8>, time: Duration) {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    number(out, micros / 1_000);
    out.push(b'.');
    padded(out, micros % 1_000, 3);
}

fn padded(out: &mut Vec<u8>, number: u64, width: u32) {
    for place in (0..width).rev() {
        out.push(b'0' + u8::try_from(number / 10u64.pow(place) % 10).unwrap_or_default());
    }
}

/// Writes a time since 1970 as RFC 3339 in UTC with milliseconds, in quotes. Civil dates after Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms".
pub(crate) fn timestamp(out: &mut Vec<u8>, since_epoch: Duration) {
    let seconds = since_epoch.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    out.push(b'"');
    padded(out, year, 4);
    for (separator, value) in
        [(b'-', month), (b'-', day), (b'T', second / 3_600), (b':', second / 60 % 60), (b':', second % 60)]
    {
        out.push(separator);
        padded(out, value, 2);
    }
    out.push(b'.');
    padded(out, u64::from(since_epoch.subsec_millis()), 3);
    out.extend_from_slice(b"Z\"");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_are_written_as_people_and_programs_read_them() {
        let check = |seconds: u64, millis: u64, expect: &str| {
            let mut out = Vec::new();
            timestamp(&mut out, Duration::from_millis(seconds * 1_000 + millis));
            assert_eq!(String::from_utf8(out).unwrap(), format!("\"{expect}\""));
        };
        check(0, 0, "1970-01-01T00:00:00.000Z");
        check(951_782_399, 7, "2000-02-28T23:59:59.007Z");
        check(951_782_400, 0, "2000-02-29T00:00:00.000Z");
        check(1_709_164_800, 999, "2024-02-29T00:00:00.999Z");
        check(1_798_761_599, 0, "2026-12-31T23:59:59.000Z");
        check(4_102_444_800, 0, "2100-01-01T00:00:00.000Z");
    }

    proptest! {
        #[test]
        fn strings_and_numbers_survive(text in any::<String>(), value in any::<u64>()) {
            let mut out = Vec::new();
            string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
            out.clear();
            number(&mut out, value);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }
    }
}
