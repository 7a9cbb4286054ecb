//! Texts to terms: words split where names are written together, lower case, English stems, as numbers.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use parking_lot::Mutex;
use tantivy::tokenizer::{Language, RawTokenizer, Stemmer, TextAnalyzer, TokenStream as _};

/// Longer words are noise: keys, encoded data.
const LONGEST: usize = 64;

/// Articles, pronouns, prepositions, conjunctions, auxiliary and question words of English, and what is left of contractions.
const STOP_WORDS: &str = "a about above after again against ain all am an and any are aren as at be because been before being below between
    both but by can could couldn d did didn do does doesn doing don down during each few for from further had hadn has hasn have haven
    having he her here hers herself him himself his how i if in into is isn it its itself just ll m ma me might mightn more most must
    mustn my myself needn no nor not now o of off on once only or other our ours ourselves out over own re s same shall shan she should
    shouldn so some such t than that the their theirs them themselves then there these they this those through to too under until up ve
    very was wasn we were weren what when where which while who whom whose why will with won would wouldn y you your yours yourself
    yourselves";

static STOP: LazyLock<HashSet<&str>> = LazyLock::new(|| STOP_WORDS.split_whitespace().collect());

/// The number of a term. It is kept, so it never changes: FNV-1a with the bits mixed once more.
pub(crate) fn number(term: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in term.as_bytes() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ hash >> 32
}

/// Numbers that are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Passed(u64);

impl Hasher for Passed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// A map by the numbers of terms.
pub(crate) type ByNumber<T> = HashMap<u64, T, BuildHasherDefault<Passed>>;

/// Visits the words of a text in lower case. `dateOfBirth`, `HTTPServer` and `snake_case` are several; a character of a script that is
/// written without spaces is one.
fn each_word(text: &str, mut visit: impl FnMut(&str)) {
    let mut word = String::new();
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    let mut end = |word: &mut String| {
        if !word.is_empty() && word.len() <= LONGEST {
            visit(word);
        }
        word.clear();
    };
    while let Some(c) = rest.next() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            word.push(c);
        } else if c.is_alphanumeric() {
            let begins = c.is_uppercase()
                && (before.is_lowercase()
                    || before.is_uppercase() && rest.peek().is_some_and(|next| next.is_lowercase()));
            let alone = matches!(u32::from(c), 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af);
            if begins || alone {
                end(&mut word);
            }
            word.extend(c.to_lowercase());
            if alone {
                end(&mut word);
            }
        } else {
            end(&mut word);
        }
        before = c;
    }
    end(&mut word);
}

/// Turns texts into the numbers of their terms.
pub(crate) struct Analyzer {
    /// A stemmer keeps state, so each is used by one thread at a time.
    idle: Mutex<Vec<TextAnalyzer>>,
}

impl Analyzer {
    pub(crate) const fn new() -> Self {
        Self { idle: Mutex::new(Vec::new()) }
    }

    fn stemmer(&self) -> TextAnalyzer {
        let idle = self.idle.lock().pop();
        idle.unwrap_or_else(|| {
            TextAnalyzer::builder(RawTokenizer::default()).filter(Stemmer::new(Language::English)).build()
        })
    }

    /// Looks up many texts: each word is stemmed once.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { analyzer: self, stemmer: Some(self.stemmer()), known: HashMap::default() }
    }

    /// The words of a request.
    pub(crate) fn request(&self, text: &str) -> Words {
        let mut reader = self.reader();
        let (mut terms, mut stops) = (Vec::new(), Vec::new());
        each_word(text, |word| {
            let (term, stop) = reader.term(word);
            let into = if stop { &mut stops } else { &mut terms };
            into.push((term, word.to_owned()));
        });
        for some in [&mut terms, &mut stops] {
            some.sort_unstable();
            some.dedup_by_key(|(term, _)| *term);
        }
        let phrasing = stops.iter().map(|(term, _)| *term).collect();
        Words { terms: if terms.is_empty() { stops } else { terms }, phrasing }
    }
}

/// The words of a request, every term once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// Terms with a word for each, sorted; its stop words only where it has nothing else.
    pub(crate) terms: Vec<(u64, String)>,
    /// The numbers of its stop words: how it is asked, not what.
    pub(crate) phrasing: Vec<u64>,
}

impl fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Analyzer")
    }
}

/// Looks up many texts.
pub(crate) struct Reader<'a> {
    analyzer: &'a Analyzer,
    stemmer: Option<TextAnalyzer>,
    /// The terms of words, and whether they are stop words.
    known: HashMap<Box<str>, (u64, bool), BuildHasherDefault<Quick>>,
}

impl Reader<'_> {
    fn term(&mut self, word: &str) -> (u64, bool) {
        if let Some(known) = self.known.get(word) {
            return *known;
        }
        let mut term = number(word);
        if let Some(stemmer) = &mut self.stemmer {
            let mut stream = stemmer.token_stream(word);
            if stream.advance() {
                term = number(&stream.token().text);
            }
        }
        let term = (term, STOP.contains(word));
        self.known.insert(word.into(), term);
        term
    }

    /// Visits the terms of a text, in order, stop words left out.
    pub(crate) fn each(&mut self, text: &str, mut visit: impl FnMut(u64)) {
        each_word(text, |word| {
            let (term, stops) = self.term(word);
            if !stops {
                visit(term);
            }
        });
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(stemmer) = self.stemmer.take() {
            self.analyzer.idle.lock().push(stemmer);
        }
    }
}

/// A quick hash of words that come from the catalogue's texts.
#[derive(Debug, Clone, Copy, Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks::<8>();
        for chunk in chunks {
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(*chunk)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
        for byte in rest {
            self.0 = (self.0.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word.to_owned()));
        words
    }

    #[test]
    fn names_that_are_written_together_are_several_words() {
        for (text, expect) in [
            ("total_query_meta", vec!["total", "query", "meta"]),
            ("dateOfBirth", vec!["date", "of", "birth"]),
            ("HTTPServer2", vec!["http", "server2"]),
            ("PDF&URLTool", vec!["pdf", "url", "tool"]),
            ("日本 ok", vec!["日", "本", "ok"]),
            (" ?! ", vec![]),
        ] {
            assert_eq!(words(text), expect, "{text}");
        }
    }

    #[test]
    fn requests_keep_their_telling_words_each_once() {
        let analyzer = Analyzer::new();
        let terms = |text| analyzer.request(text).terms.into_iter().map(|(term, _)| term).collect::<Vec<_>>();
        assert_eq!(terms("Where do the cats run, cats?"), terms("running cat"));
        assert_eq!(analyzer.request("to be or not to be").terms.len(), 4);
        assert!(analyzer.request("…").terms.is_empty());
    }

    #[test]
    fn numbers_never_change() {
        assert_eq!(number("deploy"), 15_636_392_934_517_460_768);
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            let terms = Analyzer::new().request(&text).terms;
            prop_assert!(terms.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
