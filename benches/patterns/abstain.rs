//! Saying nothing when nothing fits: requests of people that none of the tools answers, beside those that one does.

use anyhow::Result;
use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings};
use mcp_patterns::recommend::Abstention;
use mcp_patterns::{Recommender, Request};

use crate::data::{Data, Dice};
use crate::learning::{order, print};

const FOLDS: usize = 3;

/// What the model thinks of requests: how likely the best entry is accepted, and whether it was recommended.
type Thought = (f32, bool);

pub(crate) fn measure(data: &Data) -> Result<()> {
    if data.others.is_empty() {
        return Ok(());
    }
    for vectors in [false, true] {
        let what = if vectors { "with vectors" } else { "words only" };
        let cold = Recommender::new(data.catalog(vectors));
        let queries: Vec<&str> = data.asked.iter().map(|asked| asked.query.as_str()).collect();
        let others: Vec<&str> = data.others.iter().map(String::as_str).collect();
        tell(&format!("abstention, cold, {what}"), &think(&cold, &queries)?, &think(&cold, &others)?)?;
        for (name, with_others) in [("learned from answerable requests", false), ("learned from both", true)]
        {
            let (mut answerable, mut not) = (Vec::new(), Vec::new());
            for fold in 0..FOLDS {
                let (yes, no) = learned(data, vectors, fold, with_others)?;
                answerable.extend(yes);
                not.extend(no);
            }
            tell(&format!("abstention, {name}, {what}"), &answerable, &not)?;
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

/// Learns in one pass from all but a fold, while it abstains as it does, and tells what it thinks of the fold.
fn learned(
    data: &Data,
    vectors: bool,
    fold: usize,
    with_others: bool,
) -> Result<(Vec<Thought>, Vec<Thought>)> {
    let mut settings = Settings::default();
    settings.seed = Some(fold as u64 + 1);
    let recommender = Recommender::new(data.catalog(vectors)).learner(Learner::in_memory(settings)?);
    let asked = order(&data.asked, 1);
    let mut stream: Vec<(&str, Option<&str>)> = Vec::new();
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for (at, asked) in asked.iter().enumerate() {
        if at % FOLDS == fold {
            yes.push(asked.query.as_str());
        } else {
            stream.push((&asked.query, Some(&asked.tool)));
        }
    }
    for (at, other) in data.others.iter().enumerate() {
        if at % FOLDS == fold {
            no.push(other.as_str());
        } else if with_others {
            stream.push((other, None));
        }
    }
    Dice::new(fold as u64 + 1).shuffle(&mut stream);
    for (at, (query, tool)) in stream.iter().enumerate() {
        let at_time = at as i64 * 120;
        let mut request = Request { task: query, tenant: "bench", at: at_time, ..Request::default() };
        request.budget.entries = 1;
        let found = recommender.recommend(&request)?;
        let (Some(pick), Some(learner)) = (found.picks.first(), recommender.learned()) else { continue };
        let outcome =
            if Some(pick.entry.id.as_str()) == *tool { Outcome::Accepted } else { Outcome::Rejected };
        let person = format!("person {}", at % 20);
        let entry = &pick.entry.id;
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
    let recommender = recommender.abstention(Abstention { optimism: 0.0, ..Abstention::default() });
    Ok((think(&recommender, &yes)?, think(&recommender, &no)?))
}

fn tell(name: &str, answerable: &[Thought], others: &[Thought]) -> Result<()> {
    let mut sorted: Vec<f32> = others.iter().map(|(chance, _)| *chance).collect();
    sorted.sort_by(f32::total_cmp);
    let line = sorted[(sorted.len() * 9).div_ceil(10).min(sorted.len() - 1)];
    let percent = |hits: usize, of: usize| 100.0 * hits as f64 / of.max(1) as f64;
    let silent = others.iter().filter(|(_, shown)| !shown).count();
    let covered = answerable.iter().filter(|(_, shown)| *shown).count();
    let could = answerable.iter().filter(|(chance, _)| *chance > line).count();
    print(&format!(
        "{name}: silent on {:.1} % of {}, covers {:.1} % of {} (with the line at 90 % silent, {line:.3}: {:.1} %)",
        percent(silent, others.len()),
        others.len(),
        percent(covered, answerable.len()),
        answerable.len(),
        percent(could, answerable.len())
    ))
}
