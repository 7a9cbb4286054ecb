//! Values that nobody can guess, and what is stored of them.

use aws_lc_rs::digest;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Internal;

/// The SHA-256 of a secret: all that a store sees of codes, refresh tokens and client secrets.
pub type Digest = [u8; 32];

/// `N` random bytes in the alphabet of URLs.
pub(crate) fn token<const N: usize>() -> Result<String, Internal> {
    let mut bytes = [0u8; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Internal::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The SHA-256 of a text.
pub(crate) fn sha256(text: &[u8]) -> Digest {
    let mut out = Digest::default();
    out.copy_from_slice(digest::digest(&digest::SHA256, text).as_ref());
    out
}

/// The SHA-256 of a text in the alphabet of URLs.
pub(crate) fn sha256_text(text: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(sha256(text))
}

/// Compares in a time that does not depend on where both differ.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}
