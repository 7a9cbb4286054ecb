//! Where a text may be divided.

/// Places to divide at, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Paragraph,
    Line,
    Sentence,
    Word,
    Character,
}

pub(super) const PROSE: &[Place] =
    &[Place::Paragraph, Place::Sentence, Place::Line, Place::Word, Place::Character];
pub(super) const LINES: &[Place] =
    &[Place::Paragraph, Place::Line, Place::Sentence, Place::Word, Place::Character];

/// Words that end with a dot and no sentence.
const SHORT: [&str; 15] =
    ["mr", "mrs", "ms", "dr", "prof", "st", "vs", "cf", "fig", "e.g", "i.e", "approx", "inc", "ltd", "resp"];

/// Divides a text into parts of at most `size` characters, each as long as it can be. Together they are the text.
pub(super) fn cut<'a>(text: &'a str, size: usize, places: &[Place]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut start, mut length) = (0, 0);
    let mut end = 0;
    each(text, size, places, &mut |piece| {
        let more = piece.chars().count();
        if length > 0 && length + more > size {
            parts.extend(text.get(start..end));
            (start, length) = (end, 0);
        }
        end += piece.len();
        length += more;
    });
    parts.extend(text.get(start..).filter(|rest| !rest.is_empty()));
    parts
}

/// Tells the pieces of a text in order, each of at most `size` characters and divided at the best places for that.
fn each<'a>(text: &'a str, size: usize, places: &[Place], tell: &mut impl FnMut(&'a str)) {
    let Some((place, rest)) = places.split_first() else { return tell(text) };
    if text.chars().nth(size).is_none() {
        return tell(text);
    }
    let mut from = 0;
    while let Some(piece) = text.get(from..).filter(|piece| !piece.is_empty()) {
        let piece = piece.get(..place.first(piece, size)).unwrap_or(piece);
        from += piece.len();
        each_dyn(piece, size, rest, tell);
    }
}

/// A recursion through a closure needs one type for it.
fn each_dyn<'a>(text: &'a str, size: usize, places: &[Place], tell: &mut dyn FnMut(&'a str)) {
    each(text, size, places, &mut |piece| tell(piece));
}

impl Place {
    /// The bytes up to and with the first place of the kind; never none.
    fn first(self, text: &str, size: usize) -> usize {
        let found = match self {
            Self::Paragraph => paragraph(text),
            Self::Line => text.find('\n').map(|at| at + 1),
            Self::Sentence => sentence(text),
            Self::Word => word(text),
            Self::Character => text.char_indices().nth(size.max(1)).map(|(at, _)| at),
        };
        found.filter(|at| *at > 0).unwrap_or(text.len())
    }
}

/// Behind the first blank lines that have something before them.
fn paragraph(text: &str) -> Option<usize> {
    let (mut at, mut written, mut blank) = (0, false, false);
    for line in text.split_inclusive('\n') {
        let empty = line.trim().is_empty();
        if !empty && written && blank {
            return Some(at);
        }
        written |= !empty;
        blank = empty;
        at += line.len();
    }
    None
}

/// Behind the first sentence, with its closing marks and the space that follows.
fn sentence(text: &str) -> Option<usize> {
    let mut marks = text.char_indices().peekable();
    while let Some((at, mark)) = marks.next() {
        let wide = matches!(mark, '。' | '！' | '？');
        if !wide && !matches!(mark, '.' | '!' | '?' | '…') {
            continue;
        }
        let closing =
            |c: char| matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '」' | '』') || c == mark;
        while marks.next_if(|(_, c)| closing(*c)).is_some() {}
        let end = marks.peek().map_or(text.len(), |(at, _)| *at);
        let behind = text.get(end..)?;
        let rest = behind.trim_start();
        if wide || (rest.len() < behind.len() && begins(rest) && !(mark == '.' && shortened(text.get(..at)?)))
        {
            return Some(text.len() - rest.len());
        }
    }
    None
}

/// Whether a sentence may begin so.
fn begins(text: &str) -> bool {
    !text.starts_with(char::is_lowercase)
}

/// Whether the dot behind a text belongs to its last word.
fn shortened(text: &str) -> bool {
    let from = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let last = text.get(from..).unwrap_or_default().trim_start_matches(|c: char| !c.is_alphanumeric());
    let initial = last.chars().count() == 1 && last.chars().all(char::is_alphabetic);
    initial || SHORT.contains(&last.to_lowercase().as_str())
}

/// Behind the first word and the space that follows.
fn word(text: &str) -> Option<usize> {
    let space = text.find(char::is_whitespace)?;
    let rest = text.get(space..)?.trim_start();
    Some(text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, size: usize, places: &[Place], expect: &[&str]) {
        assert_eq!(cut(text, size, places), expect, "{text}");
    }

    #[test]
    fn a_text_is_divided_where_it_hurts_least() {
        check("", 5, PROSE, &[]);
        check("short", 5, PROSE, &["short"]);
        check("one one\n\n\ntwo\n\nthree", 14, PROSE, &["one one\n\n\n", "two\n\nthree"]);
        check("A b c. D e f! G h.", 8, PROSE, &["A b c. ", "D e f! ", "G h."]);
        check("He said \"No.\" Then he left", 16, PROSE, &["He said \"No.\" ", "Then he left"]);
        check("Ask Dr. Who. He is in", 14, PROSE, &["Ask Dr. Who. ", "He is in"]);
        check("It is v. 1.2 of it. Good", 20, PROSE, &["It is v. 1.2 of it. ", "Good"]);
        check("今天。明天！后天", 4, PROSE, &["今天。", "明天！", "后天"]);
        check("aaa bbb ccc", 8, PROSE, &["aaa bbb ", "ccc"]);
        check("abcdefghij", 4, PROSE, &["abcd", "efgh", "ij"]);
        check("let a = 1. + B;\nlet b;\n", 17, LINES, &["let a = 1. + B;\n", "let b;\n"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_too_long(text in "([a-zA-Z]{1,9}[ .!?\n]{1,3}){0,60}", size in 1usize..80) {
            for places in [PROSE, LINES] {
                let parts = cut(&text, size, places);
                prop_assert_eq!(parts.concat(), text.as_str());
                prop_assert!(parts.iter().all(|part| part.chars().count() <= size));
                let longest = text.split_whitespace().map(str::len).max().unwrap_or(0);
                if longest + 3 < size {
                    let words: Vec<_> = parts.iter().flat_map(|part| part.split_whitespace()).collect();
                    prop_assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
                }
            }
        }
    }
}
