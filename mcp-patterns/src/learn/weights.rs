//! The weights of a feature: sorted by item, in chunks, so that one more moves few of them, and eight bytes each. There are millions.

/// How many weights a chunk has, at most.
const CHUNK: usize = 128;
/// What a value is stored in: sixteen bits reach to ±16.
const UNIT: f32 = 1.0 / 2048.0;

/// What a feature says about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) item: u32,
    pub(super) value: i16,
    pub(super) squares: u16,
}

impl Weight {
    pub(super) const fn of(item: u32) -> Self {
        Self { item, value: 0, squares: 0 }
    }

    /// What it says.
    pub(crate) fn value(self) -> f32 {
        f32::from(self.value) * UNIT
    }

    /// The sum of squares of what changed it.
    pub(crate) fn squares(self) -> f32 {
        f32::from_bits(u32::from(self.squares) << 16)
    }

    /// As near to both as sixteen bits each allow.
    pub(super) fn set(&mut self, value: f32, squares: f32) {
        let steps = (value / UNIT).round().clamp(f32::from(i16::MIN), f32::from(i16::MAX));
        self.value = steps as i16;
        // The upper half of a number has its exponent and eight digits.
        let bits = squares.clamp(0.0, 1e30).to_bits();
        self.squares = ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16;
    }
}

/// The weights of a feature.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weights(Vec<Vec<Weight>>);

impl PartialEq for Weights {
    /// However they are cut into chunks.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Weights {
    pub(crate) fn iter(&self) -> impl Iterator<Item = Weight> + '_ {
        self.0.iter().flatten().copied()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Weight> {
        self.0.iter_mut().flatten()
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// The chunk that an item is in, if it is in any.
    fn chunk(&self, item: u32) -> usize {
        self.0.partition_point(|chunk| chunk.last().is_some_and(|last| last.item < item))
    }

    pub(crate) fn get(&self, item: u32) -> Option<Weight> {
        let chunk = self.0.get(self.chunk(item))?;
        let at = chunk.binary_search_by_key(&item, |weight| weight.item).ok()?;
        chunk.get(at).copied()
    }

    /// The weight of an item, a new one if there is none.
    pub(super) fn entry(&mut self, item: u32) -> &mut Weight {
        let mut at = self.chunk(item);
        if at == self.0.len() {
            // Items come in order: what is behind all others goes where there is room, or begins a chunk.
            if self.0.last().is_some_and(|last| last.len() < CHUNK) {
                at -= 1;
            } else {
                self.0.reserve_exact(1);
                self.0.push(Vec::new());
            }
        }
        let mut place = place(&self.0[at], item);
        if place.is_err() && self.0[at].len() >= CHUNK {
            let half = self.0[at].split_off(CHUNK / 2);
            self.0[at].shrink_to_fit();
            self.0.insert(at + 1, half);
            at = self.chunk(item).min(at + 1);
            place = self::place(&self.0[at], item);
        }
        let chunk = &mut self.0[at];
        let place = place.unwrap_or_else(|place| {
            if chunk.len() == chunk.capacity() {
                chunk.reserve_exact((chunk.len() / 4).clamp(1, 16));
            }
            chunk.insert(place, Weight::of(item));
            place
        });
        &mut chunk[place]
    }

    /// Weights in the order of their items; none if they are not.
    pub(super) fn read(weights: impl Iterator<Item = Weight>) -> Option<Self> {
        let mut read = Self::default();
        let mut last = None;
        for weight in weights {
            if last.is_some_and(|last| last >= weight.item) {
                return None;
            }
            last = Some(weight.item);
            *read.entry(weight.item) = weight;
        }
        Some(read)
    }
}

fn place(chunk: &[Weight], item: u32) -> Result<usize, usize> {
    chunk.binary_search_by_key(&item, |weight| weight.item)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sorted_map(items in prop::collection::vec(0u32..600, 0..900)) {
            let (mut weights, mut expect) = (Weights::default(), BTreeMap::new());
            for (at, item) in items.iter().enumerate() {
                let value = (at % 100) as f32 / 64.0;
                weights.entry(*item).set(value, value);
                expect.insert(*item, value);
            }
            let found: Vec<(u32, f32)> = weights.iter().map(|of| (of.item, of.value())).collect();
            prop_assert_eq!(&found, &expect.iter().map(|(item, value)| (*item, *value)).collect::<Vec<_>>());
            prop_assert_eq!(weights.len(), expect.len());
            prop_assert!((0..600).all(|item| weights.get(item).map(Weight::value) == expect.get(&item).copied()));
            prop_assert!(weights.0.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK));
            let again = Weights::read(weights.iter()).unwrap();
            prop_assert!(again == weights);
        }

        #[test]
        fn what_is_stored_is_near(value in -15.9f32..15.9, squares in 0f32..1e6) {
            let mut weight = Weight::of(1);
            weight.set(value, squares);
            prop_assert!((weight.value() - value).abs() <= UNIT / 2.0);
            prop_assert!((weight.squares() - squares).abs() <= squares / 256.0);
        }
    }

    #[test]
    fn what_comes_in_order_fills_its_chunks_and_disorder_is_refused() {
        let mut weights = Weights::default();
        (0..1000).for_each(|item| weights.entry(item).set(1.0, 1.0));
        assert_eq!(weights.0.len(), 8);
        assert!(Weights::read([Weight::of(2), Weight::of(2)].into_iter()).is_none());
    }
}
