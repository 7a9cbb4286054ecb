//! A catalogue of skills, prompts and patterns that recommends and learns.
//!
//! # Map
//! - [`Entry`]: what can be recommended. [`source`]: where entries come from. [`Catalog`]: all of them, replaced whole.
//! - [`skill`]: Agent Skills: `SKILL.md` and the files beside it.
//! - [`recommend`]: what fits a task, and why; or that nothing does.
//! - [`learn`]: from what becomes of recommendations.
//!
//! # Features
//! - `archive`: entries from zip archives.
//! - `watch`: the catalogue keeps up with directories.

mod catalog;
mod entry;
mod error;
pub mod learn;
pub mod recommend;
pub mod source;
pub mod skill;
mod text;

pub use catalog::{Catalog, CatalogBuilder, Collision, Report};
pub use entry::{Entry, EntryFile, Kind, Triggers};
pub use error::PatternError;
pub use recommend::{Recommendation, Recommender, Request};
