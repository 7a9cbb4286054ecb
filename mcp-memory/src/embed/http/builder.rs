//! How a server is to be called.

use std::fmt;
use std::time::Duration;

use ureq::http::Uri;

use super::call::Server;
use super::{Failed, HttpEmbedder};
use crate::MemoryError;
use crate::http::{agent, bearer, roots};

/// How a model on a server is to be called.
#[must_use = "a builder does nothing until it builds"]
pub struct HttpEmbedderBuilder {
    url: String,
    model: String,
    key: Option<String>,
    dimension: Option<usize>,
    batch: usize,
    timeout: Duration,
    retries: u32,
    back_off: Duration,
}

impl HttpEmbedderBuilder {
    pub(super) const fn new(url: String, model: String) -> Self {
        Self {
            url,
            model,
            key: None,
            dimension: None,
            batch: 64,
            timeout: Duration::from_secs(60),
            retries: 3,
            back_off: Duration::from_millis(500),
        }
    }

    /// Authorizes by a key, which no error and no log repeats.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How many numbers a vector has. If nothing is said, the server is asked once, when this is built.
    pub const fn dimension(mut self, dimension: usize) -> Self {
        self.dimension = Some(dimension);
        self
    }

    /// How many texts go in one call (default: 64).
    pub const fn batch(mut self, batch: usize) -> Self {
        self.batch = batch;
        self
    }

    /// How long one call may take, from the first byte to the last (default: a minute).
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a call is made again when the server is busy (429), fails (5xx) or breaks the connection off (default: 3).
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// How long to wait before a call is made again, doubled each time (default: half a second). What the server asks for in
    /// `Retry-After` goes before, up to half a minute: if it asks for more, the call fails.
    pub const fn back_off(mut self, back_off: Duration) -> Self {
        self.back_off = back_off;
        self
    }

    /// Makes the embedder; asks the server how long vectors are, if that was not said.
    ///
    /// # Errors
    /// A member is wrong, or the server gives no vector.
    pub fn build(self) -> Result<HttpEmbedder, MemoryError> {
        if self.model.trim().is_empty() {
            return Err(MemoryError::invalid("model", "must be the name of a model on the server"));
        }
        if self.batch == 0 || self.dimension == Some(0) {
            let field = if self.batch == 0 { "batch" } else { "dimension" };
            return Err(MemoryError::invalid(field, "must be at least 1"));
        }
        let server = self.server()?;
        let dimension = match self.dimension {
            Some(dimension) => dimension,
            None => first(&server, &self.model).map_err(|error| MemoryError::Embedding(Box::new(error)))?,
        };
        Ok(HttpEmbedder { server, model: self.model, dimension, batch: self.batch })
    }

    fn server(&self) -> Result<Server, MemoryError> {
        let (uri, name) = endpoint(&self.url)?;
        let key = self.key.as_ref().map(|key| bearer("key", key));
        Ok(Server {
            agent: agent(&uri, self.timeout, &roots(&uri)?),
            url: uri.to_string(),
            name,
            key: key.transpose()?,
            timeout: self.timeout,
            retries: self.retries,
            back_off: self.back_off,
        })
    }
}

impl fmt::Debug for HttpEmbedderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a secret too.
        f.debug_struct("HttpEmbedderBuilder").field("model", &self.model).finish_non_exhaustive()
    }
}

fn first(server: &Server, model: &str) -> Result<usize, Failed> {
    let vectors = HttpEmbedder::ask(server, model, &["dimension"], None)?;
    Ok(vectors.first().map(Vec::len).unwrap_or_default())
}

/// The address of the call, and what may be shown of it.
fn endpoint(url: &str) -> Result<(Uri, String), MemoryError> {
    let wrong = |problem: &str| MemoryError::invalid("url", problem);
    let example = "must be an address such as `http://localhost:11434/v1`";
    let uri: Uri = url.trim().parse().map_err(|_| wrong(example))?;
    let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(wrong(example));
    };
    if authority.as_str().contains('@') {
        return Err(wrong("must not hold a user or a password: give the key as `key`"));
    }
    let path = uri.path().trim_end_matches('/');
    let path = path.strip_suffix("/embeddings").unwrap_or(path);
    let name = format!("{scheme}://{authority}{path}/embeddings");
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let uri = format!("{name}{query}").parse().map_err(|_| wrong(example))?;
    Ok((uri, name))
}
