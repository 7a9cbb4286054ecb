//! Patterns of tables, compiled when they are first needed.

use std::sync::OnceLock;

use regex::Regex;

/// A pattern that is compiled once.
pub(super) type Cell = OnceLock<Option<Regex>>;

/// Compiles what `write` says at the first call. A pattern that does not compile is a mistake in a table, which a test of the table finds.
pub(super) fn compiled(cell: &Cell, write: impl FnOnce() -> String) -> Option<&Regex> {
    cell.get_or_init(|| compile(&write()).ok()).as_ref()
}

/// Compiles a pattern whose classes mean ASCII alone: tables are about keys and commands, and the classes of Unicode are a hundred times
/// as large.
pub(super) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    let (mut out, mut chars, mut within) = (String::with_capacity(pattern.len() * 2), pattern.chars(), false);
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let class = chars.next().unwrap_or('\\');
                let members = match class {
                    'w' => Some("0-9A-Za-z_"),
                    'd' => Some("0-9"),
                    's' => Some(" \\t\\r\\n\\x0B\\x0C"),
                    _ => None,
                };
                match (members, within) {
                    (Some(members), true) => out.push_str(members),
                    (Some(members), false) => out.extend(["[", members, "]"]),
                    (None, false) if class == 'b' => out.push_str("(?-u:\\b)"),
                    (None, false) if class == 'S' => out.push_str("[^ \\t\\r\\n\\x0B\\x0C]"),
                    (None, _) => out.extend(['\\', class]),
                }
                continue;
            }
            '[' => within = true,
            ']' => within = false,
            _ => {}
        }
        out.push(c);
    }
    Regex::new(&out)
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn classes_are_those_of_ascii() {
        let regex = compile(r"^[\w.-]+\b\s\d\]\S$").unwrap();
        assert!(regex.is_match("a.b-c 7]é"));
        assert!(!regex.is_match("é 7]x") && !regex.is_match("a\u{A0}7]x"));
    }
}
