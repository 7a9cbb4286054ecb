//! What is acknowledged is there, whoever dies; processes see each other at once.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout};
use std::time::{Duration, Instant};

use super::place;
use crate::children::{acknowledged, child, everything};
use crate::support::{Place, open, store, user};

fn kills() -> usize {
    if std::env::var_os("MCP_SOAK").is_some() { 300 } else { 20 }
}

#[test]
fn soak_no_acknowledged_memory_is_missing_after_a_kill() {
    let directory = place();
    let mut all = Vec::new();
    for round in 0..kills() {
        let stored = acknowledged(child(&directory, &format!("round{round}")), 1 + round * 7 % 40);
        assert!(!stored.is_empty());
        all.extend(stored);
    }
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let texts = everything(&ann);
    let there: HashSet<&str> = texts.iter().map(|record| record.content.as_str()).collect();
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

/// A process that stores, and what it says of it.
struct Storing {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Storing {
    fn new(place: &Place, name: &str) -> Self {
        let mut child = child(place, name);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next text that it has stored.
    fn next(&mut self) -> String {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        lines.find_map(|line| line.split_once("stored ").map(|(_, text)| text.to_owned())).unwrap()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn soak_processes_share_a_directory_and_see_each_other_at_once() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let is_long = std::env::var_os("MCP_SOAK").is_some();
    let (began, every) = (Instant::now(), if is_long { 200 } else { 20 });
    let mut others = ["one", "two"].map(|name| Storing::new(&directory, name));
    let (mut round, mut stored) = (0, Vec::new());
    while round < 60 || is_long && began.elapsed() < Duration::from_secs(600) {
        let text = format!("parent wrote {round}");
        store(&ann, &text);
        stored.push(text);
        // One of the others dies now and then, whatever it is at, and another takes its place.
        if round % every == every - 1 {
            let other = &mut others[round / every % 2];
            std::mem::replace(other, Storing::new(&directory, &format!("round{round}"))).kill();
        }
        for other in &mut others {
            let text = other.next();
            let mut search = mcp_memory::Search::new(text.clone());
            search.limit = 100;
            let hits = ann.search(&search).unwrap().hits;
            assert!(hits.iter().any(|hit| hit.record.content.starts_with(&text)), "{text}");
            stored.push(text);
        }
        round += 1;
    }
    others.into_iter().for_each(Storing::kill);
    let texts = everything(&ann);
    let there: HashSet<&str> = texts.iter().map(|record| record.content.as_str()).collect();
    for text in stored {
        assert!(there.contains(text.as_str()) || there.contains(format!("{text} part 0").as_str()), "{text}");
    }
}
