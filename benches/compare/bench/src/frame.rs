//! Requests, written once and stamped in place: building them must not cost what it measures.

/// The id before the first. Ids keep ten digits, so that a stamp never changes a length.
pub(crate) const FIRST_ID: u32 = 1_000_000_000;
const ID: &str = "1000000000";
const MESSAGE: &str = "0000000000000000";
/// Asked for on every POST, as the specification demands.
const ACCEPT: &str = "application/json, text/event-stream";

/// A revision of the protocol that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2026-07-28: no session, everything in `_meta` and headers.
    Modern,
    /// 2025-11-25: a session after `initialize`.
    Legacy,
}

/// A request that can be sent again and again under new ids and with new messages.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    ids: Vec<usize>,
    messages: Vec<usize>,
}

impl Frame {
    fn new(text: &str) -> Self {
        let all = |part: &str| text.match_indices(part).map(|(at, _)| at).collect();
        Self {
            bytes: text.as_bytes().to_vec(),
            ids: all(ID),
            messages: all(MESSAGE),
        }
    }

    /// A `tools/call` of `echo` as one POST.
    pub(crate) fn http(era: Era, session: Option<&str>, progress: bool) -> Self {
        let body = call(era, progress);
        let mut headers = match era {
            Era::Modern => {
                "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: echo\r\n".to_owned()
            }
            Era::Legacy => "MCP-Protocol-Version: 2025-11-25\r\n".to_owned(),
        };
        if let Some(session) = session {
            headers.push_str(&format!("Mcp-Session-Id: {session}\r\n"));
        }
        Self::new(&post(&headers, &body))
    }

    /// A `tools/call` of `echo` as one line.
    pub(crate) fn line() -> Self {
        Self::new(&(call(Era::Modern, false) + "\n"))
    }

    /// Writes a new id and a new message into the frame and returns it with both.
    pub(crate) fn stamp(&mut self, sequence: u32, random: u64) -> (u64, [u8; 16], &[u8]) {
        let id = FIRST_ID + sequence;
        let mut digits = [0; 10];
        let mut rest = id;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        let message = message(random);
        for &at in &self.ids {
            self.bytes[at..at + digits.len()].copy_from_slice(&digits);
        }
        for &at in &self.messages {
            self.bytes[at..at + message.len()].copy_from_slice(&message);
        }
        (u64::from(id), message, &self.bytes)
    }
}

/// The message that a random number stands for.
pub(crate) fn message(random: u64) -> [u8; 16] {
    let mut message = [0; 16];
    for (place, byte) in message.iter_mut().enumerate() {
        let nibble = (random >> (place * 4)) & 15;
        *byte = b"0123456789abcdef"[usize::try_from(nibble).unwrap_or_default()];
    }
    message
}

/// The handshake of an old revision: the request, then the notification for the session it opened.
pub(crate) fn initialize() -> Vec<u8> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1.0.0"}}}"#;
    post("", body).into_bytes()
}

/// The notification that ends the handshake.
pub(crate) fn initialized(session: Option<&str>) -> Vec<u8> {
    let session = session
        .map(|id| format!("Mcp-Session-Id: {id}\r\n"))
        .unwrap_or_default();
    let headers = format!("MCP-Protocol-Version: 2025-11-25\r\n{session}");
    post(
        &headers,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    )
    .into_bytes()
}

/// Opens the session's stream for what the server wants to say by itself.
pub(crate) fn listen(session: &str) -> Vec<u8> {
    format!(
        "GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\
         MCP-Protocol-Version: 2025-11-25\r\nMcp-Session-Id: {session}\r\n\r\n"
    )
    .into_bytes()
}

fn post(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: {ACCEPT}\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

fn call(era: Era, progress: bool) -> String {
    let mut meta = match era {
        Era::Modern => concat!(
            r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
            r#""io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1.0.0"},"#,
            r#""io.modelcontextprotocol/clientCapabilities":{}"#
        )
        .to_owned(),
        Era::Legacy => String::new(),
    };
    if progress {
        let comma = if meta.is_empty() { "" } else { "," };
        meta.push_str(&format!(r#"{comma}"progressToken":"{ID}""#));
    }
    let meta = if meta.is_empty() {
        meta
    } else {
        format!(r#","_meta":{{{meta}}}"#)
    };
    format!(
        r#"{{"jsonrpc":"2.0","id":{ID},"method":"tools/call","params":{{"name":"echo","arguments":{{"message":"{MESSAGE}"}}{meta}}}}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamping_changes_ids_and_messages_only() {
        for frame in [
            Frame::line(),
            Frame::http(Era::Modern, None, true),
            Frame::http(Era::Legacy, Some("s"), false),
        ] {
            let mut stamped = frame.clone();
            let (id, message, bytes) = stamped.stamp(42, 0xfedc_ba98_7654_3210);
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert_eq!(id, 1_000_000_042);
            assert_eq!(&message, b"0123456789abcdef");
            assert!(text.contains(r#""id":1000000042"#) && text.contains(r#""message":"0123456789abcdef""#));
            assert!(!text.contains(ID) && !text.contains(MESSAGE));
            assert_eq!(text.len(), frame.bytes.len());
            let body = text.split("\r\n\r\n").last().unwrap();
            serde_json::from_str::<serde_json::Value>(body).unwrap();
        }
    }
}
