//! XML as the packed formats have it: elements by their local names, and texts with their references resolved.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::IngestError;

/// A part of a document.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    Start(String, Vec<(String, String)>),
    End(String),
    Text(String),
}

/// Tells the parts of an XML document in their order.
pub(super) fn parts(
    text: &str,
    format: &'static str,
    mut tell: impl FnMut(Part) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    loop {
        match reader.read_event().map_err(IngestError::broken(format))? {
            Event::Start(start) => tell(Part::Start(local(start.name().0), attributes(&start)))?,
            Event::End(end) => tell(Part::End(local(end.name().0)))?,
            Event::Text(text) => tell(Part::Text(text.xml10_content().into_owned()))?,
            Event::CData(text) => tell(Part::Text(text.xml10_content().into_owned()))?,
            Event::GeneralRef(reference) => {
                let meant = match &*reference {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().ok().flatten(),
                };
                // What a document defines for itself is not expanded.
                tell(Part::Text(meant.map_or_else(|| format!("&{};", &*reference), String::from)))?;
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// A name without its namespace's prefix.
fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

fn attributes(start: &BytesStart<'_>) -> Vec<(String, String)> {
    let read = start.attributes().flatten();
    read.map(|attribute| {
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_or_else(|_| attribute.value.into_owned(), std::borrow::Cow::into_owned);
        (local(attribute.key.0), value)
    })
    .collect()
}

/// The value of an attribute.
pub(super) fn attribute<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_and_wrong_nesting_is_refused() {
        let mut found = String::new();
        let text = "<w:a x='1&amp;2'>&lt;<![CDATA[<b>]]>&#228;&own;<b/></w:a>";
        parts(text, "a test", |part| {
            match part {
                Part::Start(name, attributes) => {
                    found += &format!("+{name}{}", attribute(&attributes, "x").unwrap_or(""))
                }
                Part::End(name) => found += &format!("-{name}"),
                Part::Text(text) => found += &text,
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(found, "+a1&2<<b>ä&own;+b-b-a");
        assert!(parts("<a></b>", "a test", |_| Ok(())).is_err());
    }
}
