//! Reading JSON without building it: one validating pass that yields byte ranges.
//!
//! A frame is scanned once. Whoever needs a part of it decodes just that part, straight from the
//! bytes that came in. The scan checks the whole grammar of RFC 8259 and bounds nesting, so that
//! nothing behind it meets malformed or bottomless input.

use std::borrow::Cow;

/// A byte range of a frame. Frames are limited to 4 GiB by the type, and far lower by configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[expect(clippy::cast_possible_truncation, reason = "`Scanner::new` refuses longer input")]
    const fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// The bytes of the range; empty if `bytes` is not what was scanned.
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The text of the range; empty if `bytes` is not what was scanned.
    pub(crate) fn text(self, bytes: &[u8]) -> &str {
        std::str::from_utf8(self.of(bytes)).unwrap_or_default()
    }

    pub(crate) const fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The name of a member.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Key {
    span: Span,
    /// Whether it is spelled with escapes, and so cannot be compared as it stands.
    escaped: bool,
}

impl Key {
    /// Whether this is the name, however it is spelled.
    #[inline]
    pub(crate) fn is(self, bytes: &[u8], name: &str) -> bool {
        if self.escaped {
            return unescape(self.span.text(bytes)) == name;
        }
        self.span.of(bytes) == name.as_bytes()
    }

    /// The name.
    pub(crate) fn name(self, bytes: &[u8]) -> Cow<'_, str> {
        unescape(self.span.text(bytes))
    }
}

/// Why a scan stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not JSON at this offset.
    Syntax(usize),
    /// Deeper than allowed.
    Depth,
    /// Not UTF-8 from this offset on.
    Utf8(usize),
    /// More than 4 GiB.
    Length,
}

/// Marks the bytes that end a plain run inside a string: the quote, the backslash, control characters.
const STOPS: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 0x20 {
        table[i] = true;
        i += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Most strings are short: from here on searching by blocks pays.
const SHORT: usize = 32;

/// How many bytes come before the first that ends a plain run.
fn plain_run(bytes: &[u8]) -> usize {
    let stops = |bytes: &[u8]| bytes.iter().position(|byte| STOPS[*byte as usize]);
    let Some((short, long)) = bytes.split_at_checked(SHORT) else {
        return stops(bytes).unwrap_or(bytes.len());
    };
    if let Some(at) = stops(short) {
        return at;
    }
    let run = memchr::memchr2(b'"', b'\\', long).unwrap_or(long.len());
    let run = long.get(..run).unwrap_or_default();
    // Without an early end this loop is compiled to a few instructions per block.
    let control = run.iter().fold(false, |found, byte| found | (*byte < 0x20));
    SHORT + if control { stops(run).unwrap_or(run.len()) } else { run.len() }
}

/// The deepest nesting that can be asked for: one bit of a `u128` per level.
pub(crate) const MAX_DEPTH: u32 = 128;

pub(crate) struct Scanner<'a> {
    input: &'a [u8],
    pos: usize,
    depth: u32,
    limit: u32,
}

impl<'a> Scanner<'a> {
    /// A scanner over UTF-8 text that allows `limit` levels of nesting (at most [`MAX_DEPTH`]).
    pub(crate) fn new(input: &'a [u8], limit: u32) -> Result<Self, Fault> {
        if u32::try_from(input.len()).is_err() {
            return Err(Fault::Length);
        }
        if let Err(error) = std::str::from_utf8(input) {
            return Err(Fault::Utf8(error.valid_up_to()));
        }
        Ok(Self { input, pos: 0, depth: 0, limit: limit.min(MAX_DEPTH) })
    }

    /// The next byte that is not white space, without taking it.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.input.get(self.pos) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.pos += 1;
        }
        None
    }

    fn fault<T>(&self) -> Result<T, Fault> {
        Err(Fault::Syntax(self.pos))
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() == Some(byte) {
            self.pos += 1;
            return Ok(());
        }
        self.fault()
    }

    /// Checks that nothing but white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        if self.peek().is_none() { Ok(()) } else { self.fault() }
    }

    fn enter(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > self.limit { Err(Fault::Depth) } else { Ok(()) }
    }

    /// Walks an object, giving each key (without quotes, escapes left as they are) to `member`, which
    /// must consume the value.
    pub(crate) fn object<E: From<Fault>>(
        &mut self,
        mut member: impl FnMut(&mut Self, Key) -> Result<(), E>,
    ) -> Result<Span, E> {
        self.peek();
        let start = self.pos;
        self.expect(b'{')?;
        self.enter()?;
        if self.peek() == Some(b'}') {
            self.pos += 1;
        } else {
            loop {
                let key = self.key()?;
                self.expect(b':')?;
                member(self, key)?;
                if self.comma_or(b'}')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(Span::new(start, self.pos))
    }

    /// Walks an array, calling `item` at each element, which must consume it.
    pub(crate) fn array<E: From<Fault>>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<Span, E> {
        self.peek();
        let start = self.pos;
        self.expect(b'[')?;
        self.enter()?;
        if self.peek() == Some(b']') {
            self.pos += 1;
        } else {
            loop {
                item(self)?;
                if self.comma_or(b']')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(Span::new(start, self.pos))
    }

    /// Takes a comma (false) or the closing byte (true).
    fn comma_or(&mut self, close: u8) -> Result<bool, Fault> {
        match self.peek() {
            Some(b',') => self.pos += 1,
            Some(byte) if byte == close => {
                self.pos += 1;
                return Ok(true);
            }
            _ => return self.fault(),
        }
        Ok(false)
    }

    /// Takes a string that is a name; the range excludes the quotes.
    fn key(&mut self) -> Result<Key, Fault> {
        self.expect(b'"')?;
        let start = self.pos;
        let escaped = self.rest_of_string()?;
        Ok(Key { span: Span::new(start, self.pos - 1), escaped })
    }

    /// Takes a string.
    fn string(&mut self) -> Result<(), Fault> {
        self.expect(b'"')?;
        self.rest_of_string()?;
        Ok(())
    }

    /// Takes a string behind its opening quote; tells whether there are escapes in it.
    #[inline]
    fn rest_of_string(&mut self) -> Result<bool, Fault> {
        let mut escaped = false;
        loop {
            self.pos += plain_run(self.input.get(self.pos..).unwrap_or_default());
            match self.input.get(self.pos) {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                _ => return self.fault(),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.input.get(self.pos + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.pos += 2,
            Some(b'u') => {
                let digits = self.input.get(self.pos + 2..self.pos + 6);
                if !digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)) {
                    return self.fault();
                }
                self.pos += 6;
            }
            _ => return self.fault(),
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.pos;
        while self.input.get(self.pos).is_some_and(u8::is_ascii_digit) {
            self.pos += 1;
        }
        if self.pos == start { self.fault() } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), Fault> {
        if self.input.get(self.pos) == Some(&b'-') {
            self.pos += 1;
        }
        if self.input.get(self.pos) == Some(&b'0') {
            self.pos += 1;
        } else {
            self.digits()?;
        }
        if self.input.get(self.pos) == Some(&b'.') {
            self.pos += 1;
            self.digits()?;
        }
        if matches!(self.input.get(self.pos), Some(b'e' | b'E')) {
            self.pos += 1;
            if matches!(self.input.get(self.pos), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn literal(&mut self, word: &[u8]) -> Result<(), Fault> {
        if self.input.get(self.pos..self.pos + word.len()) == Some(word) {
            self.pos += word.len();
            return Ok(());
        }
        self.fault()
    }

    /// Takes any value, checking it. Iterative: one bit per open bracket tells objects from arrays.
    pub(crate) fn value(&mut self) -> Result<Span, Fault> {
        self.peek();
        let start = self.pos;
        let base = self.depth;
        let mut objects: u128 = 0;
        loop {
            // A value is due.
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    self.pos += 1;
                    self.enter()?;
                    objects = objects << 1 | u128::from(open == b'{');
                    let close = if open == b'{' { b'}' } else { b']' };
                    if self.peek() != Some(close) {
                        if open == b'{' {
                            self.string()?;
                            self.expect(b':')?;
                        }
                        continue;
                    }
                    self.pos += 1;
                    self.depth -= 1;
                    objects >>= 1;
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                _ => return self.fault(),
            }
            // A value is done: close what it ends.
            loop {
                if self.depth == base {
                    return Ok(Span::new(start, self.pos));
                }
                let object = objects & 1 == 1;
                if !self.comma_or(if object { b'}' } else { b']' })? {
                    if object {
                        self.string()?;
                        self.expect(b':')?;
                    }
                    break;
                }
                self.depth -= 1;
                objects >>= 1;
            }
        }
    }
}

/// How many members of an object are remembered; more are looked up by scanning again.
const REMEMBERED: usize = 10;

/// The members of one object of a frame, by range.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Members {
    whole: Span,
    len: u8,
    overflow: bool,
    entries: [(Key, Span); REMEMBERED],
}

/// Two members of an object have the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duplicate;

impl Members {
    /// Remembers a member. Names that repeat are refused: readers that disagree on which one counts
    /// can be played against each other.
    pub(crate) fn push(&mut self, bytes: &[u8], key: Key, value: Span) -> Result<(), Duplicate> {
        if self.knows(bytes, key) {
            return Err(Duplicate);
        }
        if let Some(slot) = self.entries.get_mut(self.len as usize) {
            *slot = (key, value);
            self.len += 1;
        } else {
            self.overflow = true;
        }
        Ok(())
    }

    pub(crate) fn set_whole(&mut self, span: Span) {
        self.whole = span;
    }

    pub(crate) const fn whole(&self) -> Span {
        self.whole
    }

    fn seen(&self) -> &[(Key, Span)] {
        self.entries.get(..self.len as usize).unwrap_or_default()
    }

    /// Whether a member of this name was remembered.
    fn knows(&self, bytes: &[u8], key: Key) -> bool {
        if key.escaped {
            let name = key.name(bytes);
            return self.seen().iter().any(|(seen, _)| seen.is(bytes, &name));
        }
        let raw = key.span.of(bytes);
        self.seen().iter().any(|(seen, _)| {
            let same_length = seen.span.of(bytes).len() == raw.len();
            if seen.escaped {
                seen.name(bytes).as_bytes() == raw
            } else {
                same_length && seen.span.of(bytes) == raw
            }
        })
    }

    /// The value of the member named `name`.
    pub(crate) fn get(&self, bytes: &[u8], name: &str) -> Option<Span> {
        let found = self.seen().iter().find(|(key, _)| key.is(bytes, name)).map(|(_, value)| *value);
        if found.is_some() || !self.overflow {
            return found;
        }
        self.rescan(bytes, name)
    }

    fn rescan(&self, bytes: &[u8], name: &str) -> Option<Span> {
        let whole = self.whole.of(bytes);
        let mut found = None;
        let offset = self.whole.range().start;
        let mut scanner = Scanner::new(whole, MAX_DEPTH).ok()?;
        scanner
            .object::<Fault>(|scanner, key| {
                let value = scanner.value()?;
                if key.is(whole, name) {
                    let range = value.range();
                    found = Some(Span::new(range.start + offset, range.end + offset));
                }
                Ok(())
            })
            .ok()?;
        found
    }
}

/// The text of a scanned string, escapes resolved. Lone surrogates become U+FFFD.
pub(crate) fn unescape(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.as_bytes().get(at + 1).copied().unwrap_or(b'\\');
        rest = rest.get(at + 2..).unwrap_or_default();
        match code {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (char, used) = unicode_escape(rest);
                out.push(char);
                rest = rest.get(used..).unwrap_or_default();
            }
            other => out.push(char::from(other)),
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Decodes what follows `\u`: the character, and how many bytes it took.
fn unicode_escape(rest: &str) -> (char, usize) {
    let unit = |text: Option<&str>| text.and_then(|hex| u16::from_str_radix(hex, 16).ok());
    let Some(first) = unit(rest.get(..4)) else { return (char::REPLACEMENT_CHARACTER, 0) };
    if let Some(Ok(char)) = char::decode_utf16([first]).next() {
        return (char, 4);
    }
    if rest.get(4..6) == Some("\\u")
        && let Some(second) = unit(rest.get(6..10))
        && let Some(Ok(char)) = char::decode_utf16([first, second]).next()
    {
        return (char, 10);
    }
    (char::REPLACEMENT_CHARACTER, 4)
}

/// Appends an integer.
pub(crate) fn write_i64(out: &mut Vec<u8>, value: i64) {
    write(out, &value);
}

/// Appends a string with quotes and escapes.
pub(crate) fn write_str(out: &mut Vec<u8>, value: &str) {
    write(out, value);
}

/// Appends a value whose serialisation cannot fail (strings, numbers, our own model types).
pub(crate) fn write<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    let start = out.len();
    if let Err(error) = serde_json::to_writer(&mut *out, value) {
        tracing::error!(%error, "a value of the model could not be serialised");
        out.truncate(start);
        out.extend_from_slice(b"null");
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
