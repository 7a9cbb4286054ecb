//! The HTTP headers of the protocol and the encoding of their values.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};

mod mirror;
pub use mirror::{
    HeaderMismatch, HeaderProblem, MirrorError, MirrorFault, MirroredKind, MirroredParam, mirrored_params,
};

/// The revision that a request speaks.
pub const MCP_PROTOCOL_VERSION: &str = "mcp-protocol-version";
/// The method of the message in the body.
pub const MCP_METHOD: &str = "mcp-method";
/// The tool, prompt, resource or task that the message is about.
pub const MCP_NAME: &str = "mcp-name";
/// What the names of mirrored tool arguments begin with.
pub const MCP_PARAM_PREFIX: &str = "mcp-param-";
/// The session, in revisions 2025-03-26 to 2025-11-25.
pub const MCP_SESSION_ID: &str = "mcp-session-id";
/// The last event that a client saw of a broken stream, in the same revisions.
pub const LAST_EVENT_ID: &str = "last-event-id";

const OPEN: &str = "=?base64?";
const CLOSE: &str = "?=";

/// Why a header value cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderValueError {
    /// It holds something else than visible ASCII, spaces and tabs.
    #[error("the header value holds characters that a header cannot carry")]
    Character,
    /// What stands between the Base64 markers is not Base64.
    #[error("the header value is marked as base64 and is not")]
    Base64,
    /// The decoded bytes are no text.
    #[error("the header value decodes to bytes that are not UTF-8")]
    Utf8,
}

/// Writes `value` so that a header can carry it: as it is where that is safe, else as marked Base64.
pub fn encode_value(value: &str) -> Cow<'_, str> {
    let looks_marked = value.starts_with(OPEN) && value.ends_with(CLOSE);
    let padded = value.starts_with([' ', '\t']) || value.ends_with([' ', '\t']);
    if value.bytes().all(is_plain) && !looks_marked && !padded {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("{OPEN}{}{CLOSE}", STANDARD.encode(value)))
}

/// Reads a header value that [`encode_value`] wrote.
///
/// # Errors
/// When the value holds characters that a header cannot carry, or is marked as Base64 and cannot be decoded.
pub fn decode_value(value: &str) -> Result<Cow<'_, str>, HeaderValueError> {
    if !value.bytes().all(is_plain) {
        return Err(HeaderValueError::Character);
    }
    let Some(encoded) = value.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)) else {
        return Ok(Cow::Borrowed(value));
    };
    let bytes = STANDARD.decode(encoded).map_err(|_| HeaderValueError::Base64)?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| HeaderValueError::Utf8)
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_written_as_the_protocol_says() {
        let check = |value: &str, expect: &str| {
            assert_eq!(encode_value(value), expect);
            assert_eq!(decode_value(expect).unwrap(), value);
        };
        check("us-west1", "us-west1");
        check("", "");
        check("a b\tc", "a b\tc");
        check("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?=");
        check(" padded ", "=?base64?IHBhZGRlZCA=?=");
        check("\tx", "=?base64?CXg=?=");
        check("line1\nline2", "=?base64?bGluZTEKbGluZTI=?=");
        check("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=");
        check("=?base64?SGVsbG8=", "=?base64?SGVsbG8=");
        check("SGVsbG8=?=", "SGVsbG8=?=");
        check("=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?=");
        check("\u{7f}", "=?base64?fw==?=");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let check = |value: &str, expect| assert_eq!(decode_value(value), Err(expect), "{value:?}");
        check("=?base64?SGVsbG8?=", HeaderValueError::Base64);
        check("=?base64?SGVs!!!bG8=?=", HeaderValueError::Base64);
        check("=?base64?SGVsbG9=?=", HeaderValueError::Base64);
        check("=?base64?/w==?=", HeaderValueError::Utf8);
        check("é", HeaderValueError::Character);
        check("a\nb", HeaderValueError::Character);
        check("a\0", HeaderValueError::Character);
    }

    proptest! {
        #[test]
        fn every_value_comes_back(value in any::<String>()) {
            let encoded = encode_value(&value);
            prop_assert!(encoded.bytes().all(is_plain));
            prop_assert_eq!(encoded.trim(), encoded.as_ref());
            prop_assert_eq!(decode_value(&encoded).unwrap(), value.as_str());
        }

        #[test]
        fn values_like_the_marker_come_back(inner in "[=?base64/ +]{0,24}") {
            let value = format!("=?base64?{inner}?=");
            let encoded = encode_value(&value);
            prop_assert_eq!(decode_value(&encoded).unwrap(), value.as_str());
        }

        #[test]
        fn decoding_never_panics(value in any::<String>()) {
            let _ = decode_value(&value);
        }
    }
}
