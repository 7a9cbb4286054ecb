//! The same memories in several places: what changed here goes there, what changed there comes here.
//!
//! Places do not talk to each other but meet at a [`Remote`], such as Cloudflare KV ([`CloudflareKv`]), which learns nothing: what it
//! keeps is sealed with a key of the user's, and names are keyed hashes. It sees how many memories there are, how large, and when each
//! changed.
//!
//! A memory keeps its identifier everywhere. Where it was changed in two places, the higher version stands, then the later one; what it
//! said before becomes history where it was replaced. A deletion is a version too. Whatever order places come by in, they end with the
//! same. So it is with what a memory is tied to: links that are made or taken away travel with the memory that they begin at. How often a
//! memory was used does not travel.
//!
//! What a user stored in a scope is synchronised by that user: others' memories of a shared scope come with those others.

mod apply;
mod carried;
mod decide;
mod known;
#[cfg(feature = "kv")]
mod kv;
mod mark;
mod pass;
mod remote;
#[cfg(test)]
mod tests;
mod ties;

use serde::Serialize;

#[cfg(feature = "kv")]
pub use kv::{CloudflareKv, CloudflareKvBuilder};
pub use remote::{Entry, Put, Remote, RemoteError};

use crate::{Access, MasterKey, MemoryError, Scope, Tenant};
use carried::Secret;

/// What a synchronisation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Synced {
    /// Memories that came here, new or changed.
    pub pulled: usize,
    /// Memories that went there, new or changed.
    pub pushed: usize,
    /// Memories that were deleted here, as they were deleted elsewhere.
    pub deleted_here: usize,
    /// Deletions that went there.
    pub deleted_there: usize,
    /// Memories that had changed in both places.
    pub conflicts: usize,
    /// What could not come here: it expired, says what another memory says, is under a legal hold, or is not what was listed.
    pub left_out: usize,
}

impl Tenant {
    /// Brings what the caller stored in a scope and what a remote has of it to the same state. To do it again changes nothing; if it
    /// is cut off, to do it again ends it. One at a time may run in a directory.
    ///
    /// # Errors
    /// The caller may not write there, the remote cannot be reached, or has values that the key does not open.
    pub fn sync(
        &self,
        scope: &Scope,
        remote: &(impl Remote + ?Sized),
        key: &MasterKey,
    ) -> Result<Synced, MemoryError> {
        let secret = Secret::of(key, &self.access, scope)?;
        pass::Pass::new(self, scope, remote, secret)?.run()
    }
}

/// Removes whatever a remote has of a user, of all scopes, and returns how much that was. Erase them in every place first: one that has
/// their memories still would bring them back.
///
/// # Errors
/// The remote cannot be reached.
pub fn erase_remote(
    remote: &(impl Remote + ?Sized),
    key: &MasterKey,
    org: &str,
    user: &str,
) -> Result<usize, MemoryError> {
    let access = Access::new(org, user);
    let prefix = Secret::of(key, &access, &Scope::Private)?.of_user();
    let failed = |error: RemoteError| MemoryError::Remote(Box::new(error));
    let keys: Vec<String> =
        remote.list(&prefix).map_err(failed)?.into_iter().map(|entry| entry.key).collect();
    remote.remove(&keys).map_err(failed)?;
    Ok(keys.len())
}
