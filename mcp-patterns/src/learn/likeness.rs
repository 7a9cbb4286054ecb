//! Whether requests like this one were ever wanted anything for. What was refused says little of that: mostly another entry was wanted.
//! So a request is compared with those that were accepted, and nothing is recommended for one that is less like them than nearly all of
//! them are like each other.
//!
//! How like it is: the cosine of its words, as far as they are telling, to the nearest requests for one entry, and how usual its words are.
//! Only numbers of words are kept, of a bounded number of requests.
//!
//! The line is drawn from references: requests that were accepted while the rule was not applied to them. Whoever would draw it from what
//! passed it would see it rise and rise.

use std::collections::VecDeque;

use super::refused::Refused;
use crate::text::ByNumber;

/// How many requests are kept, at most.
const MOST: usize = if cfg!(test) { 1024 } else { 8192 };
/// How many of them are references, at most, and how many have to be before the rule holds.
const REFERENCES: usize = 512;
const ENOUGH: usize = 400;
/// How many requests for one entry are looked at.
const NEAREST: usize = 4;
/// What a word that is e times rarer takes from the likeness.
const UNUSUAL: f32 = 0.07;
/// How unusual a request without words is.
const NO_WORDS: f32 = -9.0;
/// A word that nobody has used before is not more telling than this.
const MOST_TELLING: f32 = 8.0;
/// This share of the references is less like the others than the line.
const BELOW: f32 = 0.035;
/// How many lengths are computed anew when one is added.
const ANEW: usize = 8;
/// How many references are when something is refused.
const REFUSED_ANEW: usize = 4;
/// What a word takes from the likeness that is e times as usual among requests that nothing fitted.
const REFUSED: f32 = 0.07;
/// How soon a word is said often enough, and how much it counts that an entry was accepted often: BM25's.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// The words of a request: those that say what it is about first, then how it is asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wording {
    words: Box<[u32]>,
    about: usize,
}

impl Wording {
    pub(crate) fn of(about: impl Iterator<Item = u64>, phrasing: &[u64]) -> Self {
        // Half of a number tells words apart well enough.
        let mut words: Vec<u32> = about.map(|number| number as u32).collect();
        let about = words.len();
        for word in phrasing {
            let word = *word as u32;
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Self { words: words.into(), about }
    }

    /// None if it is not whole.
    pub(super) fn kept(words: Vec<u32>, about: usize) -> Option<Self> {
        (about <= words.len()).then(|| Self { words: words.into(), about })
    }

    pub(super) fn parts(&self) -> (&[u32], usize) {
        (&self.words, self.about)
    }
}

/// A request that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) wording: Wording,
    /// The entry that it was accepted for.
    pub(super) item: u32,
    /// The length of its vector, when it was computed last.
    pub(super) length: f32,
    /// Of a reference: how like the others it is, when that was computed last.
    pub(super) score: f32,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Accepted {
    pub(super) kept: Vec<Kept>,
    /// Places in `kept` of references and of the others, from the oldest on.
    pub(super) references: VecDeque<u32>,
    pub(super) others: VecDeque<u32>,
    /// What is computed anew next: a reference, and a length.
    pub(super) turns: (u32, u32),
    /// Requests that nothing fitted.
    pub(super) refused: Refused,
    /// Where words are in `kept`, in order.
    with: ByNumber<Vec<u32>>,
    /// How many are kept of each entry, and of how many entries any are.
    many: ByNumber<u32>,
    line: Option<f32>,
}

impl Accepted {
    /// All of it from what is kept of it; none if that contradicts itself.
    pub(super) fn read(
        kept: Vec<Kept>,
        references: VecDeque<u32>,
        others: VecDeque<u32>,
        turns: (u32, u32),
        refused: Refused,
    ) -> Option<Self> {
        let mut places: Vec<u32> = references.iter().chain(&others).copied().collect();
        places.sort_unstable();
        if kept.len() > MOST || !places.iter().copied().eq(0..kept.len() as u32) {
            return None;
        }
        let mut read = Self { kept, references, others, turns, refused, ..Self::default() };
        for place in 0..read.kept.len() {
            read.list(place as u32, true);
        }
        read.draw();
        Some(read)
    }

    /// How far a request is above the line; none while too little was accepted to draw one.
    pub(crate) fn above(&self, wording: &Wording) -> Option<f32> {
        self.line.map(|line| self.likeness(wording, None) - line)
    }

    /// How many requests were accepted for an entry, as far as they are kept.
    pub(crate) fn accepted_for(&self, item: u32) -> usize {
        self.many.get(&spread(item)).copied().unwrap_or_default() as usize
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// What the requests accepted for entries say of a request: BM25 over the words of an entry's requests as its text. `add` is called with an
    /// entry and what a word is worth there.
    pub(crate) fn speak(&self, wording: &Wording, mut add: impl FnMut(u32, f32)) {
        let (entries, average) =
            (self.many.len() as f32, self.kept.len() as f32 / self.many.len().max(1) as f32);
        let mut items: Vec<u32> = Vec::new();
        for word in wording.words.iter().take(wording.about) {
            items.clear();
            items.extend(
                self.with(*word).iter().filter_map(|place| Some(self.kept.get(*place as usize)?.item)),
            );
            items.sort_unstable();
            let by_entry = || items.chunk_by(|a, b| a == b);
            let telling = telling(entries, by_entry().count());
            for same in by_entry() {
                let Some(item) = same.first() else { continue };
                let (many, count) = (self.accepted_for(*item) as f32, same.len() as f32);
                add(*item, telling * count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * many / average)));
            }
        }
    }

    /// Keeps a request that was accepted; `open` if it would have been shown whatever the line said.
    pub(super) fn accept(&mut self, wording: Wording, item: u32, open: bool) {
        let kept = Kept { wording, item, length: 1.0, score: 0.0 };
        let place = self.place(kept);
        self.list(place, true);
        self.measure(place);
        if open {
            self.references.push_back(place);
            if self.references.len() > REFERENCES {
                self.others.extend(self.references.pop_front());
            }
            self.rate(place);
        } else {
            self.others.push_back(place);
        }
        self.rate_next(1);
        let length = self.turns.1;
        for next in 0..ANEW {
            self.measure((length + next as u32) % self.kept.len() as u32);
        }
        self.turns.1 = (length + ANEW as u32) % self.kept.len() as u32;
        self.draw();
    }

    /// Keeps a request that nothing fitted. What is like it is less like the accepted ones from now on.
    pub(super) fn refuse(&mut self, wording: Wording) {
        self.refused.keep(wording);
        self.rate_next(REFUSED_ANEW);
        self.draw();
    }

    /// Computes anew how like the others the next references are.
    fn rate_next(&mut self, many: usize) {
        for _ in 0..many {
            let reference = self.turns.0;
            if let Some(place) = self.references.get(reference as usize).copied() {
                self.rate(place);
            }
            self.turns.0 = (reference + 1) % self.references.len().max(1) as u32;
        }
    }

    /// Where a request is kept, in the place of the oldest if there are too many.
    fn place(&mut self, kept: Kept) -> u32 {
        if self.kept.len() < MOST {
            self.kept.push(kept);
            return self.kept.len() as u32 - 1;
        }
        let oldest = self.others.pop_front().or_else(|| self.references.pop_front()).unwrap_or_default();
        self.list(oldest, false);
        if let Some(place) = self.kept.get_mut(oldest as usize) {
            *place = kept;
        }
        oldest
    }

    /// Enters the words of a request into the lists, or takes them out.
    fn list(&mut self, place: u32, enter: bool) {
        let Some(kept) = self.kept.get(place as usize) else { return };
        let many = self.many.entry(spread(kept.item)).or_default();
        *many = if enter { *many + 1 } else { many.saturating_sub(1) };
        if *many == 0 {
            self.many.remove(&spread(kept.item));
        }
        for word in &kept.wording.words {
            let list = self.with.entry(spread(*word)).or_default();
            match list.binary_search(&place) {
                Err(at) if enter => list.insert(at, place),
                Ok(at) if !enter => _ = list.remove(at),
                _ => {}
            }
            if list.is_empty() {
                self.with.remove(&spread(*word));
            }
        }
    }

    fn with(&self, word: u32) -> &[u32] {
        self.with.get(&spread(word)).map_or(&[], Vec::as_slice)
    }

    fn measure(&mut self, place: u32) {
        let Some(kept) = self.kept.get(place as usize) else { return };
        let all = self.kept.len() as f32;
        let squares = kept.wording.words.iter().map(|word| telling(all, self.with(*word).len()).powi(2));
        let length = squares.sum::<f32>().sqrt();
        if let Some(kept) = self.kept.get_mut(place as usize) {
            kept.length = length.max(f32::MIN_POSITIVE);
        }
    }

    fn rate(&mut self, place: u32) {
        let Some(kept) = self.kept.get(place as usize) else { return };
        let score = self.likeness(&kept.wording, Some(place));
        if let Some(kept) = self.kept.get_mut(place as usize) {
            kept.score = score;
        }
    }

    fn draw(&mut self) {
        let score = |place: &u32| self.kept.get(*place as usize).map(|kept| kept.score);
        let mut scores: Vec<f32> = self.references.iter().filter_map(score).collect();
        let at = (scores.len() as f32 * BELOW) as usize;
        self.line = (scores.len() >= ENOUGH).then(|| *scores.select_nth_unstable_by(at, f32::total_cmp).1);
    }

    /// How like a request is to those that are kept, `except` one of them.
    fn likeness(&self, wording: &Wording, except: Option<u32>) -> f32 {
        let left_out = usize::from(except.is_some());
        let all = self.kept.len().saturating_sub(left_out) as f32;
        let mut likes = vec![0f32; self.kept.len()];
        let (mut squares, mut usual, mut refused) = (0f32, 0f32, 0f32);
        for (at, word) in wording.words.iter().enumerate() {
            let places = self.with(*word);
            let many = places.len().saturating_sub(left_out);
            let square = telling(all, many).powi(2);
            squares += square;
            for place in places {
                if let Some(like) = likes.get_mut(*place as usize) {
                    *like += square;
                }
            }
            if at < wording.about {
                let share = (many as f32 + 0.3) / (all + 1.0);
                usual += share.ln();
                refused += self.refused.telling(*word, share);
            }
        }
        if let Some(like) = except.and_then(|place| likes.get_mut(place as usize)) {
            *like = 0.0;
        }
        let about = wording.about as f32;
        let (usual, refused) =
            if wording.about > 0 { (usual / about, refused / about) } else { (NO_WORDS, 0.0) };
        let like = self.nearest(&likes) / squares.sqrt().max(f32::MIN_POSITIVE) + UNUSUAL * usual;
        // Exactly what it was for those who never say that nothing fits.
        like - REFUSED * refused
    }

    /// The largest mean over the nearest requests for one entry.
    fn nearest(&self, likes: &[f32]) -> f32 {
        let items = self.kept.iter().map(|kept| kept.item).max().map_or(0, |most| most as usize + 1);
        let mut nearest = vec![[0f32; NEAREST]; items];
        for (kept, like) in self.kept.iter().zip(likes) {
            let mut like = like / kept.length;
            let Some(of) = nearest.get_mut(kept.item as usize).filter(|of| like > of[NEAREST - 1]) else {
                continue;
            };
            for known in of {
                if like > *known {
                    std::mem::swap(known, &mut like);
                }
            }
        }
        nearest.iter().map(|of| of.iter().sum::<f32>()).fold(0.0, f32::max) / NEAREST as f32
    }
}

/// The number of a word where numbers are hashes: their upper bits count, too.
pub(super) fn spread(word: u32) -> u64 {
    u64::from(word) << 32 | u64::from(word)
}

fn telling(all: f32, with: usize) -> f32 {
    let with = with as f32;
    (1.0 + (all - with + 0.5).max(0.0) / (with + 0.5)).ln().min(MOST_TELLING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wording(words: &[u64]) -> Wording {
        Wording::of(words.iter().copied(), &[1, 2])
    }

    /// Numbers that look random.
    fn dice() -> impl FnMut(u64) -> u64 {
        let mut seed = 7u64;
        move |below| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        }
    }

    /// A request for one of twenty entries: three of its ten words, and one of many.
    fn request(item: u64, dice: &mut impl FnMut(u64) -> u64) -> Wording {
        let mut words: Vec<u64> = (0..3).map(|_| 1000 + item * 10 + dice(10)).collect();
        words.push(5000 + dice(500));
        words.sort_unstable();
        words.dedup();
        wording(&words)
    }

    fn taught(many: u64, open: impl Fn(u64) -> bool) -> Accepted {
        let (mut accepted, mut dice) = (Accepted::default(), dice());
        for at in 0..many {
            accepted.accept(request(at % 20, &mut dice), (at % 20) as u32, open(at));
        }
        accepted
    }

    #[test]
    fn no_line_is_drawn_before_enough_was_accepted() {
        assert_eq!(taught(ENOUGH as u64 - 1, |_| true).above(&wording(&[1001])), None);
        assert!(taught(ENOUGH as u64, |_| true).above(&wording(&[1001])).is_some());
        // What passed the line does not move it.
        assert_eq!(taught(ENOUGH as u64 * 2, |at| at % 2 == 0 && at > 2).above(&wording(&[1001])), None);
    }

    #[test]
    fn nearly_all_that_is_like_what_was_accepted_is_above_the_line_and_the_rest_below() {
        let accepted = taught(1000, |_| true);
        let mut dice = dice();
        (0..5000).for_each(|_| _ = dice(9));
        let like = (0..500).filter(|at| accepted.above(&request(at % 20, &mut dice)).unwrap() >= 0.0).count();
        assert!(like > 430, "{like}");
        for words in [&[9001, 9002, 9003][..], &[5001, 9001], &[1003, 9001, 9002, 9003], &[]] {
            assert!(accepted.above(&wording(words)).unwrap() < 0.0, "{words:?}");
        }
    }

    #[test]
    fn a_request_is_as_like_the_others_as_if_it_were_not_kept() {
        let mut accepted = taught(300, |_| false);
        let mut dice = dice();
        (0..9000).for_each(|_| _ = dice(9));
        let new = request(3, &mut dice);
        let before = accepted.likeness(&new, None);
        accepted.accept(new.clone(), 3, true);
        let kept = accepted.kept[accepted.references[0] as usize].score;
        // Lengths that are computed anew meanwhile make the difference.
        assert!(
            (kept - before).abs() < 0.02 && accepted.likeness(&new, None) > before + 0.1,
            "{kept} {before}"
        );
    }

    /// BM25 by the book, with the requests accepted for an entry as its text.
    fn naive(accepted: &Accepted, words: &[u64], item: u32) -> f32 {
        let texts: Vec<Vec<&Kept>> =
            (0..20).map(|item| accepted.kept.iter().filter(|kept| kept.item == item).collect()).collect();
        let texts: Vec<_> = texts.into_iter().enumerate().filter(|(_, text)| !text.is_empty()).collect();
        let average = accepted.kept.len() as f32 / texts.len() as f32;
        let count = |text: &[&Kept], word: u64| {
            text.iter().filter(|kept| kept.wording.words.contains(&(word as u32))).count() as f32
        };
        let worth = |word: &u64| {
            let with = texts.iter().filter(|(_, text)| count(text, *word) > 0.0).count();
            let text = &texts.iter().find(|(of, _)| *of == item as usize).unwrap().1;
            let often = count(text, *word);
            telling(texts.len() as f32, with) * often * (K1 + 1.0)
                / (often + K1 * (1.0 - B + B * text.len() as f32 / average))
        };
        words.iter().map(worth).sum()
    }

    #[test]
    fn accepted_requests_speak_for_their_entries_as_texts_do() {
        // More than are kept: what is forgotten speaks no longer.
        for many in [1, 7, 300, MOST as u64 + 100] {
            let accepted = taught(many, |_| false);
            for words in [&[1001, 1002, 5007][..], &[1031, 1001], &[9001], &[]] {
                let mut said = [0f32; 20];
                accepted.speak(&wording(words), |item, worth| said[item as usize] += worth);
                for item in accepted.kept.iter().map(|kept| kept.item) {
                    let expect = naive(&accepted, words, item);
                    let said = said[item as usize];
                    assert!((said - expect).abs() < 1e-3, "{many} {words:?} {item}: {said} {expect}");
                }
            }
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_references_go_last() {
        let accepted = taught(MOST as u64 + 1500, |at| at < 600);
        assert_eq!((accepted.kept.len(), accepted.references.len()), (MOST, REFERENCES));
        let entered: usize = accepted.kept.iter().map(|kept| kept.wording.words.len()).sum();
        assert_eq!(accepted.with.values().map(Vec::len).sum::<usize>(), entered);
        let Accepted { kept, references, others, turns, refused, .. } = accepted.clone();
        assert_eq!(
            Accepted::read(kept.clone(), references.clone(), others.clone(), turns, refused.clone()),
            Some(accepted)
        );
        assert_eq!(Accepted::read(kept, references, VecDeque::new(), turns, refused), None);
    }
}
