//! What other systems kept, taken over.

use std::fs;
use std::path::Path;

use mcp_memory::filter::Filter;
use mcp_memory::import::{self, Format};
use mcp_memory::{Record, Scope, Tenant};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::support::{open, store, user};

/// All memories of a caller, by their text.
fn all(tenant: &Tenant) -> Vec<Record> {
    let page = tenant.list(&Scope::Private, &Filter::everything(), None, 1_000).unwrap();
    let mut records = page.records;
    records.sort_by(|a, b| a.content.cmp(&b.content));
    records
}

fn export(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

/// Imports, dry first, and again; returns what was left out.
fn imported(tenant: &Tenant, entries: &[import::Entry], expect: usize) -> Vec<String> {
    let scope = Scope::Private;
    let before = tenant.count(&scope).unwrap();
    let dry = import::into(tenant, &scope, entries.to_vec(), true).unwrap();
    assert_eq!(tenant.count(&scope).unwrap(), before, "a dry run stores nothing");
    let done = import::into(tenant, &scope, entries.to_vec(), false).unwrap();
    assert_eq!((&dry, done.memories), (&done, expect));
    let again = import::into(tenant, &scope, entries.to_vec(), false).unwrap();
    assert_eq!((again.memories, again.there), (0, done.memories + done.there), "{again:?}");
    done.left_out.iter().map(ToString::to_string).collect()
}

#[test]
fn a_json_export_of_doobidoo_comes_with_all_it_says() {
    let directory = tempfile::tempdir().unwrap();
    let memory = open(directory.path());
    let ann = user(&memory, "acme", "ann");
    let file = export(&json!({
        "export_metadata": { "exporter_version": "5.0.1" },
        "memories": [
            { "content": "Deploys go out on Monday", "content_hash": "aa11", "tags": ["ops", "deploy"], "memory_type": "decision",
              "metadata": { "agent_id": "coder", "n": 1 }, "created_at": 1_700_000_000.5, "updated_at": 1_700_000_100.0, "store": "default" },
            { "content": "Read me", "content_hash": "bb22", "tags": "doc, text", "memory_type": null, "metadata": {}, "created_at": "2024-01-02 03:04:05",
              "store": "docs" },
            { "content": "Old", "content_hash": "cc33", "metadata": { "superseded_by": "aa11" } },
            { "content": " ", "content_hash": "dd44" },
            { "content": "When?", "content_hash": "ee55", "created_at": "soon" },
            { "content": "Odd", "content_hash": "ff66", "tags": [1] },
            { "content": "x".repeat(70_000), "content_hash": "0077" },
            { "content": "Broken", "metadata": "{" },
            7,
        ],
    }));
    let left_out = imported(&ann, &import::read_bytes(Format::Doobidoo, &file), 2);
    assert_eq!(
        left_out,
        [
            "cc33: is superseded by another memory",
            "dd44: has no text in `content`",
            "ee55: `created_at` is no time: use `2026-01-31T12:00:00Z` or seconds since 1970",
            "ff66: `tags` has something in it that is no text",
            "0077: content: has 70000 bytes, and 65536 are allowed: ingest long texts as documents",
            "entry 8: `metadata` is no JSON object",
            "entry 9: is no object",
        ]
    );
    let records = all(&ann);
    let [deploys, readme] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(
        (deploys.kind.as_str(), &deploys.tags, deploys.created, deploys.agent.as_deref()),
        ("decision", &vec!["deploy".to_owned(), "ops".to_owned()], 1_700_000_000_500, Some("coder"))
    );
    let origin = json!({ "from": "doobidoo", "id": "aa11", "updated": "2023-11-14T22:15:00Z" });
    assert_eq!((&deploys.metadata["imported"], &deploys.metadata["n"]), (&origin, &json!(1)));
    assert_eq!(
        (readme.kind.as_str(), readme.tags.join(","), readme.created),
        ("note", "doc,store:docs,text".to_owned(), 1_704_164_645_000)
    );
}

/// A database as mcp-memory-service lays it out; older ones lack the columns that came later.
fn database(path: &Path, old: bool) {
    let db = Connection::open(path).unwrap();
    let later = if old { "" } else { ", deleted_at REAL DEFAULT NULL, store TEXT DEFAULT 'default'" };
    db.execute_batch(&format!(
        "CREATE TABLE memories (id INTEGER PRIMARY KEY AUTOINCREMENT, content_hash TEXT UNIQUE NOT NULL, content TEXT NOT NULL,
         tags TEXT, memory_type TEXT, metadata TEXT, created_at REAL, updated_at REAL, created_at_iso TEXT, updated_at_iso TEXT{later})"
    ))
    .unwrap();
    let insert = "INSERT INTO memories (content_hash, content, tags, memory_type, metadata, created_at, created_at_iso)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    for (hash, content, created, iso) in [
        ("h1", "Tests run on every push", Some(1_700_000_000.25), None),
        ("h2", "Forget this", None, None),
        ("h3", "The build is green", None, Some("2024-01-02T03:04:05Z")),
        ("h4", "", None, None),
    ] {
        let metadata = r#"{"source": "chat", "tags": "ci"}"#;
        db.execute(insert, params![hash, content, "a,b", "observation", metadata, created, iso]).unwrap();
    }
    if !old {
        db.execute("UPDATE memories SET deleted_at = 1 WHERE content_hash = 'h2'", []).unwrap();
        db.execute("UPDATE memories SET store = 'docs' WHERE content_hash = 'h3'", []).unwrap();
    }
}

#[test]
fn a_database_of_doobidoo_comes_without_what_was_deleted() {
    for (old, expect) in [(false, 2), (true, 3)] {
        let (directory, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = theirs.path().join("sqlite_vec.db");
        database(&path, old);
        let before = fs::read(&path).unwrap();
        let memory = open(directory.path());
        let ann = user(&memory, "acme", "ann");
        let entries = import::read(Format::Doobidoo, &path).unwrap();
        assert_eq!(imported(&ann, &entries, expect), ["h4: has no text in `content`"]);
        assert_eq!(fs::read(&path).unwrap(), before, "the file is only read");
        let records = all(&ann);
        assert_eq!(records.iter().any(|record| record.content == "Forget this"), old);
        let tests = records.iter().find(|record| record.content.starts_with("Tests")).unwrap();
        assert_eq!((tests.created, tests.tags.join(",")), (1_700_000_000_250, "a,b,ci".to_owned()));
        assert_eq!((tests.kind.as_str(), &tests.metadata["source"]), ("observation", &json!("chat")));
        let build = records.iter().find(|record| record.content.starts_with("The build")).unwrap();
        assert_eq!(build.created, 1_704_164_645_000);
        assert_eq!(build.tags.contains(&"store:docs".to_owned()), !old);
    }
}

#[test]
fn an_export_of_mem0_keeps_apart_whose_memories_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let memory = open(directory.path());
    let ann = user(&memory, "acme", "ann");
    let file = export(&json!({ "results": [
        { "id": "m1", "memory": "Likes tea", "hash": "x", "user_id": "u1", "agent_id": "bot", "run_id": "r", "app_id": "web",
          "metadata": { "mood": "calm" }, "categories": ["food"], "created_at": "2024-05-01T10:00:00-07:00", "updated_at": "2024-05-02T10:00:00Z",
          "expiration_date": "2099-01-01" },
        { "id": "m2", "memory": "Likes tea", "user_id": "u2", "metadata": null },
        { "id": "m3", "payload": { "data": "From a vector store", "user_id": "u2" } },
        { "id": "m4", "memory": null },
        { "id": "m5", "memory": "x", "metadata": [] },
    ]}));
    let left_out = imported(&ann, &import::read_bytes(Format::Mem0, &file), 3);
    assert_eq!(left_out, ["m4: has no text in `memory`", "m5: `metadata` is no object"]);
    let records = all(&ann);
    let first = records.iter().find(|record| record.metadata["imported"]["id"] == "m1").unwrap();
    assert_eq!(first.tags.join(" "), "agent:bot app:web category:food run:r user:u1");
    assert_eq!((first.agent.as_deref(), first.run.as_deref()), (Some("bot"), Some("r")));
    assert_eq!((first.created, first.expires), (1_714_582_800_000, Some(4_070_908_800_000)));
    assert_eq!(first.metadata["imported"]["updated"], "2024-05-02T10:00:00Z");
    assert_eq!(records.iter().filter(|record| record.content == "Likes tea").count(), 2);
    // The same as a bare list.
    let list = export(&json!([{ "id": "m1", "memory": "Likes tea" }]));
    assert_eq!(
        import::into(&ann, &Scope::Private, import::read_bytes(Format::Mem0, &list), false).unwrap().there,
        1
    );
}

#[test]
fn a_graph_becomes_what_was_observed_and_what_relates() {
    let directory = tempfile::tempdir().unwrap();
    let memory = open(directory.path());
    let ann = user(&memory, "acme", "ann");
    let file = [
        r#"{"type":"entity","name":"Ann","entityType":"person","observations":["likes tea","works at Acme"]}"#,
        r#"{"type":"entity","name":"Acme","entityType":"company","observations":[]}"#,
        "",
        r#"{"type":"relation","from":"Ann","to":"Acme","relationType":"works_at"}"#,
        r#"{"type":"relation","from":"Ann"}"#,
        r#"{"type":"entity","name":"Bob","entityType":"person","observations":[3]}"#,
        "{",
        "{}",
    ]
    .join("\n");
    let left_out = imported(&ann, &import::read_bytes(Format::Graph, file.as_bytes()), 4);
    assert_eq!(left_out[..2], ["line 5: has no `to`", "line 6: observation 1 of `Bob` is no text"]);
    assert!(left_out[2].starts_with("line 7: is no JSON"), "{left_out:?}");
    assert_eq!(left_out[3], "line 8: is neither an `entity` nor a `relation`");
    let records = all(&ann);
    let said: Vec<&str> = records.iter().map(|record| record.content.as_str()).collect();
    assert_eq!(said, ["Acme (company)", "Ann works at Acme", "Ann: likes tea", "Ann: works at Acme"]);
    assert_eq!((records[2].kind.as_str(), &records[2].metadata["entity"]), ("person", &json!("Ann")));
    assert_eq!(records[1].metadata["relation"], json!({ "from": "Ann", "type": "works_at", "to": "Acme" }));
    assert_eq!(records[1].tags, ["entity:Acme", "entity:Ann"]);
    let order: Vec<_> = records[2..].iter().map(|record| record.sequence).collect();
    assert!(order[0] < order[1], "observations are in their order: {order:?}");
}

#[test]
fn a_folder_of_notes_becomes_notes_and_observations() {
    let (directory, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let write = |name: &str, text: &[u8]| {
        let path = notes.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "drinks/coffee.md",
        b"---\ntitle: Coffee\ntype: note\npermalink: drinks/coffee\ntags: [drink]\ncreated: 2024-01-02T03:04:05Z\nmodified: 2024-02-01\n\
          status: draft\n---\n# Coffee\n\nIt is hot.\n\n## Observations\n- [method] Pour over is clear #brewing (in May)\n\n## Relations\n\
          - relates_to [[Tea]]\n",
    );
    write("bad.md", b"\xff\xfe");
    write("when.md", b"---\ncreated: soon\n---\nText\n");
    write("empty.md", b"---\ntitle: Empty\n---\n");
    write(".obsidian/hidden.md", b"hidden");
    write("readme.txt", b"no note");
    let memory = open(directory.path());
    let ann = user(&memory, "acme", "ann");
    let entries = import::read(Format::Markdown, notes.path()).unwrap();
    let left_out = imported(&ann, &entries, 2);
    assert_eq!(
        left_out,
        [
            "bad.md: is no text in UTF-8",
            "empty.md: says nothing",
            "when.md: `created` is no time: use `2026-01-31T12:00:00Z` or seconds since 1970",
        ]
    );
    let records = all(&ann);
    let [note, said] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((note.content.as_str(), note.created), ("# Coffee\n\nIt is hot.", 1_704_164_645_000));
    assert_eq!(note.metadata["relations"], json!([{ "type": "relates_to", "to": "Tea" }]));
    assert_eq!(
        (&note.metadata["status"], note.source.as_deref()),
        (&json!("draft"), Some("drinks/coffee.md"))
    );
    assert_eq!(
        note.metadata["imported"],
        json!({ "from": "basic-memory", "id": "drinks/coffee", "updated": "2024-02-01T00:00:00Z" })
    );
    assert_eq!((said.content.as_str(), said.kind.as_str()), ("Coffee: Pour over is clear", "method"));
    assert_eq!(
        (said.tags.join(","), &said.metadata["context"]),
        ("brewing,drink".to_owned(), &json!("in May"))
    );
    assert_eq!(said.session, note.session);
}

#[test]
fn an_import_is_the_callers_and_knows_what_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let memory = open(directory.path());
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
    store(&ann, "Likes tea");
    let file = export(&json!([{ "id": "m1", "memory": "Likes tea" }, { "id": "m2", "memory": "Likes tea" }]));
    let entries = import::read_bytes(Format::Mem0, &file);
    let dry = import::into(&ann, &Scope::Private, entries.clone(), true).unwrap();
    assert_eq!((dry.memories, dry.there), (0, 2));
    // What others have is not there, and nothing of it can be seen.
    let dry = import::into(&bob, &Scope::Private, entries.clone(), true).unwrap();
    assert_eq!((dry.memories, dry.there), (1, 1));
    assert_eq!(import::into(&bob, &Scope::Private, entries.clone(), false).unwrap(), dry);
    assert_eq!(ann.count(&Scope::Private).unwrap(), 1);
    assert!(import::into(&ann, &Scope::Workspace("other".into()), entries, true).is_err());
}

#[test]
fn an_imported_memory_that_was_changed_is_not_stored_again() {
    let directory = tempfile::tempdir().unwrap();
    let memory = open(directory.path());
    let ann = user(&memory, "acme", "ann");
    let file = export(&json!([{ "id": "m1", "memory": "Likes tea" }]));
    let entries = import::read_bytes(Format::Mem0, &file);
    import::into(&ann, &Scope::Private, entries.clone(), false).unwrap();
    let mut edit = mcp_memory::Edit::default();
    edit.content = Some("Likes green tea".into());
    ann.update(&all(&ann)[0].id, edit).unwrap();
    assert_eq!(import::into(&ann, &Scope::Private, entries, false).unwrap().there, 1);
    assert_eq!(all(&ann).len(), 1);
}

#[test]
fn what_is_no_export_is_one_problem() {
    let directory = tempfile::tempdir().unwrap();
    for (format, bytes, expect) in [
        (Format::Doobidoo, &b"x"[..], "file: is no JSON: expected value at line 1 column 1"),
        (Format::Doobidoo, b"{}", "file: is neither a list nor an object with one in `memories`, `results`"),
        (Format::Doobidoo, b"SQLite format 3\0", "file: is a database: give its path to `import::read`"),
        (
            Format::Mem0,
            b"3",
            "file: is neither a list nor an object with one in `results`, `memories`, `records`",
        ),
        (Format::Markdown, b"\xff", "note: is no text in UTF-8"),
    ] {
        let entries = import::read_bytes(format, bytes);
        let problems: Vec<String> = entries.into_iter().map(|entry| entry.unwrap_err().to_string()).collect();
        assert_eq!(problems, [expect]);
    }
    assert!(import::read(Format::Mem0, directory.path().join("none.json")).is_err());
    let no_memories = directory.path().join("other.db");
    Connection::open(&no_memories).unwrap().execute_batch("CREATE TABLE other (id INTEGER)").unwrap();
    assert!(import::read(Format::Doobidoo, &no_memories).is_err());
}

/// Wherever a file is cut off, each entry is read or left out with a reason.
#[test]
fn a_file_that_is_cut_off_is_read_as_far_as_it_goes() {
    let files: [&[u8]; 4] = [
        br#"{"memories":[{"content":"a","tags":"x,y","metadata":{"type":"note"},"created_at":1.5,"store":"docs"}]}"#,
        br#"{"results":[{"id":1,"memory":"a","user_id":"u","categories":["c"],"created_at":"2024-05-01T10:00:00-07:00"}]}"#,
        b"{\"type\":\"entity\",\"name\":\"A\",\"observations\":[\"b\"]}\n{\"type\":\"relation\",\"from\":\"A\",\"to\":\"B\",\"relationType\":\"c\"}",
        b"---\ntitle: \"\"\ntags: [a, b]\ncreated: 2024-01-02\n---\n# T\n- [c] said #tag (why)\n- [[Other]]\n\xc3\xa9",
    ];
    let mut read = 0;
    for file in files {
        for end in 0..=file.len() {
            for format in [Format::Doobidoo, Format::Mem0, Format::Graph, Format::Markdown] {
                for entry in import::read_bytes(format, &file[..end]) {
                    match entry {
                        Ok(draft) => {
                            assert!(
                                !draft.content.trim().is_empty() && draft.metadata.contains_key("imported")
                            );
                            read += 1;
                        }
                        Err(problem) => assert!(!problem.problem.is_empty()),
                    }
                }
            }
        }
    }
    assert!(read > 100, "{read}");
}
