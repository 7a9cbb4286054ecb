//! Runs each step of the tutorial as its reader would: as a process of its own, with a client before it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mcp_core::client::{Client, Error, Program};
use mcp_core::protocol::ElicitResult;
use serde_json::{Value, json};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const FULL: &str = "the queue of the mail server was full at nine";

/// A client of a step over standard input and output, whose person agrees to what is asked.
async fn start(program: &str, directory: &Path) -> Client {
    let yes = json!({ "approve": true }).as_object().unwrap().clone();
    let program = Program::new(program).env("NOTES_DIRECTORY", directory.to_str().unwrap());
    Client::builder("reader", "1.0.0")
        .on_form(move |_| {
            let yes = yes.clone();
            async move { Ok(ElicitResult::accept(yes)) }
        })
        .connect(program)
        .await
        .unwrap()
}

/// What a tool says, or why it failed.
async fn say(client: &Client, tool: &str, arguments: Value) -> String {
    match client.call::<String>(tool, arguments).await {
        Ok(text) => text,
        Err(Error::Tool(failed)) => format!("failed: {}", failed.content[0].as_text().unwrap()),
        Err(error) => format!("broken: {error}"),
    }
}

#[tokio::test]
async fn step_1_keeps_notes_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let client = start(env!("CARGO_BIN_EXE_tutorial-1-server"), folder.path()).await;
    assert_eq!(say(&client, "write_note", json!({ "text": FULL })).await, "note 1");
    assert_eq!(say(&client, "find_notes", json!({ "word": "queue" })).await, FULL);
    let wrong = say(&client, "write_note", json!({ "note": FULL })).await;
    assert!(wrong.starts_with("failed: ") && wrong.contains("`text`"), "{wrong}");
    let missing = say(&client, "forget_note", json!({ "number": 7 })).await;
    assert_eq!(missing, "failed: there is no note 7; there are 1");
    assert_eq!(say(&client, "forget_note", json!({ "number": 1 })).await, "note 1 is gone");
}

#[tokio::test]
async fn step_2_refuses_credentials_and_asks() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_tutorial-2-guarded");
    let client = start(program, folder.path()).await;
    let note = concat!("the bot pushes with ghp_", "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R");
    let refused = say(&client, "write_note", json!({ "text": note })).await;
    assert_eq!(
        refused,
        "failed: not done: the rule `no-credentials-in-notes` does not allow it: everybody on call reads the notes; \
         say where the credential is kept, not what it is"
    );
    assert_eq!(say(&client, "write_note", json!({ "text": FULL })).await, "note 1");
    assert_eq!(say(&client, "forget_note", json!({ "number": 1 })).await, "note 1 is gone");
    // Where nobody can be asked, nothing is forgotten.
    let alone = Client::connect(Program::new(program)).await.unwrap();
    say(&alone, "write_note", json!({ "text": FULL })).await;
    let waits = say(&alone, "forget_note", json!({ "number": 1 })).await;
    assert!(waits.contains("a person has to agree before a note is gone"), "{waits}");
    assert_eq!(say(&alone, "find_notes", json!({ "word": "queue" })).await, FULL);
}

#[tokio::test]
async fn step_3_remembers_and_finds_by_meaning() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_tutorial-3-memory");
    let client = start(program, folder.path()).await;
    let written = say(&client, "write_note", json!({ "text": FULL })).await;
    say(&client, "write_note", json!({ "text": "the certificate of the shop ends in May" })).await;
    client.close().await;
    let client = start(program, folder.path()).await;
    let found = say(&client, "find_notes", json!({ "question": "why did no mails arrive?" })).await;
    assert!(found.lines().next().unwrap().starts_with(FULL), "{found}");
    let id = written.strip_prefix("note ").unwrap();
    assert_eq!(say(&client, "forget_note", json!({ "id": id })).await, "the note is gone");
    let sealed = std::fs::read(folder.path().join("memory.db")).unwrap();
    assert!(!sealed.windows(11).any(|bytes| bytes == b"certificate"), "a note can be read on the disk");
}

/// A server that ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A client of step 4 with this key, as soon as somebody listens.
async fn connect(address: &str, key: &str) -> Result<Client, Error> {
    while TcpStream::connect(address).is_err() {
        tokio::task::yield_now().await;
    }
    Client::builder("reader", "1.0.0").bearer(key)?.connect(format!("http://{address}/mcp")).await
}

#[tokio::test]
async fn step_4_lets_in_who_has_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let program = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tutorial-4-shipped"));
        command.args(arguments).env("NOTES_SECRET", SECRET).env("NOTES_DIRECTORY", folder.path());
        command
    };
    let key = |user| {
        let done = program(&["key", user]).output().unwrap();
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let (ann, bob) = (key("ann"), key("bob"));
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let server = program(&["serve", &address]).stderr(Stdio::null()).spawn();
    let _server = Served(server.unwrap());
    let ann = connect(&address, &ann).await.unwrap();
    let bob = connect(&address, &bob).await.unwrap();
    say(&ann, "write_note", json!({ "text": FULL })).await;
    let found = say(&bob, "find_notes", json!({ "question": "what about the queue?" })).await;
    assert!(found.starts_with(FULL), "{found}");
    let stranger = connect(&address, "mcpk_nobody_nothing").await.map(drop);
    assert!(stranger.unwrap_err().to_string().contains("401"));
    let open = program(&["serve", "0.0.0.0:0"]).output().unwrap();
    assert!(String::from_utf8_lossy(&open.stderr).contains("TLS"), "{open:?}");
}
