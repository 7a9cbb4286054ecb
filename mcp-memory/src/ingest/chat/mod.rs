//! Conversations as programs keep them.

pub(super) mod chatgpt;
pub(super) mod claude;
