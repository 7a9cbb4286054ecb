//! What a rule says, with values of the event in it.
//!
//! A message goes to whoever made the event, and to logs: no credential is in it. They are taken out before long values are cut, since half
//! a token is recognised by nobody.

use std::fmt::Write as _;
use std::ops::Range;

use serde_json::Value;

use super::{Field, Node};
use crate::detect::{Detector as _, Finding, Secrets};
use crate::event::Event;
use crate::text::Text;

/// More characters of a value are not repeated.
const LONGEST: usize = 200;
/// More bytes of a value are not looked at, and what stands at the end of them is not repeated: a token may be cut there.
const LOOKED_AT: usize = 64 * 1024;
const MARGIN: usize = 16 * 1024;
/// How sure it has to be that something is a credential.
const SURE: f32 = 0.5;

/// A message with placeholders: `{/path}`, `{tool}`, `{user}`, … and `{rule}`. `{{` is a brace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Box<[Part]>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    Field(Field),
    Rule,
}

impl Template {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, and what may have been meant.
    pub fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            plain.push_str(before);
            if let Some(after) = after.strip_prefix('{') {
                plain.push('{');
                rest = after;
                continue;
            }
            let Some((name, after)) = after.split_once('}') else {
                return Err(("a `{` has no `}`; write `{{` for a brace".to_owned(), None));
            };
            parts.push(Part::Text(std::mem::take(&mut plain).into()));
            parts.push(match name {
                "rule" => Part::Rule,
                "file_path" => Part::Field(Field::parse("file/path")?),
                _ => Part::Field(Field::parse(name)?),
            });
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain.into()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Self(parts.into()))
    }

    /// A message that says what it says.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self(Box::new([Part::Text(text.into())]))
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.0.iter().filter_map(|part| if let Part::Field(field) = part { Some(field) } else { None })
    }

    pub(crate) fn render(&self, event: &Event<'_>, rule: &str) -> String {
        let mut draft = Draft::default();
        for part in &self.0 {
            match part {
                Part::Text(text) => draft.text.push_str(text),
                Part::Rule => draft.text.push_str(rule),
                Part::Field(field) => {
                    let mut nodes = Vec::new();
                    field.find(event, &mut nodes);
                    match nodes.first() {
                        None => draft.text.push_str("(none)"),
                        Some(node) => draft.value(*node),
                    }
                }
            }
        }
        draft.finish()
    }
}

/// A message whose values are whole, as far as they are looked at.
#[derive(Debug, Default)]
struct Draft {
    text: String,
    /// Where values stand, how much of each may be shown, and whether that is not all of it.
    values: Vec<(Range<usize>, usize, bool)>,
}

impl Draft {
    fn value(&mut self, node: Node<'_>) {
        let out = &mut self.text;
        match (node.as_str(), node) {
            (Some(text), _) => {
                let start = out.len();
                let seen = text.get(..text.floor_char_boundary(LOOKED_AT)).unwrap_or_default();
                out.push_str(seen);
                let cut = seen.len() < text.len();
                let shown = if cut { out.floor_char_boundary(out.len() - MARGIN) } else { out.len() };
                self.values.push((start..out.len(), shown, cut));
            }
            // A value of many parts is named, not written: it may be as large and deep as it likes.
            (_, Node::Json(Value::Array(items))) => drop(write!(out, "a list of {}", items.len())),
            (_, Node::Json(Value::Object(members))) => drop(write!(out, "an object of {}", members.len())),
            (_, Node::Json(value)) => drop(write!(out, "{value}")),
            (_, Node::Bool(value)) => drop(write!(out, "{value}")),
            (_, Node::Text(_)) => {}
        }
    }

    /// The message without credentials, then with its values as long as they may be.
    fn finish(self) -> String {
        if self.values.is_empty() {
            return self.text;
        }
        let mut found = Vec::new();
        Secrets::default().scan(&Text::new(&self.text), &mut found);
        found.retain(|finding| finding.score >= SURE);
        let mut out = String::with_capacity(self.text.len().min(4 * LONGEST));
        let mut at = 0;
        for (range, shown, cut) in &self.values {
            copy(&self.text, at..range.start, &found, usize::MAX, &mut out);
            let whole = copy(&self.text, range.start..*shown, &found, LONGEST, &mut out);
            if *cut || !whole {
                out.push('…');
            }
            at = range.end;
        }
        copy(&self.text, at..self.text.len(), &found, usize::MAX, &mut out);
        out
    }
}

/// Copies a part, at most so many characters of it; instead of what was found its kind stands where it begins. Whether all of it fitted.
fn copy(text: &str, range: Range<usize>, found: &[Finding], most: usize, out: &mut String) -> bool {
    let (mut at, mut left) = (range.start, most);
    let mut put = |part: &str, out: &mut String| {
        let end = part.char_indices().nth(left).map_or(part.len(), |(end, _)| end);
        left = left.saturating_sub(part.chars().count());
        out.push_str(part.get(..end).unwrap_or_default());
        end == part.len()
    };
    for finding in found.iter().filter(|f| f.span.end > range.start && f.span.start < range.end) {
        let plain = text.get(at..finding.span.start.max(at)).unwrap_or_default();
        if !put(plain, out) {
            return false;
        }
        if finding.span.start >= range.start && !put(&format!("[{}]", finding.kind), out) {
            return false;
        }
        at = finding.span.end.min(range.end).max(at);
    }
    put(text.get(at..range.end).unwrap_or_default(), out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Template;
    use crate::event::Event;

    const TOKEN: &str = concat!("ghp_", "9aK3vQ7xT2mB8nL4pR6sW1yZ5cD0eF3gH7jU");

    fn check(message: &str, body: &str, expect: &str) {
        let arguments = json!({ "body": body });
        let said = Template::parse(message).unwrap().render(&Event::call("post", &arguments), "rule");
        assert_eq!(said, expect);
    }

    #[test]
    fn credentials_are_taken_out_before_values_are_cut() {
        for before in [0, 100, 165, 180, 195, 199, 200, 201, 500] {
            let words = "word ".repeat(100);
            let lead = &words[..before];
            let body = format!("{lead} {TOKEN} tail");
            let arguments = json!({ "body": body });
            let event = Event::call("post", &arguments);
            let said = Template::parse("no: {/body}.").unwrap().render(&event, "rule");
            assert!(!said.contains("ghp_"), "{before}: {said}");
            assert!(said.chars().count() <= 206, "{before}: {said}");
            assert_eq!(said.contains("[secret.github-token]"), before < 178, "{before}: {said}");
        }
    }

    #[test]
    fn what_the_message_says_around_a_value_tells_what_it_is() {
        check("token = \"{/body}\"", &TOKEN[4..], "token = \"[secret.generic]\"");
    }

    #[test]
    fn long_values_are_cut_and_short_ones_are_not() {
        check("{rule}: {/body}!", "short", "rule: short!");
        check("{/body}", &"é".repeat(200), &"é".repeat(200));
        check("{/body}", &"é".repeat(201), &format!("{}…", "é".repeat(200)));
        check("{/none}", "", "(none)");
    }

    #[test]
    fn of_a_huge_value_nothing_is_shown_that_was_not_looked_at() {
        // All but the end of what is looked at is one token after the other, so that little is left to show.
        let body = format!("{TOKEN} ").repeat(2000);
        let arguments = json!({ "body": body });
        let said = Template::parse("{/body}").unwrap().render(&Event::call("post", &arguments), "rule");
        assert!(!said.contains("ghp_") && said.ends_with('…'), "{said}");
    }
}
