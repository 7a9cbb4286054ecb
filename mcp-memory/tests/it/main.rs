//! The engine as programs use it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]
#![allow(clippy::duplicate_mod, reason = "tests that are run for each place that a memory can be in")]

mod children;
#[cfg(feature = "server")]
mod compat;
mod derived;
mod durability;
mod erase;
#[cfg(feature = "ingest")]
mod formats;
#[cfg(feature = "postgres")]
mod guard;
mod import;
mod in_files;
#[cfg(feature = "postgres")]
mod in_postgres;
#[cfg(feature = "ingest")]
mod ingest;
#[cfg(feature = "kv")]
mod kv;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod postgres_tls;
#[cfg(feature = "server")]
mod server;
mod support;
mod tending;
#[cfg(feature = "watch")]
mod watch;
