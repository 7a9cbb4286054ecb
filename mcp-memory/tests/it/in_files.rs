//! What is true wherever a memory is: here, in files.

use crate::support::Place;

pub(crate) fn place() -> Place {
    Place::in_files()
}

#[path = "both/basics.rs"]
mod basics;
#[path = "both/consolidate.rs"]
mod consolidate;
#[path = "both/export.rs"]
mod export;
#[path = "both/forget.rs"]
mod forget;
#[path = "both/isolation.rs"]
mod isolation;
#[path = "both/keeping.rs"]
mod keeping;
#[path = "both/keys.rs"]
mod keys;
#[path = "both/processes.rs"]
mod processes;
#[path = "both/reembed.rs"]
mod reembed;

pub(crate) use reembed::Lengths;
