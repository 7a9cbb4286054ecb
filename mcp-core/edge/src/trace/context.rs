//! W3C trace context, level 1 (<https://www.w3.org/TR/trace-context/>).

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use mcp_core::protocol::meta;
use mcp_core::service::Request;

/// The longest `tracestate` that is passed on.
const LONGEST_STATE: usize = 512;

/// Which trace, and which span of it.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceContext {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    pub(super) flags: u8,
    pub(super) state: Option<Arc<str>>,
}

/// A `traceparent` that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a `traceparent`: it looks like `00-<32 digits>-<16 digits>-01`, with hexadecimal digits in lower case"
)]
pub struct TraceParentError;

impl TraceContext {
    /// The trace, as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        hex(&self.trace)
    }

    /// The span, as 16 hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> String {
        hex(&self.span)
    }

    /// Whether whoever began the trace records it.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    /// What vendors say about the trace: `tracestate`.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The context that a request came with: that of its `_meta`, else that of its headers. One that is malformed is none.
    #[must_use]
    pub fn of(request: &Request) -> Option<Self> {
        let params = &request.params;
        if let Some(parent) = params.meta_str(meta::TRACEPARENT) {
            let context: Self = parent.parse().ok()?;
            return Some(context.with_state(params.meta_str(meta::TRACESTATE).as_deref()));
        }
        let headers = request.peer.headers.as_ref()?;
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let context: Self = text(meta::TRACEPARENT)?.parse().ok()?;
        Some(context.with_state(text(meta::TRACESTATE)))
    }

    fn with_state(mut self, state: Option<&str>) -> Self {
        let sound = |state: &&str| {
            !state.is_empty()
                && state.len() <= LONGEST_STATE
                && state.bytes().all(|b| (0x20..0x7f).contains(&b))
        };
        self.state = state.filter(sound).map(Into::into);
        self
    }
}

impl FromStr for TraceContext {
    type Err = TraceParentError;

    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let text = text.as_bytes();
        let dashes = [2, 35, 52].iter().all(|at| text.get(*at) == Some(&b'-'));
        let (Some(version), Some(trace), Some(span), Some(flags), true) =
            (part(text, 0), part(text, 3), part(text, 36), part(text, 53), dashes)
        else {
            return Err(TraceParentError);
        };
        let [version]: [u8; 1] = version;
        // Version 0 ends here; later ones may go on behind a dash.
        let ends = if version == 0 { text.len() == 55 } else { matches!(text.get(55), None | Some(b'-')) };
        if version == 0xff || !ends || trace == [0; 16] || span == [0; 8] {
            return Err(TraceParentError);
        }
        let [flags]: [u8; 1] = flags;
        Ok(Self { trace, span, flags: flags & 1, state: None })
    }
}

/// The bytes whose digits begin at `from`.
fn part<const N: usize>(text: &[u8], from: usize) -> Option<[u8; N]> {
    let digits = text.get(from..from + 2 * N)?;
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

fn hex(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    crate::json::hex_bytes(&mut digits, bytes);
    String::from_utf8(digits).unwrap_or_default()
}

/// The `traceparent` that continues the trace from here.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id(), self.span_id(), self.flags)
    }
}

impl fmt::Debug for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceContext({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_malformed_is_no_context() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(good.parse::<TraceContext>().unwrap().to_string(), good);
        assert!(good.replace("00-0af", "01-0af").parse::<TraceContext>().is_ok(), "a later version");
        assert!(format!("{}-later", good.replace("00-0af", "cc-0af")).parse::<TraceContext>().is_ok());
        for bad in [
            "",
            "00",
            &good[..54],
            &format!("{good}-x"),
            &format!("{good}0"),
            &good.to_uppercase(),
            &good.replace('-', "_"),
            &good.replace("00-0af", "ff-0af"),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "\u{e9}0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert!(bad.parse::<TraceContext>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn contexts_survive(trace in prop::array::uniform16(1u8..), span in prop::array::uniform8(1u8..), flags in 0u8..2) {
            let context = TraceContext { trace, span, flags, state: None };
            prop_assert_eq!(context.to_string().parse::<TraceContext>().unwrap(), context);
        }

        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,80}|[0-9a-f-]{50,60}") {
            if let Ok(context) = text.parse::<TraceContext>() {
                prop_assert_eq!(&context.to_string()[3..53], &text[3..53]);
            }
        }
    }
}
