//! Who is erased is gone: from the store, from its log, from backups, from other processes.

use std::time::{Duration, Instant};

use mcp_memory::{Draft, Edit, Master, Memory, MemoryError, Receipt, Scope};

use crate::support::{Letters, bytes, contains, found, store, user};

fn open(directory: &std::path::Path, encrypt: bool) -> Memory {
    Memory::builder(directory).embedder(Letters).encrypt(encrypt).open().unwrap()
}

/// What is found that has a word in it.
fn of(tenant: &mcp_memory::Tenant, word: &str) -> Vec<String> {
    let mut texts = found(tenant, word);
    texts.retain(|text| text.contains(word));
    texts
}

/// Asks until nothing is pending.
pub(crate) fn until_final(memory: &Memory, receipt: &Receipt) {
    let started = Instant::now();
    while !memory.receipt(receipt).unwrap().is_final() {
        assert!(started.elapsed() < Duration::from_secs(30), "{receipt:?}");
        std::thread::yield_now();
    }
}

/// The sealed bodies and vectors of a user's memories, as the store keeps them.
fn sealed(directory: &std::path::Path, content: &str) -> Vec<Vec<u8>> {
    let db = rusqlite::Connection::open(directory.join("memory.db")).unwrap();
    let query = "SELECT body FROM memory UNION ALL SELECT body FROM past UNION ALL SELECT vector FROM memory";
    let mut select = db.prepare(query).unwrap();
    let all =
        select.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap().map(Result::unwrap).collect::<Vec<_>>();
    assert!(all.len() > 3, "{content}");
    all
}

#[test]
fn nothing_of_an_erased_user_is_left_in_any_file() {
    for encrypt in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let memory = open(directory.path(), encrypt);
        let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
        let team = Scope::Workspace("team".into());
        let own = store(&ann, "annsecret in private");
        let mut edit = Edit::default();
        edit.content = Some("annsecret, changed".into());
        ann.update(&own, edit).unwrap();
        ann.store(&team, Draft::new("annsecret for the team").tag("annsecret").session("annsecret")).unwrap();
        let before = sealed(directory.path(), "annsecret");
        store(&bob, "bobsecret in private");
        bob.store(&team, Draft::new("bobsecret for the team")).unwrap();
        assert_eq!(contains(&bytes(directory.path()), "annsecret"), !encrypt);

        let receipt = memory.erase("acme", "ann").unwrap();
        assert_eq!((receipt.memories, receipt.versions), (2, 1));
        until_final(&memory, &receipt);
        let after = bytes(directory.path());
        assert!(!contains(&after, "annsecret"));
        assert!(before.iter().all(|value| !contains(&after, value)));
        assert!(of(&ann, "annsecret").is_empty());
        assert_eq!(of(&bob, "bobsecret").len(), 2);
        // They may come back, and are somebody new.
        store(&ann, "annsecret again");
        assert_eq!(of(&ann, "annsecret"), ["annsecret again"]);
        assert_eq!(memory.erase("acme", "nobody").unwrap().memories, 0);
        drop((ann, bob, memory));
        let memory = open(directory.path(), encrypt);
        assert_eq!(of(&user(&memory, "acme", "ann"), "annsecret"), ["annsecret again"]);
        assert_eq!(of(&user(&memory, "acme", "bob"), "bobsecret").len(), 2);
    }
}

#[test]
fn a_backup_brings_back_all_but_who_was_erased() {
    for encrypt in [true, false] {
        let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let copy = elsewhere.path().join("monday.backup");
        {
            let memory = open(directory.path(), encrypt);
            let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
            let id = store(&ann, "annsecret one");
            store(&ann, "annsecret two");
            let kept = store(&bob, "bobsecret one");
            for id in [(&ann, id), (&bob, kept)] {
                id.0.update(&id.1, Edit::default()).unwrap();
            }
            memory.backup(&copy).unwrap();
            assert!(matches!(memory.backup(&copy), Err(MemoryError::Invalid { field: "to", .. })));
            store(&bob, "bobsecret two");
            let restored = Memory::restore(directory.path(), &copy, &Master::None, encrypt);
            assert!(matches!(restored, Err(MemoryError::Invalid { field: "directory", .. })));
            memory.erase("acme", "ann").unwrap();
        }
        // A backup is sealed whatever the memory is: the key is all there is to destroy.
        let backup = std::fs::read(&copy).unwrap();
        assert!(!contains(&backup, "secret"));
        let restored = Memory::restore(directory.path(), &copy, &Master::None, encrypt).unwrap();
        assert_eq!((restored.memories, restored.forgotten), (1, 2));
        assert!(!contains(&bytes(directory.path()), "annsecret"));
        let memory = open(directory.path(), encrypt);
        assert!(of(&user(&memory, "acme", "ann"), "annsecret").is_empty());
        let bob = user(&memory, "acme", "bob");
        let hits = bob.search(&mcp_memory::Search::new("bobsecret")).unwrap().hits;
        assert_eq!(hits.iter().map(|hit| hit.record.content.as_str()).collect::<Vec<_>>(), ["bobsecret one"]);
        assert_eq!(bob.history(&hits[0].record.id).unwrap().len(), 1);
        // The ring of another memory opens no backup.
        let other = tempfile::tempdir().unwrap();
        drop(open(other.path(), encrypt));
        let refused = Memory::restore(other.path(), &copy, &Master::None, encrypt).unwrap_err();
        assert_eq!(refused.to_string(), "key ring: it is the ring of another memory");
        drop(open(other.path(), encrypt));
    }
}
