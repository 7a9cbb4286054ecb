//! How much may be kept, how long, of whom nothing may be deleted, and who hears of it.

use std::sync::{Arc, Mutex};

use mcp_memory::audit::{Audit, Event};
use mcp_memory::filter::Filter;
use mcp_memory::{Access, Draft, Edit, MemoryError, Policy, Quota, Relation, Scope, Search};
use serde_json::{Value, json};

use super::place;
use crate::support::{Clock, Letters, Opens as _, found, open, store, user};

/// Keeps what it is told.
#[derive(Debug, Clone, Default)]
struct Entries(Arc<Mutex<Vec<Value>>>, bool);

impl Audit for Entries {
    fn record(&self, event: &Event<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.lock().unwrap().push(serde_json::to_value(event)?);
        Ok(())
    }

    fn all(&self) -> bool {
        self.1
    }
}

impl Entries {
    /// Who, what, where, how many, how it ended.
    fn take(&self) -> Vec<String> {
        let entries = std::mem::take(&mut *self.0.lock().unwrap());
        let of = |entry: &Value, name: &str| {
            entry.get(name).map_or("-".into(), |value| value.to_string().replace('"', ""))
        };
        let line = |entry: &Value| {
            ["user", "action", "scope", "memories", "outcome"].map(|name| of(entry, name)).join(" ")
        };
        entries.iter().map(line).collect()
    }
}

#[test]
fn every_denied_try_is_told_and_names_who_tried() {
    let directory = place();
    let entries = Entries::default();
    let memory = directory.builder().embedder(Letters).audit(entries.clone()).open().unwrap();
    let ann = memory.of(Access::new("acme", "ann").write(Scope::Org));
    let (bob, eve) = (memory.of(Access::new("acme", "bob")), memory.of(Access::new("evil", "eve")));
    let own = store(&ann, "a secret of ann");
    let shared = ann.store(&Scope::Org, Draft::new("for all of acme")).unwrap().id;
    let team = Scope::Workspace("team".into());
    assert!(entries.take().is_empty());
    for (tenant, name) in [(&bob, "bob"), (&eve, "eve")] {
        assert!(matches!(tenant.get(&own), Err(MemoryError::NotFound { .. })));
        assert!(matches!(tenant.update(&own, Edit::default()), Err(MemoryError::NotFound { .. })));
        assert!(matches!(tenant.delete(&own), Err(MemoryError::NotFound { .. })));
        assert!(matches!(tenant.history(&own), Err(MemoryError::NotFound { .. })));
        assert!(tenant.store(&team, Draft::new("x")).is_err());
        assert!(tenant.delete_where(&Scope::Org, &Filter::everything(), true).is_err());
        assert!(tenant.search(&Search::new("secret").scopes([team.clone()])).unwrap().hits.is_empty());
        assert!(tenant.list(&team, &Filter::everything(), None, 10).unwrap().records.is_empty());
        let expect = [
            "read - 0 denied",
            "write - 0 denied",
            "delete - 0 denied",
            "read - 0 denied",
            "write workspace:team 0 denied",
            "delete org 0 denied",
            "search workspace:team 0 denied",
            "search workspace:team 0 denied",
        ];
        assert_eq!(entries.take(), expect.map(|line| format!("{name} {line}")));
    }
    // Bob reads what is for all, and may not change it. Of what is not there nobody hears.
    bob.get(&shared).unwrap();
    assert!(matches!(bob.delete(&shared), Err(MemoryError::Forbidden { .. })));
    assert!(bob.get(&"00000000-0000-4000-8000-000000000000".parse().unwrap()).is_err());
    assert_eq!(entries.take(), ["bob delete org 0 denied"]);
    ann.delete(&own).unwrap();
    memory.export("acme", "ann", Vec::new()).unwrap();
    memory.erase("acme", "ann").unwrap();
    assert_eq!(entries.take(), ["ann delete private 1 done", "ann export - 1 done", "ann erase - 1 done"]);
}

#[test]
fn who_wants_all_hears_of_all_and_what_cannot_be_told_fails() {
    struct Full;
    impl Audit for Full {
        fn record(&self, _: &Event<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Err("the disk is full".into())
        }
    }
    let directory = place();
    let entries = Entries(Arc::default(), true);
    {
        let memory = directory.builder().embedder(Letters).audit(entries.clone()).open().unwrap();
        let ann = user(&memory, "acme", "ann");
        let id = store(&ann, "a text that is in no entry");
        found(&ann, "text");
        ann.get(&id).unwrap();
        assert!(!format!("{:?}", entries.0.lock().unwrap()).contains("text"));
        assert_eq!(
            entries.take(),
            ["ann write private 1 done", "ann search - 1 done", "ann read private 1 done"]
        );
    }
    let memory = directory.builder().embedder(Letters).audit(Full).open().unwrap();
    let refused = memory.of(Access::new("acme", "bob")).store(&Scope::Org, Draft::new("x")).unwrap_err();
    assert_eq!(refused.to_string(), "the memory cannot be recorded in the audit log");
}

#[test]
fn a_quota_is_kept_to_the_memory_and_frees_what_is_deleted() {
    let directory = place();
    let memory = open(&directory);
    let ann = memory.of(Access::new("acme", "ann").write(Scope::Org).quota(Quota::memories(3)));
    let bob = memory.of(Access::new("acme", "bob").quota(Quota::default().bytes(2_000)));
    let first = store(&ann, "one");
    ann.store(&Scope::Org, Draft::new("two")).unwrap();
    let too_many = ann.store_all(&Scope::Private, vec![Draft::new("three"), Draft::new("four")]).unwrap_err();
    assert_eq!(too_many.to_string(), "quota: this caller may keep 3 memories: delete some, or ask for more");
    // All or none; and what is there already takes no room.
    assert_eq!(ann.consumption().unwrap().memories, 2);
    store(&ann, "three");
    assert_eq!(store(&ann, "one"), first);
    assert!(matches!(ann.store(&Scope::Org, Draft::new("four")), Err(MemoryError::Quota { limit: 3, .. })));
    ann.delete(&first).unwrap();
    store(&ann, "four");
    // Bob's room is his own.
    store(&bob, "one");
    let edit = |length: usize| {
        let mut edit = Edit::default();
        edit.content = Some("x".repeat(length));
        edit
    };
    let id = store(&bob, "two");
    assert!(matches!(bob.update(&id, edit(3_000)), Err(MemoryError::Quota { limit: 2_000, of: "bytes" })));
    assert_eq!(bob.get(&id).unwrap().0.content, "two");
    bob.update(&id, edit(1_000)).unwrap();
    let before = bob.consumption().unwrap();
    assert!(before.bytes > 1_000 && before.bytes < 2_000 && before.memories == 2, "{before:?}");
    memory.erase("acme", "bob").unwrap();
    assert_eq!(bob.consumption().unwrap(), Default::default());
}

fn policy() -> Policy {
    Policy::parse(&json!({
        "rules": [
            { "name": "chatter", "filter": { "tags": "chat" }, "days": 10 },
            { "name": "old", "days": 100 },
        ],
        "except": [{ "tags": "contract" }, { "content": { "contains": "keep me" } }],
    }))
    .unwrap()
}

#[test]
fn what_was_kept_long_enough_goes_and_what_is_held_stays() {
    let directory = place();
    let (clock, entries) = (Clock::new(), Entries::default());
    let now = clock.clone();
    let memory =
        directory.builder().embedder(Letters).clock(move || now.now()).audit(entries.clone()).open().unwrap();
    let tenants = ["ann", "bob", "held"].map(|name| user(&memory, "acme", name));
    let other = user(&memory, "other", "ann");
    for tenant in tenants.iter().chain([&other]) {
        let old = |days: i64, text: &str, tag: &str| {
            let mut draft = Draft::new(text).tag(tag);
            draft.created = Some(clock.now() - days * 86_400_000 - 1);
            tenant.store(&Scope::Private, draft).unwrap();
        };
        old(9, "chat of last week", "chat");
        old(10, "chat of before", "chat");
        old(99, "nearly old", "note");
        old(100, "old", "note");
        old(500, "very old, keep me", "note");
        old(500, "very old paper", "contract");
        // What was superseded is kept no longer.
        let mut draft = Draft::new("old chat, superseded");
        draft.created = Some(clock.now() - 200 * 86_400_000);
        let id = tenant.store(&Scope::Private, draft).unwrap().id;
        tenant.supersede(&id, Draft::new("new chat")).unwrap();
    }
    assert!(memory.hold("acme", "held").unwrap());
    assert!(!memory.hold("acme", "held").unwrap());
    entries.take();
    let tried = memory.retention("acme", &policy(), true).unwrap();
    assert_eq!((tried.deleted, tried.held), (6, 3));
    assert_eq!(tried.rules, [("chatter".to_owned(), 2), ("old".to_owned(), 4)]);
    assert!(entries.take().is_empty());
    assert_eq!(memory.retention("acme", &policy(), false).unwrap(), tried);
    assert_eq!(entries.take(), ["ann retention private 3 done", "bob retention private 3 done"]);
    assert_eq!(memory.retention("acme", &policy(), false).unwrap().deleted, 0);
    let left = |tenant: &mcp_memory::Tenant| tenant.count(&Scope::Private).unwrap();
    assert_eq!((left(&tenants[0]), left(&tenants[2]), left(&other)), (5, 8, 8));
    // Nobody deletes what is held.
    let held = &tenants[2];
    let id = store(held, "something new");
    assert!(matches!(held.delete(&id), Err(MemoryError::Held)));
    let all = Filter::parse(&json!({ "type": "note" })).unwrap();
    assert!(matches!(held.delete_where(&Scope::Private, &all, false), Err(MemoryError::Held)));
    assert!(matches!(memory.erase("acme", "held"), Err(MemoryError::Held)));
    let mut passing = Draft::new("gone tomorrow");
    passing.expires = Some(clock.now() + 1);
    held.store(&Scope::Private, passing).unwrap();
    clock.forward(2);
    assert_eq!(memory.compact().unwrap().expired, 0);
    assert!(memory.release("acme", "held").unwrap());
    assert!(!memory.release("acme", "held").unwrap());
    assert_eq!(memory.compact().unwrap().expired, 1);
    held.delete(&id).unwrap();
    assert_eq!(memory.erase("acme", "held").unwrap().memories, 8);
}

#[test]
fn mistakes_in_a_policy_are_named() {
    for (json, problem) in [
        (json!([]), "policy: must be an object"),
        (json!({ "rule": [] }), "policy.rule: is unknown: there are rules, except"),
        (json!({ "rules": {} }), "policy.rules: must be a list"),
        (json!({ "rules": [{ "days": -1 }] }), "policy.rules[0].days: must be a number of days"),
        (
            json!({ "rules": [{ "days": 1, "for": 2 }] }),
            "policy.rules[0].for: is unknown: there are name, filter, days",
        ),
    ] {
        assert_eq!(Policy::parse(&json).unwrap_err().to_string(), problem);
    }
    let wrong = Policy::parse(&json!({ "except": [{}, { "tag": 1 }] })).unwrap_err().to_string();
    assert!(wrong.starts_with("policy.except[1]: filter.tag"), "{wrong}");
}

#[test]
fn links_are_seen_by_those_who_may_read_both() {
    let directory = place();
    let memory = open(&directory);
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
    let own = store(&ann, "of ann");
    let shared = ann.store(&Scope::Org, Draft::new("of all")).unwrap().id;
    let foreign = store(&bob, "of bob");
    ann.link(&own, Relation::Related, &shared).unwrap();
    ann.link(&own, Relation::Related, &shared).unwrap();
    assert!(matches!(ann.link(&own, Relation::Related, &foreign), Err(MemoryError::NotFound { .. })));
    assert!(matches!(ann.link(&foreign, Relation::Related, &own), Err(MemoryError::NotFound { .. })));
    assert!(matches!(
        ann.link(&own, Relation::Similar, &own),
        Err(MemoryError::Invalid { field: "target", .. })
    ));
    let links = ann.links(&own).unwrap();
    assert_eq!(
        (links.len(), links[0].id, links[0].to, links[0].relation),
        (1, shared, true, Relation::Related)
    );
    assert_eq!(ann.links(&shared).unwrap()[0].id, own);
    // Bob sees the shared one, and not that ann has another about it.
    assert!(bob.links(&shared).unwrap().is_empty());
    let newer = ann.supersede(&own, Draft::new("of ann, newer")).unwrap().id;
    assert!(
        ann.links(&newer).unwrap().iter().any(|link| link.relation == Relation::Supersedes && link.id == own)
    );
    assert!(ann.unlink(&own, Relation::Related, &shared).unwrap());
    assert!(!ann.unlink(&own, Relation::Related, &shared).unwrap());
    assert!(ann.links(&shared).unwrap().is_empty());
    ann.delete(&own).unwrap();
    assert!(ann.links(&newer).unwrap().is_empty());
}

#[test]
fn uses_and_stats_are_those_of_the_caller() {
    let directory = place();
    let id = {
        let memory = open(&directory);
        let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
        let id = ann
            .store(&Scope::Private, Draft::new("often used").kind("fact").tag("x").session("s"))
            .unwrap()
            .id;
        store(&bob, "often used");
        let old = store(&ann, "old");
        ann.supersede(&old, Draft::new("new")).unwrap();
        assert_eq!(ann.usage(&id).unwrap().uses, 0);
        found(&ann, "often");
        ann.get(&id).unwrap();
        assert_eq!(ann.list(&Scope::Private, &Filter::everything(), None, 10).unwrap().records.len(), 2);
        assert_eq!(ann.usage(&id).unwrap().uses, 2);
        assert!(bob.usage(&id).is_err());
        let stats = ann.stats(&Scope::Private).unwrap();
        assert_eq!((stats.memories, stats.superseded, stats.sessions, stats.vectors), (2, 1, 1, 2));
        assert_eq!(json!(stats.types), json!({ "fact": 1, "note": 1 }));
        assert_eq!(json!(stats.tags), json!({ "x": 1 }));
        assert_eq!(bob.stats(&Scope::Private).unwrap().memories, 1);
        assert_eq!(bob.stats(&Scope::Workspace("other".into())).unwrap(), Default::default());
        id
    };
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let usage = ann.usage(&id).unwrap();
    assert_eq!(usage.uses, 2);
    assert!(usage.last.is_some());
    ann.delete(&id).unwrap();
    assert!(ann.usage(&id).is_err());
}

#[test]
fn what_is_new_or_matters_is_lifted_where_it_is_wanted() {
    let directory = place();
    let clock = Clock::new();
    let now = clock.clone();
    let memory = directory.builder().without_embedder().clock(move || now.now()).open().unwrap();
    let ann = user(&memory, "acme", "ann");
    for (days, importance, text) in [(0, 0.1, "plan new"), (30, 0.9, "plan month"), (365, 0.5, "plan year")] {
        let mut draft = Draft::new(text);
        draft.created = Some(clock.now() - days * 86_400_000);
        draft.importance = Some(importance);
        ann.store(&Scope::Private, draft).unwrap();
    }
    let by = |ranking| {
        let hits = ann.search(&Search::new("plan").ranking(ranking)).unwrap().hits;
        hits.into_iter().map(|hit| (hit.record.content, hit.explain)).collect::<Vec<_>>()
    };
    let default = mcp_memory::Ranking::default();
    let recent = by(default.recency(0.5));
    assert_eq!(
        recent.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(),
        ["plan new", "plan month", "plan year"]
    );
    assert_eq!((recent[0].1.recency, recent[1].1.recency), (0.5, 0.25));
    let mattering = by(default.importance(1.0));
    assert_eq!(mattering[0].0, "plan month");
    assert_eq!(mattering[0].1.importance, 0.9);
    let mut wrong = default;
    wrong.half_life = 0.0;
    assert!(ann.search(&Search::new("plan").ranking(wrong)).is_err());
}
