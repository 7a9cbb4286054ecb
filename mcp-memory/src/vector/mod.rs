//! Vectors of memories, and which are near a query.
//!
//! They are kept twice: as one byte per number, and as one bit, its sign. Where there are many, the bits choose whom the bytes
//! are compared with.

pub(crate) mod kernel;

use kernel::{dots, nearest_by_sign, signs};

use crate::store::Vector;
use crate::view::Bits;

/// Up to so many are all compared by their bytes.
const FEW: usize = 2_048;
/// Whom the bits choose where there are more.
const CHOSEN: usize = 1_024;

/// A vector with cells from -127 to 127.
pub(crate) fn quantized(vector: &[f32]) -> Vector {
    let largest = vector.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 && largest.is_finite() { largest / 127.0 } else { 1.0 };
    let cells = vector.iter().map(|value| (value / scale).round().clamp(-127.0, 127.0) as i8).collect();
    Vector { scale, cells }
}

/// Vectors by slot, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Vectors {
    pub(crate) dimension: usize,
    pub(crate) cells: Vec<i8>,
    pub(crate) signs: Vec<u64>,
    /// Zero where there is no vector.
    pub(crate) scales: Vec<f32>,
}

/// A query, ready to be compared.
#[derive(Debug)]
pub(crate) struct Query {
    vector: Vector,
    signs: Vec<u64>,
}

impl Query {
    pub(crate) fn new(vector: &[f32]) -> Self {
        let vector = quantized(vector);
        Self { signs: signs(&vector.cells), vector }
    }
}

impl Vectors {
    pub(crate) fn new(dimension: usize) -> Self {
        Self { dimension, ..Self::default() }
    }

    /// Adds what belongs to the next slot.
    pub(crate) fn push(&mut self, vector: Option<Vector>) {
        let empty = || Vector { scale: 0.0, cells: vec![0; self.dimension].into() };
        let vector = vector.filter(|vector| vector.cells.len() == self.dimension).unwrap_or_else(empty);
        self.signs.extend(signs(&vector.cells));
        self.cells.extend_from_slice(&vector.cells);
        self.scales.push(vector.scale);
    }

    pub(crate) fn clear(&mut self, slot: usize) {
        if let Some(scale) = self.scales.get_mut(slot) {
            *scale = 0.0;
        }
    }

    /// Whether a slot has one.
    pub(crate) fn is_there(&self, slot: usize) -> bool {
        self.scales.get(slot).is_some_and(|scale| *scale != 0.0)
    }

    /// The cosines of some with a query; nothing where there is no vector.
    pub(crate) fn cosines(&self, query: &Query, slots: &[usize]) -> Vec<Option<f32>> {
        if query.vector.cells.len() != self.dimension {
            return vec![None; slots.len()];
        }
        let cosine = |(product, slot): (Option<i32>, &usize)| {
            let scale = self.scales.get(*slot).copied().filter(|scale| *scale != 0.0)?;
            Some(product? as f32 * scale * query.vector.scale)
        };
        dots(&self.cells, &query.vector.cells, slots).into_iter().zip(slots).map(cosine).collect()
    }

    /// The slots of a set that may be near a query: all of them where they are few.
    pub(crate) fn near(&self, query: &Query, within: &Bits) -> Vec<usize> {
        if self.dimension == 0 || query.vector.cells.len() != self.dimension {
            return Vec::new();
        }
        if within.count() <= FEW {
            return within.iter().collect();
        }
        nearest_by_sign(&self.signs, &query.signs, CHOSEN, within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers in no order, the same each time.
    fn vector(seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let numbers = (0..128).map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        });
        let numbers: Vec<f32> = numbers.collect();
        let length = numbers.iter().map(|value| value * value).sum::<f32>().sqrt();
        numbers.iter().map(|value| value / length).collect()
    }

    #[test]
    fn cosines_are_those_of_the_numbers_and_the_nearest_are_chosen() {
        let mut vectors = Vectors::new(128);
        for seed in 0..10_000 {
            vectors.push((seed != 5).then(|| quantized(&vector(seed))));
        }
        let mut all = Bits::none(10_000);
        (0..10_000).for_each(|slot| all.set(slot));
        for seed in [0, 77, 9_999] {
            // A little beside a vector that is there.
            let near: Vec<f32> = vector(seed).iter().zip(vector(123_456)).map(|(a, b)| a + 0.3 * b).collect();
            let query = Query::new(&near);
            let exact: f32 = near.iter().zip(vector(seed)).map(|(a, b)| a * b).sum();
            let cosine = vectors.cosines(&query, &[seed as usize])[0].unwrap();
            assert!((cosine - exact).abs() < 0.01, "{cosine} {exact}");
            let chosen = vectors.near(&query, &all);
            assert!(chosen.contains(&(seed as usize)) && chosen.len() < 4_000);
        }
        let query = Query::new(&vector(1));
        assert_eq!(vectors.cosines(&query, &[5, 10_000]), [None, None]);
        assert_eq!(vectors.cosines(&Query::new(&[1.0]), &[1]), [None]);
        vectors.clear(1);
        assert_eq!(vectors.cosines(&query, &[1]), [None]);
        assert!(Vectors::new(0).near(&query, &all).is_empty());
    }
}
