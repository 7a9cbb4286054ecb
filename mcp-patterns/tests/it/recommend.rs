//! What is recommended, why, and what is left out.

use std::sync::Arc;

use mcp_patterns::recommend::{Abstention, Budget, Context, Why};
use mcp_patterns::source::Entries;
use mcp_patterns::{Catalog, Entry, Kind, Recommender, Request};

use crate::support::{catalog, entries};

#[test]
fn the_best_come_with_reasons_and_the_rest_with_why_not() {
    let recommender = Recommender::new(catalog());
    let found = recommender
        .recommend(&Request { task: "write the review of yesterday's incident", ..Request::default() })
        .unwrap();
    let first = &found.picks[0];
    assert_eq!(first.entry.name, "incident-review");
    assert!(
        first.reasons[0].contains("`incident`") && first.reasons[0].contains("`review`"),
        "{:?}",
        first.reasons
    );
    assert!(first.parts.text > 0.0 && first.parts.learned == 0.0 && found.picks.len() <= 3);
    assert_eq!(found.picks.len() + found.left_out.len(), 5);
    assert_eq!(found.tokens, found.picks.iter().map(|pick| pick.tokens).sum::<usize>());
    assert_eq!(found.exposure, 0);
}

#[test]
fn nothing_fits_what_is_about_something_else() {
    let recommender = Recommender::new(catalog());
    for task in ["who won the chess championship", "", "…"] {
        let found = recommender.recommend(&Request { task, ..Request::default() }).unwrap();
        assert!(found.picks.is_empty(), "{task}: {:?}", found.picks);
        assert!(found.left_out.iter().all(|left| left.why == Why::NothingFits));
    }
}

#[test]
fn what_nothing_speaks_for_does_not_stand_beside_what_fits() {
    // One word of nine, so that the first is not far ahead of entries without any.
    let task = "please deploy whatever stands there before everybody arrives tomorrow";
    let names = ["deploy", "translate", "paint"];
    let entry = |name| Entry::new(Kind::Skill, name, format!("Knows how to {name}."), "", "test");
    let catalog =
        Arc::new(Catalog::builder().source(Entries::new("test", names.map(entry).to_vec())).build());
    let found = Recommender::new(catalog)
        .abstention(Abstention { below: 0.0, ..Abstention::default() })
        .recommend(&Request { task, ..Request::default() })
        .unwrap();
    let shown: Vec<&str> = found.picks.iter().map(|pick| pick.entry.name.as_str()).collect();
    assert_eq!(shown, ["deploy"]);
    assert!(
        found.left_out.iter().all(|left| matches!(left.why, Why::Unlikely { .. })),
        "{:?}",
        found.left_out
    );
}

#[test]
fn the_token_budget_is_hard() {
    let mut long = entries();
    long[0].body = "word ".repeat(1000);
    let catalog = Arc::new(Catalog::builder().source(Entries::new("test", long)).build());
    let recommender = Recommender::new(catalog);
    let budget = Budget { entries: 3, tokens: 100 };
    let task = "incident review of release notes";
    let found = recommender.recommend(&Request { task, budget, ..Request::default() }).unwrap();
    assert!(found.tokens <= 100);
    let why = found.left_out.iter().find(|left| left.id == "skill:incident-review").map(|left| left.why);
    assert!(matches!(why, Some(Why::Tokens { needs, left }) if needs > 1000 && left <= 100), "{why:?}");
}

#[test]
fn context_and_kinds_count_and_what_is_not_allowed_never_shows() {
    let mut tool = Entry::new(Kind::Tool, "deploy", "Deploys a service.", "", "server");
    tool.triggers.extensions = vec!["tf".to_owned()];
    let mut skill = Entry::new(Kind::Skill, "deploy", "Deploys a service.", "", "here");
    skill.allowed_tools = vec!["Bash".to_owned()];
    let catalog = Arc::new(Catalog::builder().source(Entries::new("test", vec![skill, tool])).build());
    let recommender = Recommender::new(catalog);
    let first = |request: &Request<'_>| {
        recommender.recommend(request).unwrap().picks.first().map(|pick| pick.entry.id.clone())
    };
    let plain = Request { task: "deploy the service", ..Request::default() };
    assert_eq!(first(&plain).as_deref(), Some("skill:deploy"));
    let context = Context { files: vec!["infra/main.tf".to_owned()], ..Context::default() };
    assert_eq!(first(&Request { context, ..plain.clone() }).as_deref(), Some("tool:deploy"));
    assert_eq!(first(&Request { kinds: vec![Kind::Tool], ..plain.clone() }).as_deref(), Some("tool:deploy"));
    let triggers = Context { triggers: vec!["tool:deploy".to_owned()], ..Context::default() };
    assert_eq!(first(&Request { context: triggers, ..plain.clone() }).as_deref(), Some("tool:deploy"));
    let found =
        recommender.recommend(&Request { only: Some(vec!["skill:deploy".to_owned()]), ..plain }).unwrap();
    assert!(found.left_out.is_empty() && found.picks.len() == 1);
}

#[test]
fn expressions_of_an_entry_speak_for_it() {
    let mut rule = Entry::new(Kind::Rule, "frontend", "", "", "test");
    rule.triggers.patterns = vec!["(create|add|build).*?(page|modal)".to_owned()];
    let mut all = entries();
    all.push(rule);
    let catalog = Arc::new(Catalog::builder().source(Entries::new("test", all)).build());
    let recommender = Recommender::new(catalog);
    let found =
        recommender.recommend(&Request { task: "Please ADD a small modal", ..Request::default() }).unwrap();
    let first = &found.picks[0];
    assert!(first.entry.id == "rule:frontend" && first.parts.context > 2.0, "{:?}", first.parts);
    let other = recommender.recommend(&Request { task: "What is a modal?", ..Request::default() }).unwrap();
    assert!(other.picks.is_empty(), "{:?}", other.picks);
}

#[test]
fn search_ranks_without_abstaining() {
    let found = Recommender::new(catalog()).search("sprint load pdf", 2);
    assert_eq!(found.len(), 2);
    assert!(found[0].1 >= found[1].1 && found[1].1 > 0.0);
}
