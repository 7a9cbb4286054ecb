//! Model Context Protocol servers in Rust.

pub mod protocol;
