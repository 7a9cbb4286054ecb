//! A memory and its keys.

use mcp_memory::{Master, MasterKey, MemoryError};

use super::place;
use crate::support::{Letters, Opens as _, found, store, user};

#[test]
fn a_memory_opens_with_its_master_key_only() {
    let directory = place();
    let with = |byte| {
        let master = Master::Key(MasterKey::new([byte; 32]));
        directory.builder().embedder(Letters).master(master).open()
    };
    store(&user(&with(1).unwrap(), "acme", "ann"), "hello");
    assert!(matches!(with(2), Err(MemoryError::Keys { .. })));
    assert!(matches!(directory.builder().open(), Err(MemoryError::Keys { .. })));
    assert_eq!(found(&user(&with(1).unwrap(), "acme", "ann"), "hello"), ["hello"]);
    // Another key ring opens nothing, and says so.
    std::fs::remove_file(directory.path().join("keys.db")).unwrap();
    let other = with(1).unwrap_err().to_string();
    assert!(other.starts_with("key ring: it is the ring of another memory"), "{other}");
}
