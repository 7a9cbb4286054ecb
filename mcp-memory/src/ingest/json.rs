//! Values of JSON: each on a line of its own, with the way to it.

use std::fmt::Write as _;

use serde_json::Value;

use super::chat::chatgpt;
use super::document::{Builder, Document, Shape};
use super::error::IngestError;

const FORMAT: &str = "JSON";
/// Bytes of the lines of one value: long names above many values would say more than there is.
const LINES: usize = 64 * 1024 * 1024;

pub(super) fn read(text: &str) -> Result<Document, IngestError> {
    let mut builder = Builder::default();
    if text.trim().is_empty() {
        return builder.finish();
    }
    let value: Value = serde_json::from_str(text).map_err(IngestError::broken(FORMAT))?;
    match value {
        Value::Array(items) if chatgpt::is(&items) => return chatgpt::read(&items),
        // What stands beside each other is read alone.
        Value::Array(items) => items.iter().try_for_each(|item| push(&mut builder, item))?,
        value => push(&mut builder, &value)?,
    }
    builder.finish()
}

/// Reads a value a line.
pub(super) fn read_lines(text: &str) -> Result<Document, IngestError> {
    let mut builder = Builder::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line)
            .map_err(|error| IngestError::broken(FORMAT)(format!("line {}: {error}", number + 1)))?;
        push(&mut builder, &value)?;
    }
    builder.finish()
}

fn push(builder: &mut Builder, value: &Value) -> Result<(), IngestError> {
    let mut lines = String::new();
    flatten(value, &mut String::new(), &mut lines);
    if lines.len() > LINES {
        return Err(IngestError::TooLarge { what: "too many bytes of text", most: LINES as u64 });
    }
    builder.push(Shape::Lines, &lines)
}

/// Writes the values within a value. It is as deep as the parser let it be.
fn flatten(value: &Value, path: &mut String, lines: &mut String) {
    if lines.len() > LINES {
        return;
    }
    let length = path.len();
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                if length > 0 {
                    path.push('.');
                }
                path.push_str(name);
                flatten(value, path, lines);
                path.truncate(length);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                // Writing to a text cannot fail.
                let _ = write!(path, "[{at}]");
                flatten(item, path, lines);
                path.truncate(length);
            }
        }
        value => {
            if length > 0 {
                lines.push_str(path);
                lines.push_str(": ");
            }
            match value {
                Value::String(text) => lines.push_str(text),
                value => lines.push_str(&value.to_string()),
            }
            lines.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let sections = read(text).unwrap().sections;
        assert_eq!(sections.iter().map(|it| it.text.trim_end()).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn values_say_the_way_to_them() {
        check(r#"{"a":{"b":[1,{"c":"x"}],"d":{}},"e":null}"#, &["a.b[0]: 1\na.b[1].c: x\na.d: {}\ne: null"]);
        check(r#"[{"a":1},2,"three"]"#, &["a: 1", "2", "three"]);
        check("\"text\"", &["text"]);
        check(" \n", &[]);
    }

    #[test]
    fn what_is_no_json_is_refused_and_so_is_what_grows() {
        assert_eq!(
            read("{\"a\":").unwrap_err().to_string(),
            "is not JSON that can be read: EOF while parsing a value at line 1 column 5"
        );
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read_lines("{}\n\nx").unwrap_err().to_string().contains("line 3: "));
        let long = format!("{{\"{}\":[{}0]}}", "n".repeat(100_000), "0,".repeat(1_000));
        assert!(matches!(read(&long), Err(IngestError::TooLarge { .. })));
    }
}
