//! Integration tests of the crate, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    unreachable_pub,
    reason = "tests fail by panicking, are tables of cases, and are used by nobody else"
)]

mod assertions;
mod at_rest;
mod clients;
mod codes;
mod keys;
mod metadata;
mod pages;
mod refresh;
mod refusals;
mod serves;
mod stores;
mod strangers;
mod whole;
mod world;
