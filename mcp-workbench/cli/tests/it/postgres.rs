//! A memory in PostgreSQL.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::support::{Folder, leave_out};

/// Whom the tables belong to, and somebody who may use them.
const OWNER: &str = "mcp_cli_test";
const GUEST: &str = "mcp_cli_test_guest";
/// The database of the keys.
const KEYS: &str = "mcp_cli_test_keys";
const PASSWORD: &str = "hunter2";

fn url() -> String {
    std::env::var("MCP_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into())
}

fn run(database: Option<&str>, text: &str) -> Result<(), tokio_postgres::Error> {
    let mut config: tokio_postgres::Config = url().parse().unwrap();
    if let Some(database) = database {
        config.dbname(database);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await?;
        let talk = tokio::spawn(connection);
        let answer = client.batch_execute(text).await;
        drop(client);
        talk.await.unwrap()?;
        answer
    })
}

/// A schema that is gone with the test, in the database of memories and in that of keys.
struct Database(String);

impl Database {
    /// None where there is no server; in CI there is one.
    fn new(test: &str) -> Option<Self> {
        if run(None, "SELECT 1").is_err() {
            leave_out("PostgreSQL is not there");
            return None;
        }
        for role in [OWNER, GUEST] {
            // Another test may be faster.
            drop(run(
                None,
                &format!("CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{PASSWORD}'"),
            ));
        }
        drop(run(None, &format!("CREATE DATABASE {KEYS} OWNER {OWNER}")));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let schema = format!("cli_{test}_{now}");
        for database in [None, Some(KEYS)] {
            run(database, &format!("CREATE SCHEMA {schema} AUTHORIZATION {OWNER}")).unwrap();
        }
        Some(Self(schema))
    }

    fn at(role: &str, database: Option<&str>) -> String {
        let config: tokio_postgres::Config = url().parse().unwrap();
        let tokio_postgres::config::Host::Tcp(host) = &config.get_hosts()[0] else {
            unreachable!("tests reach PostgreSQL by TCP");
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let database = database.or(config.get_dbname()).unwrap_or("postgres");
        format!("postgres://{role}:{PASSWORD}@{host}:{port}/{database}")
    }

    /// A folder whose memory is there.
    fn folder(&self) -> Folder {
        let folder = Folder::new();
        folder.write(
            "mcp.yaml",
            &format!(
                "memory:\n  postgres:\n    url: ${{PLACE}}\n    keys_url: {}\n    schema: {}\n",
                Self::at(OWNER, Some(KEYS)),
                self.0
            ),
        );
        folder.write(".env.mcp.local", &format!("PLACE={}\n", Self::at(OWNER, None)));
        folder
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for database in [None, Some(KEYS)] {
            run(database, &format!("DROP SCHEMA IF EXISTS {} CASCADE", self.0)).unwrap();
        }
    }
}

fn store(folder: &Folder, content: &str) {
    let stored = format!("{{\"memories\":[{{\"content\":\"{content}\"}}]}}");
    folder.mcp(&["call", "memory", "memory_store", "--json", &stored]).good();
}

fn finds(folder: &Folder, query: &str, expect: &str) {
    let found = folder.mcp(&["search", query]).good().stdout;
    assert!(found.contains(expect), "{found}");
}

#[test]
fn machines_share_a_memory_whatever_serves_it() {
    let Some(database) = Database::new("shared") else { return };
    // Two folders are two machines: they have nothing but the databases in common.
    let (one, other) = (database.folder(), database.folder());
    let _up = one.up(&[], &[]);
    store(&one, "the ferry leaves at nine");
    let processes = other.up(&["--processes"], &[]);
    finds(&other, "when does the ferry leave", "at nine");
    store(&other, "the lighthouse is closed on Mondays");
    finds(&one, "when is the lighthouse closed", "on Mondays");
    drop(processes);
    // Without a stack, and by a service alone.
    finds(&other, "when does the ferry leave", "at nine");
    let alone = format!("{} serve memory", env!("CARGO_BIN_EXE_mcp"));
    let found = other.mcp(&["call", &alone, "memory_search", "query=when does the ferry leave"]).good();
    assert!(found.stdout.contains("at nine"), "{}", found.stdout);
    other.write("docs/port.md", "# Port\n\nThe harbour master is called Wim.\n");
    other.mcp(&["ingest", "docs"]).good();
    finds(&one, "who is the harbour master", "Wim");
    let checks = one.mcp(&["doctor"]).good().stdout;
    assert!(
        checks.contains(&format!("PostgreSQL (schema {})", database.0)) && !checks.contains(PASSWORD),
        "{checks}"
    );
    // Its upkeep is of the same memory: what is erased on one machine is gone on the other.
    let exported = other.mcp(&["memory", "export", "local", "me"]).good().stdout;
    assert!(exported.contains("at nine") && exported.contains("on Mondays"), "{exported}");
    assert!(other.mcp(&["keys", "list"]).good().stdout.contains("seals what one stored"));
    let refused = other.mcp(&["memory", "restore", "a.bak"]);
    assert!(refused.code == 1 && refused.stderr.contains("is in PostgreSQL"), "{}", refused.stderr);
    assert_eq!(other.mcp(&["memory", "erase", "local", "me"]).good().json()["memories"], 3);
    assert!(!one.mcp(&["search", "when does the ferry leave"]).stdout.contains("at nine"));
    assert!(!one.path().join(".mcp/memory/memory.db").exists(), "no memory is in a file");
}

#[test]
fn who_may_not_tend_the_tables_is_told_what_to_do() {
    let Some(database) = Database::new("role") else { return };
    let folder = database.folder();
    store(&folder, "the owner was here");
    let schema = &database.0;
    run(
        None,
        &format!(
            "GRANT USAGE ON SCHEMA {schema} TO {GUEST}; GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {GUEST}"
        ),
    )
    .unwrap();
    folder.write(".env.mcp.local", &format!("PLACE={}\n", Database::at(GUEST, None)));
    let refused = folder.mcp(&["up", "--listen", "127.0.0.1:0"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("this role may not tend the tables") && refused.stderr.contains("GRANT"),
        "{}",
        refused.stderr
    );
    let ill = folder.mcp(&["doctor"]);
    assert!(
        ill.code == 1 && ill.stdout.contains("BAD   memory") && ill.stdout.contains("may not tend"),
        "{}",
        ill.stdout
    );
    for said in [&refused.stderr, &ill.stdout] {
        assert!(!said.contains(PASSWORD), "{said}");
    }
    run(None, &format!("DROP OWNED BY {GUEST}")).unwrap();
}

#[test]
fn what_is_wrong_with_a_database_is_said_without_its_password() {
    for (url, says) in [
        ("postgres://me:hunter2@127.0.0.1:1/memory", "the memory cannot be opened"),
        ("postgres://me:hunter2@127.0.0.1:1/memory?sslmod=hunter2", "must be a URL such as"),
        ("postgres://me:hunter2@db.example.com/memory?sslmode=disable", "is another machine"),
    ] {
        let folder = Folder::new();
        let variables = [("MEMORY_DATABASE_URL", url)];
        let refused = folder.run(&["up", "--listen", "127.0.0.1:0"], &variables, "");
        assert!(refused.code == 1 && refused.stderr.contains(says), "{url}: {}", refused.stderr);
        let ill = folder.run(&["doctor"], &variables, "");
        assert!(ill.code == 1 && ill.stdout.contains("MEMORY_DATABASE_URL"), "{url}: {}", ill.stdout);
        let shown = folder.run(&["config", "check"], &variables, "");
        for said in [refused.stdout, refused.stderr, ill.stdout, ill.stderr, shown.stdout, shown.stderr] {
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
    let folder = Folder::new();
    folder.write("mcp.yaml", "memory: { postgres: { keys_url: 'postgres://localhost/keys' } }\n");
    let wrong = folder.mcp(&["list"]);
    assert!(
        wrong.stderr.contains("`memory.postgres.keys_url` means nothing without `memory.postgres.url`"),
        "{}",
        wrong.stderr
    );
    folder.write("mcp.yaml", "memory: { master_key: ab, master_key_file: key }\n");
    assert!(
        folder
            .mcp(&["list"])
            .stderr
            .contains("`memory.master_key` and `memory.master_key_file` say the same")
    );
    folder.write("mcp.yaml", "memory: { master_key: hunter2 }\n");
    let wrong = folder.mcp(&["call", "memory", "memory_list"]);
    assert!(
        wrong.stderr.contains("64 hexadecimal digits") && !wrong.stderr.contains("hunter2"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn keys_are_wrapped_with_a_master_key_from_a_file_or_a_variable() {
    let folder = Folder::new();
    let key = "0f".repeat(32);
    folder.write("key", &key);
    folder.write("mcp.yaml", "memory: { master_key_file: key }\n");
    store(&folder, "the safe is behind the mirror");
    finds(&folder, "where is the safe", "the mirror");
    std::fs::remove_file(folder.path().join("mcp.yaml")).unwrap();
    let refused = folder.mcp(&["search", "the safe"]);
    assert!(refused.code == 1 && refused.stderr.contains("key ring"), "{}", refused.stderr);
    let found = folder.run(&["search", "where is the safe"], &[("MEMORY_MASTER_KEY", &key)], "").good();
    assert!(found.stdout.contains("the mirror"), "{}", found.stdout);
}
