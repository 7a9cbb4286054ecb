//! Rules and detectors that decide over tool calls, prompts and results.
//!
//! # Map
//! [`text`] what a text may be read as · [`detect`] what is in it: secrets, personal data, injections, poisoned tools, dangerous commands

pub mod detect;
pub mod text;
