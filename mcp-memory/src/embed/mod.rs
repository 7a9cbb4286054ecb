//! Texts to vectors.
//!
//! [`Table`] is built in: it needs no file, no network and no memory of its own, and says that it is about meaning what a table of
//! words can say. Other models implement [`Embedder`]: with the feature `minilm`, `MiniLm` runs all-MiniLM-L6-v2 from its file; with
//! `http-embedder`, `HttpEmbedder` asks a server. Vectors of different models are never compared.
//!
//! ```
//! use mcp_memory::embed::{Embedder, Table};
//!
//! let vectors = Table.embed(&["a cat on the sofa", "kitten on a couch", "quarterly tax report"])?;
//! let cosine = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
//! assert!(cosine(&vectors[0], &vectors[1]) > cosine(&vectors[0], &vectors[2]));
//! # Ok::<(), mcp_memory::embed::EmbedError>(())
//! ```

#[cfg(feature = "http-embedder")]
mod http;
#[cfg(feature = "minilm")]
mod minilm;
mod pieces;
mod table;

use std::error::Error;

#[cfg(feature = "http-embedder")]
pub use http::{HttpEmbedder, HttpEmbedderBuilder};
#[cfg(feature = "minilm")]
pub use minilm::MiniLm;
pub use table::Table;

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

    /// Vectors of length 1, one for each text; all zero where a text says nothing. Blocks.
    ///
    /// # Errors
    /// The model cannot be used.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError>;
}
