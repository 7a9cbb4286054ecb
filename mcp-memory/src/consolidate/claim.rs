//! What a sentence claims, as far as rules can tell: its words without what may differ, whether it denies them, its numbers, and the
//! value that it gives to something.

use super::alike::hashed;
use super::lists::{CHOSEN, CIRCUMSTANCES, EMPTY, EPISODES, HEDGES, List, PERSONAL, PRONOUNS, SINGLE, UNITS};
use super::words::{Word, words};

/// Words of a sentence that rules can follow.
const LENGTH: std::ops::RangeInclusive<usize> = 3..=40;

/// What a sentence claims.
#[derive(Debug, Clone, Default)]
pub(super) struct Claim {
    /// Its words without numbers and what turns it around, in order.
    pub(super) words: Vec<u64>,
    pub(super) denied: bool,
    /// Numbers with what they count.
    pub(super) quantities: Vec<(String, String)>,
    /// Dates, and numbers that are names.
    pub(super) names: Vec<String>,
    /// What it gives to something, and what that is.
    pub(super) value: Option<Given>,
    /// Whether it depends on who says it.
    pub(super) personal: bool,
}

/// "X is Y", "we use Y for X".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    /// The same for the same X.
    pub(super) key: u64,
    pub(super) to: String,
    pub(super) value: String,
    pub(super) shape: Shape,
}

/// Only values of one shape exclude each other: a port is 80 and not 81, but 80 and open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Number,
    Date,
    Name,
    Plain,
    Used,
}

impl Claim {
    /// What a sentence claims; nothing where it asks, doubts or tells of one occasion.
    pub(super) fn of(sentence: &str) -> Option<Self> {
        let words: Vec<Word<'_>> = words(sentence).collect();
        // "No, we do."
        let interjection = words.first()?.comma;
        let has = |list: &List| words.iter().any(|word| list.contains(word.low.as_str()));
        let pair = |a: &str, b: &str| {
            words.windows(2).any(|pair| matches!(pair, [x, y] if x.low == a && y.low == b))
        };
        let twice = pair("not", "only") || pair("used", "to") || pair("not", "just");
        if sentence.ends_with('?') || !LENGTH.contains(&words.len()) || interjection || twice {
            return None;
        }
        if has(&HEDGES) || has(&EPISODES) || is_past(&words) {
            return None;
        }
        let mut claim = Self { personal: has(&PERSONAL), ..Self::default() };
        let mut rest = words.as_slice();
        while let [word, after @ ..] = rest {
            claim.take(word, after.first());
            rest = after;
        }
        if !claim.denied {
            claim.value = used(&words).or_else(|| is(&words));
        }
        Some(claim)
    }

    fn take(&mut self, word: &Word<'_>, next: Option<&Word<'_>>) {
        if word.is_negation() {
            self.denied = !self.denied;
            match word.low.as_str() {
                "can't" | "cannot" => self.words.push(hashed("can")),
                "won't" => self.words.push(hashed("will")),
                _ => {}
            }
        } else if let Some(opposite) = word.opposite() {
            self.denied = !self.denied;
            self.words.push(hashed(opposite));
        } else if let Some((value, unit)) = word.number() {
            let next = next.map(|next| singular(&next.low)).unwrap_or_default();
            let unit = if unit.is_empty() { next } else { singular(unit) };
            if UNITS.contains(unit) {
                // The unit stands among the words too, where it is a word of its own.
                self.quantities.push((value, unit.to_owned()));
            } else {
                self.names.push(value);
            }
        } else if word.is_date() || word.low.contains(|c: char| c.is_ascii_digit()) {
            self.names.push(word.low.clone());
        } else if !EMPTY.contains(word.low.as_str()) {
            self.words.push(hashed(singular(&word.low)));
        }
    }
}

/// Without the ending of plurals and verbs: enough to tell that two words are the same.
fn singular(word: &str) -> &str {
    match word.strip_suffix("'s").or_else(|| word.strip_suffix('s')) {
        Some(stem) if stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']) => stem,
        _ => word,
    }
}

/// Whether something was done, and not merely is done: "we migrated", but not "it is limited".
fn is_past(words: &[Word<'_>]) -> bool {
    let mut before = "";
    for word in words {
        // Memcached is a name.
        let name = !before.is_empty() && word.text.starts_with(char::is_uppercase);
        let past = !name && word.low.ends_with("ed") && word.low.len() > 4 && !word.low.ends_with("eed");
        let passive = ["is", "are", "be", "not", "isn't", "aren't", "never", "the", "a", "an", "our", "must"];
        if past && !passive.contains(&before) && !before.ends_with("ly") {
            return true;
        }
        before = &word.low;
    }
    false
}

/// The words that say what something is, as one; without those that say nothing.
fn phrase(words: &[Word<'_>]) -> String {
    let told = words.iter().filter(|word| !EMPTY.contains(word.low.as_str()));
    told.map(|word| singular(&word.low)).collect::<Vec<_>>().join(" ")
}

fn find(words: &[Word<'_>], any: &[&str]) -> Option<usize> {
    words.iter().position(|word| any.contains(&word.low.as_str()))
}

fn find_listed(words: &[Word<'_>], list: &List) -> Option<usize> {
    words.iter().position(|word| list.contains(word.low.as_str()))
}

/// Whether words give several values, or none.
fn is_list(words: &[Word<'_>]) -> bool {
    words.is_empty()
        || words.len() > 3
        || find(words, &["and", "or", "not", "no"]).is_some()
        || words.iter().take(words.len() - 1).any(|word| word.comma)
}

/// "We use Y for X".
fn used(words: &[Word<'_>]) -> Option<Given> {
    let verb = find(words, &["use", "uses", "prefer", "prefers"]).filter(|verb| (1..=3).contains(verb))?;
    let (who, rest) = (words.get(..verb)?, words.get(verb + 1..)?);
    let end = find(rest, &["for", "as"])?;
    let (value, what) = (rest.get(..end)?, rest.get(end + 1..)?);
    let modal = find(who, &["to", "can", "may", "should", "must", "and", "or"]).is_some();
    let pronoun = who.first().is_some_and(|first| PRONOUNS.contains(first.low.as_str()));
    if is_list(value) || modal || pronoun || what.is_empty() || what.len() > 6 {
        return None;
    }
    let to = format!("{} {} for {}", phrase(who), singular(&words.get(verb)?.low), phrase(what));
    Some(Given { key: hashed(to.as_str()), to, value: phrase(value), shape: Shape::Used })
}

/// "X is Y".
fn is(words: &[Word<'_>]) -> Option<Given> {
    let verb = find(words, &["is"]).filter(|verb| (1..=8).contains(verb))?;
    let (subject, rest) = (words.get(..verb)?, words.get(verb + 1..)?);
    // "is stored in", "is on", "is called": part of what is asked for, and not of the answer.
    let joint = rest.iter().take(2).take_while(|word| is_joint(&word.low)).count();
    let (joint, rest) = rest.split_at(joint);
    let end = find_listed(rest, &CIRCUMSTANCES).unwrap_or(rest.len());
    let (value, around) = rest.split_at(end);
    let value = bare(value);
    if is_list(value) {
        return None;
    }
    let shape = shape(value)?;
    is_single(subject, shape).then(|| {
        let to = [subject, joint, around].map(phrase).join(" ").trim().to_owned();
        Given { key: hashed((&to, "is")), to, value: phrase(value), shape }
    })
}

/// Without articles at the beginning.
fn bare<'a, 'b>(words: &'a [Word<'b>]) -> &'a [Word<'b>] {
    let empty = words.iter().take_while(|word| EMPTY.contains(word.low.as_str())).count();
    words.get(empty..).unwrap_or_default()
}

fn is_joint(word: &str) -> bool {
    CIRCUMSTANCES.contains(word)
        || ["set", "due", "kept", "built", "run"].contains(&word)
        || word.ends_with("ed")
}

fn shape(value: &[Word<'_>]) -> Option<Shape> {
    let first = value.first()?;
    if value.iter().any(Word::is_date) {
        return Some(Shape::Date);
    }
    if first.number().is_some() {
        return Some(Shape::Number);
    }
    let name = |word: &Word<'_>| {
        word.text.contains(char::is_uppercase)
            || word.text.contains(|c: char| c.is_ascii_digit() || "./_@".contains(c))
    };
    match value {
        [.., last] if name(first) || name(last) => Some(Shape::Name),
        [_] => Some(Shape::Plain),
        _ => None,
    }
}

/// Whether a subject has one value of a shape and not several.
fn is_single(subject: &[Word<'_>], shape: Shape) -> bool {
    let Some(first) = subject.first().filter(|first| !PRONOUNS.contains(first.low.as_str())) else {
        return false;
    };
    if find(subject, &["and", "or", "one", "each", "every"]).is_some() {
        return false;
    }
    let end = find_listed(subject, &CIRCUMSTANCES).unwrap_or(subject.len());
    let head = subject.get(..end).and_then(<[_]>::last);
    let single = head.is_some_and(|head| SINGLE.contains(head.low.as_str()));
    let chosen = find_listed(subject, &CHOSEN).is_some();
    let definite = ["the", "our", "my", "your", "its", "their"].contains(&first.low.as_str())
        || subject.iter().any(|word| word.low.ends_with("'s"));
    match shape {
        Shape::Number | Shape::Name => (definite && single) || chosen,
        Shape::Date => definite,
        Shape::Plain => {
            chosen
                || (definite
                    && head.is_some_and(|head| ["name", "colour", "color"].contains(&head.low.as_str())))
        }
        Shape::Used => true,
    }
}
