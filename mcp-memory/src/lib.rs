//! Long-term memory for agents: durable, tenant-isolated, hybrid search.
//!
//! # Map
//! `embed` texts to vectors · `filter` what a search may find

mod backup;
mod crypto;
pub mod embed;
mod engine;
mod erase;
mod error;
pub mod filter;
mod live;
mod memory;
mod rank;
mod record;
mod scope;
mod search;
mod store;
mod tenant;
mod text;
mod vector;
mod view;

pub use backup::Restored;
pub use crypto::{KeyProvider, Master, MasterKey};
pub use erase::Receipt;
pub use error::MemoryError;
pub use memory::{Memory, MemoryBuilder};
pub use rank::Ranking;
pub use record::{Draft, Id, Record, State};
pub use scope::{Access, Scope};
pub use search::{Explain, Found, Hit, Search};
pub use tenant::{Cursor, Edit, Page, Past, Stored, Tenant};
