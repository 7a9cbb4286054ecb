//! Expressions as chains: sets of texts that follow one another on a line.
//!
//! `(create|add).*?(form|dialog)` is the chain {create, add} → {form, dialog}. Whether it matches can be told from where the
//! texts occur: the first text of a set that ends soonest leaves most room for the rest.

use regex_syntax::hir::{Class, Dot, Hir, HirKind, Look};

use super::fold::{faces, fold_char};

/// Larger sets, and more chains of one expression, are left to the expression itself.
const LARGEST_SET: usize = 128;
const MOST_CHAINS: usize = 64;

/// A text, folded; and whether a word has to begin or end where it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    pub(super) text: String,
    pub(super) before: bool,
    pub(super) after: bool,
}

/// A set of texts, and whether something has to stand between it and the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    pub(super) apart: bool,
    pub(super) literals: Vec<Literal>,
}

pub(super) type Chain = Vec<Stage>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Text(String),
    /// Any characters but line breaks; at least one, if it says so.
    Gap(bool),
    /// `\b`
    Boundary,
}

type Sequence = Vec<Atom>;

/// The expression without case; nothing where only the expression itself can tell.
pub(super) fn chains(hir: &Hir) -> Option<Vec<Chain>> {
    let chains = options(hir)?;
    let well = chains.iter().all(|chain| !chain.is_empty());
    (well && !chains.is_empty()).then_some(chains)
}

/// Sets of texts of which one has to occur (folded) wherever the expression matches.
pub(super) fn needed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Alternation(all) => {
            let all: Vec<Vec<String>> = all.iter().map(needed).collect::<Option<_>>()?;
            Some(all.concat()).filter(|all| all.len() <= LARGEST_SET)
        }
        HirKind::Concat(parts) => {
            let mut sets: Vec<Vec<String>> = parts.iter().filter_map(needed).collect();
            let mut run: Vec<Sequence> = vec![Vec::new()];
            for part in parts.iter().map(Some).chain([None]) {
                let longer = part.and_then(expand).and_then(|next| product(&run, &next));
                let ended = longer.is_none();
                if let Some(longer) = longer {
                    run = longer;
                }
                if ended {
                    sets.extend(plain(&run));
                    run = part.and_then(expand).unwrap_or_else(|| vec![Vec::new()]);
                }
            }
            sets.extend(plain(&run));
            sets.into_iter().max_by_key(|set| set.iter().map(String::len).min())
        }
        _ => plain(&expand(hir)?),
    }
}

/// The texts of sequences that are nothing but text.
fn plain(sequences: &[Sequence]) -> Option<Vec<String>> {
    let texts = sequences.iter().map(|sequence| {
        let text = sequence.iter().try_fold(String::new(), |sum, atom| match atom {
            Atom::Text(text) => Some(sum + text),
            Atom::Boundary => Some(sum),
            Atom::Gap(_) => None,
        });
        text.filter(|text| text.len() > 1)
    });
    texts.collect()
}

/// A part's ways to match, each as a chain.
fn options(hir: &Hir) -> Option<Vec<Chain>> {
    match hir.kind() {
        HirKind::Capture(capture) => options(&capture.sub),
        HirKind::Alternation(_) | HirKind::Concat(_) if !has_gap(hir) => part(&[hir]),
        HirKind::Alternation(all) => {
            let all: Vec<Vec<Chain>> = all.iter().map(options).collect::<Option<_>>()?;
            Some(all.concat()).filter(|all| all.len() <= MOST_CHAINS)
        }
        HirKind::Concat(parts) => concat(parts),
        _ => part(&[hir]),
    }
}

fn concat(parts: &[Hir]) -> Option<Vec<Chain>> {
    let mut whole: Vec<Chain> = vec![Vec::new()];
    let (mut run, mut apart): (Vec<&Hir>, bool) = (Vec::new(), false);
    for (at, hir) in parts.iter().enumerate() {
        let Some(least) = gap(hir) else {
            run.push(hir);
            continue;
        };
        // `.+` at an end asks for a character there; so do two in a row for two.
        let at_edge = at == 0 || at + 1 == parts.len();
        if (least && at_edge) || (run.is_empty() && at > 0) {
            return None;
        }
        if !run.is_empty() {
            whole = joined(&whole, &part(&run)?, apart)?;
            run.clear();
        }
        apart = least;
    }
    if !run.is_empty() {
        whole = joined(&whole, &part(&run)?, apart)?;
    }
    Some(whole)
}

fn joined(left: &[Chain], right: &[Chain], apart: bool) -> Option<Vec<Chain>> {
    if left.len() * right.len() > MOST_CHAINS {
        return None;
    }
    let pairs = left.iter().flat_map(|a| right.iter().map(move |b| (a, b)));
    Some(
        pairs
            .map(|(a, b)| {
                let mut chain = a.clone();
                let mut rest = b.iter().cloned();
                if let Some(mut first) = rest.next() {
                    first.apart = apart;
                    chain.push(first);
                }
                chain.extend(rest);
                chain
            })
            .collect(),
    )
}

/// Neighbours without a gap between them: one set for what is only text, and a chain for each way with gaps in it.
fn part(run: &[&Hir]) -> Option<Vec<Chain>> {
    let mut ways: Vec<Sequence> = vec![Vec::new()];
    for hir in run {
        ways = product(&ways, &expand(hir)?)?;
    }
    let (mut set, mut chains) = (Vec::new(), Vec::new());
    for way in ways {
        if way.iter().any(|atom| matches!(atom, Atom::Gap(_))) {
            chains.extend(gapped(&way)?);
        } else if let Some(literal) = literal(&way)? {
            set.push(literal);
        }
    }
    if !set.is_empty() {
        set.sort();
        set.dedup();
        chains.push(vec![Stage { apart: false, literals: set }]);
    }
    (chains.len() <= MOST_CHAINS).then_some(chains)
}

/// A way with gaps in it; none where its boundaries contradict its text.
fn gapped(way: &[Atom]) -> Option<Option<Chain>> {
    // A gap at the end would touch whatever the part stands next to.
    if matches!(way.first(), Some(Atom::Gap(_))) || matches!(way.last(), Some(Atom::Gap(_))) {
        return None;
    }
    let (mut chain, mut apart) = (Vec::new(), false);
    for (texts, gap) in
        way.split_inclusive(|atom| matches!(atom, Atom::Gap(_))).map(|run| match run.split_last() {
            Some((Atom::Gap(least), texts)) => (texts, *least),
            _ => (run, false),
        })
    {
        match literal(texts)? {
            None => return Some(None),
            Some(literal) => chain.push(Stage { apart, literals: vec![literal] }),
        }
        apart = gap;
    }
    Some(Some(chain))
}

/// A way that is only text. Outer `None`: it may be empty, or spans lines. Inner: it can never match.
fn literal(way: &[Atom]) -> Option<Option<Literal>> {
    let (mut text, mut before, mut pending) = (String::new(), false, false);
    for atom in way {
        match atom {
            Atom::Gap(_) => return None,
            Atom::Boundary => pending = true,
            Atom::Text(next) => {
                let (last, first) = (text.chars().next_back(), next.chars().next()?);
                match last {
                    None => before |= pending,
                    Some(last) if pending && is_word(last) == is_word(first) => return Some(None),
                    Some(_) => {}
                }
                pending = false;
                text.push_str(next);
            }
        }
    }
    (!text.is_empty() && !text.contains('\n')).then_some(Some(Literal { text, before, after: pending }))
}

pub(super) fn is_word(c: char) -> bool {
    regex_syntax::try_is_word_character(c).unwrap_or_else(|_| c.is_alphanumeric() || c == '_')
}

fn gap(hir: &Hir) -> Option<bool> {
    match hir.kind() {
        HirKind::Capture(capture) => gap(&capture.sub),
        HirKind::Repetition(repetition)
            if repetition.max.is_none()
                && repetition.min <= 1
                && *repetition.sub == Hir::dot(Dot::AnyCharExceptLF) =>
        {
            Some(repetition.min == 1)
        }
        _ => None,
    }
}

fn has_gap(hir: &Hir) -> bool {
    match hir.kind() {
        _ if gap(hir).is_some() => true,
        HirKind::Capture(capture) => has_gap(&capture.sub),
        HirKind::Repetition(repetition) => has_gap(&repetition.sub),
        HirKind::Concat(all) | HirKind::Alternation(all) => all.iter().any(has_gap),
        _ => false,
    }
}

/// All ways to match; nothing where there are too many, or endlessly many.
fn expand(hir: &Hir) -> Option<Vec<Sequence>> {
    if let Some(least) = gap(hir) {
        return Some(vec![vec![Atom::Gap(least)]]);
    }
    match hir.kind() {
        HirKind::Empty => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            // With the flag `i`, letters are classes; a letter that is none was exempted from it.
            let caseless =
                text.chars().all(|c| faces(c).ranges().iter().map(|range| range.len()).sum::<usize>() == 1);
            caseless.then(|| vec![vec![Atom::Text(text.to_owned())]])
        }
        HirKind::Class(Class::Unicode(class)) => {
            let mut closed = class.clone();
            closed.try_case_fold_simple().ok()?;
            let size: usize = class.ranges().iter().map(|range| range.len()).sum();
            if closed != *class || size > LARGEST_SET {
                return None;
            }
            let mut all: Vec<char> =
                class.iter().flat_map(|range| range.start()..=range.end()).map(fold_char).collect();
            all.sort_unstable();
            all.dedup();
            Some(all.into_iter().map(|c| vec![Atom::Text(c.into())]).collect())
        }
        HirKind::Look(Look::WordUnicode) => Some(vec![vec![Atom::Boundary]]),
        HirKind::Class(_) | HirKind::Look(_) => None,
        HirKind::Repetition(repetition) => {
            let (most, once) = (repetition.max.filter(|max| *max <= 4)?, expand(&repetition.sub)?);
            let mut way: Vec<Sequence> = vec![Vec::new()];
            let mut all = Vec::new();
            for count in 0..=most {
                if count >= repetition.min {
                    all.extend(way.iter().cloned());
                }
                way = product(&way, &once)?;
            }
            (all.len() <= LARGEST_SET).then_some(all)
        }
        HirKind::Capture(capture) => expand(&capture.sub),
        HirKind::Concat(parts) => {
            parts.iter().try_fold(vec![Vec::new()], |ways, hir| product(&ways, &expand(hir)?))
        }
        HirKind::Alternation(all) => {
            let all: Vec<Vec<Sequence>> = all.iter().map(expand).collect::<Option<_>>()?;
            Some(all.concat()).filter(|all| all.len() <= LARGEST_SET)
        }
    }
}

fn product(left: &[Sequence], right: &[Sequence]) -> Option<Vec<Sequence>> {
    if left.len() * right.len() > LARGEST_SET {
        return None;
    }
    Some(left.iter().flat_map(|a| right.iter().map(move |b| [a.as_slice(), b].concat())).collect())
}
