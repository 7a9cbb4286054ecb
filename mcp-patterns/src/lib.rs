//! A catalogue of skills, prompts and patterns that recommends and learns.
//!
//! # Map
//! - [`PatternError`]: what can go wrong.
//!
//! # Features
//! - `archive`: entries from zip archives.
//! - `watch`: the catalogue keeps up with directories.

mod error;

pub use error::PatternError;
