//! Stores that earlier versions of the crate wrote.

use std::path::Path;

use mcp_patterns::Recommender;
use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings};
use rusqlite::{Connection, params};

use crate::support::{ask, learning, settings, teach, told};

const TASK: &str = "plan the review of the service";
const WANTED: &str = "skill:incident-review";

/// As version 1 made it: a snapshot is one row.
const FIRST: &str = "
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, kind INTEGER NOT NULL, at INTEGER NOT NULL,
        exposure INTEGER, entry TEXT, principal TEXT, outcome TEXT, undone INTEGER NOT NULL DEFAULT 0, body TEXT);
    CREATE INDEX by_tenant ON events (tenant, seq);
    CREATE UNIQUE INDEX once ON events (exposure, entry, principal) WHERE kind = 1 AND undone = 0;
    CREATE TABLE snapshots (
        tenant TEXT PRIMARY KEY, version INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL);
    PRAGMA user_version = 1;";

fn often() -> Settings {
    let mut settings = settings();
    settings.snapshot_every = 5;
    settings
}

fn open(file: &Path) -> Recommender {
    learning(Learner::open(file, often()).unwrap())
}

/// What happened in a store, in the tables of version 1, with snapshots that say nothing that is true.
fn earlier(file: &Path, of: &Path) {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch("PRAGMA journal_mode = WAL;").unwrap();
    connection.execute_batch(FIRST).unwrap();
    connection.execute("ATTACH ?1 AS other", [of.to_str().unwrap()]).unwrap();
    connection.execute("INSERT INTO events SELECT * FROM other.events", []).unwrap();
    for (tenant, version) in [("acme", 2), ("beta", 3)] {
        connection
            .execute(
                "INSERT INTO snapshots VALUES (?1, ?2, 1000000, ?3)",
                params![tenant, version, [7u8; 64]],
            )
            .unwrap();
    }
}

/// All that a tenant is known by.
fn known(of: &Recommender, tenant: &str) -> String {
    let learner = of.learned().unwrap();
    let (stats, records) = (learner.stats(tenant).unwrap(), learner.export(tenant).unwrap());
    assert!(stats.requests > 0 && records.iter().any(|record| !record.feedback.is_empty()));
    let best = &ask(of, tenant, TASK).picks[0];
    format!("{stats:?} {} {:?} {}", best.entry.id, best.parts, serde_json::to_string(&records).unwrap())
}

#[test]
fn what_was_answered_to_an_earlier_version_is_still_known() {
    let folder = tempfile::tempdir().unwrap();
    let (file, old) = (folder.path().join("learned.db"), folder.path().join("old.db"));
    let receipt = {
        let first = open(&file);
        teach(&first, "acme", TASK, WANTED, 12);
        teach(&first, "beta", TASK, "skill:load-test", 12);
        let learner = first.learned().unwrap();
        let answer = |outcome, principal, share| {
            let found = ask(&first, "acme", TASK);
            let entry = found.picks[0].entry.id.clone();
            let feedback = told(found.exposure, &entry, outcome, principal);
            learner.feedback("acme", &Feedback { share, ..feedback }).unwrap().id
        };
        answer(Outcome::Edited, "bob", true);
        learner.undo("acme", answer(Outcome::Rejected, "eve", false), 1_000_001).unwrap();
        answer(Outcome::Ignored, "bob", false)
    };
    earlier(&old, &file);
    let (before, after) = (open(&file), open(&old));
    for tenant in ["acme", "beta"] {
        assert_eq!(known(&after, tenant), known(&before, tenant), "{tenant}");
    }
    assert_eq!(ask(&after, "acme", TASK).picks[0].entry.id, WANTED);
    // What was shared is known to who never answered; numbers of receipts are still good, and said once is said once.
    assert_eq!(ask(&after, "new", TASK).picks[0].parts, ask(&before, "new", TASK).picks[0].parts);
    assert_ne!(ask(&after, "new", TASK).picks[0].parts.learned, 0.0);
    let learner = after.learned().unwrap();
    let answered = learner.export("acme").unwrap().remove(0).exposure;
    let again = told(answered.id, &answered.shown[0], Outcome::Accepted, "ann");
    assert!(learner.feedback("acme", &again).unwrap_err().to_string().contains("was given already"));
    learner.undo("acme", receipt, 1_000_002).unwrap();
    assert_eq!(learner.stats("acme").unwrap().ignored, 0);
    // It goes on, and the next one to open it needs no more than what is there now.
    teach(&after, "acme", TASK, WANTED, 12);
    let stats = learner.stats("acme").unwrap();
    drop(after);
    assert_eq!(open(&old).learned().unwrap().stats("acme").unwrap(), stats);
    let format: i64 =
        Connection::open(&old).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(format, 2);
}

#[test]
fn several_that_open_an_earlier_store_at_once_all_can() {
    let folder = tempfile::tempdir().unwrap();
    let (file, old) = (folder.path().join("learned.db"), folder.path().join("old.db"));
    teach(&open(&file), "acme", TASK, WANTED, 12);
    earlier(&old, &file);
    let found: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| ask(&open(&old), "acme", TASK).picks[0].entry.id.clone()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(found, [WANTED; 4]);
}

#[test]
fn a_store_of_a_later_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learned.db");
    drop(open(&file));
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 3).unwrap();
    let error = Learner::open(&file, often()).unwrap_err().to_string();
    assert!(error.starts_with("`store`: its format 3 is newer than 2"), "{error}");
}
