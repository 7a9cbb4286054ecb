//! Saying nothing to what is unlike everything that was accepted.

use std::path::Path;
use std::sync::Arc;

use mcp_patterns::learn::Learner;
use mcp_patterns::learn::Outcome;
use mcp_patterns::recommend::{Abstention, Context};
use mcp_patterns::source::Entries;
use mcp_patterns::{Catalog, Entry, Kind, Recommender, Request};

use crate::support::{ask, entries, settings, told};

const LIKE: &str = "review the incident of search";
const UNLIKE: &str = "write a long review of a fantasy novel about dragons and wizards";

fn recommender(file: &Path) -> Recommender {
    let mut all = entries();
    all.push(Entry::new(Kind::Skill, "gantt-chart", "Draws a Gantt chart.", "", "test"));
    let catalog = Arc::new(Catalog::builder().source(Entries::new("test", all)).build());
    let mut settings = settings();
    settings.snapshot_every = 150;
    settings.answers_a_day = u32::MAX;
    Recommender::new(catalog)
        .learner(Learner::open(file, settings).unwrap())
        .abstention(Abstention { curiosity: 0.0, ..Abstention::default() })
}

fn shows(recommender: &Recommender, tenant: &str, task: &str) -> Option<String> {
    ask(recommender, tenant, task).picks.first().map(|pick| pick.entry.name.clone())
}

/// So many requests that are accepted. Returns the receipt of the last.
fn accept(recommender: &Recommender, tenant: &str, many: usize) -> i64 {
    let things = ["billing", "search", "login", "checkout", "mail", "chat", "maps"];
    let mut receipt = 0;
    for at in 0..many {
        let thing = things[at % things.len()];
        let task = match at % 4 {
            0 => format!("review the incident of {thing}"),
            1 => format!("write release notes for {thing}"),
            2 => format!("run a load test of {thing}"),
            _ => format!("plan the sprint of the {thing} team"),
        };
        let found = ask(recommender, tenant, &task);
        assert!(!found.picks.is_empty(), "{task}");
        let entry = found.picks[0].entry.id.clone();
        let learner = recommender.learned().unwrap();
        let feedback = told(found.exposure, &entry, Outcome::Accepted, "ann");
        receipt = learner.feedback(tenant, &feedback).unwrap().id;
    }
    receipt
}

#[test]
fn what_is_unlike_all_that_was_accepted_gets_nothing_and_new_entries_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learned.db");
    let first = recommender(&file);
    accept(&first, "acme", 399);
    assert!(shows(&first, "acme", UNLIKE).is_some(), "too little is known");
    let receipt = accept(&first, "acme", 1);
    // Another process learns the same, from a snapshot and the log.
    for recommender in [&first, &recommender(&file)] {
        assert_eq!(shows(recommender, "acme", UNLIKE), None);
        assert_eq!(shows(recommender, "acme", LIKE).as_deref(), Some("incident-review"));
        // Nothing was ever accepted for these, but what is asked is what they say, or they are triggered.
        assert_eq!(shows(recommender, "acme", "draw a gantt chart").as_deref(), Some("gantt-chart"));
        let context = Context { triggers: vec!["pdf-forms".to_owned()], ..Context::default() };
        let request =
            Request { task: "wizards", context, tenant: "acme", at: 1_000_000, ..Request::default() };
        assert_eq!(recommender.recommend(&request).unwrap().picks[0].entry.name, "pdf-forms");
        // Others know nothing of it.
        assert!(shows(recommender, "beta", UNLIKE).is_some());
    }
    // What is taken back draws no line.
    first.learned().unwrap().undo("acme", receipt, 0).unwrap();
    assert!(shows(&first, "acme", UNLIKE).is_some());
    accept(&first, "acme", 1);
    assert_eq!(shows(&first, "acme", UNLIKE), None);
    first.learned().unwrap().forget("acme").unwrap();
    assert!(shows(&first, "acme", UNLIKE).is_some());
}

#[test]
fn who_never_abstains_shows_what_is_unlike_too() {
    let folder = tempfile::tempdir().unwrap();
    let recommender = recommender(&folder.path().join("learned.db"))
        .abstention(Abstention { below: 0.0, ..Abstention::default() });
    accept(&recommender, "acme", 410);
    assert!(shows(&recommender, "acme", UNLIKE).is_some());
}
