//! Roots: directories that a client names to work in. Deprecated by the newest revision: take paths as tool
//! arguments, resource URIs or configuration instead.

use super::{Extra, Meta, object::wire_object};

/// A directory or file to work in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Root {
    /// A `file:` URI.
    pub uri: String,
    /// The name for people.
    pub name: Option<String>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

impl Root {
    /// A directory or file at `uri`.
    pub fn new(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), ..Self::default() }
    }

    /// Sets the name for people.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

wire_object!(Root { required uri = "uri", optional name = "name", optional meta = "_meta" } rest extra);

/// The client's answer to `roots/list`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListRootsResult {
    /// Where to work.
    pub roots: Vec<Root>,
    /// Metadata.
    pub meta: Option<Meta>,
}

wire_object!(ListRootsResult { required roots = "roots", optional meta = "_meta" });
