//! Reading a stream of server-sent events, as the HTML standard defines it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use memchr::memchr2;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SseEvent {
    /// Its type; `message` unless the stream says otherwise.
    pub name: String,
    /// Its data, without the last line break.
    pub data: Bytes,
}

/// An event is larger than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event has more than {limit} bytes")]
pub struct EventTooLarge {
    /// The most bytes it may have.
    pub limit: usize,
}

/// Puts events together from the pieces in which they come.
#[derive(Debug)]
pub struct SseDecoder {
    line: Vec<u8>,
    data: Vec<u8>,
    name: String,
    id: Option<String>,
    last_id: Option<String>,
    retry: Option<Duration>,
    /// The last piece ended with `\r`: a `\n` that follows belongs to it.
    after_return: bool,
    /// Nothing was read yet: a byte order mark may come.
    fresh: bool,
    limit: usize,
}

impl SseDecoder {
    /// A decoder of events of at most `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            name: String::new(),
            id: None,
            last_id: None,
            retry: None,
            after_return: false,
            fresh: true,
            limit,
        }
    }

    /// The identifier of the last event that had one.
    #[must_use]
    pub fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// When the server wants to be asked again after the stream ended.
    #[must_use]
    pub const fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Forgets what is incomplete: a new stream begins.
    pub fn restart(&mut self) {
        self.line.clear();
        self.data.clear();
        self.name.clear();
        self.id = None;
        self.after_return = false;
        self.fresh = true;
    }

    /// Takes the next piece, and adds the events that it completes.
    ///
    /// # Errors
    /// An event is too large.
    pub fn feed(&mut self, mut piece: &[u8], events: &mut VecDeque<SseEvent>) -> Result<(), EventTooLarge> {
        if std::mem::take(&mut self.after_return) && piece.first() == Some(&b'\n') {
            piece = piece.get(1..).unwrap_or_default();
        }
        while let Some(end) = memchr2(b'\n', b'\r', piece) {
            let (line, rest) = piece.split_at(end);
            self.check(line.len())?;
            // A line that came whole is not copied.
            if self.line.is_empty() {
                self.line(line, events);
            } else {
                let mut whole = std::mem::take(&mut self.line);
                whole.extend_from_slice(line);
                self.line(&whole, events);
            }
            piece = match rest {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.after_return = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
        }
        self.check(piece.len())?;
        self.line.extend_from_slice(piece);
        Ok(())
    }

    const fn check(&self, more: usize) -> Result<(), EventTooLarge> {
        if self.line.len() + self.data.len() + more > self.limit {
            return Err(EventTooLarge { limit: self.limit });
        }
        Ok(())
    }

    fn line(&mut self, mut line: &[u8], events: &mut VecDeque<SseEvent>) {
        if std::mem::take(&mut self.fresh) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(events);
            return;
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let (field, value) = line.split_at(colon);
                let value = value.get(1..).unwrap_or_default();
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => self.id = Some(String::from_utf8_lossy(value).into_owned()),
            b"retry" => {
                let millis = std::str::from_utf8(value).ok().filter(|text| !text.starts_with('+'));
                if let Some(millis) = millis.and_then(|text| text.parse().ok()) {
                    self.retry = Some(Duration::from_millis(millis));
                }
            }
            // Comments and fields to come.
            _ => {}
        }
    }

    fn dispatch(&mut self, events: &mut VecDeque<SseEvent>) {
        if let Some(id) = self.id.take() {
            self.last_id = (!id.is_empty()).then_some(id);
        }
        let name = std::mem::take(&mut self.name);
        if self.data.pop().is_none() {
            return;
        }
        let name = if name.is_empty() { "message".to_owned() } else { name };
        events.push_back(SseEvent { name, data: std::mem::take(&mut self.data).into() });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(pieces: &[&[u8]]) -> (Vec<(String, String)>, SseDecoder) {
        let mut decoder = SseDecoder::new(1 << 16);
        let mut events = VecDeque::new();
        for piece in pieces {
            decoder.feed(piece, &mut events).unwrap();
        }
        let text = |data: &Bytes| String::from_utf8(data.to_vec()).unwrap();
        (events.iter().map(|event| (event.name.clone(), text(&event.data))).collect(), decoder)
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let check = |stream: &str, expect: &[(&str, &str)]| {
            let (events, _) = decode(&[stream.as_bytes()]);
            let expect: Vec<_> =
                expect.iter().map(|(name, data)| ((*name).to_owned(), (*data).to_owned())).collect();
            assert_eq!(events, expect, "{stream:?}");
        };
        check("data: a\n\n", &[("message", "a")]);
        check("data:a\r\ndata:  b\r\n\r\n", &[("message", "a\n b")]);
        check("\u{feff}event: x\rdata: a\r\r: note\rdata\r\r", &[("x", "a"), ("message", "")]);
        check("event: x\n\ndata: a\n\n", &[("message", "a")]);
        check("data: a\nother: b\nretry: soon\n\ndata: unfinished\n", &[("message", "a")]);
    }

    #[test]
    fn identifiers_count_when_their_event_is_complete() {
        let (events, decoder) = decode(&[b"id: 1\nretry: 500\ndata:\n\nid: 2\ndata: x\n"]);
        assert_eq!(events.len(), 1);
        assert_eq!(decoder.last_id(), Some("1"));
        assert_eq!(decoder.retry(), Some(Duration::from_millis(500)));
        let (_, decoder) = decode(&[b"id: 1\n\nid: 2\0\n\n"]);
        assert_eq!(decoder.last_id(), Some("1"), "a priming event needs no data");
        let (_, decoder) = decode(&[b"id: 1\n\nid\n\n"]);
        assert_eq!(decoder.last_id(), None);
    }

    #[test]
    fn large_events_are_refused_however_they_come() {
        for stream in [&b"data: 0123456789"[..], b"data: 01\ndata: 23456\n", b"0123456789012"] {
            let mut decoder = SseDecoder::new(10);
            let mut events = VecDeque::new();
            let whole = decoder.feed(stream, &mut events);
            assert_eq!(whole, Err(EventTooLarge { limit: 10 }), "{stream:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(stream in "(data|id|event|retry|:|: |\r|\n|\r\n|a|é|\u{feff}){0,40}", cut in any::<prop::sample::Index>()) {
            let bytes = stream.as_bytes();
            let (whole, one) = decode(&[bytes]);
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            let (pieces, two) = decode(&[head, tail]);
            prop_assert_eq!(whole, pieces);
            prop_assert_eq!(one.last_id(), two.last_id());
            prop_assert_eq!(one.retry(), two.retry());
        }
    }
}
