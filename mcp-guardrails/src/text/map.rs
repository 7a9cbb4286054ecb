//! From a place in a view back to the original text.

use std::ops::Range;

/// A piece of a view: bytes that were copied one to one, or a replacement that stands for the whole of `original`.
#[derive(Debug, Clone)]
struct Run {
    view: usize,
    original: Range<usize>,
    copied: bool,
}

/// Which part of the original each byte of a view comes from. Empty: they are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Map {
    runs: Vec<Run>,
}

impl Map {
    /// All of a view stands for all of `original`, as where something was decoded.
    pub(super) fn whole(original: Range<usize>) -> Self {
        Self { runs: vec![Run { view: 0, original, copied: false }] }
    }

    fn run(&self, at: usize) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.view <= at);
        self.runs.get(after.checked_sub(1)?)
    }

    fn copies(&self, range: &Range<usize>) -> bool {
        self.run(range.start)
            .is_some_and(|run| run.copied && range.end.saturating_sub(run.view) <= run.original.len())
    }

    /// The smallest part of the original that has all of `range`.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let Some(first) = self.run(range.start) else { return range.clone() };
        let last = self.run(range.end.saturating_sub(1).max(range.start)).unwrap_or(first);
        let start = if first.copied {
            first.original.start.saturating_add(range.start - first.view)
        } else {
            first.original.start
        };
        let end = if last.copied {
            last.original.start.saturating_add(range.end.saturating_sub(last.view))
        } else {
            last.original.end
        };
        start.min(first.original.end)..end.min(last.original.end).max(start)
    }
}

/// Writes a view and its map together.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub(super) text: String,
    map: Map,
}

impl Writer {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), map: Map::default() }
    }

    /// Takes `text`, which is as long as `original`, as it is.
    pub(super) fn copy(&mut self, text: &str, original: Range<usize>) {
        match self.map.runs.last_mut() {
            Some(last) if last.copied && last.original.end == original.start => {
                last.original.end = original.end;
            }
            _ => self.map.runs.push(Run { view: self.text.len(), original, copied: true }),
        }
        self.text.push_str(text);
    }

    /// Writes `text` instead of `original`. What is left out needs no call.
    pub(super) fn replace(&mut self, text: &str, original: Range<usize>) {
        if !text.is_empty() {
            self.map.runs.push(Run { view: self.text.len(), original, copied: false });
            self.text.push_str(text);
        }
    }

    /// The view and its map; `outer` says where the text it was made from comes from.
    pub(super) fn finish(mut self, outer: &Map) -> (String, Map) {
        if !outer.runs.is_empty() {
            for run in &mut self.map.runs {
                // Only what was copied twice is still one to one.
                run.copied &= outer.copies(&run.original);
                run.original = outer.original(&run.original);
            }
        }
        (self.text, self.map)
    }
}
