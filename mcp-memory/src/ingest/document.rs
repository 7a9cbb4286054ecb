//! What a reader makes of a document, whatever its format.

use super::IngestError;

/// Bytes of text that one document may have: a small file can say a large one, by packing or repeating.
const TEXT: usize = 64 * 1024 * 1024;
/// Characters of a heading; a longer one is a text.
const HEADING: usize = 120;
/// Headings above a text that are kept, the outermost.
const LEVELS: usize = 8;

/// A document: its parts in order.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Document {
    /// The parts.
    pub sections: Vec<Section>,
}

/// A part of a document that is about one thing.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Section {
    /// What it stands under, from the outside in.
    pub headings: Vec<String>,
    /// What it says.
    pub text: String,
    /// How it may be divided.
    pub shape: Shape,
    /// Who says it and when, in a conversation.
    pub turn: Option<Turn>,
}

/// How a text may be divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// Between paragraphs, then between sentences.
    Prose,
    /// Between groups of lines, then between lines.
    Lines,
    /// As lines, and small neighbours of another heading may be put beside it.
    Code,
    /// Between lines, and so many from its start stand above each part.
    Table {
        /// Lines of the header.
        header: usize,
    },
}

/// Something that was said in a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turn {
    /// Which conversation.
    pub conversation: String,
    /// What it is called.
    pub title: Option<String>,
    /// Who says it.
    pub speaker: String,
    /// When, in milliseconds since 1970.
    pub time: Option<i64>,
}

/// Puts a document together, and minds how large it gets.
#[derive(Debug, Default)]
pub(super) struct Builder {
    document: Document,
    bytes: usize,
    /// The headings that the next text stands under, with their levels, and whether a text stands under them yet.
    headings: Vec<(u8, String, bool)>,
}

impl Builder {
    /// Begins a part of a level; those of the same and of deeper levels end.
    pub(super) fn heading(&mut self, level: u8, text: &str) -> Result<(), IngestError> {
        self.close(level)?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.is_empty() {
            return Ok(());
        }
        if text.chars().count() > HEADING || self.headings.len() >= LEVELS {
            return self.push(Shape::Prose, &text);
        }
        // A page's title is its first heading more often than not.
        if self.headings.last().is_some_and(|(_, above, _)| *above == text) {
            self.headings.pop();
        }
        self.headings.push((level, text, false));
        Ok(())
    }

    /// Ends the parts from a level on. A heading that nothing stands under is a text: it is not to be lost.
    pub(super) fn close(&mut self, level: u8) -> Result<(), IngestError> {
        while let Some((_, text, used)) = self.headings.pop_if(|(of, ..)| *of >= level) {
            if !used {
                self.push(Shape::Prose, &text)?;
            }
        }
        Ok(())
    }

    /// Adds a text under the headings.
    pub(super) fn push(&mut self, shape: Shape, text: &str) -> Result<(), IngestError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        for (_, _, used) in &mut self.headings {
            *used = true;
        }
        let headings = self.headings.iter().map(|(_, text, _)| text.clone()).collect();
        self.add(Section { headings, text: text.to_owned(), shape, turn: None })
    }

    /// Adds a text under a heading of its own.
    pub(super) fn under(&mut self, heading: &str, shape: Shape, text: &str) -> Result<(), IngestError> {
        self.heading(u8::MAX, heading)?;
        self.push(shape, text)?;
        self.close(u8::MAX)
    }

    /// Adds what somebody says.
    pub(super) fn say(&mut self, turn: Turn, text: &str) -> Result<(), IngestError> {
        if text.trim().is_empty() {
            return Ok(());
        }
        self.add(Section {
            headings: Vec::new(),
            text: text.to_owned(),
            shape: Shape::Prose,
            turn: Some(turn),
        })
    }

    fn add(&mut self, section: Section) -> Result<(), IngestError> {
        self.bytes += section.text.len() + section.headings.iter().map(String::len).sum::<usize>();
        if self.bytes > TEXT {
            return Err(IngestError::TooLarge { what: "too many bytes of text", most: TEXT as u64 });
        }
        self.document.sections.push(section);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Document, IngestError> {
        self.close(0)?;
        Ok(self.document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_nest_and_none_is_lost() {
        let mut builder = Builder::default();
        builder.heading(0, "Guide").unwrap();
        builder.heading(1, " Guide\n").unwrap();
        builder.heading(2, "Install").unwrap();
        builder.push(Shape::Prose, "cargo").unwrap();
        builder.push(Shape::Prose, " \n").unwrap();
        builder.heading(2, "Empty").unwrap();
        builder.heading(1, &"long ".repeat(100)).unwrap();
        let sections = builder.finish().unwrap().sections;
        let found: Vec<_> = sections.iter().map(|it| (it.headings.join(">"), it.text.len())).collect();
        assert_eq!(found, [("Guide>Install".into(), 5), ("Guide".into(), 5), (String::new(), 499)]);
    }

    #[test]
    fn what_says_more_than_a_memory_can_hold_is_refused() {
        let mut builder = Builder::default();
        let text = "x".repeat(TEXT / 2);
        builder.push(Shape::Prose, &text).unwrap();
        builder.push(Shape::Prose, &text).unwrap();
        assert!(matches!(builder.push(Shape::Prose, "y"), Err(IngestError::TooLarge { .. })));
    }
}
