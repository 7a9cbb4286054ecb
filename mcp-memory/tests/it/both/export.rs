//! What can be taken along, and what is tidied up.

use mcp_memory::{Draft, Edit, Scope};
use serde_json::{Value, json};

use super::place;
use crate::support::{Clock, Letters, Opens as _, bytes, contains, found, open, store, user};

#[test]
fn a_person_gets_all_they_stored_and_nothing_else_and_can_take_it_elsewhere() {
    let (directory, other) = (place(), place());
    let memory = open(&directory);
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
    let mut draft = Draft::new("We chose PostgreSQL").kind("decision").tag("db").session("s");
    draft.metadata = json!({ "ticket": 7 }).as_object().unwrap().clone();
    draft.created = Some(1_700_000_000_000);
    let team = Scope::Workspace("team".into());
    let id = ann.store(&team, draft).unwrap().id;
    let old = store(&ann, "Lunch is at noon");
    ann.supersede(&old, Draft::new("Lunch is at one")).unwrap();
    bob.store(&team, Draft::new("Bob's secret")).unwrap();
    user(&memory, "other", "ann").store(&team, Draft::new("The other Ann's secret")).unwrap();

    let mut lines = Vec::new();
    assert_eq!(memory.export("acme", "ann", &mut lines).unwrap().memories, 3);
    let text = String::from_utf8(lines.clone()).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let exported: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decision = exported.iter().find(|line| line["type"] == "decision").unwrap();
    assert_eq!(
        (&decision["scope"], &decision["id"], &decision["metadata"]["ticket"]),
        (&json!("workspace:team"), &json!(id), &json!(7))
    );

    let elsewhere = open(&other);
    let ann = user(&elsewhere, "acme", "ann");
    let moved = ann.import(&Scope::Private, &*lines).unwrap();
    assert_eq!((moved.memories, moved.left_out), (2, 1));
    assert_eq!(ann.import(&Scope::Private, &*lines).unwrap().memories, 0);
    let again = ann.search(&mcp_memory::Search::new("PostgreSQL")).unwrap().hits.remove(0).record;
    assert_eq!(
        (again.created, again.tags, again.session.as_deref()),
        (1_700_000_000_000, vec!["db".to_owned()], Some("s"))
    );
    assert!(!found(&ann, "lunch").contains(&"Lunch is at noon".to_owned()));
    let wrong = ann.import(&Scope::Private, &b"\n{\"content\":1}\n"[..]).unwrap_err().to_string();
    assert!(wrong.starts_with("line: 2: invalid type"), "{wrong}");
    assert!(user(&elsewhere, "acme", "bob").import(&Scope::Workspace("x".into()), &*lines).is_err());
}

#[test]
fn what_has_expired_is_overwritten_and_what_is_far_behind_reads_anew() {
    let directory = place();
    let clock = Clock::new();
    let own = clock.clone();
    let builder = directory.builder().embedder(Letters).encrypt(false);
    let memory = builder.clock(move || own.now()).open().unwrap();
    let ann = user(&memory, "acme", "ann");
    let mut draft = Draft::new("ticketsecret");
    draft.expires = Some(clock.now() + 10);
    let id = ann.store(&Scope::Private, draft).unwrap().id;
    let mut edit = Edit::default();
    edit.content = Some("ticketsecret, changed".into());
    ann.update(&id, edit).unwrap();
    store(&ann, "stays");
    assert_eq!(memory.compact().unwrap().expired, 0);
    clock.forward(10);
    let in_files = directory.schema().is_none();
    assert!(!in_files || contains(&bytes(directory.path()), "ticketsecret"));
    assert_eq!(memory.compact().unwrap().expired, 1);
    assert!(!contains(&bytes(directory.path()), "ticketsecret"));
    assert_eq!(ann.count(&Scope::Private).unwrap(), 1);
    assert_eq!(found(&ann, "stays"), ["stays"]);
}
