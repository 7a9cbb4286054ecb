//! Phrases to words.

use jiff::civil::Date;

use super::TimeError;

/// A word with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// In lower case, without what stands around it and without `'s`.
    pub(super) text: String,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it is written as a name is: `May`, but not `MAY`, and not where a sentence begins.
    pub(super) is_name: bool,
}

/// Splits at white space, and drops punctuation around words. A dash of its own is a word, and `5,2025` is two.
pub(super) fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut start, mut in_sentence) = (0, false);
    for piece in text.split_inclusive(char::is_whitespace) {
        let outer = |c: char| !c.is_alphanumeric() && !matches!(c, '-' | '–' | '+');
        let trimmed = piece.trim_matches(outer);
        if !trimmed.is_empty() {
            let start = start + piece.find(trimmed).unwrap_or_default();
            let is_name = in_sentence && is_capitalized(trimmed);
            let word =
                |text: &str, start| Word { text: plain(text), start, end: start + text.len(), is_name };
            match trimmed.split_once(',') {
                Some((day, behind)) if year(behind).is_some() => {
                    words.extend([word(day, start), word(behind, start + day.len() + 1)]);
                }
                _ => words.push(word(trimmed, start)),
            }
            in_sentence = !piece.trim_end().ends_with(['.', '!', '?', ':']);
        }
        start += piece.len();
    }
    words
}

fn plain(word: &str) -> String {
    let text = word.to_lowercase().replace('’', "'");
    match text.as_str() {
        "–" | "--" => "-".to_owned(),
        _ => text.strip_suffix("'s").map(str::to_owned).unwrap_or(text),
    }
}

fn is_capitalized(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase)
}

/// A count: digits, or a word.
pub(super) fn count(word: &str) -> Option<i64> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    if word.len() <= 4 && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word.parse().ok();
    }
    let at = WORDS.iter().position(|known| *known == word);
    at.and_then(|at| i64::try_from(at).ok()).or(matches!(word, "a" | "an").then_some(1))
}

/// A place in an order: `3rd`, `third`.
pub(super) fn ordinal(word: &str) -> Option<i64> {
    const WORDS: [&str; 4] = ["first", "second", "third", "fourth"];
    if let Some(at) = WORDS.iter().position(|known| *known == word) {
        return i64::try_from(at + 1).ok();
    }
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end))?;
    (digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

/// In English, in lower case.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

pub(super) fn month(word: &str) -> Option<i8> {
    let short = |name: &str| name.get(..3) == Some(word) || (word == "sept" && name == "september");
    let at = MONTHS.iter().position(|name| *name == word || short(name))?;
    i8::try_from(at + 1).ok()
}

/// From Monday, which is 0.
pub(super) fn weekday(word: &str) -> Option<i8> {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let at = DAYS.iter().position(|name| {
        *name == word
            || name.get(..3) == Some(word)
            || matches!((word, *name), ("tues", "tuesday") | ("thurs", "thursday"))
    })?;
    i8::try_from(at).ok()
}

pub(super) fn year(word: &str) -> Option<i16> {
    let digits = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let year: i16 = digits.then(|| word.parse().ok()).flatten()?;
    (1900..=2199).contains(&year).then_some(year)
}

/// Units of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

pub(super) fn unit(word: &str) -> Option<Unit> {
    match word.strip_suffix('s').unwrap_or(word) {
        "second" | "sec" => Some(Unit::Second),
        "minute" | "min" => Some(Unit::Minute),
        "hour" | "hr" => Some(Unit::Hour),
        "day" => Some(Unit::Day),
        "week" => Some(Unit::Week),
        "month" => Some(Unit::Month),
        "quarter" => Some(Unit::Quarter),
        "year" | "yr" => Some(Unit::Year),
        _ => None,
    }
}

/// `31/12/2025`, `31.12.2025` and `12/31/2025` where only one reading is a date.
pub(super) fn slashed(word: &str) -> Option<Date> {
    let [first, second] = both(word)?;
    match (first, second) {
        (Some(day), None) | (None, Some(day)) => Some(day),
        (Some(day), Some(same)) if day == same => Some(day),
        _ => None,
    }
}

/// Both readings of a date with slashes or dots: the day first, the month first.
fn both(word: &str) -> Option<[Option<Date>; 2]> {
    let mut parts =
        word.split(if word.contains('/') { '/' } else { '.' }).map(|part| part.parse::<i16>().ok());
    let (Some(Some(first)), Some(Some(second)), Some(Some(year)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let date =
        |month: i16, day: i16| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    (1900..=2199).contains(&year).then(|| [date(second, first), date(first, second)])
}

/// Why words are no time, if it is because they may be two.
pub(super) fn ambiguous(words: &[Word]) -> Option<TimeError> {
    words.iter().find_map(|word| match both(&word.text)? {
        [Some(first), Some(second)] if first != second => {
            Some(TimeError::Ambiguous(word.text.clone(), first.to_string(), second.to_string()))
        }
        _ => None,
    })
}
