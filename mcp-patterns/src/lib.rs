//! A catalogue of skills, prompts and patterns that recommends and learns.
//!
//! # Map
//! - [`skill`]: Agent Skills: `SKILL.md` and the files beside it.
//! - [`PatternError`]: what can go wrong.
//!
//! # Features
//! - `archive`: entries from zip archives.
//! - `watch`: the catalogue keeps up with directories.

mod error;
pub mod skill;

pub use error::PatternError;
