//! Writing URIs, and percent-encoding.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::{Operator, Part};

pub(super) fn expand(parts: &[Part], values: &IndexMap<String, String>) -> String {
    let mut uri = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => uri.push_str(text),
            Part::Expression { operator, names } => expression(&mut uri, *operator, names, values),
        }
    }
    uri
}

fn expression(uri: &mut String, operator: Operator, names: &[String], values: &IndexMap<String, String>) {
    let mut lead = operator.first();
    for name in names {
        let Some(value) = values.get(name) else { continue };
        uri.push_str(lead);
        lead = operator.separator();
        if operator.named() {
            uri.push_str(name);
            // An empty path parameter goes without its sign, an empty query parameter does not.
            if operator == Operator::Parameter && value.is_empty() {
                continue;
            }
            uri.push('=');
        }
        if operator.keeps_reserved() {
            encode(uri, value, is_literal)
        } else {
            encode(uri, value, is_unreserved)
        }
    }
}

/// Encodes what a URI cannot hold; what is percent-encoded already stays.
pub(super) fn encode_literal(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| is_literal(byte) || byte == b'%') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    encode(&mut out, text, |byte| is_literal(byte) || byte == b'%');
    Cow::Owned(out)
}

/// Decodes; `None` where a percent sign leads nowhere or the bytes are no text.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => digit(bytes.next()?)? * 16 + digit(bytes.next()?)?,
            _ => byte,
        });
    }
    String::from_utf8(out).ok()
}

pub(super) fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

/// `keep` never keeps `%` of a value: it would come back as something else.
fn encode(out: &mut String, text: &str, keep: impl Fn(u8) -> bool) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in text.bytes() {
        if keep(byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Unreserved or reserved.
fn is_literal(byte: u8) -> bool {
    is_unreserved(byte) || b":/?#[]@!$&'()*+,;=".contains(&byte)
}
