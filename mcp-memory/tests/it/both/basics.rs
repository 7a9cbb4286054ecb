//! Storing, finding, changing, deleting.

use mcp_memory::filter::Filter;
use mcp_memory::{Draft, Edit, MemoryError, Scope, Search, State};
use serde_json::json;

use super::place;
use crate::support::{Clock, Letters, Opens as _, found, open, store, user};

#[test]
fn what_is_stored_is_found_by_the_next_search_and_after_reopening() {
    let directory = place();
    {
        let memory = open(&directory);
        let ann = user(&memory, "acme", "ann");
        for i in 0..200 {
            store(&ann, &format!("Note number {i} about topic{i}"));
            assert_eq!(found(&ann, &format!("topic{i}"))[0], format!("Note number {i} about topic{i}"));
        }
    }
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    assert_eq!(ann.count(&Scope::Private).unwrap(), 200);
    assert_eq!(found(&ann, "topic7")[0], "Note number 7 about topic7");
}

#[test]
fn all_members_come_back_as_they_were_stored() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let mut draft =
        Draft::new("We chose PostgreSQL").kind("decision").tag("db").tag("architecture").tag("db");
    draft.metadata =
        json!({ "ticket": "OPS-1", "nested": { "n": [1, 2.5, null] } }).as_object().unwrap().clone();
    draft.session = Some("s-1".into());
    draft.speaker = Some("Ann".into());
    draft.source = Some("https://example.com/adr/1".into());
    draft.agent = Some("planner".into());
    draft.run = Some("r-9".into());
    draft.importance = Some(0.75);
    draft.created = Some(1_700_000_000_000);
    draft.valid_from = Some(1_700_000_000_001);
    draft.valid_to = Some(1_900_000_000_002);
    draft.expires = Some(4_000_000_000_003);
    let stored = ann.store(&Scope::Workspace("team".into()), draft.clone()).unwrap();
    let (record, scope) = ann.get(&stored.id).unwrap();
    assert_eq!(scope, Scope::Workspace("team".into()));
    assert_eq!(
        (record.kind.as_str(), record.tags.as_slice()),
        ("decision", &["architecture".to_owned(), "db".into()][..])
    );
    assert_eq!(
        (record.content, record.metadata, record.session, record.sequence, record.speaker, record.source),
        (draft.content, draft.metadata, draft.session, Some(0), draft.speaker, draft.source)
    );
    assert_eq!(
        (
            record.agent,
            record.run,
            record.importance,
            record.created,
            record.valid_from,
            record.valid_to,
            record.expires
        ),
        (
            draft.agent,
            draft.run,
            draft.importance,
            1_700_000_000_000,
            draft.valid_from,
            draft.valid_to,
            draft.expires
        )
    );
    assert_eq!((record.author.as_str(), record.version, record.state), ("ann", 1, State::Live));
}

#[test]
fn the_same_is_stored_once_and_again_after_it_was_deleted() {
    let directory = place();
    let memory = open(&directory);
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
    let first = ann.store(&Scope::Private, Draft::new("Caf\u{e9} closes at five")).unwrap();
    let again = ann.store(&Scope::Private, Draft::new("  Cafe\u{301} closes at five ")).unwrap();
    assert_eq!((first.new, again.new, again.id), (true, false, first.id));
    // Of others nothing is known.
    assert!(bob.store(&Scope::Private, Draft::new("Caf\u{e9} closes at five")).unwrap().new);
    // What is said again in a conversation is said again.
    let turns = || vec![Draft::new("Thanks!"), Draft::new("You are welcome"), Draft::new("Thanks, Bob!")];
    assert!(ann.store_session(&Scope::Private, "s", turns()).unwrap().iter().all(|stored| stored.new));
    assert!(ann.store_session(&Scope::Private, "t", turns()).unwrap().iter().all(|stored| stored.new));
    assert!(ann.store_session(&Scope::Private, "t", turns()).unwrap().iter().all(|stored| !stored.new));
    ann.delete(&first.id).unwrap();
    assert!(matches!(ann.get(&first.id), Err(MemoryError::NotFound { .. })));
    assert!(!found(&ann, "caf\u{e9}").contains(&"Caf\u{e9} closes at five".to_owned()));
    let stored = ann.store(&Scope::Private, Draft::new("Caf\u{e9} closes at five")).unwrap();
    assert!(stored.new && stored.id != first.id);
    assert_eq!(found(&ann, "caf\u{e9}")[0], "Caf\u{e9} closes at five");
}

#[test]
fn a_change_makes_a_version_and_keeps_the_one_before() {
    let directory = place();
    let memory = open(&directory);
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
    let team = Scope::Workspace("team".into());
    let id = ann.store(&team, Draft::new("Standup is at nine").tag("meeting")).unwrap().id;
    let mut edit = Edit::default();
    edit.content = Some("Standup is at ten".into());
    edit.metadata = Some(json!({ "a": 1, "b": 2 }).as_object().unwrap().clone());
    assert_eq!(ann.update(&id, edit).unwrap(), 2);
    let mut edit = Edit::default();
    edit.metadata = Some(json!({ "a": null }).as_object().unwrap().clone());
    edit.tags = Some(vec![]);
    edit.version = Some(2);
    assert_eq!(ann.update(&id, edit.clone()).unwrap(), 3);
    let stale = ann.update(&id, edit).unwrap_err().to_string();
    assert_eq!(stale, "version: the memory has version 3 now: read it again");
    let (record, _) = bob.get(&id).unwrap();
    assert_eq!((record.content.as_str(), record.metadata.len(), record.version), ("Standup is at ten", 1, 3));
    let past = bob.history(&id).unwrap();
    let said: Vec<_> =
        past.iter().map(|past| (past.version, past.content.as_str(), past.tags.len())).collect();
    assert_eq!(said, [(1, "Standup is at nine", 1), (2, "Standup is at ten", 1)]);
    assert_eq!(found(&bob, "standup ten"), ["Standup is at ten"]);
    // A text of two authors could not be erased with either.
    let refused = bob.update(&id, Edit::default()).unwrap_err().to_string();
    assert!(refused.contains("supersede"), "{refused}");
    let newer = bob.supersede(&id, Draft::new("Standup is at eleven")).unwrap();
    assert_eq!(bob.get(&id).unwrap().0.state, State::Superseded);
    assert_eq!(found(&ann, "standup"), ["Standup is at eleven"]);
    let mut all = Search::new("standup");
    all.superseded = true;
    assert_eq!(ann.search(&all).unwrap().hits.len(), 2);
    assert!(ann.supersede(&id, Draft::new("x")).is_err());
    // What was superseded may be said again.
    assert!(ann.store(&team, Draft::new("Standup is at ten")).unwrap().new);
    assert_eq!(newer.id, bob.store(&team, Draft::new("Standup is at eleven")).unwrap().id);
}

#[test]
fn what_has_expired_is_gone_and_may_be_stored_again() {
    let directory = place();
    let clock = Clock::new();
    let own = clock.clone();
    let memory = directory.builder().embedder(Letters).clock(move || own.now()).open().unwrap();
    let ann = user(&memory, "acme", "ann");
    let draft = || {
        let mut draft = Draft::new("The sale ends tonight");
        draft.expires = Some(clock.now() + 1_000);
        draft
    };
    let first = ann.store(&Scope::Private, draft()).unwrap();
    assert_eq!(found(&ann, "sale").len(), 1);
    clock.forward(1_000);
    assert!(found(&ann, "sale").is_empty());
    assert!(ann.get(&first.id).is_err());
    assert!(ann.store(&Scope::Private, draft()).unwrap().new);
    assert_eq!(found(&ann, "sale").len(), 1);
}

#[test]
fn neighbours_in_a_conversation_help_each_other() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let turns = ["Which database do we use for billing?", "Postgres, as always.", "Fine. Lunch?"];
    ann.store_session(&Scope::Private, "s", turns.map(Draft::new).into()).unwrap();
    store(&ann, "Mongo, as never.");
    let hits = ann.search(&Search::new("database for billing")).unwrap().hits;
    assert_eq!(hits[0].record.content, turns[0]);
    assert_eq!(hits[1].record.content, turns[1]);
    assert!(hits[1].explain.neighbour > 0.0);
    for hit in hits {
        let explain = hit.explain;
        assert!(
            (hit.score
                - (explain.text
                    + explain.vector
                    + explain.neighbour
                    + explain.session
                    + explain.recency
                    + explain.importance))
                .abs()
                < 1e-6
        );
    }
}

#[test]
fn mistakes_name_the_member_and_what_would_do() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let check = |change: fn(&mut Draft), expect: &str| {
        let mut draft = Draft::new("x");
        change(&mut draft);
        assert_eq!(ann.store(&Scope::Private, draft).unwrap_err().to_string(), expect);
    };
    check(|draft| draft.content = " \n".into(), "content: must say something");
    check(
        |draft| draft.content = "x".repeat(70_000),
        "content: has 70000 bytes, and 65536 are allowed: ingest long texts as documents",
    );
    check(|draft| draft.tags = vec!["x".into(); 65], "tags: there are 65, and 64 are allowed");
    check(|draft| draft.tags = vec![String::new()], "tags: must not be empty: leave it out instead");
    check(|draft| draft.sequence = Some(1), "sequence: needs a `session` whose part it is");
    check(|draft| draft.importance = Some(1.5), "importance: must be from 0 to 1");
    check(
        |draft| (draft.valid_from, draft.valid_to) = (Some(2), Some(1)),
        "valid_to: must not be before `valid_from`",
    );
    assert_eq!(ann.count(&Scope::Private).unwrap(), 0);
    let search = Search::new("x").limit(0);
    assert_eq!(ann.search(&search).unwrap_err().to_string(), "limit: must be from 1 to 100");
    let missing = "00000000-0000-4000-8000-000000000000".parse().unwrap();
    assert_eq!(
        ann.get(&missing).unwrap_err().to_string(),
        "no memory `00000000-0000-4000-8000-000000000000`"
    );
}

fn filter(json: &serde_json::Value) -> Filter {
    Filter::parse(json).unwrap()
}

#[test]
fn a_filter_is_applied_before_the_best_are_chosen() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let many = (0..2_000).map(|i| Draft::new(format!("the deploy key, entry {i}"))).collect();
    ann.store_all(&Scope::Private, many).unwrap();
    ann.store(&Scope::Private, Draft::new("a key").kind("decision")).unwrap();
    let search = Search::new("deploy key entry").filter(filter(&json!({ "type": "decision" })));
    let hits = ann.search(&search).unwrap().hits;
    assert_eq!(hits.iter().map(|hit| hit.record.content.as_str()).collect::<Vec<_>>(), ["a key"]);
}

#[test]
fn a_list_has_all_pages_and_many_are_deleted_only_when_it_is_meant() {
    let directory = place();
    let memory = open(&directory);
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
    for (i, kind) in (0..25).zip(["note", "fact"].into_iter().cycle()) {
        let mut draft = Draft::new(format!("entry {i}")).kind(kind);
        draft.created = Some(i64::from(i % 5) * 1_000);
        ann.store(&Scope::Private, draft).unwrap();
    }
    store(&bob, "entry of Bob");
    let everything = Filter::everything();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = ann.list(&Scope::Private, &everything, after, 7).unwrap();
        seen.extend(page.records);
        after = page.next;
        // What comes between is in its place, and moves nothing.
        ann.store(&Scope::Private, Draft::new(format!("later {}", seen.len()))).unwrap();
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by_key(|record| std::cmp::Reverse(record.created)));
    let facts = filter(&json!({ "type": "fact" }));
    let would = ann.delete_where(&Scope::Private, &facts, true).unwrap();
    assert_eq!((would.len(), ann.list(&Scope::Private, &facts, None, 100).unwrap().records.len()), (12, 12));
    let mut deleted = ann.delete_where(&Scope::Private, &facts, false).unwrap();
    deleted.sort_unstable();
    let mut would = would;
    would.sort_unstable();
    assert_eq!(deleted, would);
    assert!(ann.list(&Scope::Private, &facts, None, 100).unwrap().records.is_empty());
    let refused = ann.delete_where(&Scope::Private, &everything, false).unwrap_err().to_string();
    assert_eq!(refused, "filter: needs a condition: nothing is deleted without one");
    // Nor where the conditions come to nothing.
    for json in
        [json!({ "all": [{}] }), json!({ "any": [{ "type": "fact" }, { "not": { "type": "fact" } }] })]
    {
        assert!(ann.delete_where(&Scope::Private, &filter(&json), false).is_err(), "{json}");
    }
    assert!(bob.delete_where(&Scope::Workspace("other".into()), &facts, false).is_err());
    assert_eq!(bob.count(&Scope::Private).unwrap(), 1);
}
