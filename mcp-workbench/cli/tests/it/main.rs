//! The `mcp` command as people run it: the real program, in folders of its own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]

mod bench;
mod config;
mod docs;
mod fixture;
mod flow;
mod guard;
mod inspect;
mod memory;
mod operate;
mod package;
mod postgres;
mod processes;
mod servers;
mod shared;
mod support;
mod tenants;
mod up;
