//! The crate from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod abstain;
mod catalog;
mod learn;
mod processes;
mod recommend;
mod reference;
mod stores;
mod support;
