//! The key ring: a file or a database of its own, which no backup of the data holds.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::seal::{Cipher, Lookup, random};
use crate::MemoryError;
use crate::keys::{KeyEntry, KeyPurpose};
use crate::store::sql::{Db, For, Location, values};

/// A key of the ring.
pub(crate) type KeyId = i64;

/// Who has the look-up key: there is one.
const LOOKUP: &[u8] = b"lookup";
const CHECK: &[u8] = b"mcp-memory key ring";
/// Written anew in PostgreSQL, so that no file of it has a destroyed key.
const TABLES: &[&str] = &["(FULL) key", "(FULL) ring"];
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS ring (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS key (id INTEGER PRIMARY KEY AUTOINCREMENT, owner BLOB UNIQUE, wrapped BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS covers (key INTEGER NOT NULL, subject BLOB NOT NULL, PRIMARY KEY (key, subject)) WITHOUT ROWID;
";

/// Of whom nothing may be deleted; and who is being erased.
const SUBJECTS: &str = "
CREATE TABLE IF NOT EXISTS held (subject BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erasing (subject BLOB PRIMARY KEY) WITHOUT ROWID;
";

/// The key that all keys of a ring are wrapped with. It is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key as 64 hexadecimal digits; white space around them does not count.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_hex(text: &str) -> Result<Self, MemoryError> {
        let text = text.trim().as_bytes();
        let (pairs, rest) = text.as_chunks::<2>();
        let wrong = MemoryError::Keys {
            problem: "the master key must be 64 hexadecimal digits, as `openssl rand -hex 32` prints them",
        };
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(wrong);
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
            let [Some(high), Some(low)] = pair.map(digit) else { return Err(wrong) };
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }

    /// Two keys that are made of it: to seal with, and to look up by.
    pub(crate) fn derived(&self) -> ([u8; 32], [u8; 32]) {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &self.0);
        let of = |name: &str| {
            let mut derived = [0; 32];
            let tag = aws_lc_rs::hmac::sign(&key, name.as_bytes());
            derived.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
            derived
        };
        (of("mcp-memory seal"), of("mcp-memory lookup"))
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.0 = [0; 32];
        std::hint::black_box(&self.0);
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Gives the master key: from a vault, a key service, an agent.
pub trait KeyProvider: Send + Sync + 'static {
    /// The master key.
    ///
    /// # Errors
    /// It cannot be had now.
    fn master(&self) -> Result<MasterKey, MemoryError>;
}

/// Where the master key comes from.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Master {
    /// Nowhere: whoever reads the key ring's file reads everything. Backups of the data alone are unreadable still.
    #[default]
    None,
    /// The key itself.
    Key(MasterKey),
    /// A file with 64 hexadecimal digits.
    File(PathBuf),
    /// An environment variable with 64 hexadecimal digits.
    Environment(String),
    /// Something else.
    Provider(Arc<dyn KeyProvider>),
}

impl Master {
    fn cipher(&self) -> Result<Cipher, MemoryError> {
        let key = match self {
            Self::None => return Ok(Cipher::Plain),
            Self::Key(key) => key.clone(),
            Self::File(path) => MasterKey::from_hex(
                &std::fs::read_to_string(path)
                    .map_err(MemoryError::doing("opened: the file of the master key"))?,
            )?,
            Self::Environment(name) => MasterKey::from_hex(&std::env::var(name).map_err(|_| {
                MemoryError::Keys { problem: "the environment variable with the master key is not set" }
            })?)?,
            Self::Provider(provider) => provider.master()?,
        };
        Cipher::new(&key.0)
    }
}

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Key(_) => "Key(…)",
            Self::File(_) => "File(…)",
            Self::Environment(_) => "Environment(…)",
            Self::Provider(_) => "Provider(…)",
        })
    }
}

/// Keys by subject, in a place that several processes may have open.
pub(crate) struct KeyRing {
    db: Mutex<Db>,
    master: Mutex<Cipher>,
    encrypt: bool,
    lookup: Lookup,
    store: [u8; 16],
    known: Mutex<HashMap<KeyId, Arc<Cipher>>>,
    owners: Mutex<HashMap<[u8; 16], KeyId>>,
}

impl KeyRing {
    /// Opens a ring, or makes a new one.
    pub(crate) fn open(location: &Location, master: &Master, encrypt: bool) -> Result<Self, MemoryError> {
        let cipher = master.cipher()?;
        let failed = MemoryError::doing("opened: its key ring");
        let db = location.open().map_err(&failed)?;
        if let Some(path) = location.as_file() {
            restrict(path)?;
        }
        let transaction = db.begin(For::Writing).map_err(&failed)?;
        transaction.define(SCHEMA).map_err(&failed)?;
        transaction.define(SUBJECTS).map_err(&failed)?;
        let value = |name: &str| {
            let query = "SELECT value FROM ring WHERE name = ?1";
            transaction.first(query, values![name], |row| row.get::<Vec<u8>>(0)).map_err(&failed)
        };
        let keep = |name: &str, value: &[u8]| {
            let insert = "INSERT INTO ring (name, value) VALUES (?1, ?2)";
            transaction.execute(insert, values![name, value]).map(drop).map_err(&failed)
        };
        let (store, lookup) = match (value("store")?, value("check")?) {
            (Some(store), Some(check)) => {
                let store: [u8; 16] = store
                    .try_into()
                    .map_err(|_| MemoryError::Damaged { what: "the key ring's identifier" })?;
                if cipher.open(&store, &check).ok().as_deref() != Some(CHECK) {
                    return Err(MemoryError::Keys {
                        problem: "the master key is not the one that the ring was made with",
                    });
                }
                let problem = "it has no look-up key";
                let lookup = current(&transaction, LOOKUP)?.ok_or(MemoryError::Keys { problem })?;
                (store, read(&transaction, &cipher, &store, lookup)?)
            }
            _ => {
                let (store, lookup) = (random()?, random()?);
                keep("store", &store)?;
                keep("check", &cipher.seal(&store, CHECK)?)?;
                write(&transaction, &cipher, &store, LOOKUP, &lookup)?;
                (store, lookup)
            }
        };
        transaction.commit().map_err(&failed)?;
        Ok(Self {
            db: Mutex::new(db),
            master: Mutex::new(cipher),
            encrypt,
            lookup: Lookup::new(&lookup),
            store,
            known: Mutex::default(),
            owners: Mutex::default(),
        })
    }

    /// The store that the ring belongs to.
    pub(crate) const fn store(&self) -> &[u8; 16] {
        &self.store
    }

    pub(crate) const fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// Who the memories of a user of an organisation are erased with.
    pub(crate) fn subject(&self, org: &str, user: &str) -> [u8; 16] {
        self.lookup.of("subject", &[org.as_bytes(), user.as_bytes()])
    }

    /// The key of an owner, which gets one if it has none.
    pub(crate) fn key_of(&self, owner: &[u8; 16]) -> Result<(KeyId, Arc<Cipher>), MemoryError> {
        let known = self.owners.lock().get(owner).copied();
        if let Some(id) = known {
            return Ok((id, self.cipher(id)?));
        }
        let failed = MemoryError::doing("written: its key ring");
        let db = self.db.lock();
        // Whose key is there makes nobody wait.
        let id = match current(&db, owner)? {
            Some(id) => id,
            None => {
                let transaction = db.begin(For::Writing).map_err(&failed)?;
                let id = found_or_made(&transaction, &self.master.lock(), &self.store, owner)?;
                transaction.commit().map_err(&failed)?;
                id
            }
        };
        drop(db);
        self.owners.lock().insert(*owner, id);
        Ok((id, self.cipher(id)?))
    }

    /// The key of an owner that is destroyed with any of some subjects, and those that it was asked for before; nothing if keys were
    /// destroyed since an epoch: what is going to be sealed may be of who is gone.
    pub(crate) fn covering(
        &self,
        owner: &[u8; 16],
        subjects: &[[u8; 16]],
        since: i64,
    ) -> Result<Option<(KeyId, Cipher)>, MemoryError> {
        let failed = MemoryError::doing("written: its key ring");
        let db = self.db.lock();
        let transaction = db.begin(For::Writing).map_err(&failed)?;
        // INVARIANT: looked at within the transaction that makes the key known. Who is erased later takes it along.
        if epoch(&transaction)? != since {
            return Ok(None);
        }
        let master = self.master.lock();
        let id = found_or_made(&transaction, &master, &self.store, owner)?;
        for subject in subjects {
            let insert = "INSERT INTO covers (key, subject) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            transaction.execute(insert, values![id, subject]).map_err(&failed)?;
        }
        let key = read(&transaction, &master, &self.store, id)?;
        transaction.commit().map_err(&failed)?;
        // Sealed also where memories are not.
        Ok(Some((id, Cipher::new(&key)?)))
    }

    /// How often keys were destroyed.
    pub(crate) fn epoch(&self) -> Result<i64, MemoryError> {
        epoch(&self.db.lock())
    }

    /// All keys that there are.
    pub(crate) fn ids(&self) -> Result<HashSet<KeyId>, MemoryError> {
        let failed = MemoryError::doing("read: its key ring");
        let ids = self.db.lock().query("SELECT id FROM key", &[], |row| row.get(0)).map_err(&failed)?;
        Ok(ids.into_iter().collect())
    }

    /// All keys, with what they are for.
    pub(crate) fn entries(&self) -> Result<Vec<KeyEntry>, MemoryError> {
        let query =
            "SELECT id, owner, (SELECT count(*) FROM covers WHERE covers.key = key.id) FROM key ORDER BY id";
        let db = self.db.lock();
        let entries = db.query(query, &[], |row| {
            let (id, owner, covers): (KeyId, Option<Vec<u8>>, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let purpose = match owner {
                Some(owner) if owner == LOOKUP => KeyPurpose::Lookup,
                _ if covers > 0 => KeyPurpose::Derived,
                _ => KeyPurpose::Owner,
            };
            Ok(KeyEntry { id, purpose })
        });
        entries.map_err(MemoryError::doing("read: its key ring"))
    }

    /// The cipher of a key, also where values are left in clear.
    pub(crate) fn sealing_cipher(&self, id: KeyId) -> Result<Cipher, MemoryError> {
        Cipher::new(&read(&self.db.lock(), &self.master.lock(), &self.store, id)?)
    }

    pub(crate) const fn encrypts(&self) -> bool {
        self.encrypt
    }

    /// Forgets which keys there are: another process may have destroyed some.
    pub(crate) fn forget(&self) {
        self.known.lock().clear();
        self.owners.lock().clear();
    }

    /// The cipher of a key.
    pub(crate) fn cipher(&self, id: KeyId) -> Result<Arc<Cipher>, MemoryError> {
        if let Some(known) = self.known.lock().get(&id) {
            return Ok(Arc::clone(known));
        }
        let key = read(&self.db.lock(), &self.master.lock(), &self.store, id)?;
        let cipher = Arc::new(if self.encrypt { Cipher::new(&key)? } else { Cipher::Plain });
        self.known.lock().insert(id, Arc::clone(&cipher));
        Ok(cipher)
    }

    /// Destroys the key of an owner: what was sealed with it is lost, wherever it is. Returns the epoch that begins with it.
    pub(crate) fn destroy(&self, owner: &[u8; 16]) -> Result<i64, MemoryError> {
        let failed = MemoryError::doing("written: its key ring");
        let db = self.db.lock();
        let transaction = db.begin(For::Writing).map_err(&failed)?;
        if held(&transaction)?.contains(owner) {
            return Err(MemoryError::Held);
        }
        let next = epoch(&transaction)?.saturating_add(1);
        let delete = "DELETE FROM key WHERE owner = ?1 RETURNING id";
        let gone: Option<KeyId> =
            transaction.first(delete, values![owner], |row| row.get(0)).map_err(&failed)?;
        for delete in [
            "INSERT INTO erasing (subject) VALUES (?1) ON CONFLICT DO NOTHING",
            "DELETE FROM key WHERE id IN (SELECT key FROM covers WHERE subject = ?1)",
            "DELETE FROM covers WHERE key IN (SELECT key FROM covers WHERE subject = ?1)",
        ] {
            transaction.execute(delete, values![owner]).map_err(&failed)?;
        }
        let keep = "INSERT INTO ring (name, value) VALUES ('epoch', ?1)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        transaction.execute(keep, values![next.to_le_bytes()]).map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        db.clear_deleted(TABLES).map_err(&failed)?;
        if let Some(id) = gone {
            self.known.lock().remove(&id);
        }
        self.owners.lock().remove(owner);
        Ok(next)
    }

    /// The subjects whose keys were destroyed, and whose memories may be there still.
    pub(crate) fn erasing(&self) -> Result<HashSet<[u8; 16]>, MemoryError> {
        subjects(&self.db.lock(), "SELECT subject FROM erasing")
    }

    /// Notes that nothing of a subject is left that was sealed with a destroyed key.
    pub(crate) fn erased(&self, subject: &[u8; 16]) -> Result<(), MemoryError> {
        let failed = MemoryError::doing("written: its key ring");
        let db = self.db.lock();
        let transaction = db.begin(For::Writing).map_err(&failed)?;
        let delete = "DELETE FROM erasing WHERE subject = ?1";
        transaction.execute(delete, values![subject]).map_err(&failed)?;
        transaction.commit().map_err(&failed)
    }

    /// The key that an owner has now, if any.
    pub(crate) fn current(&self, owner: &[u8; 16]) -> Result<Option<KeyId>, MemoryError> {
        current(&self.db.lock(), owner)
    }

    /// The subjects of whom nothing may be deleted. They stand here, where no restore of the data changes them.
    pub(crate) fn held(&self) -> Result<HashSet<[u8; 16]>, MemoryError> {
        held(&self.db.lock())
    }

    /// Puts a subject among those of whom nothing may be deleted, or takes them out; says whether they were not there, or were.
    pub(crate) fn hold(&self, subject: &[u8; 16], at: Option<i64>) -> Result<bool, MemoryError> {
        let failed = MemoryError::doing("written: its key ring");
        let db = self.db.lock();
        let transaction = db.begin(For::Writing).map_err(&failed)?;
        let insert = "INSERT INTO held (subject, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let changed = match at {
            Some(at) => transaction.execute(insert, values![subject, at]),
            None => transaction.execute("DELETE FROM held WHERE subject = ?1", values![subject]),
        };
        let changed = changed.map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        Ok(changed > 0)
    }

    /// Wraps all keys with another master key.
    pub(crate) fn rewrap(&self, master: &Master) -> Result<usize, MemoryError> {
        let failed = MemoryError::doing("written: its key ring");
        let new = master.cipher()?;
        let db = self.db.lock();
        let mut old = self.master.lock();
        let transaction = db.begin(For::Writing).map_err(&failed)?;
        let ids = transaction.query("SELECT id FROM key", &[], |row| row.get(0)).map_err(&failed)?;
        for id in &ids {
            let key = read(&transaction, &old, &self.store, *id)?;
            let wrapped = new.seal(&bound(&self.store, *id), &key)?;
            transaction
                .execute("UPDATE key SET wrapped = ?2 WHERE id = ?1", values![id, wrapped])
                .map_err(&failed)?;
        }
        let check = new.seal(&self.store, CHECK)?;
        transaction
            .execute("UPDATE ring SET value = ?1 WHERE name = 'check'", values![check])
            .map_err(&failed)?;
        transaction.commit().map_err(&failed)?;
        db.clear_deleted(TABLES).map_err(&failed)?;
        *old = new;
        Ok(ids.len())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("encrypt", &self.encrypt).finish_non_exhaustive()
    }
}

/// Whether the keys are still wrapped with a master key: another process may have changed it.
fn check(db: &Db, master: &Cipher, store: &[u8; 16]) -> Result<(), MemoryError> {
    let query = "SELECT value FROM ring WHERE name = 'check'";
    let value: Vec<u8> =
        db.one(query, &[], |row| row.get(0)).map_err(MemoryError::doing("read: its key ring"))?;
    if master.open(store, &value).ok().as_deref() == Some(CHECK) {
        return Ok(());
    }
    Err(MemoryError::Keys { problem: "the master key was changed: open the memory again with the new one" })
}

fn epoch(db: &Db) -> Result<i64, MemoryError> {
    let failed = MemoryError::doing("read: its key ring");
    let query = "SELECT value FROM ring WHERE name = 'epoch'";
    let found: Option<[u8; 8]> = db.first(query, &[], |row| row.get(0)).map_err(&failed)?;
    Ok(found.map_or(0, i64::from_le_bytes))
}

/// The key that an owner has, if any.
fn current(db: &Db, owner: &[u8]) -> Result<Option<KeyId>, MemoryError> {
    let query = "SELECT id FROM key WHERE owner = ?1";
    db.first(query, values![owner], |row| row.get(0)).map_err(MemoryError::doing("read: its key ring"))
}

/// The key of an owner, which gets one if it has none.
fn found_or_made(db: &Db, master: &Cipher, store: &[u8; 16], owner: &[u8; 16]) -> Result<KeyId, MemoryError> {
    if let Some(id) = current(db, owner)? {
        return Ok(id);
    }
    check(db, master, store)?;
    write(db, master, store, owner, &random()?)
}

fn held(db: &Db) -> Result<HashSet<[u8; 16]>, MemoryError> {
    subjects(db, "SELECT subject FROM held")
}

fn subjects(db: &Db, query: &str) -> Result<HashSet<[u8; 16]>, MemoryError> {
    let all = db.query(query, &[], |row| row.get(0)).map_err(MemoryError::doing("read: its key ring"))?;
    Ok(all.into_iter().collect())
}

fn bound(store: &[u8; 16], id: KeyId) -> Vec<u8> {
    [&store[..], &id.to_le_bytes()].concat()
}

fn read(db: &Db, master: &Cipher, store: &[u8; 16], id: KeyId) -> Result<[u8; 32], MemoryError> {
    let query = "SELECT wrapped FROM key WHERE id = ?1";
    let wrapped: Option<Vec<u8>> =
        db.first(query, values![id], |row| row.get(0)).map_err(MemoryError::doing("read: its key ring"))?;
    let Some(wrapped) = wrapped else {
        return Err(MemoryError::Keys { problem: "a key is gone: its subject was erased" });
    };
    let key = master.open(&bound(store, id), &wrapped)?;
    key.try_into().map_err(|_| MemoryError::Damaged { what: "a key of the ring" })
}

/// Adds a key.
fn write(
    db: &Db,
    master: &Cipher,
    store: &[u8; 16],
    owner: &[u8],
    key: &[u8; 32],
) -> Result<KeyId, MemoryError> {
    let failed = MemoryError::doing("written: its key ring");
    // The wrapping is bound to the number, which is known only then.
    let insert = "INSERT INTO key (owner, wrapped) VALUES (?1, ?2) RETURNING id";
    let id = db.one(insert, values![owner, [0u8; 0]], |row| row.get(0)).map_err(&failed)?;
    let wrapped = master.seal(&bound(store, id), key)?;
    db.execute("UPDATE key SET wrapped = ?2 WHERE id = ?1", values![id, wrapped]).map_err(&failed)?;
    Ok(id)
}

/// Lets nobody but the owner read a file.
fn restrict(path: &Path) -> Result<(), MemoryError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .map_err(MemoryError::doing("opened: its key ring"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> Master {
        Master::Key(MasterKey::new([byte; 32]))
    }

    #[test]
    fn a_ring_opens_with_its_master_key_only_and_lets_it_be_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = Location::File(folder.path().join("keys.db"));
        let ring = KeyRing::open(&path, &key(1), true).unwrap();
        let (id, cipher) = ring.key_of(&[9; 16]).unwrap();
        let sealed = cipher.seal(b"b", b"secret").unwrap();
        let wrong = KeyRing::open(&path, &key(2), true).unwrap_err();
        assert!(wrong.to_string().contains("master key"), "{wrong}");
        assert!(KeyRing::open(&path, &Master::None, true).is_err());
        let other = KeyRing::open(&path, &key(1), true).unwrap();
        // The look-up key is one of them.
        assert_eq!(ring.rewrap(&key(2)).unwrap(), 2);
        // Whoever has it open still makes no keys that nobody could read.
        assert!(other.key_of(&[8; 16]).unwrap_err().to_string().contains("changed"));
        assert!(KeyRing::open(&path, &key(1), true).is_err());
        let again = KeyRing::open(&path, &key(2), true).unwrap();
        assert_eq!(again.store(), ring.store());
        assert_eq!(again.lookup().of("t", &[b"x"]), ring.lookup().of("t", &[b"x"]));
        assert_eq!(again.key_of(&[9; 16]).unwrap().0, id);
        assert_eq!(again.cipher(id).unwrap().open(b"b", &sealed).unwrap(), b"secret");
    }

    #[test]
    fn a_key_that_is_destroyed_is_gone_from_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = Location::File(folder.path().join("keys.db"));
        let ring = KeyRing::open(&path, &Master::None, true).unwrap();
        let (id, _) = ring.key_of(&[3; 16]).unwrap();
        let bytes = read(&ring.db.lock(), &ring.master.lock(), &ring.store, id).unwrap();
        let is_there = || {
            std::fs::read_dir(folder.path()).unwrap().any(|file| {
                let bytes_of_file = std::fs::read(file.unwrap().path()).unwrap();
                bytes_of_file.windows(32).any(|window| window == bytes)
            })
        };
        assert!(is_there());
        assert_eq!((ring.epoch().unwrap(), ring.destroy(&[3; 16]).unwrap()), (0, 1));
        assert!(!is_there());
        assert_eq!((ring.destroy(&[3; 16]).unwrap(), ring.epoch().unwrap()), (2, 2));
        assert!(matches!(ring.cipher(id), Err(MemoryError::Keys { .. })));
        // Its successor is another.
        assert_ne!(ring.key_of(&[3; 16]).unwrap().0, id);
    }

    #[test]
    fn master_keys_are_read_as_openssl_prints_them() {
        assert!(MasterKey::from_hex(&format!(" {}\n", "0a".repeat(32))).is_ok());
        for wrong in ["", "0a", &"0".repeat(63), &"g".repeat(64), &"0".repeat(66)] {
            assert!(MasterKey::from_hex(wrong).is_err(), "{wrong}");
        }
    }
}
