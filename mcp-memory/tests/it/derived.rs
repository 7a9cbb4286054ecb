//! What is derived is read again, and does no harm where it cannot be.

use std::fs;
use std::path::{Path, PathBuf};

use mcp_memory::{Draft, Memory, Scope, Search};

use crate::support::{Letters, bytes, contains, found, open, store, user};

/// Enough to be written when a memory is closed.
const MANY: usize = 700;

fn views(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.join("derived")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Two tenants with many memories each, which were searched; closed.
fn filled(directory: &Path, encrypt: bool) {
    let memory = Memory::builder(directory).embedder(Letters).encrypt(encrypt).open().unwrap();
    for name in ["ann", "bob"] {
        let tenant = user(&memory, "acme", name);
        let draft = |number| Draft::new(format!("{name}secret number {number}")).tag(format!("{name}secret"));
        tenant.store_all(&Scope::Private, (0..MANY).map(draft).collect()).unwrap();
        assert_eq!(found(&tenant, "secret number 17").len(), 10);
    }
}

/// What both tenants find.
fn answers(memory: &Memory) -> Vec<Vec<(String, f32)>> {
    let search = |name: &str, query: &str| {
        let hits = user(memory, "acme", name).search(&Search::new(query)).unwrap().hits;
        hits.into_iter().map(|hit| (hit.record.content, hit.score)).collect()
    };
    ["ann", "bob"]
        .into_iter()
        .flat_map(|name| ["17", "annsecret number", "bobsecret 699"].map(|query| search(name, query)))
        .collect()
}

#[test]
fn what_is_read_from_disk_answers_as_what_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), true);
    assert_eq!(views(directory.path()).len(), 2);
    let from_disk = answers(&open(directory.path()));
    fs::remove_dir_all(directory.path().join("derived")).unwrap();
    let anew = answers(&open(directory.path()));
    assert_eq!(from_disk, anew);
    fs::remove_dir_all(directory.path().join("derived")).unwrap();
    let mut told = Vec::new();
    let memory = open(directory.path());
    assert_eq!(memory.reindex(|done, of| told.push((done, of))).unwrap(), 2);
    assert_eq!((told, views(directory.path()).len()), (vec![(1, 2), (2, 2)], 2));
    assert_eq!(answers(&memory), anew);
    drop(memory);
    // What came later, here or in another handle, is in it too.
    let (one, two) = (open(directory.path()), open(directory.path()));
    let ann = user(&one, "acme", "ann");
    let id = store(&ann, "annsecret number later");
    assert!(found(&user(&two, "acme", "ann"), "later").contains(&"annsecret number later".to_owned()));
    ann.delete(&id).unwrap();
    drop((ann, one, two));
    assert_eq!(answers(&open(directory.path())), anew);
}

#[test]
fn a_view_that_is_damaged_swapped_or_of_another_store_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path(), true);
    let expect = answers(&open(directory.path()));
    let paths = views(directory.path());
    let whole: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    let other = tempfile::tempdir().unwrap();
    filled(other.path(), true);
    let foreign = fs::read(&views(other.path())[0]).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole[0].clone();
        bytes[at] ^= 1;
        bytes
    };
    let middle = whole[0].len() / 2;
    for wrong in [
        Vec::new(),
        whole[0][..7].to_vec(),
        whole[0][..middle].to_vec(),
        whole[0][..whole[0].len() - 1].to_vec(),
        flipped(0),
        flipped(9),
        flipped(middle),
        flipped(whole[0].len() - 1),
        whole[1].clone(),
        foreign,
        b"MEMVIEW1".repeat(1_000),
    ] {
        fs::write(&paths[0], &wrong).unwrap();
        assert_eq!(answers(&open(directory.path())), expect);
    }
}

#[test]
fn views_are_sealed_and_go_with_whoever_they_are_of() {
    for encrypt in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path(), encrypt);
        let before = views(directory.path());
        for view in &before {
            assert!(!contains(&fs::read(view).unwrap(), "secret"));
        }
        let copies: Vec<(PathBuf, Vec<u8>)> =
            before.iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        let memory = Memory::builder(directory.path()).embedder(Letters).encrypt(encrypt).open().unwrap();
        // In a namespace of both there is a view of both.
        let team = Scope::Workspace("team".into());
        let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
        ann.store_all(
            &team,
            (0..MANY).map(|number| Draft::new(format!("annsecret team {number}"))).collect(),
        )
        .unwrap();
        bob.store(&team, Draft::new("bobsecret team")).unwrap();
        assert!(!found(&bob, "team").is_empty());
        let receipt = memory.erase("acme", "ann").unwrap();
        assert_eq!(receipt.memories, 2 * MANY);
        assert!(!contains(&bytes(directory.path()), "annsecret"));
        let left = views(directory.path());
        assert_eq!(left.len(), 1, "bob's own is left");
        assert_eq!(found(&ann, "annsecret"), ["bobsecret team"]);
        assert_eq!(found(&bob, "bobsecret").len(), 10);
        drop((ann, bob, memory));
        // What somebody copied before opens with no key that is left.
        for (path, bytes) in copies {
            fs::write(path, bytes).unwrap();
        }
        let memory = Memory::builder(directory.path()).embedder(Letters).encrypt(encrypt).open().unwrap();
        assert_eq!(found(&user(&memory, "acme", "ann"), "annsecret number"), ["bobsecret team"]);
        assert_eq!(found(&user(&memory, "acme", "bob"), "bobsecret").len(), 10);
        // Whoever is erased takes along what is left of them.
        memory.erase("acme", "bob").unwrap();
        assert!(views(directory.path()).is_empty());
    }
}

#[test]
fn a_restore_leaves_nothing_derived_of_what_was_before() {
    let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let copy = elsewhere.path().join("backup");
    {
        let memory = open(directory.path());
        store(&user(&memory, "acme", "ann"), "before the backup");
        memory.backup(&copy).unwrap();
    }
    filled(directory.path(), true);
    assert_eq!(views(directory.path()).len(), 2);
    Memory::restore(directory.path(), &copy, &mcp_memory::Master::None, true).unwrap();
    assert!(views(directory.path()).is_empty());
    assert_eq!(found(&user(&open(directory.path()), "acme", "ann"), "secret before"), ["before the backup"]);
}

#[test]
fn those_that_are_not_kept_in_memory_are_found_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::builder(directory.path()).embedder(Letters).cached(100).open().unwrap();
    let name = |number: usize| format!("user{number}");
    for round in 0..3 {
        for number in 0..8 {
            let tenant = user(&memory, "acme", &name(number));
            let texts = (0..40).map(|part| Draft::new(format!("{} {round} {part}", name(number))));
            tenant.store_all(&Scope::Private, texts.collect()).unwrap();
            assert_eq!(
                tenant.search(&Search::new("user").limit(100)).unwrap().hits.len(),
                100.min(40 * (round + 1))
            );
        }
    }
}
