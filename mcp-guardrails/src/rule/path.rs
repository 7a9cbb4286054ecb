//! Folders that paths stay in.

use unicode_security::confusable_detection::skeleton;

use super::test::Truth;

/// A folder, absolute or relative to where the tool runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Folder {
    absolute: bool,
    names: Box<[Box<str>]>,
}

impl Folder {
    /// Reads a folder.
    ///
    /// # Errors
    /// It could be read in several ways.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (absolute, names) = names(text).ok_or_else(|| {
            format!(
                "`{text}` can be read in several ways: write a folder without `..`, `\\`, `%`, `~` or `:`"
            )
        })?;
        Ok(Self { absolute, names: names.into_iter().map(Into::into).collect() })
    }

    fn holds(&self, names: &[&str], same: impl Fn(&str, &str) -> bool) -> bool {
        names.len() >= self.names.len() && self.names.iter().zip(names).all(|(a, b)| same(a, b))
    }
}

/// Whether a path is one of the folders or lies below it. Nothing is looked up: links are the tool's to refuse.
pub(crate) fn within(path: &str, folders: &[Folder]) -> Truth {
    let Some((absolute, names)) = names(path) else { return Truth::Unsure };
    Truth::any(folders.iter().map(|folder| {
        if folder.absolute != absolute {
            Truth::Unsure
        } else if folder.holds(&names, |a, b| a == b) {
            Truth::True
        } else if folder.holds(&names, alike) {
            // Where names are compared without case, it is this folder.
            Truth::Unsure
        } else {
            Truth::False
        }
    }))
}

fn alike(a: &str, b: &str) -> bool {
    let look = |text: &str| skeleton(&text.to_lowercase()).collect::<String>();
    a.eq_ignore_ascii_case(b) || (!(a.is_ascii() && b.is_ascii()) && look(a) == look(b))
}

/// The names in a path that all readers understand alike.
fn names(path: &str) -> Option<(bool, Vec<&str>)> {
    if path.is_empty() || path.starts_with('~') || path.chars().any(is_odd) {
        return None;
    }
    let names: Vec<&str> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    // `..` leads elsewhere where there are links; dots and blanks at the end vanish on some systems.
    let plain = names.iter().all(|name| !name.ends_with(['.', ' ']) && !name.starts_with(' '));
    plain.then(|| (path.starts_with('/'), names))
}

/// Characters with a meaning of their own, invisible ones, and those that look like a slash or a dot.
fn is_odd(c: char) -> bool {
    c.is_control()
        || matches!(c, '\\' | '%' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '$' | '`')
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{660}' | '\u{6f0}' | '\u{701}' | '\u{702}' | '\u{115f}' | '\u{1160}' | '\u{1735}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2024}'..='\u{202e}' | '\u{2044}' | '\u{2060}'..='\u{206f}'
            | '\u{2215}' | '\u{2216}' | '\u{2571}' | '\u{27cb}' | '\u{29f5}' | '\u{29f8}' | '\u{29f9}' | '\u{2f03}' | '\u{3002}'
            | '\u{3033}' | '\u{3164}' | '\u{31d3}' | '\u{4e3f}' | '\u{a4f8}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe52}' | '\u{fe68}'
            | '\u{feff}' | '\u{ff00}'..='\u{ffef}' | '\u{fff0}'..='\u{fffb}' | '\u{10a50}' | '\u{1d16d}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_within_without_or_unsure() {
        let folders = [Folder::parse("/srv/data").unwrap(), Folder::parse("notes").unwrap()];
        let check = |path: &str, expect| assert_eq!(within(path, &folders[..1]), expect, "{path:?}");
        for inside in ["/srv/data", "/srv/data/", "/srv/data/a.txt", "/srv//data/./a", "/srv/data/ü/x"] {
            check(inside, Truth::True);
        }
        for outside in ["/", "/srv", "/srv/database", "/etc/passwd", "/srv/dat"] {
            check(outside, Truth::False);
        }
        for unsure in [
            "",
            "/srv/data/../x",
            "..",
            "/srv/data/%2e%2e/x",
            "C:\\srv",
            "~/x",
            "/srv/DATA/x",
            "/srv/d\u{430}t\u{430}/x",
            "/srv/data\0/x",
            "/srv/data./x",
            "/srv/data\u{200b}/x",
            "/srv\u{2215}data",
            "srv/data",
            "/srv/data/\u{ff0e}\u{ff0e}/x",
            "/srv/data/$HOME",
            "file:///srv/data",
        ] {
            check(unsure, Truth::Unsure);
        }
        assert_eq!(within("notes/a", &folders), Truth::True);
        assert!(Folder::parse("/srv/../x").is_err());
    }
}
