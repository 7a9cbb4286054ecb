//! Documents that become memories, and change.

use std::fs;
use std::path::Path;

use mcp_memory::filter::Filter;
use mcp_memory::ingest::{Ingest, Report};
use mcp_memory::{Draft, Memory, Record, Scope, Tenant};
use serde_json::json;

use crate::formats::package;
use crate::support::{found, open, store, user};

struct World {
    memory: Memory,
    ann: Tenant,
    store: tempfile::TempDir,
    docs: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let store = tempfile::tempdir().unwrap();
        let memory = open(store.path());
        let ann = user(&memory, "acme", "ann");
        Self { memory, ann, store, docs: tempfile::tempdir().unwrap() }
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.docs.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn ingest(&self) -> Ingest {
        Ingest::new(&self.ann, Scope::Private).under("docs")
    }

    fn run(&self) -> Report {
        run(&self.ingest(), self.docs.path())
    }

    /// Files, unchanged, memories, skipped, removed.
    fn check(&self, expect: (usize, usize, usize, usize, usize), texts: &[&str]) {
        let report = self.run();
        let found = (report.files, report.unchanged, report.memories, report.skipped.len(), report.removed);
        assert_eq!(found, expect, "{report:?}");
        assert_eq!(self.texts(), texts);
    }

    fn texts(&self) -> Vec<String> {
        let mut texts: Vec<_> =
            records(&self.ann, &Scope::Private).into_iter().map(|it| it.content).collect();
        texts.sort();
        texts
    }
}

fn run(ingest: &Ingest, directory: &Path) -> Report {
    ingest.directory(directory, |_| {}).unwrap()
}

fn records(tenant: &Tenant, scope: &Scope) -> Vec<Record> {
    let mut records = tenant.list(scope, &Filter::everything(), None, 1_000).unwrap().records;
    records.sort_by_key(|record| (record.session.clone(), record.sequence));
    records
}

#[test]
fn only_what_changed_is_stored_and_what_is_gone_is_forgotten() {
    let world = World::new();
    store(&world.ann, "zz not of a document");
    let own = "zz not of a document";
    world.write("a.txt", "Alpha.");
    world.write("sub/b.md", "# B\nBeta.");
    world.check((2, 0, 2, 0, 0), &["Alpha.", "B\n\nBeta.", own]);
    // Unchanged.
    world.check((2, 2, 0, 0, 0), &["Alpha.", "B\n\nBeta.", own]);
    // Changed, with a part that is as it was.
    world.write("sub/b.md", "# B\nBeta.\n# C\nGamma.");
    world.check((2, 1, 2, 0, 0), &["Alpha.", "B\n\nBeta.", "C\n\nGamma.", own]);
    world.check((2, 2, 0, 0, 0), &["Alpha.", "B\n\nBeta.", "C\n\nGamma.", own]);
    // Renamed.
    fs::rename(world.docs.path().join("a.txt"), world.docs.path().join("c.txt")).unwrap();
    world.check((2, 1, 1, 0, 1), &["Alpha.", "B\n\nBeta.", "C\n\nGamma.", own]);
    // Broken: what is known of it stays.
    world.write("c.txt", "\0");
    world.check((1, 1, 0, 1, 0), &["Alpha.", "B\n\nBeta.", "C\n\nGamma.", own]);
    // Empty.
    world.write("sub/b.md", "\n");
    world.check((1, 0, 0, 1, 0), &["Alpha.", own]);
    // Removed.
    fs::remove_dir_all(world.docs.path().join("sub")).unwrap();
    fs::remove_file(world.docs.path().join("c.txt")).unwrap();
    let kept = run(&world.ingest().keep_gone(true), world.docs.path());
    assert_eq!((kept.removed, world.texts().len()), (0, 2));
    world.check((0, 0, 0, 0, 1), &[own]);
}

#[test]
fn parts_of_a_document_are_one_session_in_order() {
    let world = World::new();
    let text: String = (0..30).map(|at| format!("This is sentence number {at}, and it goes on. ")).collect();
    world.write("long.txt", &text);
    let ingest = world.ingest().chunk(200).tag("manual").kind("fact");
    let report = run(&ingest, world.docs.path());
    let records = records(&world.ann, &Scope::Private);
    assert!(report.memories > 5 && records.len() == report.memories, "{report:?}");
    let together: Vec<_> = records.iter().map(|record| record.content.as_str()).collect();
    assert_eq!(together.join(" "), text.trim());
    for (at, record) in records.iter().enumerate() {
        assert!(record.content.ends_with("on."), "{}", record.content);
        assert_eq!(record.session.as_deref(), Some("file:docs/long.txt"));
        assert_eq!(record.sequence, i64::try_from(at).ok());
        assert_eq!((record.kind.as_str(), record.source.as_deref()), ("fact", Some("docs/long.txt")));
        assert_eq!(
            (&record.tags, &record.metadata["file"]),
            (&vec!["manual".to_owned()], &json!("docs/long.txt"))
        );
    }
    // Other parts, other memories.
    let report = run(&ingest.chunk(400), world.docs.path());
    assert!(report.memories > 1 && report.unchanged == 0, "{report:?}");
    assert_eq!(world.texts().len(), report.memories);
}

#[test]
fn what_was_cut_off_is_mended_by_the_next_run() {
    let world = World::new();
    world.write("a.txt", "New.");
    assert_eq!(world.run().memories, 1);
    let new = records(&world.ann, &Scope::Private).remove(0);
    // As if the process had ended after a change was stored and before the old was deleted.
    let mut old = Draft::new("Old.").session("file:docs/a.txt");
    old.metadata =
        json!({ "file": "docs/a.txt", "hash": "0", "part": -1, "last": -1 }).as_object().unwrap().clone();
    world.ann.store(&Scope::Private, old).unwrap();
    world.check((1, 1, 0, 0, 0), &["New."]);
    assert_eq!(records(&world.ann, &Scope::Private)[0].id, new.id);
    // As if it had ended amid a document of many parts: the last are missing.
    let mut part = Draft::new("Part.").session("file:docs/b.txt");
    let mut mark = new.metadata.clone();
    mark.insert("file".into(), "docs/b.txt".into());
    mark.insert("last".into(), 5_000.into());
    part.metadata = mark;
    world.ann.store(&Scope::Private, part).unwrap();
    world.write("b.txt", "New.");
    world.check((2, 1, 1, 0, 0), &["New.", "New."]);
    // Another's metadata may have a file, too.
    let mut other = Draft::new("Other.");
    other.metadata = json!({ "file": "docs/a.txt" }).as_object().unwrap().clone();
    world.ann.store(&Scope::Private, other).unwrap();
    fs::remove_file(world.docs.path().join("a.txt")).unwrap();
    world.check((1, 1, 0, 0, 1), &["New.", "Other."]);
}

#[test]
fn many_parts_are_stored_and_replaced_whole() {
    let world = World::new();
    let rows = |word: &str| -> String { (0..2_300).map(|at| format!("{word}{at:060}\n\n")).collect() };
    for word in ["a", "b"] {
        world.write("big.txt", rows(word));
        let report = run(&world.ingest().chunk(64), world.docs.path());
        assert_eq!(report.memories, 2_300, "{report:?}");
        assert_eq!(world.ann.count(&Scope::Private).unwrap(), 2_300);
    }
    assert_eq!(run(&world.ingest().chunk(64), world.docs.path()).unchanged, 1);
}

#[test]
fn what_is_to_be_left_out_is() {
    let world = World::new();
    for name in ["a.txt", "drafts/b.txt", "secret.txt", ".hidden.txt", "big.txt", "old.log", "sub/keep.txt"] {
        world.write(name, name);
    }
    world.write(".gitignore", "drafts/\n");
    world.write(".memoryignore", "secret.*\n");
    world.write("picture", b"\x89PNG\0\0");
    world.write("big.txt", "big ".repeat(1_000));
    #[cfg(unix)]
    std::os::unix::fs::symlink(world.store.path().join("keys.db"), world.docs.path().join("link.txt"))
        .unwrap();
    let ingest = world.ingest().ignore("*.log").max_bytes(1_000);
    let mut told = Vec::new();
    let report = ingest
        .directory(world.docs.path(), |progress| {
            told.push((progress.done, progress.total, progress.path.to_owned()));
        })
        .unwrap();
    assert_eq!(world.texts(), ["a.txt", "sub/keep.txt"]);
    assert_eq!(report.skipped.len(), 1, "{report:?}");
    assert_eq!(report.skipped[0].path, "docs/big.txt");
    assert_eq!(report.skipped[0].problem, "has too many bytes, and 1000 are allowed");
    assert_eq!(told.last().unwrap(), &(4, 4, "sub/keep.txt".to_owned()));
    // What is left out from now on is forgotten.
    world.write(".memoryignore", "secret.*\na.txt\n");
    assert_eq!(run(&ingest, world.docs.path()).removed, 1);
    assert_eq!(world.texts(), ["sub/keep.txt"]);
    let error = world.ingest().ignore("a/{b").directory(world.docs.path(), |_| {}).unwrap_err();
    assert!(error.to_string().starts_with("ignore: "), "{error}");
}

#[test]
fn broken_files_do_not_keep_the_others_out() {
    let world = World::new();
    world.write("good.txt", "Good.");
    for name in ["a.pdf", "b.docx", "c.epub", "d.json"] {
        world.write(name, "broken");
    }
    world.write("e.docx", package(&[("word/document.xml", &[b' '; 1024])]));
    let report = world.run();
    let skipped: Vec<_> = report.skipped.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(skipped, ["docs/a.pdf", "docs/b.docx", "docs/c.epub", "docs/d.json"]);
    assert_eq!((report.files, world.texts()), (2, vec!["Good.".to_owned()]));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["files"], &json["skipped"][0]["path"]), (&json!(2), &json!("docs/a.pdf")));
}

#[test]
fn tenants_see_nothing_of_each_other() {
    let world = World::new();
    world.write("a.txt", "Shared words.");
    assert_eq!(world.run().memories, 1);
    let bob = user(&world.memory, "acme", "bob");
    let other = user(&world.memory, "other", "ann");
    for tenant in [&bob, &other] {
        assert!(found(tenant, "shared words").is_empty());
        // The same file is new to them, and forgetting theirs takes nothing from others.
        let ingest = Ingest::new(tenant, Scope::Private).under("docs");
        assert_eq!(run(&ingest, world.docs.path()).memories, 1);
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(run(&ingest, empty.path()).removed, 1);
        assert!(found(tenant, "shared words").is_empty());
    }
    assert_eq!(found(&world.ann, "shared words"), ["Shared words."]);
    // In a scope that both may write, one goes on where the other was.
    let team = Scope::Workspace("team".into());
    let ingest = |tenant: &Tenant| Ingest::new(tenant, team.clone()).under("docs");
    assert_eq!(run(&ingest(&world.ann), world.docs.path()).memories, 1);
    assert_eq!(run(&ingest(&bob), world.docs.path()).unchanged, 1);
    world.write("a.txt", "Other words.");
    assert_eq!(run(&ingest(&bob), world.docs.path()).memories, 1);
    assert_eq!(
        records(&world.ann, &team).iter().map(|it| it.content.as_str()).collect::<Vec<_>>(),
        ["Other words."]
    );
    let stranger = Ingest::new(&bob, Scope::Workspace("not his".into()));
    assert!(stranger.bytes("a.txt", b"x").is_err());
}

#[test]
fn a_directory_does_not_take_the_place_of_another_by_chance() {
    let world = World::new();
    for project in ["one", "two"] {
        world.write(&format!("{project}/src/main.rs"), format!("fn {project}() {{}}"));
    }
    let ingest = Ingest::new(&world.ann, Scope::Private);
    let (one, two) = (world.docs.path().join("one/src"), world.docs.path().join("two/src"));
    assert_eq!(run(&ingest, &one).memories, 1);
    assert_eq!(run(&ingest, &one).unchanged, 1);
    assert_eq!(ingest.file(one.join("main.rs")).unwrap().unchanged, 1);
    for error in [ingest.directory(&two, |_| {}).unwrap_err(), ingest.file(two.join("main.rs")).unwrap_err()]
    {
        assert!(error.to_string().starts_with("under: another directory is remembered as `src"), "{error}");
    }
    assert_eq!(run(&ingest.under("two"), &two).memories, 1);
    assert_eq!(world.texts().len(), 2);
    let error = Ingest::new(&world.ann, Scope::Private).directory("no such directory", |_| {}).unwrap_err();
    assert!(error.to_string().starts_with("path: `no such directory` cannot be read"), "{error}");
}

#[test]
fn a_conversation_is_a_memory_a_turn() {
    let world = World::new();
    let line = |role: &str, at: u8, text: &str| {
        let time = format!("2025-03-01T10:00:{at:02}Z");
        json!({ "type": role, "sessionId": "s-1", "timestamp": time, "message": { "role": role, "content": text } })
            .to_string()
    };
    let mut text = format!("{}\n{}\n", line("user", 0, "Which store?"), line("assistant", 1, "SQLite."));
    let ingest = Ingest::new(&world.ann, Scope::Private);
    assert_eq!(ingest.bytes("s.jsonl", text.as_bytes()).unwrap().memories, 2);
    text += &line("user", 2, "Thanks!");
    assert_eq!(ingest.bytes("s.jsonl", text.as_bytes()).unwrap().memories, 3);
    let turns = records(&world.ann, &Scope::Private);
    let turns: Vec<_> = turns
        .iter()
        .map(|it| {
            (it.session.as_deref(), it.speaker.as_deref(), it.kind.as_str(), it.created, it.content.as_str())
        })
        .collect();
    let (at, session) = (1_740_823_200_000, Some("s-1"));
    assert_eq!(
        turns,
        [
            (session, Some("user"), "message", at, "Which store?"),
            (session, Some("assistant"), "message", at + 1_000, "SQLite."),
            (session, Some("user"), "message", at + 2_000, "Thanks!"),
        ]
    );
}

#[test]
fn names_that_no_memory_can_have_are_told_by_their_hash() {
    let world = World::new();
    let name = format!("{}\n.txt", "long/".repeat(200));
    let report = world.ingest().bytes(&name, b"Found all the same.").unwrap();
    assert_eq!(report.memories, 1, "{report:?}");
    assert_eq!(world.ingest().bytes(&name, b"Found all the same.").unwrap().unchanged, 1);
    assert_eq!(found(&world.ann, "found"), ["Found all the same."]);
}

#[test]
fn what_there_is_a_reason_against_is_looked_at_once_and_not_remembered() {
    let world = World::new();
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&asked);
    let ingest = world.ingest().withhold(move |document| {
        let text: String = document.sections.iter().map(|section| section.text.as_str()).collect();
        seen.lock().unwrap().push(text.clone());
        text.contains("sesame").then(|| "a password".to_owned())
    });
    let ran = || {
        let report = run(&ingest, world.docs.path());
        let withheld: Vec<(String, String)> =
            report.withheld.into_iter().map(|it| (it.path, it.reason)).collect();
        (
            report.files,
            report.unchanged,
            report.removed,
            withheld,
            std::mem::take(&mut *asked.lock().unwrap()),
        )
    };
    let reason = |path: &str| vec![(path.to_owned(), "a password".to_owned())];
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    world.write("a.txt", "Open at nine.");
    world.write("b.txt", "Open sesame.");
    assert_eq!(ran(), (1, 0, 0, reason("docs/b.txt"), texts(&["Open at nine.", "Open sesame."])));
    assert_eq!(world.texts(), ["Open at nine."]);
    // What did not change is not looked at again; what was not remembered is.
    assert_eq!(ran(), (1, 1, 0, reason("docs/b.txt"), texts(&["Open sesame."])));
    // A document that has become such a one is forgotten, and remembered again without it.
    world.write("a.txt", "Open at nine, sesame.");
    world.write("b.txt", "Open again.");
    assert_eq!(ran(), (1, 0, 1, reason("docs/a.txt"), texts(&["Open at nine, sesame.", "Open again."])));
    assert_eq!(world.texts(), ["Open again."]);
    let report = ingest.bytes("c.txt", b"sesame").unwrap();
    assert_eq!((report.files, report.withheld.len(), report.memories), (0, 1, 0));
}
