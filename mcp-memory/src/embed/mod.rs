//! Texts to vectors.

use std::error::Error;

/// A text could not be embedded.
#[derive(Debug, thiserror::Error)]
#[error("texts cannot be embedded")]
pub struct EmbedError(#[source] pub Box<dyn Error + Send + Sync>);

/// Makes vectors of texts.
pub trait Embedder: Send + Sync + 'static {
    /// The model. It is kept with each vector: those of different models are never compared.
    fn id(&self) -> &str;

    /// How many numbers a vector has.
    fn dimension(&self) -> usize;

    /// Vectors of length 1, one for each text. Blocks.
    ///
    /// # Errors
    /// The model cannot be used.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}
