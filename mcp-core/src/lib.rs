//! Model Context Protocol servers.
pub mod protocol;
