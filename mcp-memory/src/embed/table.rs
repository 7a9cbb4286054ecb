//! The model that is built in: a vector for each word piece, and the mean of them for a text.

use std::sync::LazyLock;

use super::pieces::Pieces;
use super::{EmbedError, Embedder};

/// Made by `scripts/embedding-table`.
static BYTES: &[u8] = include_bytes!("table.bin");
const MAGIC: &[u8] = b"MEMTAB01";
const DIMENSION: usize = 128;

/// Looks words up in a table that was distilled from all-MiniLM-L6-v2 (Apache-2.0; `NOTICE`). 128 numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Table;

struct Loaded {
    scales: &'static [[u8; 4]],
    rows: &'static [[u8; DIMENSION]],
    pieces: Pieces,
}

static LOADED: LazyLock<Loaded> = LazyLock::new(|| {
    // INVARIANT: a test reads the table to its end.
    let numbers = BYTES.strip_prefix(MAGIC).unwrap_or_default();
    let (count, rest) = numbers.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
    let (_, rest) = rest.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
    let count = u32::from_le_bytes(*count) as usize;
    let (scales, rest) = rest.split_at_checked(count * 4).unwrap_or_default();
    let (rows, words) = rest.split_at_checked(count * DIMENSION).unwrap_or_default();
    let words = std::str::from_utf8(words).unwrap_or_default();
    Loaded {
        scales: scales.as_chunks().0,
        rows: rows.as_chunks().0,
        pieces: Pieces::new(words.split('\n').zip(0..)),
    }
});

impl Table {
    fn of(text: &str) -> Vec<f32> {
        let loaded = &*LOADED;
        let mut sum = vec![0f32; DIMENSION];
        loaded.pieces.each(text, |piece| {
            let piece = piece as usize;
            let (Some(scale), Some(row)) = (loaded.scales.get(piece), loaded.rows.get(piece)) else { return };
            let scale = f32::from_le_bytes(*scale);
            for (sum, cell) in sum.iter_mut().zip(row) {
                *sum += scale * f32::from(cell.cast_signed());
            }
        });
        let length = sum.iter().map(|value| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            sum.iter_mut().for_each(|value| *value /= length);
        }
        sum
    }
}

impl Embedder for Table {
    fn id(&self) -> &str {
        "table-128-v1"
    }

    fn dimension(&self) -> usize {
        DIMENSION
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        Ok(texts.iter().map(|text| Self::of(text)).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        LOADED.pieces.each(text, |piece| ids.push(piece));
        ids
    }

    fn cosine(a: &str, b: &str) -> f32 {
        Table::of(a).iter().zip(Table::of(b)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn the_table_is_whole() {
        assert_eq!((LOADED.scales.len(), LOADED.rows.len()), (30_522, 30_522));
        let end = MAGIC.len() + 8 + 30_522 * (4 + DIMENSION);
        assert_eq!(BYTES[end..].split(|byte| *byte == b'\n').count(), 30_522);
        assert!(LOADED.scales.iter().all(|scale| f32::from_le_bytes(*scale).is_finite()));
    }

    #[test]
    fn what_means_the_same_is_near() {
        for (a, b, c) in [
            ("how do I reset my password", "forgot login credentials", "banana bread recipe"),
            ("the server crashed", "system failure", "birthday cake"),
            ("doctor", "physician", "bicycle"),
        ] {
            assert!(cosine(a, b) > cosine(a, c) + 0.1, "{a}: {} {}", cosine(a, b), cosine(a, c));
        }
        assert_eq!(Table::of(""), vec![0.0; DIMENSION]);
    }

    include!("pieces_cases.rs");

    #[test]
    fn texts_are_split_as_the_model_was_taught() {
        for (text, expect) in CASES {
            assert_eq!(ids(text), *expect, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            prop_assert!(ids(&text).into_iter().all(|id| id < 30_522));
            let length = Table::of(&text).iter().map(|value| value * value).sum::<f32>();
            prop_assert!(length < 1.001 && (length > 0.999 || length == 0.0));
        }
    }
}
