//! Keys that sign tokens: a folder with a private key each (`KID.pem`), and `jwks.json` with their public halves, for servers that verify.
//!
//! A new key signs from then on; an older one stays in the set until it is retired, so that tokens it has signed are good meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::{Value, json};

use crate::secret::Secret;

/// The public halves.
pub const SET: &str = "jwks.json";
/// Characters of a line of a PEM file.
const LINE: usize = 64;

/// A folder of keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// A file cannot be read or written.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is none of ours.
    #[error("{} is no set of keys: `mcp keys make` writes one", path.display())]
    Set {
        /// The file.
        path: PathBuf,
    },
    /// There is no such key.
    #[error("there is no key `{id}` in {}{}", folder.display(), listed(.there))]
    Unknown {
        /// What was asked for.
        id: String,
        /// Where.
        folder: PathBuf,
        /// Those that are there.
        there: Vec<String>,
    },
    /// The system gives no random numbers, or has no such keys.
    #[error("no key can be made")]
    Make,
    /// A private key is something else.
    #[error("{} is no private key of P-256 in PKCS #8: `mcp keys make` writes one", path.display())]
    Private {
        /// The file.
        path: PathBuf,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        ": `mcp keys make` makes one".to_owned()
    } else {
        format!(": there are {}", names.join(", "))
    }
}

/// A key of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SigningKey {
    /// Its thumbprint (RFC 7638), which tokens name as `kid`.
    pub id: String,
    /// What it signs with.
    pub algorithm: &'static str,
    /// Days since it was made.
    pub days: u64,
    /// Whether it is the youngest, which signs.
    pub signs: bool,
}

/// What signs a token.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Private {
    /// What tokens name as `kid`.
    pub id: String,
    /// The key, as PEM.
    pub pem: Secret,
}

/// A folder of keys.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    folder: PathBuf,
}

impl SigningKeys {
    /// The keys of a folder, which need not be there yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Makes a key, and puts its public half into the set.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn make(&self) -> Result<SigningKey, KeysError> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .map_err(|_| KeysError::Make)?;
        let public = public(pkcs8.as_ref()).ok_or(KeysError::Make)?;
        let id = public["kid"].as_str().unwrap_or_default().to_owned();
        fs::create_dir_all(&self.folder).map_err(failed("make the folder", &self.folder))?;
        let mut all = self.set()?;
        all.push(public);
        let path = self.path(&id);
        write(&path, pem(pkcs8.as_ref()).as_bytes(), 0o600)?;
        self.keep(&all)?;
        Ok(SigningKey { id, algorithm: "ES256", days: 0, signs: true })
    }

    /// The keys, oldest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<SigningKey>, KeysError> {
        let set = self.set()?;
        let mut keys = Vec::new();
        for (at, public) in set.iter().enumerate() {
            let id = public["kid"].as_str().unwrap_or_default().to_owned();
            let path = self.path(&id);
            let made = path.metadata().and_then(|of| of.modified()).map_err(failed("read", &path))?;
            let age = SystemTime::now().duration_since(made).unwrap_or(Duration::ZERO);
            let signs = at + 1 == set.len();
            keys.push(SigningKey { id, algorithm: "ES256", days: age.as_secs() / 86_400, signs });
        }
        Ok(keys)
    }

    /// Takes a key out of the set, and destroys its private half: what it has signed is good no more.
    ///
    /// # Errors
    /// There is no such key, or the folder cannot be written.
    pub fn retire(&self, id: &str) -> Result<(), KeysError> {
        let set = self.set()?;
        let (gone, rest): (Vec<Value>, Vec<Value>) = set.into_iter().partition(|public| public["kid"] == id);
        if gone.is_empty() {
            let there = rest.iter().filter_map(|public| public["kid"].as_str()).map(str::to_owned).collect();
            return Err(KeysError::Unknown { id: id.to_owned(), folder: self.folder.clone(), there });
        }
        self.keep(&rest)?;
        let path = self.path(id);
        fs::remove_file(&path).map_err(failed("remove", &path))
    }

    /// The key that signs: the youngest.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn signing(&self) -> Result<Private, KeysError> {
        let youngest = self.set()?.pop().and_then(|public| public["kid"].as_str().map(str::to_owned));
        let none =
            || KeysError::Unknown { id: "(any)".to_owned(), folder: self.folder.clone(), there: Vec::new() };
        let id = youngest.ok_or_else(none)?;
        let path = self.path(&id);
        let text = fs::read_to_string(&path).map_err(failed("read", &path))?;
        let is_that =
            decoded(&text).and_then(|pkcs8| public(&pkcs8)).is_some_and(|public| public["kid"] == *id);
        if is_that { Ok(Private { id, pem: Secret::new(text) }) } else { Err(KeysError::Private { path }) }
    }

    /// The public halves, oldest first.
    fn set(&self) -> Result<Vec<Value>, KeysError> {
        let path = self.folder.join(SET);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read", &path)(error)),
        };
        let is_key = |key: &Value| key["kid"].as_str().is_some_and(is_thumbprint);
        let keys = serde_json::from_str(&text).ok().and_then(|set: Value| set["keys"].as_array().cloned());
        keys.filter(|keys| keys.iter().all(is_key)).ok_or(KeysError::Set { path })
    }

    fn keep(&self, keys: &[Value]) -> Result<(), KeysError> {
        let path = self.folder.join(SET);
        let beside = self.folder.join(format!("{SET}.part"));
        drop(fs::remove_file(&beside));
        let text = format!("{:#}\n", json!({ "keys": keys }));
        write(&beside, text.as_bytes(), 0o644)?;
        fs::rename(&beside, &path).map_err(failed("write", &path))
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.pem"))
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeysError {
    let path = path.to_owned();
    move |source| KeysError::File { doing, path, source }
}

/// INVARIANT: what names a file is nothing but letters, digits, `-` and `_`.
fn is_thumbprint(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// The public half of a key, as a JSON Web Key.
fn public(pkcs8: &[u8]) -> Option<Value> {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
    // A point that is not compressed: 4, then both coordinates.
    let (x, y) = pair.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, thumbprint.as_bytes()));
    Some(json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": id }))
}

fn pem(pkcs8: &[u8]) -> String {
    let text = STANDARD.encode(pkcs8);
    let lines = text.as_bytes().chunks(LINE).map(|line| format!("{}\n", String::from_utf8_lossy(line)));
    format!("-----BEGIN PRIVATE KEY-----\n{}-----END PRIVATE KEY-----\n", lines.collect::<String>())
}

fn decoded(pem: &str) -> Option<Vec<u8>> {
    let inner =
        pem.trim().strip_prefix("-----BEGIN PRIVATE KEY-----")?.strip_suffix("-----END PRIVATE KEY-----")?;
    STANDARD.decode(inner.split_whitespace().collect::<String>()).ok()
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeysError> {
    let new = |path: &Path| -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
    };
    new(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(failed("write", path))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use mcp_core::auth::server::{Keys, Verifier};

    use super::*;
    use crate::config::AuthConfig;
    use crate::token::{Claims, sign};

    fn claims() -> Claims {
        Claims {
            org: "acme".into(),
            user: "ann".into(),
            role: None,
            scopes: vec!["notes:read".into()],
            lasts: Duration::from_secs(60),
        }
    }

    #[tokio::test]
    async fn what_a_key_signs_its_set_verifies_until_it_is_retired() {
        let folder = tempfile::tempdir().unwrap();
        let keys = SigningKeys::new(folder.path().join("keys"));
        assert!(keys.signing().unwrap_err().to_string().contains("`mcp keys make` makes one"));
        let first = keys.make().unwrap();
        let auth = AuthConfig::default();
        let token = |keys: &SigningKeys| sign(&auth, &claims(), &keys.signing().unwrap()).unwrap();
        let old = token(&keys);
        let verified = |token: Secret| {
            let set = fs::read_to_string(folder.path().join("keys").join(SET)).unwrap();
            let verifier =
                Verifier::builder(&auth.audience).issuer(&auth.issuer, Keys::jwks(&set).unwrap()).build();
            async move { verifier.verify(token.expose()).await.is_ok() }
        };
        assert!(verified(old.clone()).await);
        let second = keys.make().unwrap();
        let all = keys.list().unwrap();
        let told: Vec<_> = all.iter().map(|key| (key.id.as_str(), key.signs)).collect();
        assert_eq!(told, [(first.id.as_str(), false), (second.id.as_str(), true)]);
        assert!(verified(old.clone()).await && verified(token(&keys)).await, "both are good");
        keys.retire(&first.id).unwrap();
        assert!(!verified(old).await && verified(token(&keys)).await);
        let unknown = keys.retire("zebra").unwrap_err().to_string();
        assert!(unknown.contains("no key `zebra`") && unknown.contains(&second.id), "{unknown}");
        let mode = keys.path(&second.id).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "nobody else reads it");
        let set = fs::read_to_string(folder.path().join("keys").join(SET)).unwrap();
        assert!(!set.contains("\"d\""), "nothing private is in the set");
    }
}
