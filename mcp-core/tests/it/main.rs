//! Integration tests of the crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::field_reassign_with_default,
    clippy::needless_pass_by_value,
    clippy::type_complexity,
    unreachable_pub,
    reason = "tests fail by panicking, are tables of cases, and are used by nobody else"
)]

#[cfg(all(feature = "http-client", feature = "http-server", feature = "testing"))]
mod client;
#[cfg(all(unix, feature = "http-client", feature = "stdio"))]
mod client_failures;
mod golden;
#[cfg(all(feature = "auth", feature = "http-server", feature = "sqlite"))]
mod guard;
#[cfg(feature = "http-server")]
mod http;
mod middleware;
#[cfg(feature = "auth")]
mod oauth;
#[cfg(feature = "testing")]
mod pool;
#[cfg(feature = "testing")]
mod providers;
#[cfg(all(feature = "testing", feature = "macros"))]
mod server;
#[cfg(feature = "http-server")]
mod support;
