//! A linear scorer over hashed words: a table of one byte for each bucket, learned by `scripts/injection-model`.

use std::borrow::Cow;
use std::sync::LazyLock;

/// Buckets of words and pairs of words.
pub const BUCKETS: usize = 1 << 15;
/// Cues with a bucket of their own, after those of words.
pub const CUES: usize = 128;

const MAGIC: &[u8; 4] = b"LIN1";
const HEAD: usize = 12;

/// Weights of words and cues.
#[derive(Debug, Clone)]
pub struct Model {
    bias: f32,
    scale: f32,
    weights: Cow<'static, [u8]>,
}

impl Model {
    /// Whether somebody is told what to do, for texts of whatever origin.
    pub(super) fn direct() -> &'static Self {
        static MODEL: LazyLock<Model> = LazyLock::new(|| Model::built_in(include_bytes!("direct.bin")));
        &MODEL
    }

    /// Whether a sentence is a request that does not belong to the text around it.
    pub(super) fn embedded() -> &'static Self {
        static MODEL: LazyLock<Model> = LazyLock::new(|| Model::built_in(include_bytes!("embedded.bin")));
        &MODEL
    }

    fn built_in(bytes: &'static [u8]) -> Self {
        // A test reads both tables: this is never a model that knows nothing.
        Self::read(Cow::Borrowed(bytes)).unwrap_or(Self {
            bias: 0.0,
            scale: 0.0,
            weights: Cow::Borrowed(&[]),
        })
    }

    /// A table as [`Model::write`] makes it; none if it is no table.
    pub fn read(bytes: Cow<'static, [u8]>) -> Option<Self> {
        let number = |from: usize| bytes.get(from..from + 4)?.try_into().ok().map(f32::from_le_bytes);
        let (bias, scale) = (number(4)?, number(8)?);
        let whole = bytes.starts_with(MAGIC) && bytes.len() == HEAD + BUCKETS + CUES;
        whole.then_some(Self { bias, scale, weights: bytes })
    }

    /// The table as it is stored, each weight in one byte of the common scale.
    pub fn write(bias: f32, weights: &[f32]) -> Vec<u8> {
        let scale = weights.iter().fold(f32::MIN_POSITIVE, |most, weight| most.max(weight.abs())) / 127.0;
        let mut out = [MAGIC.as_slice(), &bias.to_le_bytes(), &scale.to_le_bytes()].concat();
        #[expect(clippy::cast_possible_truncation, reason = "the scale keeps it within a byte")]
        out.extend(weights.iter().flat_map(|weight| ((weight / scale).round() as i8).to_le_bytes()));
        out
    }

    /// From 0 to 1.
    pub(super) fn score(&self, features: &Features) -> f32 {
        let weight =
            |at: usize| self.weights.get(HEAD + at).map_or(0.0, |byte| f32::from(byte.cast_signed()));
        sigmoid(self.bias + self.scale * features.dot(weight))
    }
}

/// The logistic function.
pub fn sigmoid(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// What a model knows of a text.
#[derive(Debug, Clone, Default)]
pub struct Features {
    /// Buckets of words, in the order they were met.
    pub words: Vec<u16>,
    /// Cues with their strengths.
    pub cues: Vec<(u8, f32)>,
}

impl Features {
    /// The sum of weights: words by the root of their number, so that long texts do not score by being long; cues as they are.
    pub fn dot(&self, weight: impl Fn(usize) -> f32) -> f32 {
        let words: f32 = self.words.iter().map(|bucket| weight(usize::from(*bucket))).sum();
        let cues: f32 =
            self.cues.iter().map(|(cue, strength)| weight(BUCKETS + usize::from(*cue)) * strength).sum();
        words * self.word_strength() + cues
    }

    /// What one word counts.
    pub fn word_strength(&self) -> f32 {
        4.0 / (self.words.len().max(16) as f32).sqrt()
    }

    /// Room for three buckets of each word.
    pub(super) fn for_words(words: usize) -> Self {
        Self { words: Vec::with_capacity(words * 3 + 2), cues: Vec::with_capacity(16) }
    }

    pub(super) fn word(&mut self, hash: u32) {
        // The upper bits of the hash are its best.
        self.words.push((hash.wrapping_mul(0x9E37_79B1) >> 17) as u16);
    }

    pub(super) fn cue(&mut self, cue: u8, strength: f32) {
        self.cues.push((cue, strength));
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, CUES, Features, Model};

    #[test]
    fn tables_are_whole() {
        for model in [Model::direct(), Model::embedded()] {
            assert_eq!(model.weights.len(), super::HEAD + BUCKETS + CUES);
            assert!(model.weights[super::HEAD..].iter().any(|weight| *weight != 0) && model.scale > 0.0);
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut weights = vec![0.0; BUCKETS + CUES];
        weights[7] = 2.0;
        weights[BUCKETS + 3] = -1.0;
        let model = Model::read(Model::write(0.5, &weights).into()).unwrap();
        let features = Features { words: vec![7], cues: vec![(3, 1.0)] };
        let expect = 0.5 + 2.0 - 1.0;
        assert!((model.score(&features) - super::sigmoid(expect)).abs() < 0.01);
    }
}
