//! Tables of values with a separator: each row says the column before each value.

use csv::{ReaderBuilder, StringRecord};

use super::document::{Builder, Document, Shape};
use super::error::IngestError;

const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Characters of a column's name.
const NAME: usize = 100;

pub(super) fn read(text: &str) -> Result<Document, IngestError> {
    let mut reader = ReaderBuilder::new()
        .delimiter(separator(text))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut rows = reader.records().map(|row| row.map_err(IngestError::broken("a table")));
    let mut builder = Builder::default();
    let Some(first) = rows.next().transpose()? else { return builder.finish() };
    let headed = first.iter().all(is_name);
    let names: Vec<String> = if headed {
        first.iter().map(|name| name.trim().chars().take(NAME).collect()).collect()
    } else {
        Vec::new()
    };
    if !headed {
        builder.push(Shape::Lines, &row(&names, &first))?;
    }
    let mut empty = headed;
    for record in rows {
        empty = false;
        builder.push(Shape::Lines, &row(&names, &record?))?;
    }
    if empty {
        builder.push(Shape::Lines, &names.join("\n"))?;
    }
    builder.finish()
}

/// The separator that the first line has most of, outside of quotes.
fn separator(text: &str) -> u8 {
    let line = text.lines().next().unwrap_or_default();
    let outside: Vec<&str> = line.split('"').step_by(2).collect();
    let count = |separator: u8| -> usize {
        outside.iter().map(|part| part.bytes().filter(|byte| *byte == separator).count()).sum()
    };
    // The first of those that are as many.
    SEPARATORS.into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// Whether a value of the first row can be what its column is called.
fn is_name(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.parse::<f64>().is_err()
}

/// A row as lines of `column: value`, without what is empty.
fn row(names: &[String], values: &StringRecord) -> String {
    let mut lines = Vec::new();
    for (at, value) in values.iter().enumerate().filter(|(_, value)| !value.trim().is_empty()) {
        match names.get(at) {
            Some(name) => lines.push(format!("{name}: {}", value.trim())),
            None => lines.push(format!("column {}: {}", at + 1, value.trim())),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let sections = read(text).unwrap().sections;
        assert_eq!(sections.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn rows_say_what_their_values_are() {
        check("name,city\nAnn,\"Berlin, DE\"\nBob,\n", &["name: Ann\ncity: Berlin, DE", "name: Bob"]);
        check("a;b\n1;2,5;3\n", &["a: 1\nb: 2,5\ncolumn 3: 3"]);
        check("\"x,y\"\tz\n1\t\"two\nlines\"", &["x,y: 1\nz: two\nlines"]);
        check("1,2\n3,4", &["column 1: 1\ncolumn 2: 2", "column 1: 3\ncolumn 2: 4"]);
        check("only,names", &["only\nnames"]);
        check("", &[]);
        check("a\n\"never closed", &["a: never closed"]);
    }
}
