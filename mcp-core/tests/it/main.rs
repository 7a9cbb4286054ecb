//! Integration tests of the crate, in one binary.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod golden;
#[cfg(feature = "http-server")]
mod http;
mod middleware;
#[cfg(feature = "http-server")]
mod support;
