//! Signed JSON (RFC 7515): what we issue, and what clients prove with.
//!
//! On `aws-lc-rs` directly: nothing here depends on a provider that a process may have chosen.

mod compact;
mod jwk;
mod signer;

pub(crate) use compact::{Compact, sign};
pub(crate) use jwk::{ALGORITHMS, Jwk};
pub use signer::Algorithm;
pub(crate) use signer::Signer;
