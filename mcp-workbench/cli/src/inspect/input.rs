//! Text that is being typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Text, and where the next character goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Input {
    text: String,
    /// INVARIANT: between two characters of the text, in bytes.
    at: usize,
}

impl Input {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let at = text.len();
        Self { text, at }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the next character, and after it.
    pub(crate) fn parts(&self) -> (&str, &str) {
        self.text.split_at(self.at)
    }

    pub(crate) fn insert(&mut self, text: &str) {
        self.text.insert_str(self.at, text);
        self.at += text.len();
    }

    /// Takes a key that edits; false where it is none.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        let (before, after) = self.parts();
        let left = before.chars().next_back().map_or(0, char::len_utf8);
        let right = after.chars().next().map_or(0, char::len_utf8);
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let end = self.at + after.find('\n').unwrap_or(after.len());
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('a') if control => self.at = begin,
            KeyCode::Char('e') if control => self.at = end,
            KeyCode::Char('u') if control => self.cut(begin, self.at),
            KeyCode::Char('k') if control => self.cut(self.at, end),
            KeyCode::Char('w') if control => {
                let word = before.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.cut(word.max(begin), self.at);
            }
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => {
                self.insert(c.encode_utf8(&mut [0; 4]));
            }
            KeyCode::Backspace => self.cut(self.at - left, self.at),
            KeyCode::Delete => self.cut(self.at, self.at + right),
            KeyCode::Left => self.at -= left,
            KeyCode::Right => self.at += right,
            KeyCode::Home => self.at = begin,
            KeyCode::End => self.at = end,
            _ => return false,
        }
        true
    }

    /// Goes a line up or down; false where there is none.
    pub(crate) fn line(&mut self, down: bool) -> bool {
        let (before, after) = self.parts();
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(begin..).unwrap_or_default().chars().count();
        let target = if down {
            let Some(end) = after.find('\n') else { return false };
            self.at + end + 1
        } else {
            let Some(end) = begin.checked_sub(1) else { return false };
            before.get(..end).unwrap_or_default().rfind('\n').map_or(0, |at| at + 1)
        };
        let line = self.text.get(target..).unwrap_or_default().split('\n').next().unwrap_or_default();
        self.at = target + line.chars().take(column).map(char::len_utf8).sum::<usize>();
        true
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.at = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(input: &mut Input, keys: &[KeyCode]) {
        for key in keys {
            assert!(input.key(KeyEvent::from(*key)), "{key:?}");
        }
    }

    #[test]
    fn text_is_edited_by_characters_not_bytes() {
        let mut input = Input::new("né");
        typed(&mut input, &[KeyCode::Left, KeyCode::Char('ö'), KeyCode::Delete, KeyCode::Char('!')]);
        assert_eq!(input.text(), "nö!");
        typed(&mut input, &[KeyCode::Backspace, KeyCode::Home, KeyCode::Backspace, KeyCode::Delete]);
        assert_eq!(input.parts(), ("", "ö"));
    }

    #[test]
    fn lines_are_gone_through_by_columns() {
        let mut input = Input::new("one\nü\nthree");
        assert!(input.line(false) && input.parts().0 == "one\nü");
        assert!(input.line(false) && input.parts().0 == "o");
        assert!(!input.line(false) && input.line(true) && input.line(true) && !input.line(true));
        assert_eq!(input.parts(), ("one\nü\nt", "hree"));
        let control = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert!(input.key(control('k')) && input.key(control('u')));
        assert_eq!(input.text(), "one\nü\n");
    }
}
