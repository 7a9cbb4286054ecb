//! Which format a document has, and who reads it.

use super::{Document, IngestError, chat, code, csv, decode, docx, epub, html, json, markdown, package, pdf};
use crate::ingest::document::{Builder, Shape};

/// What a document is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Markdown,
    Text,
    Html,
    Pdf,
    Docx,
    Epub,
    Csv,
    Json,
    JsonLines,
    Code(&'static code::Language),
}

const EXTENSIONS: [(&str, Format); 16] = [
    ("md", Format::Markdown),
    ("markdown", Format::Markdown),
    ("mdx", Format::Markdown),
    ("txt", Format::Text),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    ("pdf", Format::Pdf),
    ("docx", Format::Docx),
    ("epub", Format::Epub),
    ("csv", Format::Csv),
    ("tsv", Format::Csv),
    ("json", Format::Json),
    ("jsonl", Format::JsonLines),
    ("ndjson", Format::JsonLines),
    ("log", Format::Text),
];

impl Format {
    /// By the extension, and where that says nothing by the first bytes.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Self {
        Self::by_name(name).unwrap_or_else(|| Self::by_content(bytes))
    }

    pub(super) fn by_name(name: &str) -> Option<Self> {
        let file = name.rsplit('/').next().unwrap_or(name);
        let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase())?;
        let known = EXTENSIONS.iter().find(|(of, _)| *of == extension).map(|(_, format)| *format);
        known.or_else(|| code::Language::of(&extension).map(Self::Code))
    }

    pub(super) fn by_content(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"%PDF-") {
            return Self::Pdf;
        }
        if bytes.starts_with(b"PK\x03\x04") {
            return if package::holds(bytes, "META-INF/container.xml") { Self::Epub } else { Self::Docx };
        }
        let head = String::from_utf8_lossy(bytes.get(..1024).unwrap_or(bytes)).to_lowercase();
        let head = head.trim_start_matches('\u{feff}').trim_start();
        if ["<!doctype html", "<html", "<?xml"].iter().any(|start| head.starts_with(start)) {
            return Self::Html;
        }
        if head.starts_with(['{', '[']) && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
            return Self::Json;
        }
        Self::Text
    }

    /// Whether it is written in characters.
    pub(super) const fn is_text(self) -> bool {
        !matches!(self, Self::Pdf | Self::Docx | Self::Epub)
    }
}

/// Reads a document. Its format is that of its name's extension, or else that of its first bytes.
///
/// # Errors
/// It is not what its name says, is damaged, or holds more text than 64 MiB.
pub fn read(bytes: &[u8], name: &str) -> Result<Document, IngestError> {
    let format = Format::of(name, bytes);
    match format {
        Format::Pdf => return pdf::read(bytes),
        Format::Docx => return docx::read(bytes),
        Format::Epub => return epub::read(bytes),
        _ => {}
    }
    let text = decode::text(bytes)?;
    match format {
        Format::Markdown => markdown::read(&text),
        Format::Html => html::read(&text),
        Format::Csv => csv::read(&text),
        Format::Json => json::read(&text),
        Format::JsonLines if chat::claude::is(&text) => chat::claude::read(&text),
        Format::JsonLines => json::read_lines(&text),
        Format::Code(language) => code::read(&text, language),
        _ => {
            let mut builder = Builder::default();
            builder.push(Shape::Prose, &text)?;
            builder.finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_counts_before_the_content() {
        let check = |name: &str, bytes: &[u8], expect| assert_eq!(Format::of(name, bytes), expect, "{name}");
        check("a/b.MD", b"%PDF-1.7", Format::Markdown);
        check("a.d/notes", b"plain", Format::Text);
        check("a", b"%PDF-1.7", Format::Pdf);
        check("a", b"PK\x03\x04", Format::Docx);
        check("a", b"\xef\xbb\xbf <!DOCTYPE HTML>", Format::Html);
        check("a.unknown", b"[1]", Format::Json);
        check("a.unknown", b"[1", Format::Text);
        assert!(matches!(Format::of("a.rs", b""), Format::Code(_)));
    }
}
