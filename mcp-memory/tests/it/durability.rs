//! What is acknowledged is there, whatever happens.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use mcp_memory::{Draft, Master, MasterKey, Memory, MemoryError, Scope};

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
fn a_memory_opens_with_its_master_key_only() {
    let directory = tempfile::tempdir().unwrap();
    let with = |byte| {
        let master = Master::Key(MasterKey::new([byte; 32]));
        Memory::builder(directory.path()).embedder(Letters).master(master).open()
    };
    store(&user(&with(1).unwrap(), "acme", "ann"), "hello");
    assert!(matches!(with(2), Err(MemoryError::Keys { .. })));
    assert!(matches!(Memory::open(directory.path()), Err(MemoryError::Keys { .. })));
    assert_eq!(found(&user(&with(1).unwrap(), "acme", "ann"), "hello"), ["hello"]);
    // Another key ring opens nothing, and says so.
    std::fs::remove_file(directory.path().join("keys.db")).unwrap();
    assert_eq!(with(1).unwrap_err().to_string(), "key ring: it is the ring of another memory");
}

#[test]
fn a_newer_format_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    store(&user(&open(directory.path()), "acme", "ann"), "hello");
    let db = rusqlite::Connection::open(directory.path().join("memory.db")).unwrap();
    db.execute_batch("PRAGMA user_version = 99").unwrap();
    let error = Memory::open(directory.path()).unwrap_err().to_string();
    assert!(error.ends_with("has format 99, and this version reads up to 2"), "{error}");
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

/// Stores until it is killed, and says what it stored. Not a test: a process of the tests below.
#[test]
#[ignore = "the child of other tests"]
fn child_that_stores() {
    let directory = std::env::var_os("MEMORY_TEST_DIRECTORY").unwrap();
    let name = std::env::var("MEMORY_TEST_NAME").unwrap();
    let memory = open(std::path::Path::new(&directory));
    let ann = user(&memory, "acme", "ann");
    for i in 0.. {
        let text = format!("{name} wrote {i}");
        let batch = (i % 7 == 0).then(|| (0..20).map(|j| Draft::new(format!("{text} part {j}"))).collect());
        match batch {
            Some(batch) => drop(ann.store_all(&Scope::Private, batch).unwrap()),
            None => drop(store(&ann, &text)),
        }
        if std::env::var_os("MEMORY_TEST_PAUSE").is_some() {
            writeln!(std::io::stdout(), "stored {text}").unwrap();
            drop(std::io::stdin().read_line(&mut String::new()));
        }
        // Nobody listens any more: the test is over.
        if writeln!(std::io::stdout(), "stored {text}").is_err() {
            return;
        }
    }
}

fn child(directory: &std::path::Path, name: &str) -> std::process::Child {
    command(directory, name).spawn().unwrap()
}

/// A child that waits for a line once it has stored something.
pub(crate) fn child_that_waits(directory: &std::path::Path) -> std::process::Child {
    command(directory, "waiting").env("MEMORY_TEST_PAUSE", "1").stdin(Stdio::piped()).spawn().unwrap()
}

fn command(directory: &std::path::Path, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "durability::child_that_stores", "--nocapture"])
        .env("MEMORY_TEST_DIRECTORY", directory)
        .env("MEMORY_TEST_NAME", name)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// What a child says it stored: `many` lines, then it is killed.
fn acknowledged(mut child: std::process::Child, many: usize) -> Vec<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut stored = Vec::new();
    for line in lines {
        if let Some((_, text)) = line.split_once("stored ") {
            stored.push(text.to_owned());
        }
        if stored.len() == many {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    stored
}

/// All private memories, page by page.
pub(crate) fn everything(tenant: &mcp_memory::Tenant) -> Vec<mcp_memory::Record> {
    let (mut records, mut after) = (Vec::new(), None);
    loop {
        let page =
            tenant.list(&Scope::Private, &mcp_memory::filter::Filter::everything(), after, 1_000).unwrap();
        records.extend(page.records);
        after = page.next;
        if after.is_none() {
            return records;
        }
    }
}

fn kills() -> usize {
    if std::env::var_os("MCP_SOAK").is_some() { 300 } else { 20 }
}

#[test]
fn soak_no_acknowledged_memory_is_missing_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for round in 0..kills() {
        let stored = acknowledged(child(directory.path(), &format!("round{round}")), 1 + round * 7 % 40);
        assert!(!stored.is_empty());
        all.extend(stored);
    }
    let memory = open(directory.path());
    let ann = user(&memory, "acme", "ann");
    let texts = everything(&ann);
    let there: std::collections::HashSet<&str> = texts.iter().map(|record| record.content.as_str()).collect();
    for text in all {
        let number: usize = text.rsplit(' ').next().unwrap().parse().unwrap();
        if number.is_multiple_of(7) {
            assert!((0..20).all(|j| there.contains(format!("{text} part {j}").as_str())), "{text}");
        } else {
            assert!(there.contains(text.as_str()), "{text}");
        }
    }
    // Of a batch all is there or nothing.
    let parts = there.iter().filter(|text| text.contains(" part ")).count();
    assert_eq!(parts % 20, 0);
}

#[test]
fn soak_processes_share_a_directory_and_see_each_other_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let memory = open(directory.path());
    let ann = user(&memory, "acme", "ann");
    let rounds = if std::env::var_os("MCP_SOAK").is_some() { 2_000 } else { 60 };
    let mut children: Vec<_> = ["one", "two"].map(|name| child(directory.path(), name)).into();
    let mut lines: Vec<_> = children
        .iter_mut()
        .map(|child| BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok))
        .collect();
    for round in 0..rounds {
        store(&ann, &format!("parent wrote {round}"));
        for lines in &mut lines {
            let text =
                lines.find_map(|line| line.split_once("stored ").map(|(_, text)| text.to_owned())).unwrap();
            let mut search = mcp_memory::Search::new(text.clone());
            search.limit = 100;
            let hits = ann.search(&search).unwrap().hits;
            assert!(hits.iter().any(|hit| hit.record.content.starts_with(&text)), "{text}");
        }
    }
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let texts: std::collections::HashSet<String> =
        everything(&ann).into_iter().map(|record| record.content).collect();
    assert!((0..rounds).all(|round| texts.contains(&format!("parent wrote {round}"))));
}
