//! What a server says of itself.

use super::{CacheHint, Meta, ServerCapabilities, object::wire_object};

/// The answer to `server/discover`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DiscoverResult {
    /// Revisions it speaks.
    pub supported_versions: Vec<String>,
    /// What it can do.
    pub capabilities: ServerCapabilities,
    /// How a model should use it.
    pub instructions: Option<String>,
    /// How long this may be kept.
    pub cache: Option<CacheHint>,
    /// Metadata, with the server's name and version.
    pub meta: Option<Meta>,
}

wire_object!(DiscoverResult {
    required supported_versions = "supportedVersions",
    required capabilities = "capabilities",
    optional instructions = "instructions",
    hint cache = "ttlMs",
    optional meta = "_meta",
});
