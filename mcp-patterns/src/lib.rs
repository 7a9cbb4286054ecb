//! A catalogue of skills, prompts and patterns that recommends and learns.
//!
//! ```
//! use std::sync::Arc;
//! use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings};
//! use mcp_patterns::{Catalog, Entry, Kind, Recommender, Request, source::Entries};
//!
//! let skills = vec![
//!     Entry::new(Kind::Skill, "incident-review", "Writes a review of an incident.", "# Timeline…", "built in"),
//!     Entry::new(Kind::Skill, "release-notes", "Writes release notes from commits.", "# Commits…", "built in"),
//! ];
//! let catalog = Arc::new(Catalog::builder().source(Entries::new("built in", skills)).build());
//! let recommender = Recommender::new(catalog).learner(Learner::in_memory(Settings::default())?);
//!
//! let request = Request { task: "review the incident of last night", tenant: "acme", ..Request::default() };
//! let found = recommender.recommend(&request)?;
//! let best = &found.picks[0];
//! assert_eq!((best.entry.id.as_str(), best.reasons[0].as_str()), ("skill:incident-review", "has `incident`, `review`"));
//!
//! let learner = recommender.learned().expect("it was given one");
//! let feedback = Feedback {
//!     exposure: found.exposure,
//!     entry: &best.entry.id,
//!     outcome: Outcome::Accepted,
//!     principal: "ann",
//!     at: 0,
//!     share: false,
//! };
//! learner.feedback("acme", &feedback)?;
//! # Ok::<(), mcp_patterns::PatternError>(())
//! ```
//!
//! # Map
//! - [`Entry`]: what can be recommended. [`source`]: where entries come from. [`Catalog`]: all of them, replaced whole.
//! - [`skill`]: Agent Skills: `SKILL.md` and the files beside it.
//! - `extension`: skills over MCP: a server that serves them, a host that verifies them (feature `extension`).
//! - `server`: all of it as an MCP server (feature `server`).
//! - [`starter`]: skills that come with this crate.
//! - `tools`: hundreds of tools behind two (feature `tools`).
//! - [`recommend`]: what fits a task, and why; or that nothing does.
//! - [`learn`]: from what becomes of recommendations. [`evaluate`]: what another way of choosing would have brought.
//! - [`inject`]: chosen entries as part of a prompt.
//! - `Watcher`: reloads when files change (feature `watch`).
//!
//! # Features
//! - `archive`: entries from zip and tar.gz archives.
//! - `extension`: skills over MCP, served and hosted.
//! - `server`: an MCP server to recommend, search, read, answer and validate.
//! - `tools`: tool search, as a layer before any service of MCP.
//! - `watch`: the catalogue keeps up with directories.

mod catalog;
mod entry;
mod error;
pub mod evaluate;
#[cfg(feature = "extension")]
pub mod extension;
pub mod inject;
pub mod learn;
pub mod recommend;
#[cfg(feature = "server")]
pub mod server;
pub mod skill;
pub mod source;
pub mod starter;
mod text;
#[cfg(feature = "tools")]
pub mod tools;
#[cfg(feature = "watch")]
mod watch;

pub use catalog::{Catalog, CatalogBuilder, Collision, Report};
pub use entry::{Entry, EntryFile, Kind, Triggers};
pub use error::PatternError;
pub use recommend::{Recommendation, Recommender, Request};
#[cfg(feature = "watch")]
pub use watch::Watcher;
