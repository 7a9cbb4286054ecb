//! Saying nothing when nothing fits: requests of people that none of the tools answers, beside those that one does.

use anyhow::Result;
use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings};
use mcp_patterns::recommend::Abstention;
use mcp_patterns::{Recommender, Request};

use crate::data::{Data, Dice};
use crate::learning::{order, print};

/// One of so many requests is held out.
const FOLDS: usize = 3;

/// What is learned from requests that none of the tools answers.
#[derive(Debug, Clone, Copy)]
enum Others {
    /// There are none.
    Unseen,
    /// What people say of what is shown for them.
    Told(Outcome),
}

/// What the model thinks of requests: how likely the best entry is accepted, and whether it was recommended.
type Thought = (f32, bool);

pub(crate) fn measure(data: &Data, seeds: u64) -> Result<()> {
    if data.others.is_empty() {
        return Ok(());
    }
    for vectors in [false, true] {
        let what = if vectors { "with vectors" } else { "words only" };
        let cold = Recommender::new(data.catalog(vectors));
        let queries: Vec<&str> = data.asked.iter().map(|asked| asked.query.as_str()).collect();
        let others: Vec<&str> = data.others.iter().map(String::as_str).collect();
        let thoughts = (think(&cold, &queries)?, think(&cold, &others)?);
        tell(&format!("abstention, cold, {what}"), &[thoughts])?;
        for (name, others) in [
            ("learned from answerable requests", Others::Unseen),
            ("learned from both", Others::Told(Outcome::Rejected)),
            ("learned from both, and told what nothing fits", Others::Told(Outcome::NothingFits)),
        ] {
            let runs: Vec<_> =
                (1..=seeds).map(|seed| learned(data, vectors, seed, others)).collect::<Result<_>>()?;
            tell(&format!("abstention, {name}, {what}"), &runs)?;
        }
    }
    Ok(())
}

fn think(recommender: &Recommender, queries: &[&str]) -> Result<Vec<Thought>> {
    let think = |query: &&str| {
        let found =
            recommender.recommend(&Request { task: query, tenant: "bench", at: 1, ..Request::default() })?;
        Ok((found.confidence, !found.picks.is_empty()))
    };
    queries.iter().map(think).collect()
}

/// Learns in one pass from all but a fold, while it abstains as it does, and tells what it thinks of the fold: of its answerable requests and
/// of the others.
fn learned(data: &Data, vectors: bool, seed: u64, told: Others) -> Result<(Vec<Thought>, Vec<Thought>)> {
    let mut settings = Settings::default();
    settings.seed = Some(seed);
    let recommender = Recommender::new(data.catalog(vectors)).learner(Learner::in_memory(settings)?);
    let asked = order(&data.asked, seed);
    let mut others: Vec<&String> = data.others.iter().collect();
    Dice::new(seed).shuffle(&mut others);
    let mut stream: Vec<(&str, Option<&str>)> = Vec::new();
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for (at, asked) in asked.iter().enumerate() {
        if at % FOLDS == 0 {
            yes.push(asked.query.as_str());
        } else {
            stream.push((&asked.query, Some(&asked.tool)));
        }
    }
    for (at, other) in others.into_iter().enumerate() {
        // Who never sees any of them is measured with all.
        if at % FOLDS == 0 || matches!(told, Others::Unseen) {
            no.push(other.as_str());
        } else {
            stream.push((other, None));
        }
    }
    Dice::new(seed).shuffle(&mut stream);
    for (at, (query, tool)) in stream.iter().enumerate() {
        let at_time = at as i64 * 120;
        let mut request = Request { task: query, tenant: "bench", at: at_time, ..Request::default() };
        request.budget.entries = 1;
        let found = recommender.recommend(&request)?;
        let (Some(pick), Some(learner)) = (found.picks.first(), recommender.learned()) else { continue };
        let shown = pick.entry.id.as_str();
        let (entry, outcome) = match (tool, told) {
            (Some(tool), _) if shown == *tool => (shown, Outcome::Accepted),
            (None, Others::Told(Outcome::NothingFits)) => ("", Outcome::NothingFits),
            _ => (shown, Outcome::Rejected),
        };
        let person = format!("person {}", at % 20);
        let feedback = Feedback {
            exposure: found.exposure,
            entry,
            outcome,
            principal: &person,
            at: at_time,
            share: false,
        };
        learner.feedback("bench", &feedback)?;
    }
    // What is held out is looked at as people would be served: without optimism.
    let recommender =
        recommender.abstention(Abstention { optimism: 0.0, curiosity: 0.0, ..Abstention::default() });
    Ok((think(&recommender, &yes)?, think(&recommender, &no)?))
}

fn tell(name: &str, runs: &[(Vec<Thought>, Vec<Thought>)]) -> Result<()> {
    let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
    let (mut silent, mut covered) = (Vec::new(), Vec::new());
    for (answerable, others) in runs {
        silent.push(share(others.iter().filter(|(_, shown)| !shown).count(), others.len()));
        covered.push(share(answerable.iter().filter(|(_, shown)| *shown).count(), answerable.len()));
    }
    let range = |of: &[f64]| {
        let (low, high) = of.iter().fold((100f64, 0f64), |(low, high), of| (low.min(*of), high.max(*of)));
        format!("{:.1} % ({low:.1}–{high:.1})", of.iter().sum::<f64>() / of.len().max(1) as f64)
    };
    let many = |of: fn(&(Vec<Thought>, Vec<Thought>)) -> usize| runs.first().map_or(0, of);
    print(&format!(
        "{name}: silent on {} of {}, covers {} of {}",
        range(&silent),
        many(|(_, others)| others.len()),
        range(&covered),
        many(|(answerable, _)| answerable.len()),
    ))
}
