//! Writing server-sent events.

use std::time::Duration;

/// How long a stream may be silent before a comment is sent, so that a dead peer is noticed and
/// proxies keep the connection.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The comment that keeps a stream alive.
pub(crate) const COMMENT: &[u8] = b":\n\n";

/// Appends an event whose data is one JSON frame.
pub(crate) fn write_event(out: &mut Vec<u8>, id: Option<&str>, data: &[u8]) {
    if let Some(id) = id {
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(id.as_bytes());
        out.push(b'\n');
    }
    // Frames hold no line breaks but those that a handler put between tokens of raw JSON.
    for line in data.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.push(b'\n');
    }
    out.push(b'\n');
}

/// Appends the event that opens a resumable stream: where to resume, and when.
pub(crate) fn write_priming(out: &mut Vec<u8>, id: &str, retry: Option<Duration>) {
    out.extend_from_slice(b"id: ");
    out.extend_from_slice(id.as_bytes());
    if let Some(retry) = retry {
        out.extend_from_slice(format!("\nretry: {}", retry.as_millis()).as_bytes());
    }
    out.extend_from_slice(b"\ndata: \n\n");
}
