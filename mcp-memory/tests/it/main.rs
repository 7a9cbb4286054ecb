//! The engine as programs use it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]

mod basics;
mod durability;
mod erase;
mod export;
#[cfg(feature = "ingest")]
mod formats;
#[cfg(feature = "ingest")]
mod ingest;
mod isolation;
#[cfg(feature = "server")]
mod server;
mod support;
#[cfg(feature = "watch")]
mod watch;
