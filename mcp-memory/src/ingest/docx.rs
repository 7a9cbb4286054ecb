//! Word documents: paragraphs under their headings, tables and notes.

use std::collections::HashMap;

use super::document::{Builder, Document, Shape};
use super::error::IngestError;
use super::package::Package;
use super::xml::{Part, attribute, parts};

const FORMAT: &str = "a Word document";
/// The level of text that is no heading, as the format numbers levels.
const BODY: u8 = 9;

pub(super) fn read(bytes: &[u8]) -> Result<Document, IngestError> {
    let mut package = Package::open(bytes, FORMAT)?;
    let styles = package.entry("word/styles.xml")?;
    let styles = styles.map_or_else(|| Ok(HashMap::new()), |text| levels(&text))?;
    let mut builder = Builder::default();
    let text = package.required("word/document.xml")?;
    body(&mut builder, &styles, &text)?;
    builder.close(0)?;
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(text) = package.entry(notes)? {
            body(&mut builder, &styles, &text)?;
        }
    }
    builder.finish()
}

/// The styles that are headings, with their levels: their names are the same in all languages, their identifiers are not.
fn levels(text: &str) -> Result<HashMap<String, u8>, IngestError> {
    let (mut levels, mut style) = (HashMap::new(), String::new());
    parts(text, FORMAT, |part| {
        let Part::Start(name, attributes) = part else { return Ok(()) };
        let value = attribute(&attributes, "val").unwrap_or_default();
        match name.as_str() {
            "style" => style = attribute(&attributes, "styleId").unwrap_or_default().to_owned(),
            "name" => {
                let name = value.to_lowercase();
                let number = name.strip_prefix("heading ").and_then(|number| number.parse().ok());
                if let Some(level) = number.or((name == "title").then_some(0)) {
                    levels.insert(style.clone(), level);
                }
            }
            "outlineLvl" => {
                if let Some(level) = value.parse().ok().filter(|level: &u8| *level < BODY) {
                    levels.entry(style.clone()).or_insert(level + 1);
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(levels)
}

/// A text as far as it was read.
#[derive(Default)]
struct Reading {
    paragraph: String,
    level: Option<u8>,
    /// Within so many runs of text.
    text: usize,
    /// Within so many copies for older programs.
    fallback: usize,
    /// Within so many tables.
    tables: usize,
    rows: Vec<Vec<String>>,
}

fn body(builder: &mut Builder, styles: &HashMap<String, u8>, text: &str) -> Result<(), IngestError> {
    let mut reading = Reading::default();
    parts(text, FORMAT, |part| match part {
        Part::Start(name, attributes) => {
            reading.start(&name, &attributes, styles);
            Ok(())
        }
        Part::End(name) => reading.end(&name, builder),
        Part::Text(text) => {
            if reading.text > 0 && reading.fallback == 0 {
                reading.paragraph.push_str(&text);
            }
            Ok(())
        }
    })
}

impl Reading {
    fn start(&mut self, name: &str, attributes: &[(String, String)], styles: &HashMap<String, u8>) {
        let value = attribute(attributes, "val").unwrap_or_default();
        match name {
            "Fallback" => self.fallback += 1,
            "t" => self.text += 1,
            "pStyle" => self.level = styles.get(value).copied().or_else(|| built_in(value)),
            "outlineLvl" => {
                let level = value.parse().ok().filter(|level: &u8| *level < BODY);
                self.level = level.map(|level| level + 1).or(self.level);
            }
            _ if self.fallback > 0 => {}
            "tab" => self.paragraph.push('\t'),
            "br" | "cr" => self.paragraph.push('\n'),
            "noBreakHyphen" => self.paragraph.push('-'),
            "tbl" => self.tables += 1,
            "tr" if self.tables == 1 => self.rows.push(Vec::new()),
            "tc" if self.tables == 1 => {
                if let Some(row) = self.rows.last_mut() {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str, builder: &mut Builder) -> Result<(), IngestError> {
        match name {
            "Fallback" => self.fallback = self.fallback.saturating_sub(1),
            "t" => self.text = self.text.saturating_sub(1),
            "p" if self.tables > 0 => self.cell(),
            "p" => {
                let text = std::mem::take(&mut self.paragraph);
                return match self.level.take() {
                    Some(level) => builder.heading(level, &text),
                    None => builder.push(Shape::Prose, &text),
                };
            }
            "tbl" => {
                self.tables = self.tables.saturating_sub(1);
                if self.tables == 0 {
                    let rows = std::mem::take(&mut self.rows);
                    let lines: Vec<_> = rows.iter().map(|row| row.join(" | ")).collect();
                    return builder.push(Shape::Table { header: 1 }, &lines.join("\n"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds the paragraph to the cell it stands in.
    fn cell(&mut self) {
        self.level = None;
        let text = std::mem::take(&mut self.paragraph);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.last_mut()) {
            if !cell.is_empty() && !text.is_empty() {
                cell.push(' ');
            }
            cell.push_str(&text);
        }
    }
}

/// The level of a heading whose style is not described.
fn built_in(style: &str) -> Option<u8> {
    if style == "Title" {
        return Some(0);
    }
    style.strip_prefix("Heading")?.parse().ok()
}
