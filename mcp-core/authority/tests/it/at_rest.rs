//! Signing keys in a file: who has the file has no key, and who has the right store key has all of them.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use jsonwebtoken::decode_header;
use mcp_authority::store::{SqliteStore, Store as _, StoredKey};
use mcp_authority::{Algorithm, AuthorityBuilder, BuildError};
use parking_lot::Mutex;
use rusqlite::Connection;
use tempfile::TempDir;

use super::world::{World, builder};

const FIRST: [u8; 32] = *b"the first key of this test store";
const SECOND: [u8; 32] = *b"another key of this test's store";

/// The layout before keys could be sealed.
const FORMAT_1: &str = "
    CREATE TABLE client (
        id TEXT PRIMARY KEY, document TEXT NOT NULL, secret BLOB, issued INTEGER NOT NULL, expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX client_expires ON client (expires);
    CREATE TABLE code (
        digest BLOB PRIMARY KEY, code TEXT NOT NULL, org TEXT NOT NULL, user TEXT NOT NULL, used INTEGER,
        expires INTEGER NOT NULL, forgotten INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE grants (
        id TEXT PRIMARY KEY, body TEXT NOT NULL, org TEXT NOT NULL, user TEXT NOT NULL, expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX grants_person ON grants (org, user);
    CREATE TABLE token (
        number INTEGER PRIMARY KEY AUTOINCREMENT, digest BLOB NOT NULL UNIQUE,
        grant_id TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE, parent BLOB, used INTEGER,
        expires INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX token_grant ON token (grant_id);
    CREATE INDEX token_parent ON token (parent) WHERE parent IS NOT NULL;
    CREATE TABLE revoked (id TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE signing_key (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, algorithm TEXT NOT NULL, pkcs8 BLOB NOT NULL,
        created INTEGER NOT NULL, retired INTEGER
    ) STRICT;
    PRAGMA user_version = 1;
";

/// A folder with a store.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("authority.db")
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(self.path()).unwrap()
    }

    fn builder(&self, keys: &[(&str, &[u8; 32])]) -> AuthorityBuilder {
        with(builder().store(self.open()), keys)
    }

    async fn world(&self, keys: &[(&str, &[u8; 32])]) -> World {
        World::of(self.builder(keys)).await
    }

    async fn keys(&self) -> Vec<StoredKey> {
        self.open().keys().await.unwrap()
    }

    /// What is in all files of the store, the write-ahead log too.
    fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.0.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// Changes the body of a signing key behind the back of the store.
    fn change(&self, number: i64, change: impl FnOnce(Vec<u8>) -> Vec<u8>) {
        let file = Connection::open(self.path()).unwrap();
        let read = "SELECT body FROM signing_key WHERE number = ?";
        let body = file.query_row(read, [number], |row| row.get(0)).unwrap();
        let write = "UPDATE signing_key SET body = ? WHERE number = ?";
        assert_eq!(file.execute(write, (change(body), number)).unwrap(), 1);
    }
}

fn with(builder: AuthorityBuilder, keys: &[(&str, &[u8; 32])]) -> AuthorityBuilder {
    keys.iter().fold(builder, |builder, (id, key)| builder.store_key(*id, key))
}

/// Whether any part of 24 bytes is there, so that no key could be put together.
fn holds(all: &[u8], secret: &[u8]) -> bool {
    let parts: HashSet<_> = secret.windows(24).collect();
    assert!(!parts.is_empty());
    all.windows(24).any(|window| parts.contains(window))
}

/// Opens a sealed key without our code: the format is a promise.
fn plain(stored: &StoredKey, key: &[u8; 32]) -> Vec<u8> {
    let id = stored.sealed.as_ref().unwrap();
    let mut aad = (id.len() as u64).to_be_bytes().to_vec();
    aad.extend([id.as_bytes(), stored.id.as_bytes()].concat());
    let (nonce, msg) = stored.body.split_first_chunk::<12>().unwrap();
    let cipher = Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key));
    cipher.decrypt(&Nonce::from(*nonce), Payload { msg, aad: &aad }).unwrap()
}

/// The private number of a P-256 key in PKCS#8 (RFC 5915): 32 bytes after its version.
fn scalar(pkcs8: &[u8]) -> &[u8] {
    let mark = [2, 1, 1, 4, 32];
    let at = pkcs8.windows(5).position(|window| window == mark).unwrap() + 5;
    &pkcs8[at..at + 32]
}

#[tokio::test]
async fn no_private_key_is_in_the_file_or_its_log() {
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let place = Place::new();
        let world = World::of(place.builder(&[("first", &FIRST)]).algorithm(algorithm)).await;
        world.authority.rotate_key().await.unwrap();
        world.tokens().await;
        let while_it_runs = place.bytes();
        assert!(std::fs::metadata(place.path().with_extension("db-wal")).unwrap().len() > 0);
        drop(world);
        let keys = place.keys().await;
        assert_eq!(keys.len(), 2);
        for key in keys {
            let pkcs8 = plain(&key, &FIRST);
            assert!(holds(&while_it_runs, &key.body), "the test looks at the right bytes");
            assert!(!holds(&while_it_runs, &pkcs8) && !holds(&place.bytes(), &pkcs8), "{algorithm:?}");
            assert!(!format!("{key:?}").contains(&format!("{:?}", &key.body[..4])));
        }
    }
    // The same search finds what is not sealed.
    let place = Place::new();
    drop(place.world(&[]).await);
    let key = place.keys().await.remove(0);
    assert!(key.sealed.is_none() && holds(&place.bytes(), scalar(&key.body)));
}

#[tokio::test]
async fn a_store_of_the_first_format_is_taken_over_and_sealed_without_a_trace() {
    let place = Place::new();
    let old = Connection::open(place.path()).unwrap();
    old.pragma_update(None, "journal_mode", "WAL").unwrap();
    old.pragma_update(None, "secure_delete", true).unwrap();
    old.execute_batch(FORMAT_1).unwrap();
    // Keys as the first format had them, of both sizes.
    let mut private = Vec::new();
    let scratch = Place::new();
    for algorithm in [Algorithm::Rs256, Algorithm::Es256] {
        drop(World::of(scratch.builder(&[]).algorithm(algorithm)).await);
    }
    for key in scratch.keys().await {
        let columns =
            (key.id, key.algorithm, key.body.clone(), key.created as i64, key.retired.map(|at| at as i64));
        let add = "INSERT INTO signing_key (id, algorithm, pkcs8, created, retired) VALUES (?, ?, ?, ?, ?)";
        old.execute(add, columns).unwrap();
        private.push(key.body);
    }
    let revoked = "INSERT INTO revoked (id, until) VALUES ('gone', 4000000000)";
    old.execute(revoked, []).unwrap();
    drop(old);
    assert!(private.iter().all(|key| holds(&place.bytes(), key)));

    // As it is, it still works.
    let world = place.world(&[]).await;
    let (token, _) = world.tokens().await;
    drop(world);
    let version = |place: &Place| {
        let file = Connection::open(place.path()).unwrap();
        file.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(version(&place), 2);
    let layout = |place: &Place| {
        let file = Connection::open(place.path()).unwrap();
        let mut query = file.prepare("SELECT name, type FROM pragma_table_info('signing_key')").unwrap();
        let all = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        all.collect::<Result<Vec<(String, String)>, _>>().unwrap()
    };
    assert_eq!(layout(&place), layout(&scratch), "a new file and an old one are the same");

    let world = place.world(&[("first", &FIRST)]).await;
    assert!(private.iter().all(|key| !holds(&place.bytes(), key)), "while it runs");
    assert_eq!(world.introspect(&token).await["active"], true);
    drop(world);
    assert!(private.iter().all(|key| !holds(&place.bytes(), key)), "afterwards");
    let keys = place.keys().await;
    assert!(keys.iter().zip(&private).all(|(key, private)| plain(key, &FIRST) == *private));
    assert!(place.open().is_token_revoked("gone").await.unwrap());
}

#[tokio::test]
async fn another_store_key_takes_over_all_keys() {
    let place = Place::new();
    let world = place.world(&[("first", &FIRST)]).await;
    let (old, _) = world.tokens().await;
    world.authority.rotate_key().await.unwrap();
    let (new, _) = world.tokens().await;
    drop(world);
    let before = place.keys().await;

    let world = place.world(&[("second", &SECOND), ("first", &FIRST)]).await;
    for token in [&old, &new] {
        assert_eq!(world.introspect(token).await["active"], true);
    }
    drop(world);
    let after = place.keys().await;
    assert_eq!(after.len(), 2);
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(after.sealed.as_deref(), Some("second"));
        assert_eq!(plain(before, &FIRST), plain(after, &SECOND));
        assert_eq!((&before.id, before.created, before.retired), (&after.id, after.created, after.retired));
        assert!(!holds(&place.bytes(), &before.body), "what the first key opens is gone");
    }

    // The first is not needed any more, and nothing is written where nothing has to be.
    let world = place.world(&[("second", &SECOND)]).await;
    assert_eq!(decode_header(&world.tokens().await.0).unwrap().kid, decode_header(&new).unwrap().kid);
    drop(world);
    assert_eq!(place.keys().await, after);
}

#[tokio::test]
async fn a_wrong_key_a_missing_key_and_a_changed_byte_stop_it_and_change_nothing() {
    let place = Place::new();
    let world = place.world(&[("first", &FIRST)]).await;
    world.authority.rotate_key().await.unwrap();
    drop(world);
    let before = place.keys().await;
    let refused = async |keys: &[(&str, &[u8; 32])]| {
        // Also where another algorithm would want a new key.
        let mut last = None;
        for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
            last = Some(place.builder(keys).algorithm(algorithm).build().await.unwrap_err());
        }
        last.unwrap()
    };
    let id = &before[0].id;
    for missing in [&[] as &[_], &[("second", &SECOND)]] {
        let error = refused(missing).await;
        assert!(matches!(error, BuildError::NoStoreKey { .. }));
        let expect = format!("the signing key `{id}` is encrypted under the store key `first`: add that");
        assert!(error.to_string().starts_with(&expect), "{error}");
        assert_eq!(place.keys().await, before);
    }
    for wrong in [&[("first", &SECOND)] as &[_], &[("second", &FIRST), ("first", &SECOND)]] {
        let error = refused(wrong).await;
        assert!(matches!(error, BuildError::NotAuthentic { .. }));
        let expect = format!("authentication of the signing key `{id}` under the store key `first` failed");
        assert!(error.to_string().starts_with(&expect), "{error}");
        assert_eq!(place.keys().await, before);
    }
    // One byte of the second key; the first is good. With a new store key, none of the two is rewritten.
    place.change(2, |mut body| {
        body[40] ^= 1;
        body
    });
    let changed = place.keys().await;
    for keys in [&[("first", &FIRST)] as &[_], &[("second", &SECOND), ("first", &FIRST)]] {
        let error = refused(keys).await;
        let expect = format!("authentication of the signing key `{}`", before[1].id);
        assert!(error.to_string().starts_with(&expect), "{error}");
        assert_eq!(place.keys().await, changed);
    }
}

#[tokio::test]
async fn a_row_does_not_pass_for_another_one() {
    let place = Place::new();
    let world = place.world(&[("first", &FIRST)]).await;
    world.authority.rotate_key().await.unwrap();
    drop(world);
    let first = place.keys().await.remove(0).body;
    place.change(2, |_| first);
    let error = place.builder(&[("first", &FIRST)]).build().await.unwrap_err();
    assert!(matches!(error, BuildError::NotAuthentic { .. }), "{error}");
}

#[tokio::test]
async fn keys_for_the_store_have_names_of_their_own() {
    let error = builder().store_key("a", &FIRST).store_key("a", &SECOND).build().await.unwrap_err();
    assert_eq!(error.to_string(), "the store key `a` cannot be used: there are two with this name");
    let shown = format!("{:?}", builder().store_key("a", &FIRST));
    assert!(!shown.contains("the first key") && !shown.contains(&format!("{:?}", &FIRST[..4])));
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_durable_store_without_a_key_is_warned_of_once() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let warned = || {
        let text = String::from_utf8(std::mem::take(&mut *lines.0.lock())).unwrap();
        assert!(!text.contains("the first key"));
        text.matches("signing keys are stored as they are").count()
    };
    let place = Place::new();
    let world = place.world(&[]).await;
    world.tokens().await;
    world.authority.rotate_key().await.unwrap();
    drop(world);
    assert_eq!(warned(), 1);
    place.world(&[("first", &FIRST)]).await.tokens().await;
    World::start().await.tokens().await;
    assert_eq!(warned(), 0);
}

#[tokio::test]
async fn what_a_killed_process_left_in_the_log_is_gone_at_the_next_start() {
    let place = Place::new();
    drop(place.world(&[]).await);
    let private = place.keys().await.remove(0).body;
    // As it is right after the keys were sealed, before the log was emptied: copied files, as a kill leaves them.
    let killed = Place::new();
    {
        let connection = Connection::open(place.path()).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        connection.pragma_update(None, "secure_delete", true).unwrap();
        let store = |body: &[u8]| connection.execute("UPDATE signing_key SET body = ?", [body]).unwrap();
        store(&private);
        store(&vec![7; private.len() + 28]);
        copy(place.0.path(), killed.0.path());
    }
    assert!(holds(&killed.bytes(), &private), "it is in the log");
    let _open = killed.open();
    assert!(!holds(&killed.bytes(), &private));
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
