//! What is true wherever a memory is: `place` says where.

mod basics;
mod consolidate;
mod export;
mod forget;
mod isolation;
mod keeping;
mod keys;
mod processes;
pub(crate) mod reembed;

use super::place;
