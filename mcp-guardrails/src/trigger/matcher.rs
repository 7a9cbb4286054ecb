//! All triggers at once: one pass over a text.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, StartKind};
use regex_syntax::ParserBuilder;

use super::chain::{Chain, Literal, Stage, chains, is_word, needed};
use super::fold::fold;
use crate::rule::Trigger;

/// A faster automaton is taken while it needs no more memory than this.
const LARGEST_TABLE: usize = 3 << 20;
/// An expression with look-around gives up after so many steps.
const BACKTRACKS: usize = 100_000;

/// An expression that is no chain and runs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slow {
    /// Whose it is, by the number of the trigger.
    pub trigger: usize,
    /// The expression.
    pub pattern: String,
    /// What of it makes it slow.
    pub why: &'static str,
}

/// Which triggers fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits(Box<[u64]>);

impl Hits {
    fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)].into())
    }

    fn set(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Whether the trigger of this number fired.
    #[must_use]
    pub fn contains(&self, trigger: usize) -> bool {
        self.0.get(trigger / 64).is_some_and(|word| word >> (trigger % 64) & 1 == 1)
    }

    /// The numbers of those that did.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|at| self.contains(*at))
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }
}

/// Triggers, compiled together.
#[derive(Debug)]
pub struct Matcher {
    automaton: Option<AhoCorasick>,
    /// What a text of the automaton is part of.
    uses: Box<[Box<[Use]>]>,
    /// The trigger and the number of stages of each chain of several.
    chains: Box<[(usize, u16)]>,
    expressions: Box<[Expression]>,
    /// Expressions that no text tells about.
    always: Box<[usize]>,
    slow: Box<[Slow]>,
    count: usize,
}

#[derive(Debug, Clone, Copy)]
struct Use {
    part: Part,
    before: bool,
    after: bool,
    /// An `s` may stand before the end of the word.
    plural: bool,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    /// The trigger fires.
    Whole(u32),
    Stage {
        chain: u32,
        stage: u16,
        apart: bool,
    },
    /// The expression may match.
    Candidate(u32),
}

#[derive(Debug)]
struct Expression {
    trigger: usize,
    code: Code,
}

#[derive(Debug)]
enum Code {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

impl Code {
    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Linear(regex) => regex.is_match(text),
            // What gave up may have matched.
            Self::Backtracking(regex) => regex.is_match(text).unwrap_or(true),
        }
    }
}

/// How far a chain has come: on which line, behind which byte.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    end: usize,
    line: u32,
    stage: u16,
}

/// A number of something that there are not billions of.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Whether an expression can be a trigger's.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn checked(pattern: &str) -> Result<(), String> {
    read(pattern).map(drop)
}

enum Read {
    Chains(Vec<Chain>),
    Linear(regex::Regex, Option<Vec<String>>),
    Backtracking(Box<fancy_regex::Regex>),
}

fn read(pattern: &str) -> Result<Read, String> {
    let parsed = ParserBuilder::new().case_insensitive(true).nest_limit(64).build().parse(pattern);
    let problem =
        |text: &str| text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    match parsed {
        Ok(hir) => {
            if let Some(chains) = chains(&hir) {
                return Ok(Read::Chains(chains));
            }
            let regex = regex::RegexBuilder::new(pattern).case_insensitive(true).build();
            let regex = regex.map_err(|error| problem(&error.to_string()))?;
            Ok(Read::Linear(regex, needed(&hir)))
        }
        Err(error) => {
            let mut builder = fancy_regex::RegexBuilder::new(pattern);
            let regex = builder.case_insensitive(true).backtrack_limit(BACKTRACKS).build();
            regex.map(|regex| Read::Backtracking(Box::new(regex))).map_err(|_| problem(&error.to_string()))
        }
    }
}

#[derive(Default)]
struct Builder {
    texts: Vec<(String, Use)>,
    chains: Vec<(usize, u16)>,
    expressions: Vec<Expression>,
    always: Vec<usize>,
    slow: Vec<Slow>,
}

impl Builder {
    fn chain(&mut self, trigger: usize, chain: Chain, words: bool) {
        let stages = u16::try_from(chain.len()).unwrap_or(u16::MAX);
        let number = self.chains.len();
        if stages > 1 {
            self.chains.push((trigger, stages));
        }
        for (stage, Stage { apart, literals }) in (0..stages).zip(chain) {
            let part = if stages > 1 {
                Part::Stage { chain: small(number), stage, apart }
            } else {
                Part::Whole(small(trigger))
            };
            for Literal { text, before, after } in literals {
                let before = before || (words && text.starts_with(is_word));
                let plural = words && !after && text.ends_with(is_word);
                self.texts.push((text, Use { part, before, after: after || plural, plural }));
            }
        }
    }

    fn pattern(&mut self, trigger: usize, pattern: &str, words: bool) -> Result<(), String> {
        let (code, needed, why) = match read(pattern)? {
            Read::Chains(chains) => {
                for chain in chains {
                    self.chain(trigger, chain, words);
                }
                return Ok(());
            }
            Read::Linear(regex, Some(needed)) => {
                (Code::Linear(regex), Some(needed), "it runs on texts with one of its words in them")
            }
            Read::Linear(regex, None) => {
                (Code::Linear(regex), None, "it runs on every text: no word has to occur in what it matches")
            }
            Read::Backtracking(regex) => (
                Code::Backtracking(regex),
                None,
                "it runs on every text: it has look-around or back-references",
            ),
        };
        let number = self.expressions.len();
        self.expressions.push(Expression { trigger, code });
        self.slow.push(Slow { trigger, pattern: pattern.to_owned(), why });
        match needed {
            None => self.always.push(number),
            Some(texts) => {
                let candidate =
                    Use { part: Part::Candidate(small(number)), before: false, after: false, plural: false };
                self.texts.extend(texts.into_iter().map(|text| (text, candidate)));
            }
        }
        Ok(())
    }
}

impl Matcher {
    /// Compiles triggers.
    ///
    /// # Errors
    /// The number of the trigger, and what is wrong with a pattern of it.
    pub fn new<'t>(triggers: impl IntoIterator<Item = &'t Trigger>) -> Result<Self, (usize, String)> {
        let mut builder = Builder::default();
        let mut count = 0;
        for (number, trigger) in triggers.into_iter().enumerate() {
            count = number + 1;
            for keyword in trigger.keywords.iter().filter(|keyword| !keyword.is_empty()) {
                let text = fold(keyword).into_owned();
                let before = trigger.whole_words && text.starts_with(is_word);
                let after = trigger.whole_words && text.ends_with(is_word);
                builder
                    .texts
                    .push((text, Use { part: Part::Whole(small(number)), before, after, plural: false }));
            }
            for pattern in &trigger.patterns {
                let read = builder.pattern(number, pattern, trigger.whole_words);
                read.map_err(|problem| (number, format!("`{pattern}`: {problem}")))?;
            }
        }
        Self::build(builder, count).map_err(|problem| (0, problem))
    }

    fn build(mut builder: Builder, count: usize) -> Result<Self, String> {
        builder.texts.sort_by(|a, b| a.0.cmp(&b.0));
        let (mut texts, mut uses): (Vec<String>, Vec<Vec<Use>>) = (Vec::new(), Vec::new());
        for (text, part) in builder.texts {
            match uses.last_mut().filter(|_| texts.last() == Some(&text)) {
                Some(last) => last.push(part),
                None => {
                    texts.push(text);
                    uses.push(vec![part]);
                }
            }
        }
        let automaton = |kind| {
            let mut builder = AhoCorasick::builder();
            builder.match_kind(MatchKind::Standard).start_kind(StartKind::Unanchored).kind(Some(kind));
            builder.build(&texts).map_err(|error| error.to_string())
        };
        let automaton = if texts.is_empty() {
            None
        } else {
            let small = automaton(AhoCorasickKind::ContiguousNFA)?;
            // A table has a row for each state; the smaller automaton tells how many there are.
            let table = (small.memory_usage() < LARGEST_TABLE)
                .then(|| automaton(AhoCorasickKind::DFA))
                .transpose()?;
            Some(table.filter(|table| table.memory_usage() <= LARGEST_TABLE).unwrap_or(small))
        };
        Ok(Self {
            automaton,
            uses: uses.into_iter().map(Into::into).collect(),
            chains: builder.chains.into(),
            expressions: builder.expressions.into(),
            always: builder.always.into(),
            slow: builder.slow.into(),
            count,
        })
    }

    /// Expressions that are no chains.
    #[must_use]
    pub fn slow(&self) -> &[Slow] {
        &self.slow
    }

    /// How much memory it takes, without expressions that are no chains.
    #[must_use]
    pub fn memory(&self) -> usize {
        let uses: usize = self.uses.iter().map(|uses| size_of_val(&**uses) + size_of_val(uses)).sum();
        self.automaton.as_ref().map_or(0, AhoCorasick::memory_usage) + uses + size_of_val(&*self.chains)
    }

    /// That none fires.
    pub(crate) fn none(&self) -> Hits {
        Hits::none(self.count)
    }

    /// Which triggers fire on a text.
    #[must_use]
    pub fn matches(&self, text: &str) -> Hits {
        let mut hits = self.none();
        let mut candidates = Hits::none(self.expressions.len());
        if let Some(automaton) = &self.automaton {
            self.pass(automaton, &fold(text), &mut hits, &mut candidates);
        }
        for at in &self.always {
            candidates.set(*at);
        }
        if !self.expressions.is_empty() {
            for (at, expression) in self.expressions.iter().enumerate() {
                if candidates.contains(at)
                    && !hits.contains(expression.trigger)
                    && expression.code.is_match(text)
                {
                    hits.set(expression.trigger);
                }
            }
        }
        hits
    }

    fn pass(&self, automaton: &AhoCorasick, text: &str, hits: &mut Hits, candidates: &mut Hits) {
        let mut progress = vec![Progress::default(); self.chains.len()];
        // Lines are numbered from 1; the one that ends at `line_end` is the present one.
        let next_line = |from: usize| {
            let rest = text.as_bytes().get(from..).unwrap_or_default();
            memchr::memchr(b'\n', rest).map_or(usize::MAX, |at| from + at)
        };
        let (mut line, mut line_end) = (1_u32, next_line(0));
        for found in automaton.find_overlapping_iter(text) {
            // INVARIANT: no text spans lines, and matches come by where they end, so lines come in order.
            while found.start() > line_end {
                line = line.wrapping_add(1);
                line_end = next_line(line_end + 1);
            }
            for used in self.uses.get(found.pattern().as_usize()).into_iter().flatten() {
                let ends = || {
                    boundary(text, found.end())
                        || (used.plural
                            && text.as_bytes().get(found.end()) == Some(&b's')
                            && boundary(text, found.end() + 1))
                };
                let fits = (!used.before || boundary(text, found.start())) && (!used.after || ends());
                if !fits {
                    continue;
                }
                match used.part {
                    Part::Whole(trigger) => hits.set(trigger as usize),
                    Part::Candidate(expression) => candidates.set(expression as usize),
                    Part::Stage { chain, stage, apart } => {
                        let Some(at) = progress.get_mut(chain as usize) else { continue };
                        if at.line != line {
                            *at = Progress { line, end: 0, stage: 0 };
                        }
                        let room = stage == 0 || found.start() >= at.end + usize::from(apart);
                        if at.stage == stage && room {
                            *at = Progress { line, end: found.end(), stage: stage + 1 };
                            if let Some((trigger, _)) =
                                self.chains.get(chain as usize).filter(|(_, all)| *all == stage + 1)
                            {
                                hits.set(*trigger);
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Whether a word begins or ends here.
fn boundary(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back()).is_some_and(is_word);
    let after = text.get(at..).and_then(|text| text.chars().next()).is_some_and(is_word);
    before != after
}
