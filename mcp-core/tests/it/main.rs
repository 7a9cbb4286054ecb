//! Integration tests of the crate, in one binary.

mod golden;
#[cfg(feature = "http-server")]
mod http;
mod middleware;
#[cfg(feature = "http-server")]
mod support;
