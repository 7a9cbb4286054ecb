//! The code of the pages in `docs/migrate`, compiled and run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod fastmcp;
mod mcp_memory_service;
mod mem0;
mod rmcp;
