//! The engine as programs use it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where")]

mod bypass;
mod change;
#[cfg(target_os = "linux")]
mod deadline;
mod detectors;
mod engine;
mod files;
mod hook;
#[cfg(feature = "layer")]
mod layer;
#[cfg(feature = "layer")]
mod layer_settings;
mod oracle;
mod own_text;
mod packs;
mod permissions;
#[cfg(feature = "server")]
mod remote;
#[cfg(feature = "server")]
mod remote_lists;
#[cfg(feature = "server")]
mod server;
mod skills;
mod state;
mod support;
