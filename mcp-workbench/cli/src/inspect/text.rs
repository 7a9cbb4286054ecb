//! Text in lines of a width.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Cells that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// What a terminal can show: servers send text, and no commands to the terminal.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => "    ".to_owned(),
        '\n' => "\n".to_owned(),
        c if c.is_control() => "\u{fffd}".to_owned(),
        c => c.to_string(),
    };
    text.replace("\r\n", "\n").chars().map(shown).collect()
}

/// Breaks a text into lines of a width, between words where it can. Lines keep their indent.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(8);
    let mut lines = Vec::new();
    for line in plain(text).split('\n') {
        let indent: String = line.chars().take_while(|c| *c == ' ').take(width / 2).collect();
        let (mut now, mut cells, mut fresh) = (String::new(), 0, true);
        for word in line.split_inclusive(' ') {
            let long = self::width(word.trim_end());
            if !fresh && cells + long > width {
                lines.push(now.trim_end().to_owned());
                (now, cells) = (indent.clone(), indent.len());
            }
            fresh = false;
            for c in word.chars() {
                let wide = c.width().unwrap_or(0);
                if cells + wide > width && c != ' ' {
                    lines.push(std::mem::replace(&mut now, indent.clone()));
                    cells = indent.len();
                }
                now.push(c);
                cells += wide;
            }
        }
        lines.push(now.trim_end().to_owned());
    }
    lines
}

/// The same in a style.
pub(crate) fn styled(text: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    wrap(text, width).into_iter().map(|line| Line::styled(line, style)).collect()
}

/// Cuts a text to a width.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let text = plain(text).replace('\n', " ");
    if width(&text) <= most {
        return text;
    }
    let (mut kept, mut cells) = (String::new(), 1);
    for c in text.chars() {
        cells += c.width().unwrap_or(0);
        if cells > most {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

/// Cuts a text to a width in its middle: of an address or a command, both ends say which it is.
pub(crate) fn cut_middle(text: &str, most: usize) -> String {
    let text = plain(text).replace('\n', " ");
    if width(&text) <= most {
        return text;
    }
    let end = most.saturating_sub(1) / 2;
    let mut cells = 0;
    let fits = |c: &char| {
        cells += c.width().unwrap_or(0);
        cells <= end
    };
    let mut last: Vec<char> = text.chars().rev().take_while(fits).collect();
    last.reverse();
    let last: String = last.into_iter().collect();
    cut(&text, most - width(&last)) + &last
}

/// A span that owns its text.
pub(crate) fn span(text: impl Into<String>, style: Style) -> Span<'static> {
    Span::styled(text.into(), style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_whole_where_they_fit() {
        assert_eq!(wrap("one two three", 9), ["one two", "three"]);
        assert_eq!(wrap("  indented text", 10), ["  indented", "  text"]);
        assert_eq!(wrap("abcdefghijkl", 8), ["abcdefgh", "ijkl"]);
        assert_eq!(wrap("日本語の文章です", 8), ["日本語の", "文章です"]);
        assert_eq!(wrap("a\n\nb", 8), ["a", "", "b"]);
        assert_eq!(wrap("red \u{1b}[31m\talert\u{7}", 40), ["red \u{fffd}[31m    alert\u{fffd}"]);
        assert_eq!(
            (cut("abcdef", 4), cut("日本語", 5), cut("ab", 2)),
            ("abc…".into(), "日本…".into(), "ab".into())
        );
        let long = "/home/somebody/projects/server --stdio";
        assert_eq!(cut_middle(long, 16), "/home/so…--stdio");
        assert_eq!((cut_middle("日本語日本語", 6), cut_middle("abc", 3)), ("日…語".into(), "abc".into()));
        assert_eq!((cut_middle("abcdef", 2), cut_middle("abcdef", 1)), ("a…".into(), "…".into()));
    }
}
