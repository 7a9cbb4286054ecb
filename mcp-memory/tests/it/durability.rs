//! What stands in the files.

use mcp_memory::{Draft, Memory, Scope};

use crate::support::{Letters, bytes, contains, found, open, store, user};

#[test]
fn nothing_is_readable_without_the_keys() {
    for encrypt in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        let memory = Memory::builder(directory.path()).embedder(Letters).encrypt(encrypt).open().unwrap();
        let space = Scope::Workspace("secretspace".into());
        let ann = memory.of(mcp_memory::Access::new("secretorg", "secretuser").write(space.clone()));
        let mut draft =
            Draft::new("secretcontent").tag("secrettag").session("secretsession").kind("secrettype");
        draft.metadata.insert("secretkey".into(), "secretvalue".into());
        ann.store(&space, draft).unwrap();
        let all = bytes(directory.path());
        assert_eq!(contains(&all, "secretcontent"), !encrypt);
        assert_eq!(contains(&all, "secret"), !encrypt);
        drop((ann, memory));
        // What is sealed is not taken for clear, nor the other way round.
        let other = Memory::builder(directory.path()).embedder(Letters).encrypt(!encrypt).open().unwrap();
        let ann = other.of(mcp_memory::Access::new("secretorg", "secretuser").write(space));
        assert!(found(&ann, "secretcontent").is_empty());
    }
}

#[test]
fn a_newer_format_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    store(&user(&open(directory.path()), "acme", "ann"), "hello");
    let db = rusqlite::Connection::open(directory.path().join("memory.db")).unwrap();
    db.execute_batch("PRAGMA user_version = 99").unwrap();
    let error = Memory::open(directory.path()).unwrap_err().to_string();
    assert!(error.ends_with("has format 99, and this version reads up to 3"), "{error}");
}

#[test]
fn a_damaged_memory_does_not_hide_the_others() {
    let directory = tempfile::tempdir().unwrap();
    {
        let memory = open(directory.path());
        let ann = user(&memory, "acme", "ann");
        store(&ann, "hello one");
        store(&ann, "hello two");
    }
    let db = rusqlite::Connection::open(directory.path().join("memory.db")).unwrap();
    db.execute_batch("UPDATE memory SET body = zeroblob(length(body)) WHERE ordinal = 0").unwrap();
    drop(db);
    assert_eq!(found(&user(&open(directory.path()), "acme", "ann"), "hello"), ["hello two"]);
}
