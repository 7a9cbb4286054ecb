//! The audit log: tampering, crashes, tenants, retention, on every store.

use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use mcp_core::{Server, State, tool};
use mcp_edge::audit::{
    Audit, AuditError, AuditLog, ChainKey, Entry, ExportFormat, Redaction, Retention, Store, StoreError,
    VerifyError, verify_folder,
};
use mcp_edge::limit::{Limit, Limits, Period};
use mcp_edge::policy::{Format, Policy, PolicyFile};
use mcp_edge::{CallRecord, Clock, Edge, Outcome};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower_layer::Layer;

const DAY: Duration = Duration::from_secs(86_400);
const START: Duration = Duration::from_secs(1_800_000_000);

fn tenants() -> [Principal; 2] {
    [Principal::new("acme", "ann"), Principal::new("other", "ann")]
}

async fn append(log: &AuditLog, entries: u32, from: Duration, step: Duration) {
    let who = tenants();
    for i in 0..entries {
        let mut record = CallRecord::new(from + step * i, "tools/call");
        record.principal = who.get(i as usize % 2);
        record.tool = Some("search");
        record.outcome = Outcome::ALL[i as usize % Outcome::ALL.len()];
        record.arguments = Some(r#"{"path":"/a","password":"hunter2","n":1}"#);
        log.append(&record).await.unwrap();
    }
}

/// All bytes of a log in a folder, its files by name.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn segments(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    files(folder)
        .into_iter()
        .filter(|(path, bytes)| path.extension().is_some() && !bytes.is_empty())
        .collect()
}

/// What is refused, failed, limited and served is there, in order, for each tenant; secrets are not.
#[tokio::test]
async fn calls_of_all_outcomes_are_entries() {
    let folder = tempfile::tempdir().unwrap();
    let redaction = Redaction::keep(["/path", "/note"]).unwrap();
    let log = Audit::folder(folder.path()).redaction(redaction).open().unwrap();
    let policy =
        "rules: [{ id: all, effect: allow, tools: ['*'] }, { id: none, effect: deny, tools: [wipe] }]";
    let policy = PolicyFile::fixed(Policy::parse(policy, "p", Format::Yaml).unwrap());
    let limits = Limits::new([Limit::quota("few", 2, Period::Day).tools(["few"])]).unwrap();
    let edge = Edge::builder().audit(log.clone()).policy(policy).limits(limits).build().unwrap();
    let server = Server::builder("s", "1.0.0")
        .tool(tool("few", async || "ok"))
        .tool(tool("fail", async || Err::<String, _>(std::io::Error::other("no"))))
        .build()
        .unwrap();
    let mut expected = Vec::new();
    for who in tenants() {
        let org = who.org.clone();
        let client = TestClient::builder().principal(who).connect(edge.layer().layer(server.clone())).await;
        for (name, times) in [("few", 3), ("fail", 1), ("wipe", 2), ("nothing", 1)] {
            for _ in 0..times {
                let arguments = json!({ "path": "/a", "note": "Bearer abc", "password": "hunter2" });
                let outcome = match client.try_call(name, arguments).await {
                    Ok(result) if result.is_error => "tool_error",
                    Ok(_) => "ok",
                    Err(error) => match error.code.0 {
                        -31_008 => "denied",
                        -31_009 => "limited",
                        _ => "error",
                    },
                };
                expected.push((org.clone(), name, outcome));
            }
        }
    }
    let (count, out) = log.export(ExportFormat::JsonLines, None, Vec::new()).unwrap();
    assert_eq!(count, expected.len() as u64);
    let text = String::from_utf8(out).unwrap();
    let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (entry, (org, name, outcome)) in entries.iter().zip(&expected) {
        assert_eq!(
            (&entry["org"], &entry["tool"], &entry["outcome"]),
            (&json!(org), &json!(name), &json!(outcome))
        );
        assert_eq!(entry["arguments"], json!({ "/path": "/a", "/note": "[redacted]" }));
        assert_eq!(entry["argumentsDigest"].as_str().unwrap().len(), 64);
    }
    assert!(!text.contains("hunter2") && !text.contains("Bearer abc"));
    assert!(
        entries.iter().any(|entry| entry["rule"] == "none")
            && entries.iter().any(|entry| entry["rule"] == "few")
    );
    let (count, out) = log.export(ExportFormat::Csv, Some("other"), Vec::new()).unwrap();
    assert_eq!(count, 7);
    let csv = String::from_utf8(out).unwrap();
    assert_eq!(csv.lines().count(), 8);
    assert!(!csv.contains("acme"));
}

#[test]
fn what_is_named_like_a_secret_is_never_kept() {
    for pointer in ["/password", "/auth/accessToken", "/API_KEY", "/x/clientSecret", "path", "/cookie"] {
        assert!(Redaction::keep([pointer]).is_err(), "{pointer}");
    }
}

#[tokio::test]
async fn one_changed_byte_anywhere_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for key in [ChainKey::default(), ChainKey::new(&[7; 32])] {
        let path = folder.path().join(format!("{key:?}").len().to_string());
        let log = Audit::folder(&path).key(key.clone()).segment_size(1_500).open().unwrap();
        append(&log, 7, START, Duration::from_secs(1)).await;
        drop(log);
        assert_eq!(verify_folder(&path, Some(&key)).unwrap().entries, 7);
        let sound = segments(&path);
        assert!(sound.len() >= 2, "the log has several files");
        for (file, bytes) in &sound {
            let open = OpenOptions::new().write(true).open(file).unwrap();
            for (at, byte) in bytes.iter().enumerate() {
                open.write_all_at(&[byte ^ 1], at as u64).unwrap();
                assert!(verify_folder(&path, Some(&key)).is_err(), "byte {at} of {}", file.display());
                open.write_all_at(&[*byte], at as u64).unwrap();
            }
        }
        assert_eq!(verify_folder(&path, Some(&key)).unwrap().entries, 7);
    }
}

#[tokio::test]
async fn removed_moved_added_and_cut_off_entries_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let log = Audit::folder(folder.path()).open().unwrap();
    append(&log, 6, START, Duration::from_secs(1)).await;
    drop(log);
    let (file, bytes) = segments(folder.path()).remove(0);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let check = |lines: &[&[u8]], what: &str| {
        fs::write(&file, lines.concat()).unwrap();
        let verified = verify_folder(folder.path(), None);
        assert!(verified.is_err(), "{what}: {verified:?}");
        verified.unwrap_err()
    };
    for i in 0..6 {
        let mut without = lines.clone();
        without.remove(i);
        check(&without, "removed");
        let mut twice = lines.clone();
        twice.insert(i, lines[i]);
        check(&twice, "added");
        if i > 0 {
            let mut swapped = lines.clone();
            swapped.swap(i, i - 1);
            check(&swapped, "moved");
        }
    }
    assert!(matches!(check(&lines[..4], "cut off"), VerifyError::Truncated { last: 4, expected: 6 }));
    assert!(matches!(check(&[], "emptied"), VerifyError::Truncated { last: 0, expected: 6 }));
    fs::write(&file, &bytes).unwrap();
    let head = folder.path().join("head");
    let checkpoint = fs::read(&head).unwrap();
    for at in 0..checkpoint.len() {
        let mut changed = checkpoint.clone();
        changed[at] ^= 2;
        fs::write(&head, changed).unwrap();
        // A checkpoint that knows less is an old one, and no proof of anything.
        let verified = verify_folder(folder.path(), None);
        assert!(verified.is_err(), "byte {at} of the checkpoint: {verified:?}");
    }
    fs::remove_file(&head).unwrap();
    assert!(matches!(verify_folder(folder.path(), None), Err(VerifyError::Checkpoint)));
}

#[tokio::test]
async fn a_chain_with_a_key_cannot_be_made_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = Audit::folder(folder.path()).open().unwrap();
    append(&log, 3, START, Duration::from_secs(1)).await;
    drop(log);
    assert!(verify_folder(folder.path(), None).is_ok());
    assert!(verify_folder(folder.path(), Some(&ChainKey::new(&[1; 32]))).is_err());
}

#[tokio::test]
async fn a_log_goes_on_where_it_ended_and_lets_one_process_in() {
    let folder = tempfile::tempdir().unwrap();
    let log = Audit::folder(folder.path()).segment_size(1_500).open().unwrap();
    append(&log, 5, START, Duration::from_secs(1)).await;
    assert!(matches!(Audit::folder(folder.path()).open(), Err(AuditError::Store(_))), "it is open already");
    drop(log);
    // A crash within a line.
    let (file, bytes) = segments(folder.path()).pop().unwrap();
    fs::write(&file, [&bytes[..], br#"{"seq":6,"event":"ca"#].concat()).unwrap();
    let log = Audit::folder(folder.path()).segment_size(1_500).open().unwrap();
    append(&log, 5, START, Duration::from_secs(1)).await;
    assert_eq!(log.verify(None).unwrap().entries, 10);
    drop(log);
    assert_eq!(verify_folder(folder.path(), None).unwrap().entries, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_synced_soon_and_strict_ones_at_once() {
    for strict in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let log = Audit::folder(folder.path()).strict(strict).open().unwrap();
        let appends = (0..16).map(|_| {
            let log = log.clone();
            tokio::spawn(async move { append(&log, 10, START, Duration::ZERO).await })
        });
        for append in appends.collect::<Vec<_>>() {
            append.await.unwrap();
        }
        // The checkpoint is written after a sync.
        let seen = || {
            fs::read_to_string(folder.path().join("head"))
                .is_ok_and(|head| head.starts_with(&format!("{:020}", 160)))
        };
        if strict {
            assert!(fs::read_to_string(folder.path().join("head")).is_ok());
        }
        let start = std::time::Instant::now();
        crate::support::until("a sync", seen).await;
        eprintln!("strict {strict}: on the disk {:?} after the last answer", start.elapsed());
        assert_eq!(log.verify(None).unwrap().entries, 160);
    }
}

/// Retention on any store: what a dry run counts is what goes; holds stay; it is an entry itself; the chain holds.
async fn check_retention(log: &AuditLog, clock: &Clock) {
    append(log, 10, START, DAY).await;
    clock.advance(DAY * 8 - Duration::from_secs(1));
    let hold = Retention::older_than(DAY * 3).hold_user("other", "ann");
    let dry = log.retain(&hold, true).unwrap();
    assert_eq!((dry.erased, dry.held), (3, 2));
    assert_eq!(log.verify(None).unwrap().erased, 0);
    assert_eq!(log.retain(&hold, false).unwrap(), dry);
    let report = log.verify(None).unwrap();
    assert_eq!((report.entries, report.erased), (11, 3));
    let (_, out) = log.export(ExportFormat::JsonLines, None, Vec::new()).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches(r#""org":"acme""#).count(), 2, "{text}");
    assert_eq!(text.matches(r#""org":"other""#).count(), 5);
    assert!(text.contains(r#""event":"retention""#) && text.contains("[[1,1],[3,3],[5,5]]"), "{text}");
    // Again there is nothing to do, and without the hold there is.
    assert_eq!(log.retain(&hold, false).unwrap().erased, 0);
    assert_eq!(log.retain(&Retention::older_than(DAY * 3), false).unwrap().erased, 2);
    append(log, 3, START, DAY).await;
    let report = log.verify(report.head).unwrap();
    assert_eq!((report.entries, report.erased), (15, 5));
}

#[tokio::test]
async fn retention_takes_what_is_old_and_leaves_what_is_held() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(START));
    let log = Audit::folder(folder.path()).clock(clock.clone()).segment_size(1_500).open().unwrap();
    check_retention(&log, &clock).await;
    drop(log);
    assert_eq!(verify_folder(folder.path(), None).unwrap().erased, 5);
    // Content that goes without an entry about it is found.
    for (file, bytes) in segments(folder.path()) {
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (i, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(r#""event":"call""#)) {
            let seq = &line[7..line.find(',').unwrap()];
            let tail = &line[line.find(r#","prev":"#).unwrap()..];
            for by in [11, 12, 1] {
                let mut forged = lines.clone();
                forged[i] = format!(r#"{{"seq":{seq},"erased":{by}{tail}"#);
                fs::write(&file, forged.join("\n") + "\n").unwrap();
                assert!(verify_folder(folder.path(), None).is_err(), "entry {seq} erased by {by}");
            }
        }
        fs::write(&file, &text).unwrap();
    }
    verify_folder(folder.path(), None).unwrap();
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_a_log_and_refuses_changes() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(START));
    let path = folder.path().join("audit.db");
    let log = Audit::sqlite(&path).clock(clock.clone()).open().unwrap();
    check_retention(&log, &clock).await;
    drop(log);
    let db = rusqlite::Connection::open(&path).unwrap();
    for change in [
        "DELETE FROM audit WHERE seq = 15",
        "UPDATE audit SET line = replace(line, 'ann', 'bob') WHERE seq = 15",
        "UPDATE audit SET seq = 99 WHERE seq = 15",
    ] {
        assert!(db.execute(change, []).is_err(), "{change}");
    }
    // Who removes the triggers can change entries, and is found out.
    db.execute_batch(
        "DROP TRIGGER audit_stub; UPDATE audit SET line = replace(line, 'ann', 'bob') WHERE seq = 15",
    )
    .unwrap();
    drop(db);
    let log = Audit::sqlite(&path).strict(true).open().unwrap();
    assert!(matches!(log.verify(None), Err(AuditError::Verify(VerifyError::Broken { seq: 15, .. }))));
    append(&log, 2, START, DAY).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_keeps_a_log_and_refuses_changes() {
    let url = std::env::var("MCP_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into());
    let connected = tokio_postgres::connect(&url, tokio_postgres::NoTls).await;
    let Ok((owner, connection)) = connected else {
        return assert!(crate::support::skipped(true, "PostgreSQL"));
    };
    tokio::spawn(connection);
    let id = std::process::id();
    let (table, role) = (format!("audit_{id}"), format!("audit_app_{id}"));
    let clean = format!("DROP TABLE IF EXISTS {table}; DROP ROLE IF EXISTS {role}");
    owner.batch_execute(&clean).await.unwrap();
    owner.batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'test'")).await.unwrap();
    owner.batch_execute(&mcp_edge::audit::postgres_schema(&table, &role)).await.unwrap();
    let mut app: tokio_postgres::Config = url.parse().unwrap();
    app.user(&role).password("test");
    let host = match app.get_hosts().first() {
        Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
        _ => "127.0.0.1".into(),
    };
    let (port, name) =
        (app.get_ports().first().copied().unwrap_or(5432), app.get_dbname().unwrap_or("postgres"));
    let app_url = format!("postgres://{role}:test@{host}:{port}/{name}");

    let clock = Clock::manual(START);
    let open = |url: &str| Audit::postgres(url, &table).clock(clock.clone()).open();
    let log = open(&app_url).unwrap();
    append(&log, 2, START, DAY).await;
    assert!(open(&app_url).is_err(), "one writer at a time");
    // The role of the program can append and read, and nothing else.
    let (client, connection) = app.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for change in [
        format!("DELETE FROM {table}"),
        format!("UPDATE {table} SET line = ''"),
        format!("TRUNCATE {table}"),
        format!("DROP TABLE {table}"),
        format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
    ] {
        assert!(client.batch_execute(&change).await.is_err(), "{change}");
        if !change.starts_with("DROP") && !change.starts_with("ALTER") {
            assert!(owner.batch_execute(&change).await.is_err(), "owner: {change}");
        }
    }
    // A connection that breaks costs the calls of the moment, and no more.
    owner
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", &[&role])
        .await
        .unwrap();
    let record = CallRecord::new(START, "tools/call");
    let mut recovered = false;
    for _ in 0..200 {
        recovered = log.append(&record).await.is_ok();
        if recovered {
            break;
        }
        assert!(!log.is_healthy());
    }
    assert!(recovered && log.is_healthy());
    let entries = log.verify(None).unwrap().entries;
    assert!(entries >= 3);
    drop(log);
    owner.batch_execute(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL; DELETE FROM {table}; ALTER TABLE {table} ENABLE TRIGGER ALL")).await.unwrap();
    let log = open(&url).unwrap();
    check_retention(&log, &clock).await;
    owner
        .batch_execute(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL; UPDATE {table} SET line = replace(line, 'ann', 'bob') WHERE seq = 15"))
        .await
        .unwrap();
    assert!(matches!(log.verify(None), Err(AuditError::Verify(VerifyError::Broken { seq: 15, .. }))));
    drop(log);
    owner.batch_execute(&clean).await.unwrap();
}

/// A store that fails when it is told to.
struct Flaky {
    lines: Vec<String>,
    broken: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Store for Flaky {
    fn last(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.lines.last().cloned())
    }

    fn append(&mut self, entries: &[Entry<'_>]) -> Result<(), StoreError> {
        if self.broken.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreError::new("written", "the disk is full"));
        }
        self.lines.extend(entries.iter().map(|entry| entry.line.to_owned()));
        Ok(())
    }

    fn sync(&mut self) -> mcp_edge::audit::Sync {
        Box::new(|| Ok(()))
    }

    fn read(&mut self, visit: &mut dyn FnMut(&str) -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.lines.iter().try_for_each(|line| visit(line))
    }

    fn replace(&mut self, _: &[Entry<'_>]) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn what_cannot_be_audited_is_not_served_and_what_can_again_is() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

    let (broken, ran) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let log = Audit::store(Flaky { lines: Vec::new(), broken: Arc::clone(&broken) }).open().unwrap();
    let edge = Edge::builder().audit(log.clone()).build().unwrap();
    let counter = async |State(ran): State<Arc<AtomicU32>>| ran.fetch_add(1, SeqCst).to_string();
    let server =
        Server::builder("s", "1.0.0").state(Arc::clone(&ran)).tool(tool("t", counter)).build().unwrap();
    let client = TestClient::connect(edge.layer().layer(server));
    assert!(client.try_call("t", json!({})).await.is_ok());
    broken.store(true, SeqCst);
    // The first finds out when it has run; the others do not run.
    for _ in 0..5 {
        let error = client.try_call("t", json!({})).await.unwrap_err();
        assert!(error.message.contains("audit log"), "{error}");
        assert!(!error.message.contains("disk"), "{error}");
    }
    assert_eq!(ran.load(SeqCst), 2);
    broken.store(false, SeqCst);
    // This one is refused still, and its entry is kept: the next may run.
    assert!(client.try_call("t", json!({})).await.is_err());
    assert!(client.try_call("t", json!({})).await.is_ok());
    assert_eq!(ran.load(SeqCst), 3);
    assert_eq!(log.verify(None).unwrap().entries, 3);
}

/// The child of the test below: serves calls and says which were answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test below"]
async fn child_that_is_killed() {
    let Ok(folder) = std::env::var("MCP_TEST_AUDIT_FOLDER") else { return };
    let log = Audit::folder(folder).open().unwrap();
    let edge = Edge::builder().audit(log).build().unwrap();
    let server = Server::builder("s", "1.0.0").tool(tool("t", async || "ok")).build().unwrap();
    let calls = (0..4).map(|lane| {
        let service = edge.layer().layer(server.clone());
        tokio::spawn(async move {
            let client = TestClient::connect(service);
            for i in 0.. {
                client.call("t", json!({ "id": format!("{lane}-{i}") })).await;
                writeln!(std::io::stdout(), "answered {lane}-{i}").unwrap();
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

#[test]
fn no_answered_call_is_missing_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (mut answered, mut entries) = (0, 0);
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["audit::child_that_is_killed", "--exact", "--ignored", "--nocapture"])
            .env("MCP_TEST_AUDIT_FOLDER", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let told: Vec<String> =
            lines.by_ref().filter(|line| line.contains("answered")).take(200 + round * 37).collect();
        child.kill().unwrap();
        // What it said before it died counts as well.
        let more = lines.filter(|line| line.contains("answered")).count();
        child.wait().unwrap();
        answered += told.len() + more;
        assert!(told.len() >= 200);
        // The checkpoint may be missing or old; the chain must hold, but for a line that was cut.
        let log = Audit::folder(folder.path()).open().unwrap();
        entries = log.verify(None).unwrap().entries;
        assert!(entries >= answered as u64, "{entries} entries of {answered} answered calls");
    }
    // Each of four lanes may have had a call without an answer in each round.
    assert!(entries <= answered as u64 + 5 * 4 * 2, "{entries} entries of {answered} answered calls");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_callers_send_the_chain_holds(texts in prop::collection::vec((any::<String>(), any::<String>()), 1..8)) {
        let folder = tempfile::tempdir().unwrap();
        let log = Audit::folder(folder.path()).redaction(Redaction::keep(["/x"]).unwrap()).open().unwrap();
        for (a, b) in &texts {
            let who = Principal::new(a.clone(), b.clone());
            let arguments = json!({ "x": a }).to_string();
            let mut record = CallRecord::new(START, b);
            (record.principal, record.tool, record.target) = (Some(&who), Some(b.as_str()), Some(a.as_str()));
            record.arguments = Some(&arguments);
            futures_lite(log.append(&record)).unwrap();
        }
        prop_assert_eq!(log.verify(None).unwrap().entries, texts.len() as u64);
    }
}

fn futures_lite<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
