//! Where something stands, and texts and documents without it.

use std::cmp::Reverse;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What stands instead of what a rule took out, unless somebody says otherwise.
pub const MASK: &str = "[redacted]";
/// Shorter values are not looked for elsewhere: they may stand there for something else. In characters.
const DISTINCT: usize = 6;

/// Where something stands. It is written as `{"field": …, "from": …, "to": …}`, without the latter two if it is all of the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Place {
    /// The value: `arguments/path`, `result/content/0/text`, `prompt`.
    pub field: String,
    /// The part of it, as bytes; all of it if there is none.
    pub span: Option<Range<usize>>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<usize>,
}

impl From<Written> for Place {
    fn from(written: Written) -> Self {
        Self { field: written.field, span: written.from.zip(written.to).map(|(from, to)| from..to) }
    }
}

impl From<Place> for Written {
    fn from(place: Place) -> Self {
        let (from, to) = place.span.map(|span| (span.start, span.end)).unzip();
        Self { field: place.field, from, to }
    }
}

impl Place {
    /// Takes out of a text what stands at those of some places that are in this field.
    #[must_use]
    pub fn redact_text(places: &[Self], field: &str, text: &str, mask: &str) -> String {
        let mut out = text.to_owned();
        masked(&mut out, places.iter().filter(|place| place.field == field), mask);
        out
    }

    /// Takes out of a document what stands at some places below `root` (`arguments`, `result`), and wherever else in it the same value of at least six
    /// characters stands. False where a place is not in the document: then something that should be out may still be there under another name.
    pub fn redact(places: &[Self], root: &str, document: &mut Value, mask: &str) -> bool {
        let found = |place: &Self| document.pointer(place.field.strip_prefix(root)?);
        let all = places.iter().all(|place| found(place).is_some());
        let value = |place: &Self| {
            let text = found(place)?.as_str()?;
            let part = place.span.clone().map_or(Some(text), |span| text.get(span))?;
            (part.chars().count() >= DISTINCT && part != mask).then(|| part.to_owned())
        };
        let mut values: Vec<String> = places.iter().filter_map(value).collect();
        // The longest first: one may be part of another.
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        let mut fields: Vec<&str> = places.iter().map(|place| place.field.as_str()).collect();
        // Each once: where something was taken out, the places of the text that was do not count.
        fields.sort_unstable();
        fields.dedup();
        for field in fields {
            let Some(pointer) = field.strip_prefix(root) else { continue };
            let Some(value) = document.pointer_mut(pointer) else { continue };
            match value {
                Value::String(text) => masked(text, places.iter().filter(|place| place.field == field), mask),
                other => *other = Value::String(mask.to_owned()),
            }
        }
        if !values.is_empty() {
            replace(document, &values, mask);
        }
        all
    }
}

/// Replaces parts of a text, from its end.
pub(crate) fn masked<'p>(text: &mut String, places: impl Iterator<Item = &'p Place>, mask: &str) {
    let mut spans: Vec<Range<usize>> =
        places.map(|place| place.span.clone().unwrap_or(0..text.len())).collect();
    spans.sort_by_key(|span| (span.start, Reverse(span.end)));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    for span in merged.into_iter().rev() {
        // A span that does not lie between characters is of another text: better all of it than none.
        if text.get(span.clone()).is_some() {
            text.replace_range(span, mask);
        } else {
            *text = mask.to_owned();
            return;
        }
    }
}

/// Replaces texts in all strings and names of a document. Nothing recurses: it may be deep.
fn replace(document: &mut Value, values: &[String], mask: &str) {
    let clean = |text: &mut String| {
        for value in values {
            if text.contains(value.as_str()) {
                *text = text.replace(value.as_str(), mask);
            }
        }
    };
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => clean(text),
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                if members.keys().any(|name| values.iter().any(|value| name.contains(value.as_str()))) {
                    let renamed = std::mem::take(members).into_iter().map(|(mut name, value)| {
                        clean(&mut name);
                        (name, value)
                    });
                    *members = renamed.collect();
                }
                open.extend(members.values_mut());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(field: &str, span: Option<Range<usize>>) -> Place {
        Place { field: field.to_owned(), span }
    }

    #[test]
    fn a_value_is_out_of_all_of_a_document_and_a_place_that_is_not_there_is_told() {
        let document =
            json!({ "to": "ann@example", "text": "for ann@example, by one", "ann@example": ["one"] });
        let redacted = |places: &[Place]| {
            let mut document = document.clone();
            (Place::redact(places, "arguments", &mut document, "*"), document)
        };
        let clean = json!({ "to": "*", "text": "for *, by one", "*": ["one"] });
        assert_eq!(redacted(&[place("arguments/to", Some(0..11))]), (true, clean.clone()));
        let elsewhere = [place("arguments/to", None), place("tool", None)];
        assert_eq!(redacted(&elsewhere), (false, clean));
        let whole = [place("arguments/ann@example", None), place("arguments/ann@example/0", None)];
        let clean = json!({ "to": "ann@example", "text": "for ann@example, by one", "ann@example": "*" });
        assert_eq!(redacted(&whole), (true, clean), "what is short may be something else elsewhere");
        let turns = [
            place("arguments/text", Some(0..3)),
            place("arguments/to", Some(0..3)),
            place("arguments/text", Some(20..23)),
        ];
        let clean = json!({ "to": "*@example", "text": "* ann@example, by *", "ann@example": ["one"] });
        assert_eq!(redacted(&turns), (true, clean), "one field in two turns");
        for gone in ["arguments/cc", "argumentsto", "result/to"] {
            assert_eq!(redacted(&[place(gone, None)]), (false, document.clone()), "{gone}");
        }
    }

    #[test]
    fn parts_of_a_text_are_out_whole() {
        let of = |text: &str, spans: &[(usize, usize)]| {
            let places: Vec<Place> =
                spans.iter().map(|(from, to)| place("prompt", Some(*from..*to))).collect();
            Place::redact_text(&places, "prompt", text, "*")
        };
        assert_eq!(of("a key and b", &[(2, 5)]), "a * and b");
        assert_eq!(of("abcdef", &[(1, 4), (2, 3)]), "a*ef");
        assert_eq!(of("abcdef", &[(1, 3), (2, 5)]), "a*f");
        assert_eq!((of("abcdef", &[(3, 99)]), of("aé", &[(2, 3)])), ("*".into(), "*".into()));
        assert_eq!(Place::redact_text(&[place("other", None)], "prompt", "kept", "*"), "kept");
    }

    #[test]
    fn a_place_is_written_flat() {
        for (place, written) in [
            (place("prompt", Some(2..5)), json!({ "field": "prompt", "from": 2, "to": 5 })),
            (place("arguments/a", None), json!({ "field": "arguments/a" })),
        ] {
            assert_eq!(serde_json::to_value(&place).unwrap(), written);
            assert_eq!(serde_json::from_value::<Place>(written).unwrap(), place);
        }
    }
}
