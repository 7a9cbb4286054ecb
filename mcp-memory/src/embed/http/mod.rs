//! Vectors from a server that speaks the embeddings API of OpenAI, as most do: Ollama, vLLM, llama.cpp, text-embeddings-inference.
//!
//! Calls block, as [`Embedder`] does, so the client does too: `ureq` is a few small crates, with TLS by the library that the workspace has.

mod answer;
mod builder;
mod call;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use self::answer::vectors;
pub use self::builder::HttpEmbedderBuilder;
use self::call::Server;
use super::{EmbedError, Embedder};

/// A model on a server.
///
/// Texts go to the server as they are: it reads what is remembered. Vectors are kept under the model's name.
///
/// ```no_run
/// use mcp_memory::{Memory, embed::HttpEmbedder};
///
/// let embedder = HttpEmbedder::builder("http://localhost:11434/v1", "nomic-embed-text").build()?;
/// let memory = Memory::builder("memory").embedder(embedder).open()?;
/// # Ok::<(), mcp_memory::MemoryError>(())
/// ```
pub struct HttpEmbedder {
    server: Server,
    model: String,
    dimension: usize,
    batch: usize,
}

/// A server gave no vectors.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("`{url}` cannot be reached")]
    Unreachable { url: String, source: Box<ureq::Error> },
    #[error("`{url}` gave no whole answer within {} s: raise `timeout`, or lower `batch`", within.as_secs_f64())]
    TimedOut { url: String, within: Duration },
    #[error("`{url}` answers {status}{message}{help}")]
    Status { url: String, status: u16, message: String, help: &'static str },
    #[error("`{url}` answers {status} and asks to wait {} s, which is more than {} s{message}", wait.as_secs(), most.as_secs())]
    Wait { url: String, status: u16, wait: Duration, most: Duration, message: String },
    #[error("`{url}` gives no embeddings: {problem}")]
    Answer { url: String, problem: String },
}

impl HttpEmbedder {
    /// A model by its name on a server by its address, which ends with `/v1` or with `/v1/embeddings` at most servers.
    pub fn builder(url: impl Into<String>, model: impl Into<String>) -> HttpEmbedderBuilder {
        HttpEmbedderBuilder::new(url.into(), model.into())
    }

    /// The vectors of some texts, of which none is empty.
    fn ask(
        server: &Server,
        model: &str,
        texts: &[&str],
        dimension: Option<usize>,
    ) -> Result<Vec<Vec<f32>>, Failed> {
        let body = serde_json::json!({ "model": model, "input": texts }).to_string();
        let answer = server.post(body.as_bytes())?;
        vectors(&answer, texts.len(), dimension)
            .map_err(|problem| Failed::Answer { url: server.name.clone(), problem })
    }
}

impl Embedder for HttpEmbedder {
    fn id(&self) -> &str {
        &self.model
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        // Servers refuse a text that says nothing.
        let said: Vec<&str> = texts.iter().copied().filter(|text| !text.trim().is_empty()).collect();
        let mut found = Vec::with_capacity(said.len());
        for batch in said.chunks(self.batch) {
            let vectors = Self::ask(&self.server, &self.model, batch, Some(self.dimension));
            found.extend(vectors.map_err(|error| EmbedError(Box::new(error)))?);
        }
        let mut found = found.into_iter();
        let vector = |text: &&str| if text.trim().is_empty() { None } else { found.next() };
        Ok(texts
            .iter()
            .map(vector)
            .map(|vector| vector.unwrap_or_else(|| vec![0.0; self.dimension]))
            .collect())
    }
}

impl fmt::Debug for HttpEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, model, dimension, batch } = self;
        f.debug_struct("HttpEmbedder")
            .field("url", &server.name)
            .field("model", model)
            .field("dimension", dimension)
            .field("batch", batch)
            .finish_non_exhaustive()
    }
}
