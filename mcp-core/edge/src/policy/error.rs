//! Why a policy is refused.

use std::io;
use std::path::PathBuf;

use super::Effect;

/// A policy cannot be used. The one in force stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("cannot read policy `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The name of the file does not tell what it holds.
    #[error("policy `{}` must be named `.yaml`, `.yml`, `.json` or `.toml`", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The text does not say what a policy says.
    #[error("policy `{origin}`: {}{problem}{}", at(field), hint(nearest.as_deref()))]
    Invalid {
        /// The file, or what stands for it.
        origin: String,
        /// The path of the member, e.g. `rules[2].tools[0]`; empty where it is the whole.
        field: String,
        /// What is wrong with it; for syntax with line and column.
        problem: String,
        /// What may have been meant.
        nearest: Option<String>,
    },
    /// A test in the file fails.
    #[error("policy `{origin}`: tests[{index}] `{name}` expects {expected}, but {actual}")]
    Test {
        /// The file, or what stands for it.
        origin: String,
        /// Which test.
        index: usize,
        /// Its name.
        name: String,
        /// What it expects.
        expected: Effect,
        /// What the rules say, and which.
        actual: String,
    },
}

fn at(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("`{field}`: ") }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"))
}

/// The candidate that looks most like a word, if one does.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let close = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate));
    let best = close.min_by_key(|(distance, _)| *distance)?;
    (best.0 <= 1 + word.len().max(best.1.len()) / 3).then(|| best.1.to_owned())
}

/// How many characters have to be added, left out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let changed = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
