//! What tidying finds and does, and that nothing is lost by it.

use mcp_memory::consolidate::{Consolidated, Difference, Plan};
use mcp_memory::{Access, Draft, Edit, Id, Memory, Relation, Scope, State, Tenant};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::place;
use crate::support::{Clock, Letters, Opens as _, Place, open, store, user};

const DAY: i64 = 86_400_000;

fn dry() -> Plan {
    Plan::default()
}

fn real() -> Plan {
    let mut plan = Plan::default();
    plan.dry_run = false;
    plan
}

fn with_clock(directory: &Place) -> (Memory, Clock) {
    let clock = Clock::new();
    let own = clock.clone();
    let memory = directory.builder().embedder(Letters).clock(move || own.now()).open().unwrap();
    (memory, clock)
}

fn exported(memory: &Memory) -> String {
    let mut lines = Vec::new();
    for user in ["ann", "bob"] {
        memory.export("acme", user, &mut lines).unwrap();
    }
    String::from_utf8(lines).unwrap()
}

/// Tidies 10,000 memories, most of them new to each other, and says how long it took: `cargo test --release soak -- --ignored`.
#[test]
#[ignore = "takes long without optimization"]
fn soak_ten_thousand_memories_are_tidied_in_ten_seconds() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let ann = user(&memory, "acme", "ann");
    let nouns = [
        "gateway", "invoice", "session", "backup", "cluster", "token", "report", "queue", "branch", "index",
        "cache",
    ];
    let text = |n: usize| {
        let noun = |step: usize| nouns[n / step % nouns.len()];
        let fact =
            format!("The {} of the {} keeps every {} for {} days.", noun(1), noun(11), noun(121), n % 90 + 2);
        format!(
            "{fact} We talked about the {} in round {n}. Nobody had asked how the {} was done before.",
            noun(7),
            noun(13)
        )
    };
    let drafts = (0..10_000).map(|n| {
        let draft = Draft::new(text(n));
        if n % 2 == 0 { draft.session(format!("s{}", n / 40)) } else { draft }
    });
    ann.store_all(&Scope::Private, drafts.collect()).unwrap();
    clock.forward(60 * DAY);
    for plan in [dry(), real(), real()] {
        let begun = std::time::Instant::now();
        let report = ann.consolidate(&Scope::Private, &plan).unwrap();
        let seconds = begun.elapsed().as_secs_f32();
        eprintln!(
            "{seconds:.2} s, dry run {}: found {:?}, done {:?}",
            plan.dry_run,
            found(&report),
            done(&report)
        );
        assert!(report.memories >= 10_000);
        let most = if cfg!(debug_assertions) { 120.0 } else { 10.0 };
        assert!(seconds < most, "{seconds} s");
    }
}

/// How much each part did: changed importances, tied duplicates, tied contradictions, digests.
fn done(report: &Consolidated) -> [usize; 4] {
    [
        report.decay.as_ref().unwrap().done,
        report.similar.as_ref().unwrap().done,
        report.contradictions.as_ref().unwrap().done,
        report.digests.as_ref().unwrap().done,
    ]
}

/// The same for what was found.
fn found(report: &Consolidated) -> [usize; 4] {
    [
        report.decay.as_ref().unwrap().found,
        report.similar.as_ref().unwrap().found,
        report.contradictions.as_ref().unwrap().found,
        report.digests.as_ref().unwrap().found,
    ]
}

fn talk(tenant: &Tenant, scope: &Scope, session: &str, turns: std::ops::Range<usize>) {
    let topics =
        ["tantivy index segments", "billing invoices", "login tokens", "deploy windows", "release notes"];
    let turns = turns.map(|turn| {
        let topic = topics[turn % topics.len()];
        Draft::new(format!(
            "In turn {turn} somebody explains how {topic} relate to the search index rebuild."
        ))
    });
    tenant.store_session(scope, session, turns.collect()).unwrap();
}

/// Something for each part to do.
fn untidy(tenant: &Tenant, scope: &Scope) -> [Id; 4] {
    let keep = |text: &str| tenant.store(scope, Draft::new(text)).unwrap().id;
    talk(tenant, scope, "monday", 0..12);
    [
        keep("The staging cluster runs in Frankfurt next to the old one."),
        keep("The staging cluster runs in Frankfurt, next to the old one!"),
        keep("Backups are kept for 30 days."),
        keep("Backups are kept for 90 days."),
    ]
}

fn tied(tenant: &Tenant, one: &Id, relation: Relation, other: &Id) -> bool {
    tenant.links(one).unwrap().iter().any(|link| link.relation == relation && link.id == *other)
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let ann = user(&memory, "acme", "ann");
    let [one, other, thirty, ninety] = untidy(&ann, &Scope::Private);
    clock.forward(60 * DAY);
    let before = exported(&memory);
    let report = ann.consolidate(&Scope::Private, &dry()).unwrap();
    assert_eq!((report.dry_run, report.memories), (true, 16));
    assert_eq!((found(&report), done(&report)), ([16, 1, 1, 1], [0; 4]));
    assert_eq!(report, ann.consolidate(&Scope::Private, &dry()).unwrap());
    assert_eq!(exported(&memory), before);
    // What is tidied does not seem to be wanted for it.
    assert_eq!(ann.usage(&one).unwrap().uses, 0);
    assert!([one, other, thirty, ninety].iter().all(|id| ann.links(id).unwrap().is_empty()));
    let json = serde_json::to_value(&report).unwrap();
    let flagged = &json["contradictions"]["items"][0];
    assert_eq!(flagged["ids"].as_array().unwrap().len(), 2);
    assert_eq!(flagged["differs"]["in"], "number");
    assert_eq!(json["decay"]["items"][0]["from"], json!(0.5));
    // A caller who only reads may ask too.
    let reader = memory.of(Access::new("acme", "eve"));
    assert_eq!(reader.consolidate(&Scope::Org, &dry()).unwrap().memories, 0);
    assert!(reader.consolidate(&Scope::Org, &real()).is_err());
}

#[test]
fn to_do_it_twice_adds_nothing() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let ann = user(&memory, "acme", "ann");
    let [one, other, thirty, ninety] = untidy(&ann, &Scope::Private);
    clock.forward(60 * DAY);
    let report = ann.consolidate(&Scope::Private, &real()).unwrap();
    assert_eq!(done(&report), [16, 1, 1, 1]);
    assert!(tied(&ann, &one, Relation::Similar, &other));
    assert!(tied(&ann, &ninety, Relation::Contradicts, &thirty));
    let before = exported(&memory);
    clock.forward(1_000);
    let again = ann.consolidate(&Scope::Private, &real()).unwrap();
    assert_eq!((found(&again), done(&again)), ([0; 4], [0; 4]));
    assert_eq!((again.similar.unwrap().known, again.contradictions.unwrap().known), (1, 1));
    assert_eq!(exported(&memory), before);
    // The next half-life goes on from the first importance.
    clock.forward(60 * DAY);
    ann.consolidate(&Scope::Private, &real()).unwrap();
    let (record, _) = ann.get(&one).unwrap();
    assert_eq!(record.importance, Some(0.125));
    assert_eq!(record.metadata["importance_at_first"], json!(0.5));
}

#[test]
fn what_is_used_keeps_its_importance_and_what_somebody_sets_counts_anew() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let ann = user(&memory, "acme", "ann");
    let keep = |text: &str, kind: &str| {
        let mut draft = Draft::new(text).kind(kind);
        draft.importance = Some(0.8);
        ann.store(&Scope::Private, draft).unwrap().id
    };
    let [used, unused] = ["used often", "used never"].map(|text| keep(text, "note"));
    let decision = keep("We chose Rust", "decision");
    clock.forward(60 * DAY);
    ann.get(&used).unwrap();
    let report = ann.consolidate(&Scope::Private, &real()).unwrap();
    let faded = report.decay.unwrap().items;
    assert_eq!(
        faded.iter().map(|faded| (faded.id, faded.from, faded.to)).collect::<Vec<_>>(),
        [(unused, 0.8, 0.4)]
    );
    let mut edit = Edit::default();
    edit.importance = Some(1.0);
    ann.update(&unused, edit).unwrap();
    assert_eq!(ann.consolidate(&Scope::Private, &real()).unwrap().decay.unwrap().found, 0);
    clock.forward(60 * DAY);
    let faded = ann.consolidate(&Scope::Private, &real()).unwrap().decay.unwrap().items;
    let to = |id: &Id| faded.iter().find(|faded| faded.id == *id).map(|faded| faded.to);
    assert_eq!((to(&unused), to(&used)), (Some(0.5), Some(0.566)));
    clock.forward(2_000 * DAY);
    let report = ann.consolidate(&Scope::Private, &real()).unwrap();
    let floor = report.decay.unwrap().items;
    assert!(floor.iter().all(|faded| faded.to >= 0.1) && floor.iter().any(|faded| faded.id == decision));
}

#[test]
fn tenants_and_scopes_see_nothing_of_each_other() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let (ann, bob, eve) =
        (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"), user(&memory, "evil", "ann"));
    let texts =
        ["Backups are kept for 30 days.", "Backups are kept for 90 days.", "Backups are kept for 60 days."];
    let ids = [store(&ann, texts[0]), store(&bob, texts[1]), store(&eve, texts[2])];
    ann.store(&Scope::Org, Draft::new(texts[2])).unwrap();
    clock.forward(60 * DAY);
    for (tenant, id) in [&ann, &bob, &eve].into_iter().zip(ids) {
        let report = tenant.consolidate(&Scope::Private, &real()).unwrap();
        assert_eq!((report.memories, done(&report)), (1, [1, 0, 0, 0]));
        assert!(tenant.links(&id).unwrap().is_empty());
    }
    // What nobody lets them read is as if it were not there.
    let nowhere = ann.consolidate(&Scope::Workspace("secret".into()), &dry()).unwrap();
    assert_eq!((nowhere.memories, found(&nowhere)), (0, [0; 4]));
}

#[test]
fn superseded_memories_are_left_alone() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let ann = user(&memory, "acme", "ann");
    let old = store(&ann, "Backups are kept for 30 days.");
    ann.supersede(&old, Draft::new("Backups are kept for 90 days.")).unwrap();
    clock.forward(60 * DAY);
    let before = ann.get(&old).unwrap().0;
    let report = ann.consolidate(&Scope::Private, &real()).unwrap();
    assert_eq!((report.memories, done(&report)), (1, [1, 0, 0, 0]));
    let after = ann.get(&old).unwrap().0;
    assert_eq!((after.state, &after), (State::Superseded, &before));
}

#[test]
fn what_others_stored_and_what_is_held_is_reported() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let team = Scope::Workspace("team".into());
    let (ann, bob) = (user(&memory, "acme", "ann"), user(&memory, "acme", "bob"));
    let [theirs, ..] = untidy(&bob, &team);
    let own = ann.store(&team, Draft::new("Backups are kept for 45 days.")).unwrap().id;
    memory.hold("acme", "bob").unwrap();
    clock.forward(60 * DAY);
    let before = bob.get(&theirs).unwrap().0;
    let plan = real();
    let report = ann.consolidate(&team, &plan).unwrap();
    let decay = report.decay.as_ref().unwrap();
    assert_eq!((decay.done, decay.refused.len(), decay.more_refused), (1, 15, 0));
    assert_eq!(decay.items[0].id, own);
    assert!(decay.refused.iter().all(|refused| refused.why.contains("author")), "{decay:?}");
    // Links are no change of what they tie.
    assert_eq!(report.contradictions.as_ref().unwrap().done, 3);
    let digests = report.digests.unwrap();
    assert_eq!((digests.found, digests.refused.len()), (0, 1));
    assert!(digests.refused[0].why.starts_with("12 turns of `monday` are of other authors"));
    assert_eq!(bob.get(&theirs).unwrap().0, before);
    // A hold keeps things from being deleted, and nothing is.
    let held = bob.consolidate(&team, &plan).unwrap();
    assert_eq!((held.digests.unwrap().done, held.decay.unwrap().refused.len()), (1, 0));
}

#[test]
fn more_than_the_limit_waits_and_is_counted() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let ann = user(&memory, "acme", "ann");
    untidy(&ann, &Scope::Private);
    store(&ann, "Backups are kept for 60 days.");
    clock.forward(60 * DAY);
    let mut plan = real();
    plan.limit = 2;
    let report = ann.consolidate(&Scope::Private, &plan).unwrap();
    let (decay, pairs) = (report.decay.unwrap(), report.contradictions.unwrap());
    assert_eq!((decay.found, decay.done, decay.left_out, decay.items.len()), (17, 2, 15, 2));
    assert_eq!((pairs.found, pairs.done, pairs.left_out), (3, 2, 1));
    let pairs = ann.consolidate(&Scope::Private, &plan).unwrap().contradictions.unwrap();
    assert_eq!((pairs.found, pairs.done, pairs.known, pairs.left_out, pairs.items.len()), (1, 1, 2, 0, 2));
}

#[test]
fn duplicates_are_tied_in_clusters_and_what_differs_in_a_number_is_none() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let same = [
        "All services write their logs to the Loki cluster in Frankfurt, with a trace id.",
        "All services write logs to the Loki cluster in Frankfurt, with a trace id.",
        "All the services write their logs to the Loki cluster in Frankfurt with a trace id",
    ];
    let ids = same.map(|text| store(&ann, text));
    for other in [
        "The invoice run of all customers starts at 5 and ends at 6 in the morning.",
        "The invoice run of all customers starts at 5 and ends at 7 in the morning.",
        "The invoice run of all customers does not start at 5 and end at 6 in the morning.",
        "Thanks, that is fine!",
        "Thanks, that is fine.",
    ] {
        store(&ann, other);
    }
    let report = ann.consolidate(&Scope::Private, &real()).unwrap();
    let similar = report.similar.unwrap();
    assert_eq!((similar.done, similar.items.len()), (2, 1), "{similar:?}");
    let mut members = similar.items[0].ids.clone();
    members.sort();
    let mut expect = ids.to_vec();
    expect.sort();
    assert_eq!(members, expect);
    assert!(similar.items[0].jaccard >= 0.7);
    assert_eq!(ann.count(&Scope::Private).unwrap(), 8);
}

#[test]
fn what_somebody_has_looked_at_is_not_flagged_again() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let (main, develop) =
        (store(&ann, "The default branch is main."), store(&ann, "The default branch is develop."));
    let keep = |tag: &str, text: &str| ann.store(&Scope::Private, Draft::new(text).tag(tag)).unwrap().id;
    // Of other matters, by their tags; and each of its speaker.
    keep("staging", "Sessions expire after 15 minutes.");
    keep("production", "Sessions expire after 20 minutes.");
    for (speaker, text) in [("ann", "My favourite colour is blue."), ("bob", "My favourite colour is green.")]
    {
        let mut draft = Draft::new(text);
        draft.speaker = Some(speaker.into());
        ann.store(&Scope::Private, draft).unwrap();
    }
    let flagged = ann.consolidate(&Scope::Private, &dry()).unwrap().contradictions.unwrap();
    assert_eq!(flagged.found, 1, "{flagged:?}");
    assert!(matches!(&flagged.items[0].differs, Difference::Value { of, .. } if of == "default branch"));
    ann.link(&main, Relation::Related, &develop).unwrap();
    let flagged = ann.consolidate(&Scope::Private, &real()).unwrap().contradictions.unwrap();
    assert_eq!((flagged.found, flagged.known), (0, 0));
}

#[test]
fn a_conversation_that_grew_gets_a_digest_that_takes_the_place_of_the_older() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    talk(&ann, &Scope::Private, "short", 0..9);
    talk(&ann, &Scope::Private, "long", 0..12);
    let digest = |plan: &Plan| ann.consolidate(&Scope::Private, plan).unwrap().digests.unwrap();
    let first = digest(&real()).items.remove(0);
    let id = first.id.unwrap();
    let record = ann.get(&id).unwrap().0;
    assert_eq!(
        (record.kind.as_str(), &record.tags, &record.session),
        ("digest", &vec!["digest".to_owned()], &None)
    );
    assert_eq!((&record.metadata["digest_of"], &record.metadata["turns"]), (&json!("long"), &json!(12)));
    assert!(record.content.chars().count() <= 600 && record.content == first.content);
    assert!(!first.sources.is_empty() && first.sources.len() <= 20);
    for source in &first.sources {
        let (turn, _) = ann.get(source).unwrap();
        assert!(record.content.contains(&turn.content), "{} / {}", record.content, turn.content);
        assert!(tied(&ann, &id, Relation::Digest, source));
    }
    talk(&ann, &Scope::Private, "long", 12..17);
    assert_eq!(digest(&real()).found, 0);
    talk(&ann, &Scope::Private, "long", 17..18);
    let second = digest(&real()).items.remove(0);
    assert_eq!((second.supersedes, second.turns), (Some(id), 18));
    assert_eq!(ann.get(&id).unwrap().0.state, State::Superseded);
    assert_eq!(digest(&real()).found, 0);
    // What is deleted is in no digest any more.
    let both = first.sources.iter().find(|source| second.sources.contains(source)).unwrap();
    ann.delete(both).unwrap();
    assert!(ann.get(&id).is_err() && ann.get(&second.id.unwrap()).is_err());
    assert_eq!(digest(&real()).items.len(), 1);
}

#[test]
fn a_digest_lasts_no_longer_than_its_turns_and_stays_where_nothing_is_added() {
    let directory = place();
    let (memory, clock) = with_clock(&directory);
    let ann = user(&memory, "acme", "ann");
    talk(&ann, &Scope::Private, "s", 0..10);
    let mut turn =
        Draft::new("The search index rebuild relates to billing invoices, login tokens and release notes.");
    turn.expires = Some(clock.now() + DAY);
    ann.store_session(&Scope::Private, "s", vec![turn]).unwrap();
    let mut plan = real();
    plan.decay = None;
    let digest = || ann.consolidate(&Scope::Private, &plan).unwrap().digests.unwrap();
    let first = digest().items.remove(0);
    let id = first.id.unwrap();
    assert!(first.content.contains("login tokens and release notes"), "{}", first.content);
    assert_eq!(ann.get(&id).unwrap().0.expires, Some(clock.now() + DAY));
    let thanks = ["Fine.", "Good.", "Thanks!", "Ok.", "Sure.", "Yes."];
    ann.store_session(&Scope::Private, "s", thanks.map(Draft::new).into()).unwrap();
    let second = digest().items.remove(0);
    assert_eq!((second.id, second.supersedes, &second.content), (Some(id), None, &first.content));
    let record = ann.get(&id).unwrap().0;
    assert_eq!((record.state, &record.metadata["turns"]), (State::Live, &json!(17)));
    assert_eq!(digest().found, 0);
    // With the turn, what it said is gone.
    clock.forward(DAY);
    assert!(ann.get(&id).is_err());
    let third = digest().items.remove(0);
    assert!(!third.content.contains("login tokens and release notes"), "{}", third.content);
}

#[test]
fn a_digest_says_what_a_conversation_is_about() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let turns = [
        "Good morning everybody, how was the weekend?",
        "The billing service loses invoices when the queue restarts.",
        "My train was late again.",
        "I think the queue drops invoices that the billing service has not acknowledged.",
        "Somebody should water the plants.",
        "So the billing service must acknowledge invoices before the queue restarts.",
        "Lunch at noon, as always?",
        "Yes, noon is fine with me.",
        "I will write a test that restarts the queue under the billing service.",
        "See you all tomorrow then.",
    ];
    let mut plan = real();
    plan.digests.as_mut().unwrap().characters = 200;
    ann.store_session(&Scope::Private, "s", turns.map(Draft::new).into()).unwrap();
    let digest = ann.consolidate(&Scope::Private, &plan).unwrap().digests.unwrap().items.remove(0);
    assert!(
        digest.content.contains("billing service") && digest.content.chars().count() <= 200,
        "{}",
        digest.content
    );
    for chatter in ["plants", "train", "Lunch", "tomorrow"] {
        assert!(!digest.content.contains(chatter), "{}", digest.content);
    }
}

#[test]
fn a_wrong_plan_is_refused_by_the_member() {
    let directory = place();
    let memory = open(&directory);
    let ann = user(&memory, "acme", "ann");
    let check = |json: Value, expect: &str| {
        let plan: Plan = serde_json::from_value(json).unwrap();
        let error = ann.consolidate(&Scope::Private, &plan).unwrap_err().to_string();
        assert!(error.starts_with(expect), "{error}");
    };
    check(json!({ "limit": 0 }), "limit: must be from 1");
    check(json!({ "decay": { "half_life": 0.0 } }), "decay.half_lives: must be days above 0");
    check(json!({ "decay": { "floor": 2.0 } }), "decay.floor: ");
    check(json!({ "similar": { "jaccard": 0.0 } }), "similar.jaccard: ");
    check(json!({ "digests": { "turns": 0 } }), "digests.turns: ");
    check(json!({ "digests": { "characters": 5 } }), "digests.characters: ");
    check(json!({ "contradictions": { "sentences": 0 } }), "contradictions.sentences: ");
    assert!(serde_json::from_value::<Plan>(json!({ "dryrun": true })).is_err());
    let off = json!({ "decay": null, "similar": null, "digests": null, "contradictions": null });
    let report = ann.consolidate(&Scope::Private, &serde_json::from_value(off).unwrap()).unwrap();
    assert!(report.decay.is_none() && report.similar.is_none() && report.digests.is_none());
}

fn text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "we", "use", "Redis", "for", "caching", "the", "port", "is", "8080", "not", "30", "days", "never",
        "backups", "are", "kept", "Monday", "don't", "disabled", "n't", "’", "5GB", "…", "?", ".", "é", "-",
        "$", "no,",
    ]);
    prop::collection::vec(words, 1..16).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_text_changes_and_nothing_is_lost(texts in prop::collection::vec((text(), prop::bool::ANY), 1..40), days in 0..400i64) {
        let directory = place();
        let (memory, clock) = with_clock(&directory);
        let ann = user(&memory, "acme", "ann");
        let draft = |(text, talked): &(String, bool)| {
            let draft = Draft::new(text);
            if *talked { draft.session("s") } else { draft }
        };
        let stored = ann.store_all(&Scope::Private, texts.iter().map(draft).collect()).unwrap();
        clock.forward(days * DAY);
        ann.consolidate(&Scope::Private, &real()).unwrap();
        let before = exported(&memory);
        let again = ann.consolidate(&Scope::Private, &real()).unwrap();
        prop_assert_eq!(done(&again), [0; 4]);
        prop_assert_eq!(exported(&memory), before);
        for ((text, _), stored) in texts.iter().zip(&stored).filter(|(_, stored)| stored.new) {
            let (record, _) = ann.get(&stored.id).unwrap();
            prop_assert_eq!(&record.content, text);
            prop_assert_eq!(record.state, State::Live);
        }
    }
}
