//! Nobody learns of what others have.

use std::collections::HashMap;

use mcp_memory::{Access, Draft, Edit, Id, Memory, MemoryError, Scope, Search, Tenant};
use proptest::prelude::*;

use super::place;
use crate::support::{Letters, Opens as _, Place, found, open, store, user};

#[test]
fn scopes_are_those_of_the_caller() {
    let directory = place();
    let memory = open(&directory);
    let team = Scope::Workspace("team".into());
    let ann = memory.of(Access::new("acme", "ann").write(team.clone()));
    let bob = memory.of(Access::new("acme", "bob").read(team.clone()));
    let eve = memory.of(Access::new("other", "ann").write(team.clone()).write(Scope::Org));
    let id = ann.store(&team, Draft::new("The team's secret plan")).unwrap().id;
    let own = store(&ann, "Ann's secret diary");
    assert_eq!(found(&bob, "secret"), ["The team's secret plan"]);
    assert!(found(&eve, "secret").is_empty());
    for (tenant, id) in [(&bob, own), (&eve, own), (&eve, id)] {
        assert!(matches!(tenant.get(&id), Err(MemoryError::NotFound { .. })));
        assert!(matches!(tenant.delete(&id), Err(MemoryError::NotFound { .. })));
        assert!(matches!(tenant.update(&id, Edit::default()), Err(MemoryError::NotFound { .. })));
        assert!(matches!(tenant.history(&id), Err(MemoryError::NotFound { .. })));
        assert!(matches!(tenant.supersede(&id, Draft::new("x")), Err(MemoryError::NotFound { .. })));
    }
    // What may be read may not be written for that.
    assert!(matches!(bob.store(&team, Draft::new("x")), Err(MemoryError::Forbidden { .. })));
    assert!(matches!(bob.delete(&id), Err(MemoryError::Forbidden { .. })));
    assert!(matches!(ann.store(&Scope::Org, Draft::new("x")), Err(MemoryError::Forbidden { .. })));
    let elsewhere = Search::new("secret").scopes([Scope::Workspace("other".into())]);
    assert!(ann.search(&elsewhere).unwrap().hits.is_empty());
}

/// Names that run into each other when they are glued together.
#[test]
fn tenants_with_similar_names_are_not_the_same() {
    let directory = place();
    let memory = open(&directory);
    let names = [
        ("a", "bc"),
        ("ab", "c"),
        ("a", "b"),
        ("", "abc"),
        ("abc", ""),
        ("a/b", "c"),
        ("a", "b/c"),
        ("A", "bc"),
    ];
    for (org, name) in names {
        store(&user(&memory, org, name), &format!("secret of {org:?} {name:?}"));
    }
    for (org, name) in names {
        assert_eq!(found(&user(&memory, org, name), "secret"), [format!("secret of {org:?} {name:?}")]);
    }
}

/// What a tenant does.
#[derive(Debug, Clone)]
enum Act {
    Store(u8),
    Edit(u8, u8),
    Delete(u8),
    Supersede(u8, u8),
    Search(u8),
    Foreign(u8),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => any::<u8>().prop_map(Act::Store),
        2 => any::<(u8, u8)>().prop_map(|(which, text)| Act::Edit(which, text)),
        1 => any::<u8>().prop_map(Act::Delete),
        1 => any::<(u8, u8)>().prop_map(|(which, text)| Act::Supersede(which, text)),
        3 => any::<u8>().prop_map(Act::Search),
        1 => any::<u8>().prop_map(Act::Foreign),
    ]
}

const WORDS: [&str; 7] = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta"];

/// Few texts, so that tenants say the same.
fn text(seed: u8) -> String {
    let word = |place: usize| WORDS[(usize::from(seed) * (place + 3) / 2) % WORDS.len()];
    format!("{} {} {}", word(0), word(1), word(2))
}

/// What a search returned, without identifiers: those are random.
fn shown(tenant: &Tenant, query: &str) -> Vec<(String, u32, u32)> {
    let hits = tenant.search(&Search::new(query).limit(100)).unwrap().hits;
    hits.into_iter().map(|hit| (hit.record.content, hit.score.to_bits(), hit.record.version)).collect()
}

/// Does something and says what the tenant learned of it.
fn run(tenant: &Tenant, ids: &mut Vec<Id>, foreign: &[Id], act: &Act) -> String {
    let pick = |ids: &[Id], which: u8| ids.get(usize::from(which) % ids.len().max(1)).copied();
    let plain = |error: MemoryError, id: Id| error.to_string().replace(&id.to_string(), "ID");
    match act {
        Act::Store(seed) => {
            let stored = tenant.store(&Scope::Private, Draft::new(text(*seed))).unwrap();
            if stored.new {
                ids.push(stored.id);
            }
            format!("{:?}", stored.new)
        }
        Act::Edit(which, seed) => pick(ids, *which).map_or_else(String::new, |id| {
            let mut edit = Edit::default();
            edit.content = Some(text(*seed));
            format!("{:?}", tenant.update(&id, edit).map_err(|error| plain(error, id)))
        }),
        Act::Delete(which) => pick(ids, *which).map_or_else(String::new, |id| {
            ids.retain(|known| *known != id);
            format!("{:?}", tenant.delete(&id).map_err(|error| plain(error, id)))
        }),
        Act::Supersede(which, seed) => pick(ids, *which).map_or_else(String::new, |id| {
            let stored = tenant.supersede(&id, Draft::new(text(*seed)));
            if let Ok(stored) = &stored
                && stored.new
            {
                ids.push(stored.id);
            }
            format!("{:?}", stored.map(|stored| stored.new).map_err(|error| plain(error, id)))
        }),
        Act::Search(seed) => format!("{:?}", shown(tenant, WORDS[usize::from(*seed) % WORDS.len()])),
        Act::Foreign(which) => pick(foreign, *which).map_or_else(String::new, |id| {
            let errors = [tenant.get(&id).map(drop), tenant.delete(&id), tenant.history(&id).map(drop)];
            let errors = errors.map(|tried| plain(tried.unwrap_err(), id));
            assert_eq!(errors, ["no memory `ID`", "no memory `ID`", "no memory `ID`"]);
            String::new()
        }),
    }
}

fn memory(directory: &Place) -> Memory {
    directory.builder().embedder(Letters).open().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// A tenant sees bit for bit the same, whatever others do in the same store.
    #[test]
    fn a_tenant_alone_sees_what_a_tenant_among_others_sees(
        acts in prop::collection::vec((0usize..3, act()), 1..60),
    ) {
        let (shared, own) = (place(), place());
        let together = memory(&shared);
        let people = [("acme", "ann"), ("acme", "bob"), ("other", "ann")];
        let alone = memory(&own);
        let single = alone.of(Access::new("acme", "ann"));
        let mut ids: HashMap<usize, Vec<Id>> = HashMap::new();
        let mut single_ids = Vec::new();
        for (who, act) in &acts {
            let (org, name) = people[*who];
            let tenant = together.of(Access::new(org, name));
            let foreign: Vec<Id> =
                ids.iter().filter(|(other, _)| *other != who).flat_map(|(_, ids)| ids.clone()).collect();
            let learned = run(&tenant, ids.entry(*who).or_default(), &foreign, act);
            if *who == 0 {
                prop_assert_eq!(learned, run(&single, &mut single_ids, &[], act), "{:?}", act);
            }
        }
    }
}
