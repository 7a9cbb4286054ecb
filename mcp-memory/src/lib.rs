//! Long-term memory for agents: durable, tenant-isolated, hybrid search.
//!
//! ```
//! use mcp_memory::{Access, Draft, Memory, Scope, Search};
//!
//! # fn main() -> Result<(), mcp_memory::MemoryError> {
//! # let directory = std::env::temp_dir().join(format!("memory-lib-{}", std::process::id()));
//! let memory = Memory::open(&directory)?;
//! let ann = memory.of(Access::new("acme", "ann"));
//! let turns = ["Which database do we use for billing?", "PostgreSQL, as always."];
//! ann.store_session(&Scope::Private, "monday", turns.map(Draft::new).into())?;
//! let found = ann.search(&Search::new("database of billing"))?;
//! // The answer has no word of the question: it is found beside it.
//! assert!(found.hits.iter().any(|hit| hit.record.content == turns[1] && hit.explain.neighbour > 0.0));
//! # drop((ann, memory));
//! # std::fs::remove_dir_all(directory).ok();
//! # Ok(()) }
//! ```
//!
//! Calls block: from asynchronous code use a thread for them (`tokio::task::spawn_blocking`). All types are `Send` and `Sync`, and clones
//! are cheap.
//!
//! # Map
//! [`Memory`] a directory · [`Tenant`] what a caller has of it · [`Draft`] and [`Record`] · [`Search`] and [`Ranking`] · [`filter`] what else has to
//! hold · [`time`] phrases to spans · [`embed`] texts to vectors · [`import`] from other memories · [`sync`] with other places · [`Memory::erase`], [`Memory::backup`] · [`Master`] keys

pub mod audit;
mod backup;
pub mod consolidate;
mod contents;
mod crypto;
mod derived;
pub mod embed;
mod engine;
mod erase;
mod error;
mod export;
pub mod filter;
#[cfg(any(feature = "http-embedder", feature = "kv"))]
mod http;
pub mod import;
#[cfg(feature = "ingest")]
pub mod ingest;
mod keys;
mod live;
mod memory;
mod rank;
mod record;
mod reembed;
mod retention;
mod scope;
mod search;
#[cfg(feature = "server")]
pub mod server;
mod store;
pub mod sync;
mod tenant;
mod text;
pub mod time;
mod used;
mod vector;
mod view;

pub use backup::Restored;
pub use crypto::{KeyProvider, Master, MasterKey};
pub use erase::Receipt;
pub use error::MemoryError;
pub use export::{Compacted, Moved};
pub use keys::{KeyEntry, KeyPurpose};
pub use memory::{Health, Memory, MemoryBuilder};
pub use rank::Ranking;
pub use record::{Draft, Id, Record, State};
pub use reembed::Embedded;
pub use retention::{Policy, Retained, Rule};
pub use scope::{Access, Quota, Scope};
pub use search::{Explain, Found, Hit, Search};
#[cfg(feature = "postgres")]
pub use store::sql::postgres::Postgres;
pub use tenant::{Consumption, Cursor, Edit, Link, Page, Past, Relation, ScopeStats, Stored, Tenant, Usage};
