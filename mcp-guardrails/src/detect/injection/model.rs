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

    /// A text is about to be scored.
    pub(super) fn tally(&self) -> Tally<'_> {
        Tally { model: self, table: self.weights.get(HEAD..).unwrap_or(&[]), words: 0, count: 0, cues: 0.0 }
    }
}

/// What is told of a text, word by word.
pub(super) trait Sink {
    /// A word, by its hash.
    fn word(&mut self, hash: u32);
    /// A cue and its strength.
    fn cue(&mut self, cue: u8, strength: f32);
}

/// The score of a text while it is read: nothing of it is kept.
#[derive(Debug)]
pub(super) struct Tally<'m> {
    model: &'m Model,
    table: &'m [u8],
    words: i32,
    count: usize,
    cues: f32,
}

impl Sink for Tally<'_> {
    #[inline]
    fn word(&mut self, hash: u32) {
        let weight =
            self.table.get(usize::from(bucket(hash))).map_or(0, |byte| i32::from(byte.cast_signed()));
        self.words = self.words.saturating_add(weight);
        self.count += 1;
    }

    fn cue(&mut self, cue: u8, strength: f32) {
        let weight = self.table.get(BUCKETS + usize::from(cue));
        self.cues += weight.map_or(0.0, |byte| f32::from(byte.cast_signed())) * strength;
    }
}

impl Tally<'_> {
    /// From 0 to 1.
    pub(super) fn score(&self) -> f32 {
        let words = self.words as f32 * word_strength(self.count);
        sigmoid(self.model.bias + self.model.scale * (words + self.cues))
    }
}

/// The upper bits of a hash are its best.
fn bucket(hash: u32) -> u16 {
    (hash.wrapping_mul(0x9E37_79B1) >> 17) as u16
}

/// What one of so many words counts.
fn word_strength(count: usize) -> f32 {
    4.0 / (count.max(16) as f32).sqrt()
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
        word_strength(self.words.len())
    }
}

impl Sink for Features {
    fn word(&mut self, hash: u32) {
        self.words.push(bucket(hash));
    }

    fn cue(&mut self, cue: u8, strength: f32) {
        self.cues.push((cue, strength));
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, CUES, Features, Model, Sink};

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
        let (mut tally, mut features) = (model.tally(), Features::default());
        for sink in [&mut tally as &mut dyn Sink, &mut features] {
            (0..1000).filter(|hash| super::bucket(*hash) == 7).take(1).for_each(|hash| sink.word(hash));
            sink.cue(3, 1.0);
        }
        let words = features.words.len() as f32;
        assert!((tally.score() - super::sigmoid(0.5 + 2.0 * words - 1.0)).abs() < 0.01);
        assert!((features.dot(|at| weights[at]) - (2.0 * words - 1.0)).abs() < 1e-6);
    }
}
