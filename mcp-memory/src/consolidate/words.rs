//! Sentences and words as rules read them: with numbers, dates and negations, which searches do not tell apart.

use crate::time::MONTHS;

/// Words that turn a statement around.
const NEGATIONS: [&str; 12] = [
    "not", "no", "never", "without", "cannot", "neither", "nor", "none", "nobody", "nothing", "nowhere",
    "dont",
];
/// Words and their opposites: the second says that the first is not so.
const OPPOSITES: [(&str, &str); 20] = [
    ("enabled", "disabled"),
    ("enable", "disable"),
    ("on", "off"),
    ("open", "closed"),
    ("allowed", "forbidden"),
    ("allow", "forbid"),
    ("allows", "forbids"),
    ("required", "optional"),
    ("mandatory", "voluntary"),
    ("public", "private"),
    ("true", "false"),
    ("up", "down"),
    ("encrypted", "unencrypted"),
    ("supported", "unsupported"),
    ("synchronous", "asynchronous"),
    ("stable", "unstable"),
    ("safe", "unsafe"),
    ("accepted", "rejected"),
    ("accepts", "rejects"),
    ("possible", "impossible"),
];
const DAYS: [&str; 10] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "tomorrow",
    "yesterday",
];
/// Numbers that are written out. "One" is mostly none.
const NUMBERS: [(&str, &str); 17] = [
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("fifteen", "15"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
];
/// What ends with a full stop and no sentence.
const SHORT: [&str; 10] = ["e.g", "i.e", "mr", "mrs", "ms", "dr", "vs", "etc", "no", "st"];

/// A word, as it stands and in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) low: String,
    /// Whether a comma follows.
    pub(super) comma: bool,
}

/// The sentences of a text.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let (mut found, mut from) = (Vec::new(), 0);
    for (at, mark) in text.char_indices().filter(|(_, mark)| matches!(mark, '.' | '!' | '?' | '\n' | '…')) {
        let end = at + mark.len_utf8();
        let (said, rest) = (text.get(from..at).unwrap_or_default(), text.get(end..).unwrap_or_default());
        let goes_on = rest.starts_with(|next: char| !next.is_whitespace() && !"\"')”".contains(next));
        let last = said.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
        let short = mark == '.' && SHORT.contains(&last.to_lowercase().as_str());
        if mark != '\n' && (goes_on || short) {
            continue;
        }
        found.push(text.get(from..end).unwrap_or_default());
        from = end;
    }
    found.push(text.get(from..).unwrap_or_default());
    let found =
        found.into_iter().map(|sentence| sentence.trim_matches(|c: char| c.is_whitespace() || c == '"'));
    found.filter(|sentence| sentence.chars().any(char::is_alphanumeric)).collect()
}

/// The words of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let inside = |c: char| c.is_alphanumeric() || "'’.,:/_-%$€£@#+".contains(c);
    text.split(move |c: char| !inside(c)).filter_map(|piece| {
        let mut word = piece.trim_end_matches(|c: char| ".,:/-'’_@$€£".contains(c));
        let bare = word.trim_start_matches(|c: char| ".,:/-+'’_%".contains(c));
        let negative = bare.starts_with(|c: char| c.is_ascii_digit()) && word.strip_prefix('-') == Some(bare);
        if !negative {
            word = bare;
        }
        let low = word.to_lowercase().replace('’', "'");
        low.chars().any(char::is_alphanumeric).then_some(Word {
            text: word,
            low,
            comma: piece.ends_with(','),
        })
    })
}

impl Word<'_> {
    /// A number and what it is a number of, where that hangs on it: `5GB`, `30-day`, `$5`, `12%`. No date and no name with digits in it.
    pub(super) fn number(&self) -> Option<(String, &str)> {
        if let Some((_, digits)) = NUMBERS.iter().find(|(word, _)| *word == self.low) {
            return Some(((*digits).to_owned(), ""));
        }
        let (currency, rest) = match self.low.strip_prefix(['$', '€', '£']) {
            Some(rest) => (self.low.get(..self.low.len() - rest.len()).unwrap_or_default(), rest),
            None => ("", self.low.as_str()),
        };
        let sign = usize::from(rest.starts_with('-'));
        let digits = rest.get(sign..)?.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','));
        let (value, unit) = rest.split_at(digits.map_or(rest.len(), |end| end + sign));
        let joined = unit.trim_start_matches('-');
        let letters = joined.len() < 14 && joined.chars().all(|c| c.is_alphabetic() || c == '%');
        if !value.ends_with(|c: char| c.is_ascii_digit())
            || !letters
            || is_ordinal(joined)
            || self.is_version()
        {
            return None;
        }
        let unit = if joined.is_empty() { currency } else { joined };
        Some((value.replace(',', ""), unit))
    }

    fn is_version(&self) -> bool {
        self.low.matches('.').count() > 1
    }

    /// Whether it names a day, a month or a time.
    pub(super) fn is_date(&self) -> bool {
        let day = self.low.strip_suffix("'s").unwrap_or(&self.low);
        let day = if DAYS.contains(&day) { day } else { day.strip_suffix('s').unwrap_or(day) };
        let month = MONTHS.contains(&self.low.as_str()) && self.text.starts_with(char::is_uppercase);
        let digits = self.low.starts_with(|c: char| c.is_ascii_digit());
        let joined = self.low.split([':', '/', '-']).filter(|part| part.parse::<u32>().is_ok()).count() > 1;
        DAYS.contains(&day)
            || month
            || (digits && (joined || is_ordinal(self.low.trim_start_matches(|c: char| c.is_ascii_digit()))))
    }

    pub(super) fn is_negation(&self) -> bool {
        NEGATIONS.contains(&self.low.as_str()) || self.low.ends_with("n't")
    }

    /// The opposite, where it says that something is not so: `disabled` is `enabled` and not.
    pub(super) fn opposite(&self) -> Option<&'static str> {
        OPPOSITES.iter().find(|(_, not)| *not == self.low).map(|(so, _)| *so)
    }
}

fn is_ordinal(ending: &str) -> bool {
    ["st", "nd", "rd", "th"].contains(&ending)
}

/// What two texts must have in common to say the same, however many other words they share: numbers and dates in their order, and how
/// much of it is negated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Marks {
    numbers: Vec<String>,
    negations: usize,
    opposites: Vec<&'static str>,
}

impl Marks {
    pub(super) fn of(text: &str) -> Self {
        let mut marks = Self::default();
        for word in words(text) {
            if word.is_negation() {
                marks.negations += 1;
            } else if let Some((number, _)) = word.number() {
                marks.numbers.push(number);
            } else if word.is_date() || word.low.contains(|c: char| c.is_ascii_digit()) {
                marks.numbers.push(word.low);
            } else if let Some(opposite) = word.opposite() {
                marks.opposites.push(opposite);
            }
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_people_end_them() {
        let check = |text: &str, expect: &[&str]| assert_eq!(sentences(text), expect, "{text}");
        check("One. Two! Three?", &["One.", "Two!", "Three?"]);
        check("Version 1.2 is out, e.g. for Dr. Who. Yes", &["Version 1.2 is out, e.g. for Dr. Who.", "Yes"]);
        check("a line\n\nanother", &["a line", "another"]);
        check(" … ", &[]);
    }

    #[test]
    fn numbers_come_with_what_they_count() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let word = words(text).next().unwrap();
            assert_eq!(word.number(), expect.map(|(value, unit)| (value.to_owned(), unit)), "{text}");
        };
        check("5GB", Some(("5", "gb")));
        check("30-day", Some(("30", "day")));
        check("1,024", Some(("1024", "")));
        check("$9.50", Some(("9.50", "$")));
        check("12%.", Some(("12", "%")));
        check("-3", Some(("-3", "")));
        check("twelve", Some(("12", "")));
        for none in ["2024-05-03", "10:30", "1.2.3", "3rd", "v2", "Monday", "x"] {
            check(none, None);
        }
    }

    #[test]
    fn marks_tell_apart_what_shares_its_words() {
        let check = |a: &str, b: &str, equal| assert_eq!(Marks::of(a) == Marks::of(b), equal, "{a} / {b}");
        check("The build takes 5 minutes", "A build takes five minutes", true);
        check("from 5 to 6", "from 6 to 5", false);
        check("we deploy on Monday", "we deploy on Tuesdays", false);
        check("we deploy", "we don't deploy", false);
        check("it isn’t so", "it is never so", true);
        check("-3 degrees", "3 degrees", false);
        check("TLS is enabled", "TLS is disabled", false);
        check("due on 2026-01-02", "due on 2026-01-03", false);
        check("it may rain", "it rains", true);
        check("in May", "in June", false);
    }
}
