//! Books: the chapters in their order, each a page.

use std::collections::HashMap;

use super::document::{Builder, Document};
use super::error::IngestError;
use super::html;
use super::package::Package;
use super::xml::{Part, attribute, parts};

const FORMAT: &str = "an EPUB book";

pub(super) fn read(bytes: &[u8]) -> Result<Document, IngestError> {
    let mut package = Package::open(bytes, FORMAT)?;
    let container = package.required("META-INF/container.xml")?;
    let opf = root(&container)?;
    let book = Book::read(&package.required(&opf)?)?;
    let folder = opf.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut builder = Builder::default();
    builder.heading(0, &book.title)?;
    for reference in &book.spine {
        let Some(href) = book.manifest.get(reference) else { continue };
        // The level of the title stays open: chapters stand under it.
        builder.close(1)?;
        if let Some(text) = package.entry(&resolved(folder, href))? {
            html::read_into(&mut builder, &text, false)?;
        }
    }
    builder.finish()
}

/// Where the description of the book is.
fn root(container: &str) -> Result<String, IngestError> {
    let mut found = None;
    parts(container, FORMAT, |part| {
        if let Part::Start(name, attributes) = part
            && name == "rootfile"
            && found.is_none()
        {
            found = attribute(&attributes, "full-path").map(str::to_owned);
        }
        Ok(())
    })?;
    found.ok_or_else(|| IngestError::broken(FORMAT)("its container names no book"))
}

/// The description of a book.
#[derive(Default)]
struct Book {
    title: String,
    manifest: HashMap<String, String>,
    spine: Vec<String>,
}

impl Book {
    fn read(text: &str) -> Result<Self, IngestError> {
        let (mut book, mut in_title) = (Self::default(), false);
        parts(text, FORMAT, |part| {
            match part {
                Part::Start(name, attributes) => match name.as_str() {
                    "title" => in_title = book.title.is_empty(),
                    "item" => {
                        let (id, href) = (attribute(&attributes, "id"), attribute(&attributes, "href"));
                        book.manifest.extend(id.map(str::to_owned).zip(href.map(str::to_owned)));
                    }
                    "itemref" => book.spine.extend(attribute(&attributes, "idref").map(str::to_owned)),
                    _ => {}
                },
                Part::End(name) => in_title &= name != "title",
                Part::Text(text) if in_title => book.title.push_str(&text),
                Part::Text(_) => {}
            }
            Ok(())
        })?;
        Ok(book)
    }
}

/// The name of an entry, from where it is named.
fn resolved(folder: &str, href: &str) -> String {
    let href = decoded(href.split('#').next().unwrap_or(href));
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in href.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.join("/")
}

/// Without percent signs before hexadecimal digits.
fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (digits, part.get(2..)) {
            (Some(byte), Some(rest)) => {
                bytes.push(byte);
                bytes.extend_from_slice(rest.as_bytes());
            }
            _ => {
                bytes.push(b'%');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_resolved_from_where_they_stand() {
        let check =
            |folder, href, expect: &str| assert_eq!(resolved(folder, href), expect, "{folder} {href}");
        check("OEBPS", "ch%201.xhtml#a", "OEBPS/ch 1.xhtml");
        check("a/b", "../c/./d%", "a/c/d%");
        check("", "../../x", "x");
    }
}
