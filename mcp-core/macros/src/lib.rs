//! The `#[tools]` attribute of `mcp-core`.
