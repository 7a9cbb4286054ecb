use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;
use crate::{Draft, Edit, Id, Memory, Relation, Search, State};

const KEY: MasterKey = MasterKey::new([5; 32]);

/// A remote of one process, which lists what it had some writes ago where it is told to be late.
#[derive(Default)]
struct Shelf {
    entries: Mutex<BTreeMap<String, (String, Vec<u8>)>>,
    before: Mutex<Option<Vec<Entry>>>,
}

impl Shelf {
    fn listed(&self, prefix: &str) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap();
        let ours = entries.iter().filter(|(key, _)| key.starts_with(prefix));
        ours.map(|(key, (mark, _))| Entry { key: key.clone(), mark: mark.clone() }).collect()
    }
}

impl Remote for Shelf {
    fn name(&self) -> &str {
        "shelf"
    }

    fn list(&self, prefix: &str) -> Result<Vec<Entry>, RemoteError> {
        Ok(self.before.lock().unwrap().take().unwrap_or_else(|| self.listed(prefix)))
    }

    fn read(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, RemoteError> {
        let entries = self.entries.lock().unwrap();
        Ok(keys.iter().map(|key| entries.get(key).map(|(_, value)| value.clone())).collect())
    }

    fn write(&self, puts: &[Put]) -> Result<(), RemoteError> {
        let mut entries = self.entries.lock().unwrap();
        for Put { entry, value } in puts {
            entries.insert(entry.key.clone(), (entry.mark.clone(), value.clone()));
        }
        Ok(())
    }

    fn remove(&self, keys: &[String]) -> Result<(), RemoteError> {
        let mut entries = self.entries.lock().unwrap();
        keys.iter().for_each(|key| drop(entries.remove(key)));
        Ok(())
    }
}

/// A place, with its own directory and a clock that all places share.
struct Place {
    memory: Memory,
    ann: Tenant,
    _folder: tempfile::TempDir,
}

fn place(clock: &Arc<AtomicI64>) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::clone(clock);
    let memory = Memory::builder(folder.path()).without_embedder().clock(move || clock.fetch_add(1, Relaxed));
    let memory = memory.open().unwrap();
    let ann = memory.of(Access::new("acme", "ann").write(Scope::Org));
    Place { memory, ann, _folder: folder }
}

impl Place {
    fn sync(&self, shelf: &Shelf) -> Synced {
        self.ann.sync(&Scope::Private, shelf, &KEY).unwrap()
    }

    fn store(&self, text: &str) -> Id {
        self.ann.store(&Scope::Private, Draft::new(text).tag("t")).unwrap().id
    }

    fn says(&self, id: &Id) -> Option<String> {
        self.ann.get(id).ok().map(|(record, _)| record.content)
    }

    /// All that there is: which memory says what.
    fn all(&self) -> BTreeMap<Id, (String, State)> {
        let mut exported = Vec::new();
        self.memory.export("acme", "ann", &mut exported).unwrap();
        let lines = exported.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let record = |line: &[u8]| serde_json::from_slice::<crate::Record>(line).unwrap();
        lines.map(record).map(|record| (record.id, (record.content, record.state))).collect()
    }
}

fn three() -> ([Place; 3], Shelf) {
    let clock = Arc::new(AtomicI64::new(1_760_000_000_000));
    ([place(&clock), place(&clock), place(&clock)], Shelf::default())
}

#[test]
fn what_is_stored_changed_superseded_linked_and_deleted_in_one_place_is_so_in_the_others() {
    let ([a, b, c], shelf) = three();
    let (one, two) = (a.store("one"), a.store("two"));
    let mut draft = Draft::new("three").kind("fact").session("s");
    draft.speaker = Some("Bob".into());
    let three = a.ann.store(&Scope::Private, draft).unwrap().id;
    a.ann.link(&one, Relation::Related, &two).unwrap();
    let synced = a.sync(&shelf);
    assert_eq!((synced.pushed, synced.pulled), (3, 0));
    assert_eq!(a.sync(&shelf), Synced::default());
    assert_eq!(b.sync(&shelf).pulled, 3);
    assert_eq!(b.sync(&shelf), Synced::default());
    let (was, now) = (a.ann.get(&three).unwrap().0, b.ann.get(&three).unwrap().0);
    assert_eq!(was, now);
    assert_eq!(b.ann.links(&one).unwrap(), a.ann.links(&one).unwrap());
    assert_eq!(b.ann.search(&Search::new("three")).unwrap().hits.len(), 1);

    let newer = b.ann.supersede(&two, Draft::new("two, but better")).unwrap().id;
    b.ann.update(&one, Edit { content: Some("uno".into()), ..Edit::default() }).unwrap();
    b.ann.delete(&three).unwrap();
    let synced = b.sync(&shelf);
    assert_eq!((synced.pushed, synced.deleted_there, synced.conflicts), (3, 1, 0));
    for place in [&c, &a] {
        place.sync(&shelf);
        assert_eq!(place.all(), b.all());
        assert_eq!(place.says(&one).as_deref(), Some("uno"));
        assert_eq!(place.says(&three), None);
        assert_eq!(place.ann.get(&two).unwrap().0.state, State::Superseded);
        assert_eq!(place.says(&newer).as_deref(), Some("two, but better"));
        assert_eq!(place.sync(&shelf), Synced::default());
    }
    // What it said before is history where it was replaced.
    assert_eq!(a.ann.history(&one).unwrap()[0].content, "one");
}

#[test]
fn links_that_are_made_and_taken_away_travel() {
    let ([a, b, c], shelf) = three();
    let (one, two, three) = (a.store("one"), a.store("two"), a.store("three"));
    a.ann.link(&one, Relation::Related, &two).unwrap();
    let all = |places: [&Place; 3]| {
        // The last one to come brings what the first does not know.
        for place in places.iter().chain(&places) {
            place.sync(&shelf);
        }
        for place in places {
            assert_eq!(place.sync(&shelf), Synced::default());
        }
        let tied = places.map(|place| {
            let links = place.ann.links(&one).unwrap();
            let mut tied: Vec<_> = links.into_iter().map(|link| (link.relation, link.id)).collect();
            tied.sort_unstable();
            tied
        });
        assert!(tied[0] == tied[1] && tied[1] == tied[2], "{tied:?}");
        tied[0].clone()
    };
    assert_eq!(all([&a, &b, &c]), [(Relation::Related, two)]);
    // Neither text nor version changes.
    b.ann.link(&one, Relation::Similar, &three).unwrap();
    assert_eq!(all([&b, &a, &c]), [(Relation::Related, two), (Relation::Similar, three)]);
    assert!(c.ann.unlink(&one, Relation::Related, &two).unwrap());
    assert_eq!(all([&c, &a, &b]), [(Relation::Similar, three)]);
    a.ann.delete(&three).unwrap();
    assert_eq!(all([&a, &b, &c]), []);
    assert_eq!(a.ann.get(&one).unwrap().0.version, 1);
    // Who does not know what was agreed on takes away nothing of what it has.
    a.ann.link(&one, Relation::Related, &two).unwrap();
    b.ann.link(&one, Relation::Contradicts, &two).unwrap();
    std::fs::remove_file(b._folder.path().join("sync.db")).unwrap();
    a.sync(&shelf);
    assert_eq!(all([&b, &a, &c]), [(Relation::Related, two), (Relation::Contradicts, two)]);
}

#[test]
fn the_higher_version_stands_where_both_changed() {
    let ([a, b, _], shelf) = three();
    let id = a.store("at first");
    a.sync(&shelf);
    b.sync(&shelf);
    let edit = |text: &str| Edit { content: Some(text.into()), ..Edit::default() };
    b.ann.update(&id, edit("b once")).unwrap();
    b.ann.update(&id, edit("b twice")).unwrap();
    a.ann.update(&id, edit("a once, later")).unwrap();
    a.sync(&shelf);
    let synced = b.sync(&shelf);
    assert_eq!((synced.pushed, synced.conflicts), (1, 1));
    assert_eq!(a.sync(&shelf).pulled, 1);
    assert_eq!(a.says(&id).as_deref(), Some("b twice"));
    // Of the same version, the later stands. A deletion is one too.
    b.ann.update(&id, edit("b again")).unwrap();
    a.ann.delete(&id).unwrap();
    b.sync(&shelf);
    let synced = a.sync(&shelf);
    assert_eq!((synced.deleted_there, synced.conflicts), (1, 1));
    assert_eq!(b.sync(&shelf).deleted_here, 1);
    assert_eq!(b.says(&id), None);
    // What was deleted may be said again.
    b.store("b again");
    b.sync(&shelf);
    a.sync(&shelf);
    assert_eq!(a.all(), b.all());
    assert_eq!(a.all().len(), 1);
}

#[test]
fn a_late_remote_undoes_nothing() {
    let ([a, b, _], shelf) = three();
    let id = a.store("at first");
    a.sync(&shelf);
    let before = shelf.listed("");
    a.ann.update(&id, Edit { content: Some("then".into()), ..Edit::default() }).unwrap();
    a.sync(&shelf);
    *shelf.before.lock().unwrap() = Some(before.clone());
    a.sync(&shelf);
    assert_eq!(a.says(&id).as_deref(), Some("then"));
    // What is listed is not what is read: the next time.
    *shelf.before.lock().unwrap() = Some(before);
    assert_eq!(b.sync(&shelf).left_out, 1);
    assert_eq!(b.sync(&shelf).pulled, 1);
    assert_eq!(b.says(&id).as_deref(), Some("then"));
}

#[test]
fn a_remote_learns_nothing_and_changes_nothing() {
    let ([a, b, _], shelf) = three();
    let id = a.store("the deploy key rotates");
    a.sync(&shelf);
    for (key, (mark, value)) in shelf.entries.lock().unwrap().iter_mut() {
        assert!(!key.contains("acme") && !key.contains("ann") && !mark.contains("ann"));
        assert!(!value.windows(6).any(|part| part == b"deploy"));
        value[20] ^= 1;
    }
    assert_eq!(b.sync(&shelf).left_out, 1);
    assert_eq!(b.says(&id), None);
    // With another key there is nothing.
    let other = MasterKey::new([6; 32]);
    assert_eq!(b.ann.sync(&Scope::Private, &shelf, &other).unwrap(), Synced::default());
}

#[test]
fn others_and_other_scopes_are_let_be() {
    let ([a, b, _], shelf) = three();
    a.store("mine");
    a.ann.store(&Scope::Org, Draft::new("ours")).unwrap();
    let bob = a.memory.of(Access::new("acme", "bob").write(Scope::Org));
    bob.store(&Scope::Org, Draft::new("bob's")).unwrap();
    bob.store(&Scope::Private, Draft::new("bob's own")).unwrap();
    assert_eq!(a.ann.sync(&Scope::Org, &shelf, &KEY).unwrap().pushed, 1);
    assert_eq!(b.ann.sync(&Scope::Org, &shelf, &KEY).unwrap().pulled, 1);
    assert_eq!(b.all().len(), 1);
    let refused = b.memory.of(Access::new("acme", "cat")).sync(&Scope::Org, &shelf, &KEY);
    assert!(matches!(refused, Err(MemoryError::Forbidden { .. })));
    // Bob, with the same key, has nothing of hers.
    let bob = b.memory.of(Access::new("acme", "bob").write(Scope::Org));
    assert_eq!(bob.sync(&Scope::Org, &shelf, &KEY).unwrap(), Synced::default());
    a.sync(&shelf);
    assert_eq!(erase_remote(&shelf, &KEY, "acme", "ann").unwrap(), 2);
    assert!(shelf.entries.lock().unwrap().is_empty());
}

#[test]
fn what_is_held_said_already_or_too_much_does_not_come() {
    let ([a, b, c], shelf) = three();
    let id = a.store("keep me");
    a.sync(&shelf);
    b.sync(&shelf);
    b.memory.hold("acme", "ann").unwrap();
    a.ann.delete(&id).unwrap();
    a.sync(&shelf);
    assert_eq!(b.sync(&shelf).left_out, 1);
    assert_eq!(b.says(&id).as_deref(), Some("keep me"));
    b.memory.release("acme", "ann").unwrap();
    assert_eq!(b.sync(&shelf).deleted_here, 1);
    // The same text in two places is one memory in each.
    a.store("said twice");
    c.store("said twice");
    a.sync(&shelf);
    assert_eq!(c.sync(&shelf).left_out, 1);
    assert_eq!(c.all().len(), 1);
    a.sync(&shelf);
    assert_eq!((a.all().len(), a.sync(&shelf), c.sync(&shelf)), (1, Synced::default(), Synced::default()));
    let small = b.memory.of(Access::new("acme", "ann").quota(crate::Quota::memories(0)));
    assert!(matches!(small.sync(&Scope::Private, &shelf, &KEY), Err(MemoryError::Quota { .. })));
    assert!(b.all().is_empty());
}

#[derive(Debug, Clone, Copy)]
enum Do {
    Store,
    Change(prop::sample::Index),
    Delete(prop::sample::Index),
    Sync,
    /// And what was agreed on is lost.
    Lose,
}

fn doing() -> impl Strategy<Value = (usize, Do)> {
    let what = prop_oneof![
        3 => Just(Do::Store),
        3 => any::<prop::sample::Index>().prop_map(Do::Change),
        2 => any::<prop::sample::Index>().prop_map(Do::Delete),
        4 => Just(Do::Sync),
        1 => Just(Do::Lose),
    ];
    (0..3usize, what)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_done_all_places_end_with_the_same(todo in prop::collection::vec(doing(), 1..24)) {
        let (places, shelf) = three();
        for (number, (at, what)) in todo.into_iter().enumerate() {
            let place = &places[at];
            let ids: Vec<Id> = place.all().into_keys().collect();
            match what {
                Do::Store => drop(place.store(&format!("text {number}"))),
                Do::Change(index) if !ids.is_empty() => {
                    let edit = Edit { content: Some(format!("change {number}")), ..Edit::default() };
                    place.ann.update(index.get(&ids), edit).unwrap();
                }
                Do::Delete(index) if !ids.is_empty() => place.ann.delete(index.get(&ids)).unwrap(),
                Do::Lose => drop(std::fs::remove_file(place._folder.path().join("sync.db"))),
                Do::Sync => {
                    place.sync(&shelf);
                }
                _ => {}
            }
        }
        for _ in 0..3 {
            for place in &places {
                place.sync(&shelf);
            }
        }
        prop_assert_eq!(places[0].all(), places[1].all());
        prop_assert_eq!(places[0].all(), places[2].all());
        for place in &places {
            prop_assert_eq!(place.sync(&shelf), Synced::default());
        }
    }
}
