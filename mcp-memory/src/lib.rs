//! Long-term memory for agents: durable, tenant-isolated, hybrid search.
//!
//! # Map
//! `embed` texts to vectors · `filter` what a search may find · `time` phrases to ranges

pub mod embed;
pub mod filter;
pub mod time;
