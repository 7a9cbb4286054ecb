//! A small catalogue.

use std::sync::Arc;

use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings, Strategy};
use mcp_patterns::recommend::{Abstention, Budget};
use mcp_patterns::source::Entries;
use mcp_patterns::{Catalog, Entry, Kind, Recommendation, Recommender, Request};

pub(crate) fn entries() -> Vec<Entry> {
    [
        ("incident-review", "Writes a review of an incident: timeline, causes, actions."),
        ("release-notes", "Writes release notes from commits and pull requests."),
        ("load-test", "Plans and runs load tests of a service."),
        ("pdf-forms", "Fills forms in PDF files."),
        ("sprint-planning", "Plans a sprint from a backlog and the capacity of a team."),
    ]
    .map(|(name, description)| Entry::new(Kind::Skill, name, description, "", "test"))
    .into()
}

pub(crate) fn catalog() -> Arc<Catalog> {
    Arc::new(Catalog::builder().source(Entries::new("test", entries())).build())
}

pub(crate) fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.strategy = Strategy::Greedy;
    settings.seed = Some(1);
    settings
}

pub(crate) fn learning(learner: Learner) -> Recommender {
    Recommender::new(catalog())
        .abstention(Abstention { below: 0.0, ..Abstention::default() })
        .learner(learner)
}

pub(crate) fn ask(recommender: &Recommender, tenant: &str, task: &str) -> Recommendation {
    let budget = Budget { entries: 1, tokens: 1000 };
    recommender.recommend(&Request { task, tenant, budget, at: 1_000_000, ..Request::default() }).unwrap()
}

pub(crate) fn told<'a>(exposure: i64, entry: &'a str, outcome: Outcome, principal: &'a str) -> Feedback<'a> {
    Feedback { exposure, entry, outcome, principal, at: 1_000_000, share: false }
}

/// Asks and says whether what comes first is right, until it is or `most` times. Returns the first entry in the end.
pub(crate) fn teach(recommender: &Recommender, tenant: &str, task: &str, right: &str, most: usize) -> String {
    let mut first = String::new();
    for _ in 0..most {
        let found = ask(recommender, tenant, task);
        first.clone_from(&found.picks[0].entry.id);
        let outcome = if first == right { Outcome::Accepted } else { Outcome::Rejected };
        recommender
            .learned()
            .unwrap()
            .feedback(tenant, &told(found.exposure, &first, outcome, "ann"))
            .unwrap();
    }
    first
}
