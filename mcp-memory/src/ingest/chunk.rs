//! Parts of a document that are each a memory.

use super::cut::{LINES, PROSE, cut};
use super::document::{Document, Section, Shape, Turn};

/// Characters of a chunk where nothing else is said.
pub(super) const SIZE: usize = 1_000;
/// What may be asked for: a memory holds 64 KiB, and a character has up to four bytes.
const SIZES: std::ops::RangeInclusive<usize> = 64..=12_000;
/// What somebody says stays together up to so many times the size of a chunk.
const TURN: usize = 8;
/// Characters of the names of code that stands together.
const NAMES: usize = 120;

/// A part of a document that becomes a memory.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Chunk {
    /// What it stands under, from the outside in.
    pub headings: Vec<String>,
    /// What it says.
    pub text: String,
    /// Who says it and when, in a conversation.
    pub turn: Option<Turn>,
    shape: Shape,
    characters: usize,
}

impl Chunk {
    /// The text of the memory: where it stands, then what it says.
    #[must_use]
    pub fn content(&self) -> String {
        if self.headings.is_empty() {
            return self.text.clone();
        }
        format!("{}\n\n{}", self.headings.join(" > "), self.text)
    }

    /// Takes a part of the next section in, if both go together.
    fn absorb(&mut self, next: &Section, part: &str, characters: usize, size: usize) -> bool {
        if self.turn.is_some() || next.turn.is_some() || self.characters + characters + 2 > size {
            return false;
        }
        if self.headings != next.headings && !self.take_name(next) {
            return false;
        }
        self.text.push_str("\n\n");
        self.text.push_str(part);
        self.characters += characters + 2;
        true
    }

    /// Small neighbours of code stand under all of their names.
    fn take_name(&mut self, next: &Section) -> bool {
        if (self.shape, next.shape) != (Shape::Code, Shape::Code) {
            return false;
        }
        let Some((name, beside)) = next.headings.split_last() else { return false };
        if self.headings == beside {
            // The first line of what the item stands in.
            self.headings.push(name.clone());
            return true;
        }
        let Some((own, above)) = self.headings.split_last_mut() else { return false };
        if *above != *beside || own.len() + name.len() > NAMES {
            return false;
        }
        own.push_str(", ");
        own.push_str(name);
        true
    }
}

impl Document {
    /// The document in parts of about `size` characters (from 64 to 12,000), without their headings. Sentences and lines of code stay
    /// whole where they are not longer than that, and what was said in a conversation up to eight times the size.
    #[must_use]
    pub fn chunks(&self, size: usize) -> Vec<Chunk> {
        let size = size.clamp(*SIZES.start(), *SIZES.end());
        let mut chunks: Vec<Chunk> = Vec::new();
        for section in &self.sections {
            let size = if section.turn.is_some() { (size * TURN).min(*SIZES.end()) } else { size };
            for text in parts(section, size) {
                let characters = text.chars().count();
                if chunks.last_mut().is_some_and(|last| last.absorb(section, &text, characters, size)) {
                    continue;
                }
                let (headings, turn, shape) = (section.headings.clone(), section.turn.clone(), section.shape);
                chunks.push(Chunk { headings, text, turn, shape, characters });
            }
        }
        chunks
    }
}

/// The text of a section in parts, without blank lines around them.
fn parts(section: &Section, size: usize) -> Vec<String> {
    let text = section.text.as_str();
    let (header, text, places) = match section.shape {
        Shape::Prose => ("", text, PROSE),
        Shape::Lines | Shape::Code => ("", text, LINES),
        Shape::Table { header } => {
            let (header, rows) = text.split_at(lines(text, header));
            // A header that fills the chunk tells less than the rows it would take the place of.
            if rows.trim().is_empty() || header.chars().count() > size / 2 {
                ("", text, LINES)
            } else {
                (header, rows, LINES)
            }
        }
    };
    let room = size - header.chars().count();
    let parts = cut(text, room, places).into_iter().map(without_blank_lines);
    parts.filter(|part| !part.is_empty()).map(|part| format!("{header}{part}")).collect()
}

/// The bytes of the first lines.
fn lines(text: &str, count: usize) -> usize {
    text.split_inclusive('\n').take(count).map(str::len).sum()
}

/// Keeps the indentation of the first line.
fn without_blank_lines(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let from = text.get(..blank).and_then(|blank| blank.rfind('\n')).map_or(0, |at| at + 1);
    text.get(from..).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ingest::document::Builder;

    fn chunks(sections: &[(&str, Shape, &str)], size: usize) -> Vec<String> {
        let mut builder = Builder::default();
        for (heading, shape, text) in sections {
            builder.heading(1, heading).unwrap();
            builder.push(*shape, text).unwrap();
        }
        builder.finish().unwrap().chunks(size).iter().map(Chunk::content).collect()
    }

    #[test]
    fn what_stands_under_one_heading_stands_together_and_says_so() {
        let sections =
            [("A", Shape::Prose, "One."), ("A", Shape::Lines, "  two\n"), ("B", Shape::Prose, "Three.")];
        assert_eq!(chunks(&sections, 100), ["A\n\nOne.\n\n  two", "B\n\nThree."]);
    }

    #[test]
    fn code_that_is_small_stands_together_under_all_names() {
        let long = "fn c() {\n    1\n}\n".repeat(5);
        let sections = [
            ("fn a", Shape::Code, "fn a() {}"),
            ("fn b", Shape::Code, "fn b() {}"),
            ("fn c", Shape::Code, &long),
        ];
        let found = chunks(&sections, 64);
        assert_eq!(found[0], "fn a, fn b\n\nfn a() {}\n\nfn b() {}");
        assert!(found.len() > 2 && found[1..].iter().all(|chunk| chunk.starts_with("fn c\n\n")), "{found:?}");
    }

    #[test]
    fn each_part_of_a_table_has_its_header() {
        let table = format!("| a | b |\n|---|---|\n{}", "| 1 | two |\n".repeat(20));
        let found = chunks(&[("T", Shape::Table { header: 2 }, &table)], 80);
        assert!(found.len() > 3, "{found:?}");
        for chunk in &found {
            assert!(chunk.starts_with("T\n\n| a | b |\n|---|---|\n| 1 | two |"), "{chunk}");
        }
        let wide = format!("{}\n1\n2\n", "x".repeat(70));
        assert_eq!(chunks(&[("T", Shape::Table { header: 1 }, &wide)], 80).len(), 1);
    }

    proptest! {
        #[test]
        fn all_words_are_there_in_order(
            sections in prop::collection::vec(("[AB]", 0..3usize, "( {0,4}[a-z]{1,7}[.;]?[ \n]{1,2}){1,40}"), 0..8),
            size in 64usize..300,
        ) {
            let shapes = [Shape::Prose, Shape::Lines, Shape::Code];
            let mut builder = Builder::default();
            for (heading, shape, text) in &sections {
                builder.under(heading, shapes[*shape], text).unwrap();
            }
            let chunks = builder.finish().unwrap().chunks(size);
            let found: Vec<_> = chunks.iter().flat_map(|chunk| chunk.text.split_whitespace()).collect();
            let expect: Vec<_> = sections.iter().flat_map(|(_, _, text)| text.split_whitespace()).collect();
            prop_assert_eq!(found, expect);
            prop_assert!(chunks.iter().all(|chunk| chunk.text.chars().count() <= size));
        }
    }
}
