//! Killed while it compacts, embeds anew, erases, rotates keys; a full disk, a disk that cannot be written.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mcp_memory::{Draft, Master, MasterKey, Memory, MemoryError, Scope};

use crate::children::everything;
use crate::in_files::both::reembed::Lengths;
use crate::support::{Letters, bytes, contains, found, open, store, user};

fn master(number: u8) -> Master {
    Master::Key(MasterKey::new([number; 32]))
}

fn with(directory: &Path, key: u8, letters: bool) -> Result<Memory, MemoryError> {
    let builder = Memory::builder(directory).master(master(key));
    if letters { builder.embedder(Letters).open() } else { builder.embedder(Lengths(10_000)).open() }
}

/// Each goes through all that is there, so the number of rounds counts twice.
fn kills() -> usize {
    if std::env::var_os("MCP_SOAK").is_some() { 100 } else { 20 }
}

fn number(name: &str) -> usize {
    std::env::var(name).unwrap().parse().unwrap()
}

fn say(line: &str) -> bool {
    writeln!(std::io::stdout(), "said {line}").is_ok()
}

/// Does all that takes long, over and over, and says what it has done. Not a test: a process of the tests below.
#[test]
#[ignore = "the child of other tests"]
fn child_that_tends() {
    let directory = std::env::var_os("MEMORY_TEST_DIRECTORY").unwrap();
    let (round, mut key) = (number("MEMORY_TEST_ROUND"), u8::try_from(number("MEMORY_TEST_KEY")).unwrap());
    let memory = with(Path::new(&directory), key, round.is_multiple_of(2)).unwrap();
    let ann = user(&memory, "acme", "ann");
    for step in 0.. {
        let texts: Vec<String> =
            (0..40).map(|part| format!("round {round} step {step} part {part}")).collect();
        ann.store_all(&Scope::Private, texts.iter().map(Draft::new).collect()).unwrap();
        let mut passing = Draft::new(format!("passing {round} {step}"));
        passing.expires = Some(1);
        ann.store(&Scope::Private, passing).unwrap();
        let gone = format!("gone{round}x{step}");
        let bob = user(&memory, "acme", &gone);
        store(&bob, &format!("secret of {gone}"));
        found(&ann, "step");
        let said = say(&format!("stored round {round} step {step}"));
        memory.reembed(|_| ()).unwrap();
        memory.compact().unwrap();
        memory.erase("acme", &gone).unwrap();
        let said = said && say(&format!("erased {gone}"));
        key = 1 - key;
        memory.rotate_master(&master(key)).unwrap();
        // Nobody listens any more: the test is over.
        if !(said && say("rotated")) {
            return;
        }
    }
}

#[test]
fn soak_what_was_done_stays_done_after_a_kill_at_any_time() {
    let directory = tempfile::tempdir().unwrap();
    let (mut stored, mut erased, mut key) = (Vec::new(), Vec::new(), 0);
    drop(with(directory.path(), 0, true).unwrap());
    for round in 0..kills() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "tending::child_that_tends", "--nocapture"])
            .env("MEMORY_TEST_DIRECTORY", directory.path())
            .env("MEMORY_TEST_ROUND", round.to_string())
            .env("MEMORY_TEST_KEY", key.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let (mut left, mut killed) = (1 + round % 7, false);
        for line in lines {
            let Some((_, said)) = line.split_once("said ") else { continue };
            match said.split_once(' ') {
                Some(("stored", text)) => stored.push(text.to_owned()),
                Some(("erased", user)) => erased.push(user.to_owned()),
                _ => {}
            }
            left = left.saturating_sub(1);
            if left == 0 && !killed {
                // At some moment of what comes next.
                let started = Instant::now();
                while started.elapsed() < Duration::from_micros(round as u64 * 1_237 % 30_000) {
                    std::hint::spin_loop();
                }
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(killed, "the child ended by itself in round {round}");
        // It was rotated wholly, or not at all.
        let opens: Vec<u8> = (0..2).filter(|key| with(directory.path(), *key, true).is_ok()).collect();
        assert_eq!(opens.len(), 1);
        key = opens[0];
    }
    let memory = with(directory.path(), key, true).unwrap();
    let ann = user(&memory, "acme", "ann");
    let there: HashSet<String> = everything(&ann).into_iter().map(|record| record.content).collect();
    for text in &stored {
        assert!((0..40).all(|part| there.contains(&format!("{text} part {part}"))), "{text}");
    }
    let odd: Vec<&String> = there.iter().filter(|text| !text.contains(" part ")).collect();
    assert!(odd.is_empty(), "{odd:?}");
    let mut batches = std::collections::BTreeMap::<&str, usize>::new();
    for (batch, _) in there.iter().filter_map(|text| text.split_once(" part ")) {
        *batches.entry(batch).or_default() += 1;
    }
    batches.retain(|_, parts| *parts != 40);
    assert!(batches.is_empty(), "of a batch all is there or nothing: {batches:?}");
    // Who was erased is gone.
    assert!(!contains(&bytes(directory.path()), "secret of gone"));
    for name in &erased {
        assert!(found(&user(&memory, "acme", name), "secret").is_empty(), "{name}");
    }
    let db = rusqlite::Connection::open(directory.path().join("memory.db")).unwrap();
    let ours =
        "SELECT count(*) FROM memory WHERE subject <> (SELECT subject FROM memory ORDER BY row LIMIT 1)";
    let of_others: usize = db.query_row(ours, [], |row| row.get(0)).unwrap();
    // And what is counted is what is there.
    let counted = |query: &str| -> Vec<(Vec<u8>, i64, i64)> {
        let mut select = db.prepare(query).unwrap();
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(
        counted("SELECT subject, memories, bytes FROM stored ORDER BY subject"),
        counted(
            "SELECT subject, count(*), sum(length(body) + coalesce(length(vector), 0)) FROM memory
             GROUP BY subject ORDER BY subject"
        )
    );
    drop(db);
    // Of those whose erasure was cut off nothing is left but what nobody erased.
    let not_erased = |name: &str| user(&memory, "acme", name).count(&Scope::Private).unwrap();
    let left: usize = (0..kills())
        .flat_map(|round| (0..9).map(move |step| format!("gone{round}x{step}")))
        .map(|name| not_erased(&name))
        .sum();
    assert_eq!(left, of_others);
    // Each has a vector, of one model.
    memory.reembed(|_| ()).unwrap();
    assert_eq!(memory.without_vector().unwrap(), 0);
    let derived = |memory: &Memory| {
        let hits = user(memory, "acme", "ann")
            .search(&mcp_memory::Search::new("step 0 part 17").limit(100))
            .unwrap()
            .hits;
        let mut seen: Vec<_> = hits.into_iter().map(|hit| (hit.score.to_bits(), hit.record.id)).collect();
        // Those that fit as well are in no order.
        seen.sort_unstable();
        let last = seen.first().map(|(score, _)| *score);
        seen.retain(|(score, _)| Some(*score) != last);
        seen
    };
    let before = derived(&memory);
    drop((ann, memory));
    std::fs::remove_dir_all(directory.path().join("derived")).ok();
    assert_eq!(derived(&with(directory.path(), key, true).unwrap()), before);
}

/// Stores until it cannot, then reads and deletes. Not a test: a process of the test below.
#[test]
#[ignore = "the child of other tests"]
fn child_that_fills() {
    let directory = std::env::var_os("MEMORY_TEST_DIRECTORY").unwrap();
    let memory = open(Path::new(&directory));
    let ann = user(&memory, "acme", "ann");
    for number in 0..100_000 {
        let texts = (0..20).map(|part| format!("memory {number} {part} {}", "x".repeat(500)));
        match ann.store_all(&Scope::Private, texts.map(Draft::new).collect()) {
            Ok(_) => assert!(say(&format!("stored {number}"))),
            Err(error) => {
                let mut cause = String::new();
                let mut source = std::error::Error::source(&error);
                while let Some(inner) = source {
                    cause = format!("{cause}: {inner}");
                    source = inner.source();
                }
                say(&format!("refused {error}{cause}"));
                break;
            }
        }
    }
    // What is there can be read still.
    assert_eq!(found(&ann, "memory 3").len(), 10);
    assert_eq!(ann.count(&Scope::Private).unwrap(), everything(&ann).len());
    say("read");
}

#[test]
fn a_full_disk_is_told_and_does_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    // No file may have more than 8 MB: a write beyond fails as on a full disk.
    let script =
        r#"trap "" XFSZ; ulimit -f 8000; exec "$0" --ignored --exact tending::child_that_fills --nocapture"#;
    let output = Command::new("bash")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("MEMORY_TEST_DIRECTORY", directory.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("said ").map(|(_, said)| said)).collect();
    let stored: Vec<&str> = said.iter().filter_map(|said| said.strip_prefix("stored ")).collect();
    let refused = said.iter().find(|said| said.starts_with("refused")).unwrap_or_else(|| panic!("{text}"));
    assert!(refused.starts_with("refused the memory cannot be written: "), "{refused}");
    assert_eq!(said.last(), Some(&"read"), "{text}");
    assert!(stored.len() > 10, "{text}");
    // With room again it goes on, and nothing is missing.
    let memory = open(directory.path());
    let ann = user(&memory, "acme", "ann");
    let there: HashSet<String> = everything(&ann)
        .into_iter()
        .map(|record| record.content.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert!(stored.iter().all(|number| there.contains(*number)));
    store(&ann, "there is room again");
    assert_eq!(found(&ann, "room")[0], "there is room again");
    let db = rusqlite::Connection::open(directory.path().join("memory.db")).unwrap();
    let sound: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// Opens a memory on a disk that gets full, and one that cannot be written. Not a test: a process of the test below.
#[test]
#[ignore = "the child of other tests"]
fn child_on_a_disk_of_its_own() {
    let directory = std::env::var_os("MEMORY_TEST_DIRECTORY").unwrap();
    let mount = |options: &str| {
        let done = Command::new("mount").args(["-o", options]).arg(&directory).status().unwrap();
        assert!(done.success());
    };
    let place = Path::new(&directory).join("memory");
    {
        let memory = open(place.as_path());
        let ann = user(&memory, "acme", "ann");
        store(&ann, "before");
        // Others fill it.
        let other = Path::new(&directory).join("other");
        let mut file = std::fs::File::create(&other).unwrap();
        while file.write_all(&[7; 4_096]).is_ok() {}
        let refused = (0..10_000)
            .find_map(|number| ann.store(&Scope::Private, Draft::new(format!("meanwhile {number}"))).err());
        assert_eq!(refused.unwrap().to_string(), "the memory cannot be written");
        assert_eq!(found(&ann, "before")[0], "before");
        drop(file);
        std::fs::remove_file(other).unwrap();
        store(&ann, "after");
    }
    mount("remount,ro");
    let refused = Memory::builder(&place).embedder(Letters).open().unwrap_err();
    assert!(refused.to_string().starts_with("the memory cannot be opened"), "{refused}");
    mount("remount,rw");
    let memory = open(place.as_path());
    let ann = user(&memory, "acme", "ann");
    let there: Vec<String> = everything(&ann).into_iter().map(|record| record.content).collect();
    assert!(["before", "after"].iter().all(|text| there.contains(&(*text).to_owned())), "{there:?}");
    assert_eq!(memory.erase("acme", "ann").unwrap().memories, there.len());
    say("done");
}

#[test]
fn a_disk_without_room_or_that_cannot_be_written_is_told() {
    let directory = tempfile::tempdir().unwrap();
    // A file system of its own, seen by this process only.
    let script = r#"mount -t tmpfs -o size=64m memory "$MEMORY_TEST_DIRECTORY" || exit 77
        exec "$0" --ignored --exact tending::child_on_a_disk_of_its_own --nocapture"#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "bash", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("MEMORY_TEST_DIRECTORY", directory.path())
        .output();
    let output = match output {
        Ok(output) if output.status.code() != Some(77) && !output.stderr.starts_with(b"unshare:") => output,
        other => {
            eprintln!("SKIPPED: this machine lets nobody mount: {other:?}");
            return;
        }
    };
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("said done"), "{text}\n{errors}");
}
