//! The engine as programs use it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]

mod basics;
#[cfg(feature = "server")]
mod compat;
mod consolidate;
mod derived;
mod durability;
mod erase;
mod export;
#[cfg(feature = "ingest")]
mod formats;
mod import;
#[cfg(feature = "ingest")]
mod ingest;
mod isolation;
mod keeping;
#[cfg(feature = "kv")]
mod kv;
mod reembed;
#[cfg(feature = "server")]
mod server;
mod support;
mod tending;
#[cfg(feature = "watch")]
mod watch;
