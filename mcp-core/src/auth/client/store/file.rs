//! Tokens in a file that only a key opens.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use aws_lc_rs::hmac;
use parking_lot::Mutex;

use super::{Saved, StoreError, StoreKey, TokenStore};

/// Format and version.
const MAGIC: &[u8; 8] = b"mcp-tok1";
/// Says which key a file was written with, and nothing about the key.
const MARK: usize = 16;
const NONCE: usize = 12;

/// By account, then by server.
type Contents = BTreeMap<String, BTreeMap<String, Saved>>;

/// Keeps tokens in a file, encrypted with AES-256-GCM. Writes replace the file as a whole, so that a crash
/// leaves the old one; programs that share the file wait for each other.
#[derive(Clone)]
pub struct FileStore(Arc<Inner>);

struct Inner {
    path: PathBuf,
    cipher: Aes256Gcm,
    mark: [u8; MARK],
    /// One at a time; the lock of the file is for other programs.
    gate: Mutex<()>,
}

impl FileStore {
    /// A store in this file, under a key of 256 random bits that the application keeps elsewhere, such as
    /// in the keyring of the system.
    pub fn new(path: impl Into<PathBuf>, key: &[u8; 32]) -> Self {
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), MAGIC);
        let mut mark = [0; MARK];
        mark.iter_mut().zip(mac.as_ref()).for_each(|(to, from)| *to = *from);
        let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
        Self(Arc::new(Inner { path: path.into(), cipher, mark, gate: Mutex::default() }))
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || {
            let _alone = inner.gate.lock();
            work(&inner)
        });
        done.await.map_err(|error| StoreError::Other(error.into()))?
    }
}

#[async_trait::async_trait]
impl TokenStore for FileStore {
    async fn load(&self, key: &StoreKey) -> Result<Option<Saved>, StoreError> {
        let key = key.clone();
        self.with(move |inner| {
            Ok(inner.read()?.get_mut(&key.account).and_then(|account| account.remove(&key.server)))
        })
        .await
    }

    async fn save(&self, key: &StoreKey, saved: &Saved) -> Result<(), StoreError> {
        let (key, saved) = (key.clone(), saved.clone());
        self.with(move |inner| {
            inner.change(|contents| {
                contents.entry(key.account).or_default().insert(key.server, saved);
            })
        })
        .await
    }

    async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
        let key = key.clone();
        self.with(move |inner| {
            inner.change(|contents| {
                if let Some(account) = contents.get_mut(&key.account) {
                    account.remove(&key.server);
                }
                contents.retain(|_, account| !account.is_empty());
            })
        })
        .await
    }
}

impl Inner {
    fn change(&self, change: impl FnOnce(&mut Contents)) -> Result<(), StoreError> {
        // Beside the file, which is replaced. Dropping it lets others in.
        let lock = self.beside("lock");
        let file = private().read(true).write(true).create(true).truncate(false).open(&lock);
        file.and_then(|file| file.lock().map(|()| file)).map_err(|error| self.io("written", error)).and_then(
            |_held| {
                let mut contents = self.read()?;
                change(&mut contents);
                self.write(&contents)
            },
        )
    }

    fn read(&self) -> Result<Contents, StoreError> {
        let file = match fs::read(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Contents::new()),
            other => other.map_err(|error| self.io("read", error))?,
        };
        let damaged = || StoreError::Damaged { path: self.path.clone() };
        let (head, rest) = file.split_at_checked(MAGIC.len() + MARK).ok_or_else(damaged)?;
        let (magic, mark) = head.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(damaged());
        }
        if mark != self.mark {
            return Err(StoreError::WrongKey { path: self.path.clone() });
        }
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let opened = self.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: head });
        serde_json::from_slice(&opened.map_err(|_| damaged())?).map_err(|_| damaged())
    }

    fn write(&self, contents: &Contents) -> Result<(), StoreError> {
        let plain = serde_json::to_vec(contents).map_err(|error| StoreError::Other(error.into()))?;
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| StoreError::Other(error.into()))?;
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&self.mark);
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), Payload { msg: &plain, aad: &file });
        let sealed = sealed.map_err(|_| StoreError::Other("tokens could not be encrypted".into()))?;
        file.extend_from_slice(&nonce);
        file.extend_from_slice(&sealed);
        self.replace(&file).map_err(|error| self.io("written", error))
    }

    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        let temporary = self.beside("new");
        // Left by a crash.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = private().write(true).create_new(true).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        // The rename lasts when the folder does; not every system can say so.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            drop(folder.sync_all());
        }
        Ok(())
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(suffix);
        path.into()
    }

    fn io(&self, verb: &'static str, source: std::io::Error) -> StoreError {
        StoreError::Io { path: self.path.clone(), verb, source }
    }
}

/// Files that only their owner can read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("path", &self.0.path).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Secret;
    use super::*;

    fn saved(text: &str) -> Saved {
        let mut saved = Saved::default();
        saved.proof_key = Some(text.into());
        saved
    }

    fn text(saved: Option<Saved>) -> Option<String> {
        saved.and_then(|saved| saved.proof_key).map(|secret: Secret| secret.expose().to_owned())
    }

    #[tokio::test]
    async fn accounts_and_servers_are_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let store = FileStore::new(&path, &[7; 32]);
        let [a, b, c] = [("ann", "https://x"), ("bob", "https://x"), ("ann", "https://y")]
            .map(|(account, server)| StoreKey::new(account, server));
        assert_eq!(text(store.load(&a).await.unwrap()), None);
        store.save(&a, &saved("hunter-a")).await.unwrap();
        store.save(&b, &saved("hunter-b")).await.unwrap();
        store.save(&a, &saved("hunter-a2")).await.unwrap();
        // Another program with the same key.
        let store = FileStore::new(&path, &[7; 32]);
        assert_eq!(text(store.load(&a).await.unwrap()).as_deref(), Some("hunter-a2"));
        assert_eq!(text(store.load(&b).await.unwrap()).as_deref(), Some("hunter-b"));
        assert_eq!(text(store.load(&c).await.unwrap()), None);
        store.remove(&a).await.unwrap();
        assert_eq!(text(store.load(&a).await.unwrap()), None);
        assert_eq!(text(store.load(&b).await.unwrap()).as_deref(), Some("hunter-b"));
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"hunter" || window == b"https:"));
        assert!(!path.with_extension("new").exists());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn wrong_keys_and_damage_are_told_apart_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let (store, key) = (FileStore::new(&path, &[7; 32]), StoreKey::new("ann", "https://x"));
        store.save(&key, &saved("hunter")).await.unwrap();
        let bytes = fs::read(&path).unwrap();
        let other = FileStore::new(&path, &[8; 32]);
        assert!(matches!(other.load(&key).await, Err(StoreError::WrongKey { .. })));
        let error = other.save(&key, &saved("x")).await.unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("was written with another key: give that key, or delete the file to start afresh")
        );
        assert_eq!(fs::read(&path).unwrap(), bytes);
        for end in [0, 1, MAGIC.len(), MAGIC.len() + MARK, MAGIC.len() + MARK + NONCE, bytes.len() - 1] {
            fs::write(&path, &bytes[..end]).unwrap();
            assert!(matches!(store.load(&key).await, Err(StoreError::Damaged { .. })), "{end}");
        }
        let mut changed = bytes.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&path, changed).unwrap();
        assert!(matches!(store.load(&key).await, Err(StoreError::Damaged { .. })));
        fs::write(&path, bytes).unwrap();
        // What a crash left behind is in nobody's way.
        fs::write(folder.path().join("tokens.new"), b"half").unwrap();
        store.save(&key, &saved("again")).await.unwrap();
        assert_eq!(text(store.load(&key).await.unwrap()).as_deref(), Some("again"));
    }

    #[tokio::test]
    async fn many_writers_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let writers = (0..16).map(|number| {
            let store = FileStore::new(&path, &[7; 32]);
            tokio::spawn(async move {
                store.save(&StoreKey::new(number.to_string(), "https://x"), &saved("x")).await.unwrap();
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let store = FileStore::new(&path, &[7; 32]);
        for number in 0..16 {
            assert!(store.load(&StoreKey::new(number.to_string(), "https://x")).await.unwrap().is_some());
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("none/tokens"), &[7; 32]);
        let error = store.save(&StoreKey::new("a", "b"), &saved("x")).await.unwrap_err();
        assert!(matches!(error, StoreError::Io { verb: "written", .. }), "{error:?}");
    }
}
