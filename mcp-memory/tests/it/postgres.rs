//! Several nodes on one database.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use mcp_memory::{Access, Draft, Memory, MemoryError, Postgres, Quota, Scope, Stored};

use crate::children::{child, everything};
use crate::erase::until_final;
use crate::support::{Letters, Opens as _, Place, found, leave_out, open, store, user};

pub(crate) fn url() -> String {
    std::env::var("MCP_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into())
}

/// The database for key rings: keys are not kept where the data is.
const KEYS: &str = "mcp_memory_test_keys";
/// Whom the schemas belong to and memories connect as: row-level security binds it, as it does not bind superusers.
pub(crate) const OWNER: &str = "mcp_memory_test";
const PASSWORD: &str = "memory";

fn config(database: Option<&str>) -> tokio_postgres::Config {
    let mut config: tokio_postgres::Config = url().parse().unwrap();
    if let Some(database) = database {
        config.dbname(database);
    }
    config
}

/// Runs statements, and returns the first column of the last row of the answers and how many rows the last statement was about.
fn answered(
    config: &tokio_postgres::Config,
    sql: &str,
) -> Result<(Option<String>, u64), tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
        let talk = tokio::spawn(connection);
        let answer = client.simple_query(sql).await?;
        drop(client);
        talk.await.unwrap()?;
        let (mut value, mut rows) = (None, 0);
        for message in &answer {
            match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => value = row.get(0).map(str::to_owned),
                tokio_postgres::SimpleQueryMessage::CommandComplete(many) => rows = *many,
                _ => {}
            }
        }
        Ok((value, rows))
    })
}

fn try_sql(database: Option<&str>, sql: &str) -> Result<Option<String>, tokio_postgres::Error> {
    answered(&config(database), sql).map(|(value, _)| value)
}

pub(crate) fn sql(text: &str) -> Option<String> {
    try_sql(None, text).unwrap()
}

/// The same as somebody who is no superuser.
pub(crate) fn sql_as(role: &str, text: &str) -> Result<(Option<String>, u64), tokio_postgres::Error> {
    let mut config = config(None);
    answered(config.user(role).password(PASSWORD), text)
}

/// Makes a role that is nothing special, if it is not there.
pub(crate) fn make_role(name: &str) {
    let is_there = format!("SELECT 1 FROM pg_roles WHERE rolname = '{name}'");
    while sql(&is_there).is_none() {
        // Another test may be faster.
        drop(try_sql(
            None,
            &format!("CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{PASSWORD}'"),
        ));
    }
}

/// Where a role finds a database.
fn url_of(role: &str, database: &str) -> String {
    let config = config(None);
    let tokio_postgres::config::Host::Tcp(host) = &config.get_hosts()[0] else {
        unreachable!("tests reach PostgreSQL by TCP");
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("postgres://{role}:{PASSWORD}@{host}:{port}/{database}")
}

fn database() -> String {
    config(None).get_dbname().unwrap_or("postgres").to_owned()
}

/// A schema of a test, of which nothing is left behind.
#[derive(Debug)]
pub(crate) struct Schema(pub(crate) String, Option<&'static str>);

impl Schema {
    /// Whether there is a server. Without one, files have to do; in CI nothing may.
    pub(crate) fn is_there() -> bool {
        let is_there = try_sql(None, "SELECT 1").is_ok();
        if !is_there {
            leave_out("PostgreSQL is not there");
        }
        is_there
    }

    pub(crate) fn new() -> Self {
        Self::of(None)
    }

    /// One that belongs to a role that row-level security binds.
    fn of(database: Option<&'static str>) -> Self {
        make_role(OWNER);
        let name = Self::name();
        try_sql(database, &format!("CREATE SCHEMA {name} AUTHORIZATION {OWNER}")).unwrap();
        Self(name, database)
    }

    fn name() -> String {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        format!("memory_{}_{}", std::process::id(), MADE.fetch_add(1, SeqCst))
    }

    fn of_keys() -> Self {
        let is_there = format!("SELECT 1 FROM pg_database WHERE datname = '{KEYS}'");
        while sql(&is_there).is_none() {
            // Another test may be faster, or have the template open.
            drop(try_sql(None, &format!("CREATE DATABASE {KEYS}")));
        }
        Self::of(Some(KEYS))
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let dropped =
            try_sql(self.1, &format!("SET lock_timeout = '20s'; DROP SCHEMA IF EXISTS {} CASCADE", self.0));
        if let Err(error) = dropped {
            eprintln!("{} is left behind: {error}", self.0);
        }
    }
}

/// A schema of the data, whose sessions are known by its name.
pub(crate) fn at(schema: &str) -> Postgres {
    of_role(OWNER, schema)
}

/// The same as somebody else.
pub(crate) fn of_role(role: &str, schema: &str) -> Postgres {
    let url = url_of(role, &database());
    Postgres::new(format!("{url}?application_name={schema}")).schema(schema).insecure()
}

/// A schema of the keys.
pub(crate) fn keys_at(schema: &str) -> Postgres {
    Postgres::new(url_of(OWNER, KEYS)).schema(schema).insecure()
}

/// Ends all connections of those who have a memory open, as a server does that restarts.
fn terminate(place: &Place) {
    let schema = place.schema().unwrap();
    sql(&format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{schema}'"
    ));
}

/// The places of two machines, if there is a server: the data in one database, the keys in another.
fn machines() -> Option<(Place, Place)> {
    Schema::is_there().then(|| {
        let one = Place::in_postgres().with_keys(Schema::of_keys());
        let two = one.elsewhere();
        (one, two)
    })
}

#[test]
fn what_one_node_has_acknowledged_another_finds_at_once_and_after_it_was_killed() {
    let Some((one, two)) = machines() else { return };
    let memory = open(&two);
    let ann = user(&memory, "acme", "ann");
    let mut other = child(&one, "other");
    let lines = BufReader::new(other.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut stored = Vec::new();
    for line in lines {
        let Some((_, text)) = line.split_once("stored ") else { continue };
        if stored.len().is_multiple_of(50) {
            let started = Instant::now();
            let hits = ann.search(&mcp_memory::Search::new(text).limit(100)).unwrap().hits;
            assert!(hits.iter().any(|hit| hit.record.content.starts_with(text)), "{text}");
            assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
        }
        stored.push(text.to_owned());
        if stored.len() == 1_000 {
            other.kill().unwrap();
        }
    }
    other.wait().unwrap();
    assert!(stored.len() >= 1_000);
    let there: HashSet<String> = everything(&ann).into_iter().map(|record| record.content).collect();
    let is_there = |text: &String| there.contains(text) || there.contains(&format!("{text} part 19"));
    let lost: Vec<&String> = stored.iter().filter(|text| !is_there(text)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// What 8 threads on 2 nodes get when each does the same.
fn by_eight<R: Send>(nodes: &[Memory; 2], act: impl Fn(&Memory, usize) -> R + Sync) -> Vec<R> {
    thread::scope(|scope| {
        let act = &act;
        let threads: Vec<_> =
            (0..8).map(|number| scope.spawn(move || act(&nodes[number % 2], number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn the_same_text_from_two_nodes_is_one_memory() {
    let Some((one, two)) = machines() else { return };
    let nodes = [open(&one), open(&two)];
    for round in 0..30 {
        let text = format!("said by all in round {round}");
        let stored: Vec<Stored> = by_eight(&nodes, |node, _| {
            user(node, "acme", "ann").store(&Scope::Org, Draft::new(&text)).unwrap()
        });
        assert_eq!(stored.iter().filter(|stored| stored.new).count(), 1, "{stored:?}");
        assert!(stored.iter().all(|each| each.id == stored[0].id), "{stored:?}");
    }
    for node in &nodes {
        assert_eq!(user(node, "acme", "ann").count(&Scope::Org).unwrap(), 30);
    }
}

#[test]
fn a_quota_holds_for_all_nodes_together() {
    let Some((one, two)) = machines() else { return };
    let nodes = [open(&one), open(&two)];
    let stored = by_eight(&nodes, |node, thread| {
        let ann = node.of(Access::new("acme", "ann").quota(Quota::memories(10)));
        let store =
            |number: &i32| ann.store(&Scope::Private, Draft::new(format!("{thread} {number}"))).is_ok();
        (0..5).filter(store).count()
    });
    assert_eq!(stored.iter().sum::<usize>(), 10);
    assert_eq!(user(&nodes[1], "acme", "ann").consumption().unwrap().memories, 10);
}

/// Whoever follows reads while others commit, and while others undo what they began: each sees all in the end.
/// Says that something is over when it is dropped.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn no_change_is_missed_however_transactions_interleave() {
    let Some((one, two)) = machines() else { return };
    let nodes = [open(&one), open(&two)];
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        // Also when one of the writers fails: the scope waits for its readers.
        let over = Over(&is_over);
        for node in &nodes {
            let is_over = &is_over;
            scope.spawn(move || {
                let (reader, mut last) = (user(node, "acme", "reader"), 0);
                while !is_over.load(SeqCst) {
                    let count = reader.count(&Scope::Org).unwrap();
                    assert!(count >= last, "what was seen stays seen");
                    last = count;
                }
            });
        }
        let counts = by_eight(&nodes, |node, thread| {
            let ann = user(node, "acme", &format!("user{thread}"));
            let poor = node.of(Access::new("acme", "poor").write(Scope::Org).quota(Quota::memories(0)));
            for number in 0..25 {
                ann.store(&Scope::Org, Draft::new(format!("{thread} wrote {number}"))).unwrap();
                // Undone when it has written already.
                let refused = poor.store(&Scope::Org, Draft::new(format!("{thread} refused {number}")));
                assert!(matches!(refused, Err(MemoryError::Quota { .. })), "{refused:?}");
                // Its own is there at once, also if others are committing.
                let text = format!("{thread} wrote {number}");
                assert!(
                    ann.search(&mcp_memory::Search::new(&text).limit(100))
                        .unwrap()
                        .hits
                        .iter()
                        .any(|hit| hit.record.content == text)
                );
            }
        });
        drop((over, counts));
    });
    for node in &nodes {
        assert_eq!(user(node, "acme", "reader").count(&Scope::Org).unwrap(), 8 * 25);
    }
    // Numbers of changes have no gaps: a gap means that something was cut off.
    let schema = one.schema().unwrap();
    assert_eq!(sql(&format!("SELECT max(seq) - count(*) FROM {schema}.change")).as_deref(), Some("0"));
}

#[test]
fn a_new_schema_is_made_once_by_those_who_open_it_together() {
    let Some((one, two)) = machines() else { return };
    let places = &[one, two];
    thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|number| scope.spawn(move || open(&places[number % 2]))).collect();
        for (number, memory) in all.into_iter().enumerate() {
            store(&user(&memory.join().unwrap(), "acme", "ann"), &format!("by {number}"));
        }
    });
    assert_eq!(user(&open(&places[0]), "acme", "ann").count(&Scope::Private).unwrap(), 8);
}

#[test]
fn a_lost_connection_is_replaced_and_nothing_acknowledged_is_lost() {
    let Some((one, _two)) = machines() else { return };
    let memory = open(&one);
    let ann = user(&memory, "acme", "ann");
    // Idle connections: nobody notices.
    for round in 0..10 {
        terminate(&one);
        if round % 2 == 0 {
            assert_eq!(ann.count(&Scope::Private).unwrap(), round);
        }
        store(&ann, &format!("stored after {round}"));
        assert_eq!(found(&ann, &format!("stored after {round}"))[0], format!("stored after {round}"));
    }
    // In the midst of writing: whoever is told that it is stored finds it. Between two losses something is stored, however busy the machine is.
    let (is_over, stored) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (acknowledged, refused) = thread::scope(|scope| {
        scope.spawn(|| {
            let _over = Over(&is_over);
            for round in 0..40 {
                let (started, before) = (Instant::now(), stored.load(SeqCst));
                while started.elapsed() < Duration::from_micros(round * 12_377 % 60_000) {
                    thread::yield_now();
                }
                terminate(&one);
                while stored.load(SeqCst) == before {
                    assert!(started.elapsed() < Duration::from_secs(60), "nothing is stored any more");
                    thread::yield_now();
                }
            }
        });
        let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
        for number in 0.. {
            let text = format!("written meanwhile {number}");
            match ann.store(&Scope::Private, Draft::new(&text)) {
                Ok(_) => {
                    acknowledged.push(text);
                    stored.fetch_add(1, SeqCst);
                }
                Err(error) => refused.push(error),
            }
            if is_over.load(SeqCst) {
                break;
            }
        }
        (acknowledged, refused)
    });
    let there: HashSet<String> = everything(&ann).into_iter().map(|record| record.content).collect();
    assert!(acknowledged.len() >= 40, "{} of {}", acknowledged.len(), acknowledged.len() + refused.len());
    assert!(acknowledged.iter().all(|text| there.contains(text)));
    for error in refused {
        let source = std::error::Error::source(&error).unwrap().to_string();
        let is_clear = ["the connection to the database was lost", "the database cannot be reached"]
            .iter()
            .any(|start| source.starts_with(start));
        assert!(is_clear, "{source}");
    }
}

#[test]
fn a_node_that_lost_its_connection_forgets_and_is_counted_again() {
    let Some((one, two)) = machines() else { return };
    let (memory, other) = (open(&one), open(&two));
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&other, "acme", "bob"));
    for round in 0..3 {
        store(&ann, &format!("annsecret {round}"));
        store(&bob, &format!("bobsecret {round}"));
        assert!(found(&bob, "bobsecret").len() > round);
        terminate(&one);
        let receipt = memory.erase("acme", "ann").unwrap();
        until_final(&memory, &receipt);
        assert_eq!(ann.count(&Scope::Private).unwrap(), 0);
        assert!(found(&bob, "bobsecret").len() > round);
    }
    let schema = one.schema().unwrap();
    drop((ann, bob, memory, other));
    // Who left is not waited for.
    let left = sql(&format!("SELECT count(*) FROM {schema}.live WHERE missing IS NULL")).unwrap();
    assert_eq!(left, "0");
}

/// What `pg_dump` writes of a memory; nothing where there is no such program.
fn dump(place: &Place) -> Option<String> {
    let output = Command::new("pg_dump")
        .arg("--dbname")
        .arg(url())
        .arg("--schema")
        .arg(place.schema().unwrap())
        .output();
    let Ok(output) = output else {
        leave_out("pg_dump is not there");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_dump_holds_no_text_and_no_key() {
    if !Schema::is_there() {
        return;
    }
    // Bytes are written as hexadecimal digits.
    let hexadecimal: String = "secret".bytes().map(|byte| format!("{byte:02x}")).collect();
    for encrypt in [true, false] {
        let place = Place::in_postgres();
        let memory = place.builder().embedder(Letters).encrypt(encrypt).open().unwrap();
        let space = Scope::Workspace("secretspace".into());
        let ann = memory.of(Access::new("secretorg", "secretuser").write(space.clone()));
        let mut draft =
            Draft::new("secretcontent").tag("secrettag").session("secretsession").kind("secrettype");
        draft.metadata.insert("secretkey".into(), "secretvalue".into());
        ann.store(&space, draft).unwrap();
        let Some(dump) = dump(&place) else { return };
        assert!(dump.contains(".memory") && !dump.contains("wrapped") && !dump.contains("secret"));
        // Without encryption it is found there: so it would be.
        assert_eq!(dump.contains(&hexadecimal), !encrypt);
    }
}

#[test]
fn a_dump_that_is_restored_brings_back_all_but_who_was_erased_and_nothing_derived_is_believed() {
    let Some((one, two)) = machines() else { return };
    let (search, many) =
        (|memory: &Memory, name: &str, word: &str| found(&user(memory, "acme", name), word), 600);
    let store_all = |memory: &Memory, word: &str| {
        let drafts = (0..many).map(|number| Draft::new(format!("{word} number {number}"))).collect();
        user(memory, "acme", "bob").store_all(&Scope::Private, drafts).unwrap();
    };
    let before = {
        let memory = open(&one);
        store(&user(&memory, "acme", "ann"), "annsecret");
        store_all(&memory, "first");
        let Some(before) = dump(&one) else { return };
        memory.erase("acme", "ann").unwrap();
        // Enough to be written by both machines: what they derived of it fits no longer afterwards.
        store_all(&memory, "second");
        let other = open(&two);
        assert_eq!((search(&memory, "bob", "second").len(), search(&other, "bob", "second").len()), (10, 10));
        before
    };
    for place in [&one, &two] {
        assert_eq!(std::fs::read_dir(place.path().join("derived")).unwrap().count(), 1);
    }
    sql(&format!("DROP SCHEMA {} CASCADE", one.schema().unwrap()));
    let file = one.path().join("dump.sql");
    std::fs::write(&file, before).unwrap();
    let restore = Command::new("psql")
        .args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file"])
        .arg(&file)
        .arg(url())
        .output();
    let restore = restore.unwrap();
    assert!(restore.status.success(), "{}", String::from_utf8_lossy(&restore.stderr));
    let memory = open(&one);
    let restored = memory.restored().unwrap();
    assert_eq!((restored.memories, restored.forgotten), (many, 1));
    // As many changes again: by their numbers, views of before would fit.
    store_all(&memory, "third");
    let other = open(&two);
    for memory in [&memory, &other] {
        assert!(search(memory, "ann", "annsecret").is_empty());
        assert_eq!(user(memory, "acme", "bob").count(&Scope::Private).unwrap(), 2 * many);
        // Texts are read again before they leave, so what was derived shows in the scores: which words are known.
        let is_known = |word: &str| {
            let hits = user(memory, "acme", "bob").search(&mcp_memory::Search::new(word)).unwrap().hits;
            hits.iter().any(|hit| hit.explain.text > 0.0)
        };
        assert_eq!(["first", "second", "third"].map(is_known), [true, false, true]);
    }
    assert_eq!(memory.export("acme", "ann", Vec::new()).unwrap().memories, 0);
}

#[test]
fn what_does_not_go_is_refused_and_says_what_would() {
    let Some((one, _two)) = machines() else { return };
    let schema = one.schema().unwrap();
    let beside =
        Memory::builder(one.path()).postgres(at(schema)).key_ring_in_postgres(at("keys_beside")).open();
    let beside = beside.unwrap_err().to_string();
    assert!(beside.starts_with("key ring: it is in the database of the data"), "{beside}");
    assert!(sql("SELECT 1 FROM pg_namespace WHERE nspname = 'keys_beside'").is_none());
    let far = Memory::postgres("postgres://db.example.com/memory?sslmode=disable", one.path())
        .unwrap_err()
        .to_string();
    assert!(far.starts_with("postgres: `db.example.com` is another machine"), "{far}");
    let nobody = Memory::postgres("postgres://127.0.0.1:1/memory", one.path()).unwrap_err();
    assert_eq!(nobody.to_string(), "the memory cannot be opened");
    assert!(std::error::Error::source(&nobody).is_some());
    let memory = open(&one);
    let refused = memory.backup(one.path().join("copy")).unwrap_err().to_string();
    assert_eq!(
        refused,
        "backup: is for a memory in files: copy this one with `pg_dump`, and its key ring elsewhere"
    );
    drop(memory);
    // Another ring opens nothing.
    let other = Memory::builder(one.path()).postgres(at(schema)).open().unwrap_err().to_string();
    assert!(other.starts_with("key ring: it is the ring of another memory: machines that share"), "{other}");
    sql(&format!("UPDATE {schema}.format SET version = 99"));
    let newer = one.builder().open().unwrap_err().to_string();
    assert_eq!(newer, format!("`PostgreSQL, schema {schema}` has format 99, and this version reads up to 3"));
}

/// A server opens and closes its memory from asynchronous code.
#[tokio::test]
async fn it_opens_and_closes_within_another_runtime() {
    let place = tokio::task::spawn_blocking(|| Schema::is_there().then(Place::in_postgres)).await.unwrap();
    let Some(place) = place else { return };
    let memory = open(&place);
    let ann = user(&memory, "acme", "ann");
    store(&ann, "hello");
    assert_eq!(found(&ann, "hello"), ["hello"]);
    drop((ann, memory));
    tokio::task::spawn_blocking(|| drop(place)).await.unwrap();
}

#[test]
fn what_the_server_refuses_late_is_undone_alone() {
    let Some((one, two)) = machines() else { return };
    let schema = one.schema().unwrap();
    let (memory, other) = (open(&one), open(&two));
    let ann = user(&memory, "acme", "ann");
    store(&ann, "before");
    sql(&format!(
        "CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'too long today'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON {schema}.memory FOR EACH ROW WHEN (length(NEW.body) > 3000)
        EXECUTE FUNCTION {schema}.refuse()"
    ));
    let long = "x".repeat(10_000);
    // Those of others that wait for the same commit are not harmed.
    thread::scope(|scope| {
        let drafts = vec![Draft::new("one of three"), Draft::new(&*long), Draft::new("three of three")];
        let refused = scope.spawn(|| ann.store_all(&Scope::Private, drafts).unwrap_err());
        for number in 0..50 {
            store(&user(&memory, "acme", "bob"), &format!("bob {number}"));
        }
        let error = refused.join().unwrap();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(cause, "the database says: too long today");
    });
    assert_eq!(everything(&ann).len(), 1, "nothing of the three");
    assert_eq!(everything(&user(&other, "acme", "bob")).len(), 50);
    sql(&format!("DROP TRIGGER refuse ON {schema}.memory"));
    ann.store(&Scope::Private, Draft::new(&*long)).unwrap();
    // Within a batch, what says the same is one, and sessions count on.
    let turns = || (0..200).map(|turn| Draft::new(format!("turn {}", turn % 150))).collect();
    let stored = ann.store_session(&Scope::Private, "talk", turns()).unwrap();
    assert_eq!(stored.iter().filter(|stored| stored.new).count(), 150);
    assert_eq!(stored[0].id, stored[150].id);
    let again = user(&other, "acme", "ann").store_session(&Scope::Private, "talk", turns()).unwrap();
    assert!(again.iter().zip(&stored).all(|(a, b)| !a.new && a.id == b.id));
    let last = user(&other, "acme", "ann").store_session(&Scope::Private, "talk", vec![Draft::new("last")]);
    let (record, _) = ann.get(&last.unwrap()[0].id).unwrap();
    assert_eq!(record.sequence, Some(150));
}
