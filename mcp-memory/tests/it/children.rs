//! Processes that share a memory with a test, or are killed by it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use mcp_memory::{Draft, Scope};

use crate::support::{Place, open, store, user};

/// Stores until it is killed, and says what it stored. Not a test: a process of the tests below.
#[test]
#[ignore = "the child of other tests"]
fn child_that_stores() {
    let name = std::env::var("MEMORY_TEST_NAME").unwrap();
    let memory = open(&Place::of_environment());
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

pub(crate) fn child(place: &Place, name: &str) -> std::process::Child {
    command(place, name).spawn().unwrap()
}

/// A child that waits for a line once it has stored something.
pub(crate) fn child_that_waits(place: &Place) -> std::process::Child {
    command(place, "waiting").env("MEMORY_TEST_PAUSE", "1").stdin(Stdio::piped()).spawn().unwrap()
}

fn command(place: &Place, name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--ignored", "--exact", "children::child_that_stores", "--nocapture"])
        .env("MEMORY_TEST_NAME", name)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    place.tell(&mut command);
    command
}

/// What a child says it stored: `many` lines, then it is killed.
pub(crate) fn acknowledged(mut child: std::process::Child, many: usize) -> Vec<String> {
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
