//! Learning: what it keeps, for whom, and how it is taken back.

use mcp_patterns::evaluate::{snips, trials};
use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings, Strategy};

use crate::support::{ask, learning, settings, teach, told};

/// Words of two entries: by text alone the first one wins.
const TASK: &str = "plan the review of the service";

#[test]
fn a_tenant_learns_and_the_other_sees_nothing_of_it() {
    let recommender = learning(Learner::in_memory(settings()).unwrap());
    let before = ask(&recommender, "beta", TASK);
    let wanted = "skill:incident-review";
    assert_ne!(before.picks[0].entry.id, wanted);
    assert_eq!(teach(&recommender, "acme", TASK, wanted, 12), wanted);
    let after = ask(&recommender, "beta", TASK);
    assert_eq!(after.picks, before.picks);
    assert_eq!(after.confidence, before.confidence);
    let learner = recommender.learned().unwrap();
    let stats = learner.stats("beta").unwrap();
    assert_eq!((stats.requests, stats.accepted, stats.rejected), (2, 0, 0));
    assert!(learner.stats("acme").unwrap().accepted > 0);
    assert!(learner.export("beta").unwrap().iter().all(|record| record.feedback.is_empty()));
    // Numbers of others' exposures are not there.
    let others = learner.export("acme").unwrap()[0].exposure.clone();
    let error =
        learner.feedback("beta", &told(others.id, &others.shown[0], Outcome::Accepted, "bob")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`exposure`: there is no {}: use the number that a recommendation came with", others.id)
    );
}

#[test]
fn what_is_shared_reaches_others_and_nothing_else_does() {
    let recommender = learning(Learner::in_memory(settings()).unwrap());
    let learner = recommender.learned().unwrap();
    let before = ask(&recommender, "beta", TASK).picks[0].clone();
    for _ in 0..6 {
        let found = ask(&recommender, "acme", TASK);
        let entry = found.picks[0].entry.id.clone();
        let feedback = told(found.exposure, &entry, Outcome::Rejected, "ann");
        learner.feedback("acme", &Feedback { share: true, ..feedback }).unwrap();
    }
    let after = ask(&recommender, "beta", TASK).picks[0].clone();
    assert!(after.entry.id != before.entry.id || after.parts.learned < before.parts.learned);
    assert!(learner.export("beta").unwrap().iter().all(|record| record.feedback.is_empty()));
}

#[test]
fn feedback_that_is_taken_back_leaves_nothing() {
    let recommender = learning(Learner::in_memory(settings()).unwrap());
    let learner = recommender.learned().unwrap();
    let before = ask(&recommender, "acme", TASK);
    let first = before.picks[0].entry.id.clone();
    let receipt = learner.feedback("acme", &told(before.exposure, &first, Outcome::Rejected, "ann")).unwrap();
    assert_ne!(ask(&recommender, "acme", TASK).picks[0].parts, before.picks[0].parts);
    // Twice is a mistake.
    let error =
        learner.feedback("acme", &told(before.exposure, &first, Outcome::Accepted, "ann")).unwrap_err();
    assert!(error.to_string().contains("was given already"), "{error}");
    assert!(learner.undo("beta", receipt.id, 0).is_err());
    learner.undo("acme", receipt.id, 0).unwrap();
    assert!(learner.undo("acme", receipt.id, 0).is_err());
    let after = ask(&recommender, "acme", TASK);
    assert_eq!(after.picks[0].parts.learned, 0.0);
    assert_eq!(learner.stats("acme").unwrap().rejected, 0);
    learner.feedback("acme", &told(before.exposure, &first, Outcome::Accepted, "ann")).unwrap();
}

#[test]
fn that_nothing_fits_lowers_confidence_and_moves_no_entry() {
    let recommender = learning(Learner::in_memory(settings()).unwrap());
    let learner = recommender.learned().unwrap();
    let before = ask(&recommender, "acme", TASK);
    let receipts: Vec<i64> = (0..12)
        .map(|at| {
            let found = ask(&recommender, "acme", TASK);
            let who = format!("person {at}");
            learner.feedback("acme", &told(found.exposure, "", Outcome::NothingFits, &who)).unwrap().id
        })
        .collect();
    let after = ask(&recommender, "acme", TASK);
    assert!(after.confidence < before.confidence, "{:?} {:?}", after.confidence, before.confidence);
    assert_eq!(after.picks[0].entry.id, before.picks[0].entry.id);
    assert_eq!(after.picks[0].parts.learned, 0.0);
    assert_eq!(ask(&recommender, "beta", TASK).confidence, before.confidence);
    assert_eq!(learner.stats("acme").unwrap().nothing_fits, 12);
    receipts.into_iter().for_each(|receipt| learner.undo("acme", receipt, 0).unwrap());
    assert_eq!(learner.stats("acme").unwrap().nothing_fits, 0);
    assert_eq!(ask(&recommender, "acme", TASK).confidence, before.confidence);
    // It is said of a recommendation, and of an entry it is said that it was rejected.
    let entry = before.picks[0].entry.id.clone();
    let error =
        learner.feedback("acme", &told(before.exposure, &entry, Outcome::NothingFits, "ann")).unwrap_err();
    assert!(error.to_string().starts_with("`entry`: "), "{error}");
}

#[test]
fn a_forgotten_tenant_is_gone_and_the_other_is_not() {
    let recommender = learning(Learner::in_memory(settings()).unwrap());
    let learner = recommender.learned().unwrap();
    for tenant in ["acme", "beta"] {
        teach(&recommender, tenant, TASK, "skill:incident-review", 3);
    }
    assert_eq!(learner.forget("acme").unwrap(), 6);
    assert!(learner.export("acme").unwrap().is_empty());
    assert_eq!(learner.export("beta").unwrap().len(), 3);
    assert_eq!(ask(&recommender, "acme", TASK).picks[0].parts.learned, 0.0);
}

#[test]
fn a_flood_of_one_principal_counts_for_a_day_only() {
    let mut settings = settings();
    settings.answers_a_day = 3;
    let recommender = learning(Learner::in_memory(settings).unwrap());
    let learner = recommender.learned().unwrap();
    let weights: Vec<f32> = (0..5)
        .map(|_| {
            let found = ask(&recommender, "acme", TASK);
            let entry = found.picks[0].entry.id.clone();
            learner.feedback("acme", &told(found.exposure, &entry, Outcome::Accepted, "ann")).unwrap().weight
        })
        .collect();
    assert_eq!(weights, [1.0, 1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn only_what_was_shown_can_be_answered() {
    let recommender = learning(Learner::in_memory(settings()).unwrap());
    let learner = recommender.learned().unwrap();
    let found = ask(&recommender, "acme", TASK);
    let other = found.left_out[0].id.clone();
    let error =
        learner.feedback("acme", &told(found.exposure, &other, Outcome::Accepted, "ann")).unwrap_err();
    assert!(error.to_string().contains("was not shown there"), "{error}");
    assert!(learner.stats("").is_err());
}

#[test]
fn every_exposure_is_logged_with_chances_that_add_up_and_can_be_evaluated() {
    let mut settings = Settings::default();
    settings.strategy = Strategy::Thompson { scale: 1.0 };
    settings.seed = Some(3);
    let recommender = learning(Learner::in_memory(settings).unwrap());
    let learner = recommender.learned().unwrap();
    for at in 0..200 {
        let found = ask(&recommender, "acme", TASK);
        let entry = found.picks[0].entry.id.clone();
        let right = entry == "skill:incident-review";
        let outcome = if right { Outcome::Accepted } else { Outcome::Rejected };
        learner.feedback("acme", &told(found.exposure, &entry, outcome, &format!("p{}", at % 9))).unwrap();
    }
    let records = learner.export("acme").unwrap();
    assert_eq!(records.len(), 200);
    for record in &records {
        let sum: f32 = record.exposure.candidates.iter().map(|candidate| candidate.first).sum();
        assert!((sum - 1.0).abs() < 1e-4, "{sum}");
        let first =
            record.exposure.candidates.iter().find(|of| of.entry == record.exposure.shown[0]).unwrap();
        assert!(first.first > 0.0 && first.shown >= first.first);
        assert!(!serde_json::to_string(record).unwrap().contains("review of the"), "the request is not kept");
    }
    // The way that chose: it brought what it brought.
    let same = |record: &mcp_patterns::learn::Record, entry: &str| {
        let candidate = record.exposure.candidates.iter().find(|candidate| candidate.entry == entry);
        f64::from(candidate.map_or(0.0, |candidate| candidate.first))
    };
    let trials = trials(&records, same, |_, _| 0.5);
    let accepted = learner.stats("acme").unwrap().accepted as f64 / 200.0;
    assert!((snips(&trials).value - accepted).abs() < 1e-9);
    assert!(accepted > 0.5, "{accepted}");
}

#[test]
fn settings_out_of_bounds_are_refused_by_name() {
    for (field, change) in [
        ("rate", (|settings: &mut Settings| settings.rate = 0.0) as fn(&mut Settings)),
        ("half_life_days", |settings| settings.half_life_days = f32::NAN),
        ("strategy", |settings| settings.strategy = Strategy::LinUcb { scale: -1.0 }),
    ] {
        let mut settings = settings();
        change(&mut settings);
        let error = Learner::in_memory(settings).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{field}`")), "{error}");
    }
}
