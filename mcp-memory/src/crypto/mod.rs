//! Values that only holders of a key can read, and look-ups that tell nobody else what is looked up.

mod ring;
mod seal;

pub(crate) use ring::{KeyId, KeyRing};
pub use ring::{KeyProvider, Master, MasterKey};
#[cfg(feature = "postgres")]
pub(crate) use seal::Lookup;
pub(crate) use seal::{Cipher, random};
