//! Integration tests of the crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    reason = "what a test stumbles over should stop it, also in its helpers; nobody uses these from outside"
)]

#[cfg(feature = "http-server")]
mod http;
mod middleware;
#[cfg(feature = "http-server")]
mod support;
