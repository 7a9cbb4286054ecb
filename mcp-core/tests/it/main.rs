//! Integration tests of the crate, in one binary.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod golden;
#[cfg(feature = "http-server")]
mod http;
mod middleware;
#[cfg(all(feature = "testing", feature = "macros"))]
mod server;
#[cfg(feature = "http-server")]
mod support;
