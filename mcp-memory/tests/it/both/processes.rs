//! What is acknowledged is there, whoever dies; processes see each other at once.

use std::io::{BufRead as _, BufReader};

use super::place;
use crate::children::{acknowledged, child, everything};
use crate::support::{open, store, user};

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
    let there: std::collections::HashSet<&str> = texts.iter().map(|record| record.content.as_str()).collect();
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

#[test]
fn soak_processes_share_a_directory_and_see_each_other_at_once() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let rounds = if std::env::var_os("MCP_SOAK").is_some() { 2_000 } else { 60 };
    let mut children: Vec<_> = ["one", "two"].map(|name| child(&directory, name)).into();
    let mut lines: Vec<_> = children
        .iter_mut()
        .map(|child| BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok))
        .collect();
    for round in 0..rounds {
        store(&ann, &format!("parent wrote {round}"));
        for lines in &mut lines {
            let text =
                lines.find_map(|line| line.split_once("stored ").map(|(_, text)| text.to_owned())).unwrap();
            let mut search = mcp_memory::Search::new(text.clone());
            search.limit = 100;
            let hits = ann.search(&search).unwrap().hits;
            assert!(hits.iter().any(|hit| hit.record.content.starts_with(&text)), "{text}");
        }
    }
    for mut child in children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let texts: std::collections::HashSet<String> =
        everything(&ann).into_iter().map(|record| record.content).collect();
    assert!((0..rounds).all(|round| texts.contains(&format!("parent wrote {round}"))));
}
