//! The engine as programs use it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]

mod basics;
#[cfg(feature = "server")]
mod compat;
mod durability;
mod erase;
mod export;
mod import;
mod isolation;
#[cfg(feature = "server")]
mod server;
mod support;
