//! Texts to terms: lower case, stems of English words; stop words count in memories and not in queries.

use std::fmt;

use parking_lot::Mutex;
use tantivy::tokenizer::{
    Language, LowerCaser, RawTokenizer, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
    TokenStream as _,
};

use super::stop::is_stop_word;

/// Longer words are noise: keys, encoded data.
const LONGEST: usize = 64;

/// Splits texts into terms. The same for memories, however they are indexed, and for queries.
pub(crate) struct Analyzer {
    memories: Pool,
    /// Words as they are, in lower case.
    queries: Pool,
    /// One word to its stem.
    stems: Pool,
}

/// An analyzer keeps state, so each is used by one thread at a time.
struct Pool {
    new: fn() -> TextAnalyzer,
    idle: Mutex<Vec<TextAnalyzer>>,
}

impl Pool {
    const fn of(new: fn() -> TextAnalyzer) -> Self {
        Self { new, idle: Mutex::new(Vec::new()) }
    }

    fn each(&self, text: &str, mut visit: impl FnMut(&str)) {
        let idle = self.idle.lock().pop();
        let mut analyzer = idle.unwrap_or_else(self.new);
        let mut stream = analyzer.token_stream(text);
        while stream.advance() {
            visit(&stream.token().text);
        }
        drop(stream);
        self.idle.lock().push(analyzer);
    }
}

fn of_memories() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(LONGEST))
        .filter(LowerCaser)
        .filter(Stemmer::new(Language::English))
        .build()
}

fn of_queries() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(LONGEST))
        .filter(LowerCaser)
        .build()
}

fn stemmer() -> TextAnalyzer {
    TextAnalyzer::builder(RawTokenizer::default()).filter(Stemmer::new(Language::English)).build()
}

impl Analyzer {
    pub(crate) fn new() -> Self {
        Self { memories: Pool::of(of_memories), queries: Pool::of(of_queries), stems: Pool::of(stemmer) }
    }

    /// Visits the terms of a memory, in order.
    pub(crate) fn memory(&self, text: &str, visit: impl FnMut(&str)) {
        self.memories.each(text, visit);
    }

    /// The terms of a query, each once; all its words where it has only stop words.
    pub(crate) fn query(&self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        self.queries.each(text, |word| words.push(word.to_owned()));
        if words.iter().any(|word| !is_stop_word(word)) {
            words.retain(|word| !is_stop_word(word));
        }
        let mut terms: Vec<String> = Vec::new();
        for word in words {
            self.stems.each(&word, |stem| {
                if !terms.iter().any(|known| known == stem) {
                    terms.push(stem.to_owned());
                }
            });
        }
        terms
    }
}

impl fmt::Debug for Analyzer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Analyzer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_keep_all_words_and_queries_the_telling_ones() {
        let analyzer = Analyzer::new();
        let mut terms = Vec::new();
        analyzer.memory("The Cats were running!", |term| terms.push(term.to_owned()));
        assert_eq!(terms, ["the", "cat", "were", "run"]);
        assert_eq!(analyzer.query("Where do the cats run, cats?"), ["cat", "run"]);
        assert_eq!(analyzer.query("to be or not to be"), ["to", "be", "or", "not"]);
        assert!(analyzer.query(" ?! ").is_empty());
    }
}
