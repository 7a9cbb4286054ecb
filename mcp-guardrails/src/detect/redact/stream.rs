//! Redaction of a text that comes in parts.
//!
//! The text is worked off in steps whose places depend on it alone. A step looks at what came before it and at what follows, and settles
//! what begins within it.

use std::mem;

use super::{Finding, Redactor};
use crate::detect::finding::settle;
use crate::text::Text;

/// What a step settles.
const STEP: usize = 2 * 1024;
/// What it sees of what was settled before it.
const BEHIND: usize = 1024;
/// What it sees of what comes: as long as the longest tokens are.
const AHEAD: usize = 1536;
/// What it sees at most, where something has not ended yet, such as a private key.
const FURTHEST: usize = 64 * 1024;

/// A text that is being redacted; made by [`Redactor::stream`].
#[derive(Debug)]
pub struct Stream<'a> {
    redactor: &'a Redactor,
    /// What is held back, after what is only kept to be seen by the next step.
    buffer: String,
    /// How much of the buffer is settled.
    settled: usize,
    /// Where the buffer begins in the text.
    offset: usize,
    findings: Vec<Finding>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(redactor: &'a Redactor) -> Self {
        Self { redactor, buffer: String::new(), settled: 0, offset: 0, findings: Vec::new() }
    }

    /// Takes the next part and gives what can be said of the text by now. At most a few kilobytes are held back.
    pub fn push(&mut self, part: &str) -> String {
        self.buffer.push_str(part);
        let mut out = String::new();
        while self.step(false, &mut out) {}
        self.forget();
        out
    }

    /// Ends the text: the rest of it, and all that was found.
    pub fn finish(mut self) -> (String, Vec<Finding>) {
        let mut out = String::new();
        while self.step(true, &mut out) {}
        (out, mem::take(&mut self.findings))
    }

    /// Drops what no later step looks at.
    fn forget(&mut self) {
        let from = self.buffer.floor_char_boundary(self.settled.saturating_sub(BEHIND));
        self.buffer.drain(..from);
        self.settled -= from;
        self.offset += from;
    }

    /// Settles the next step if enough is known of what follows it.
    fn step(&mut self, last: bool, out: &mut String) -> bool {
        let left = self.buffer.len() - self.settled;
        let mut ahead = AHEAD;
        loop {
            let ends = last && left <= STEP + ahead;
            if left == 0 || !ends && left < STEP + ahead + 4 {
                return false;
            }
            let start = self.buffer.floor_char_boundary(self.settled.saturating_sub(BEHIND));
            let core =
                if ends { self.buffer.len() } else { self.buffer.floor_char_boundary(self.settled + STEP) };
            let window =
                if ends { core } else { self.buffer.floor_char_boundary(self.settled + STEP + ahead) };
            let found = self.scan(start, window);
            let open = found.iter().any(|finding| finding.span.start < core && finding.span.end >= window);
            if open && !ends && ahead < FURTHEST {
                ahead *= 4;
                continue;
            }
            self.settle(found, core, out);
            return true;
        }
    }

    /// What is found in a part of the buffer, in places of the buffer.
    fn scan(&self, start: usize, end: usize) -> Vec<Finding> {
        let text = self.buffer.get(start..end).unwrap_or("");
        let text = if self.redactor.detectors.len() > 1 { Text::shared(text) } else { Text::new(text) };
        let mut found = Vec::new();
        for detector in &self.redactor.detectors {
            detector.scan(&text, &mut found);
        }
        found.retain(|finding| finding.score >= self.redactor.min_score);
        settle(&mut found, 0);
        for finding in &mut found {
            finding.span = finding.span.start + start..finding.span.end + start;
        }
        found
    }

    fn settle(&mut self, found: Vec<Finding>, core: usize, out: &mut String) {
        for mut finding in found {
            if finding.span.end <= self.settled || finding.span.start >= core {
                continue;
            }
            let start = finding.span.start.max(self.settled);
            let end = finding.span.end;
            let (Some(before), Some(value)) =
                (self.buffer.get(self.settled..start), self.buffer.get(start..end))
            else {
                continue;
            };
            out.push_str(before);
            out.push_str(&self.redactor.replacement(finding.kind, value));
            self.settled = end;
            finding.span = start + self.offset..end + self.offset;
            self.findings.push(finding);
        }
        if let Some(rest) = self.buffer.get(self.settled..core) {
            out.push_str(rest);
            self.settled = core;
        }
    }
}
