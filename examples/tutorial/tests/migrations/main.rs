//! The code of the pages in `docs/migrate`, compiled and run.

mod fastmcp;
mod mcp_memory_service;
mod mem0;
mod rmcp;
