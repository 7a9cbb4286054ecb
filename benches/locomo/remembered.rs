//! Vectors that were made once are not made again: each question is asked in many ways.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mcp_memory::embed::{EmbedError, Embedder};

pub(crate) struct Remembered<E> {
    embedder: E,
    vectors: Mutex<HashMap<String, Vec<f32>>>,
}

impl<E> Remembered<E> {
    pub(crate) fn new(embedder: E) -> Self {
        Self { embedder, vectors: Mutex::default() }
    }
}

impl<E: Embedder> Embedder for Remembered<E> {
    fn id(&self) -> &str {
        self.embedder.id()
    }

    fn dimension(&self) -> usize {
        self.embedder.dimension()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let mut vectors = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<&str> = texts.iter().copied().filter(|text| !vectors.contains_key(*text)).collect();
        for (text, vector) in new.iter().zip(self.embedder.embed(&new)?) {
            vectors.insert((*text).to_owned(), vector);
        }
        Ok(texts.iter().filter_map(|text| vectors.get(*text).cloned()).collect())
    }
}
