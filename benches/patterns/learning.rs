//! The right tool first: without feedback, and while learning from it.

use std::io::{self, Write as _};

use anyhow::Result;
use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings, Strategy};
use mcp_patterns::recommend::{Abstention, Budget};
use mcp_patterns::{Recommender, Request};

use crate::data::{Asked, Data, Dice};

pub(crate) const ALWAYS: Abstention = Abstention { below: 0.0, optimism: 0.0, curiosity: 0.0 };
const ONE: Budget = Budget { entries: 1, tokens: usize::MAX };
/// So many people take turns.
const PEOPLE: usize = 20;

pub(crate) fn cold(data: &Data, vectors: bool) -> Result<()> {
    let recommender = Recommender::new(data.catalog(vectors)).abstention(ALWAYS);
    let (mut first, mut ten) = (0, 0);
    for asked in &data.asked {
        let found = recommender.search(&asked.query, 10);
        first += usize::from(found.first().is_some_and(|(entry, _)| entry.id == asked.tool));
        ten += usize::from(found.iter().any(|(entry, _)| entry.id == asked.tool));
    }
    let share = |many: usize| 100.0 * many as f64 / data.asked.len() as f64;
    let vectors = if vectors { "with vectors" } else { "words only" };
    print(&format!("cold, {vectors}: top-1 {:.1} %, R@10 {:.1} %", share(first), share(ten)))
}

pub(crate) fn print(line: &str) -> Result<()> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}

/// Shares of tenths, in percent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tenths([(usize, usize); 10]);

impl Tenths {
    pub(crate) fn count(&mut self, at: usize, of: usize, right: bool) {
        let (hits, all) = &mut self.0[at * 10 / of.max(1)];
        *hits += usize::from(right);
        *all += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for ((hits, all), (more, many)) in self.0.iter_mut().zip(&other.0) {
            *hits += more;
            *all += many;
        }
    }

    pub(crate) fn overall(&self) -> f64 {
        let sum = |of: fn(&(usize, usize)) -> usize| self.0.iter().map(of).sum::<usize>() as f64;
        100.0 * sum(|(hits, _)| *hits) / sum(|(_, all)| *all).max(1.0)
    }

    pub(crate) fn tenth(&self, at: usize) -> f64 {
        100.0 * self.0[at].0 as f64 / self.0[at].1.max(1) as f64
    }
}

/// One row of results: seeds together, and how far the seeds are apart.
pub(crate) fn row(name: &str, seeds: &[Tenths]) -> Result<()> {
    let mut all = Tenths::default();
    seeds.iter().for_each(|seed| all.add(seed));
    let overall = seeds.iter().map(Tenths::overall);
    let (low, high) = overall.fold((100f64, 0f64), |(low, high), of| (low.min(of), high.max(of)));
    let tenths: Vec<String> = (0..10).map(|at| format!("{:.1}", all.tenth(at))).collect();
    print(&format!("{name}: {:.1} % ({low:.1}–{high:.1}); tenths {}", all.overall(), tenths.join(" ")))
}

/// Who lies, and until when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hostile {
    /// Of [`PEOPLE`].
    pub(crate) people: usize,
    /// The part of the pass that they lie in.
    pub(crate) until: f64,
}

pub(crate) fn order(asked: &[Asked], seed: u64) -> Vec<&Asked> {
    let mut order: Vec<&Asked> = asked.iter().collect();
    Dice::new(seed).shuffle(&mut order);
    order
}

fn request(query: &str, at: usize) -> Request<'_> {
    Request { task: query, budget: ONE, tenant: "bench", at: at as i64 * 120, ..Request::default() }
}

/// One pass.
fn pass(
    data: &Data,
    asked: &[&Asked],
    vectors: bool,
    settings: Settings,
    hostile: Option<Hostile>,
) -> Result<(Tenths, Recommender)> {
    let recommender =
        Recommender::new(data.catalog(vectors)).abstention(ALWAYS).learner(Learner::in_memory(settings)?);
    let mut tenths = Tenths::default();
    for (at, of) in asked.iter().enumerate() {
        let found = recommender.recommend(&request(&of.query, at))?;
        let shown = found.picks.first().map(|pick| pick.entry.id.clone());
        let right = shown.as_ref() == Some(&of.tool);
        tenths.count(at, asked.len(), right);
        let person = at % PEOPLE;
        let lies =
            hostile.is_some_and(|of| person < of.people && (at as f64) < of.until * asked.len() as f64);
        if let (Some(entry), Some(learner)) = (shown, recommender.learned()) {
            learner.feedback(
                "bench",
                &Feedback {
                    exposure: found.exposure,
                    entry: &entry,
                    outcome: if right != lies { Outcome::Accepted } else { Outcome::Rejected },
                    principal: &format!("person {person}"),
                    at: at as i64 * 120,
                    share: false,
                },
            )?;
        }
    }
    Ok((tenths, recommender))
}

fn settings(strategy: Strategy, seed: u64) -> Settings {
    let mut settings = Settings::default();
    settings.strategy = strategy;
    settings.seed = Some(seed);
    settings
}

fn default_strategy() -> Strategy {
    Settings::default().strategy
}

fn passes(
    data: &Data,
    asked: &[Asked],
    vectors: bool,
    strategy: Strategy,
    seeds: u64,
    change: impl Fn(&mut Settings),
    hostile: Option<Hostile>,
) -> Result<Vec<Tenths>> {
    (1..=seeds)
        .map(|seed| {
            let mut settings = settings(strategy, seed);
            change(&mut settings);
            Ok(pass(data, &order(asked, seed), vectors, settings, hostile)?.0)
        })
        .collect()
}

pub(crate) fn learning(data: &Data, vectors: bool, seeds: u64) -> Result<()> {
    let what = if vectors { "with vectors" } else { "words only" };
    let static_catalog = Recommender::new(data.catalog(vectors)).abstention(ALWAYS);
    let fixed: Vec<Tenths> = (1..=seeds)
        .map(|seed| {
            let asked = order(&data.asked, seed);
            let mut tenths = Tenths::default();
            for (at, of) in asked.iter().enumerate() {
                let found = static_catalog.search(&of.query, 1);
                tenths.count(at, asked.len(), found.first().is_some_and(|(entry, _)| entry.id == of.tool));
            }
            tenths
        })
        .collect();
    row(&format!("static, {what}"), &fixed)?;
    let strategies = [
        ("greedy", Strategy::Greedy),
        ("Thompson 0.1", Strategy::Thompson { scale: 0.1 }),
        ("Thompson 0.3", Strategy::Thompson { scale: 0.3 }),
        ("LinUCB 0.3", Strategy::LinUcb { scale: 0.3 }),
        ("LinUCB 1", Strategy::LinUcb { scale: 1.0 }),
    ];
    for (name, strategy) in strategies {
        let learned = passes(data, &data.asked, vectors, strategy, seeds, |_| {}, None)?;
        row(&format!("{name}, {what}"), &learned)?;
        let below = learned.iter().zip(&fixed).flat_map(|(learned, fixed)| {
            (0..10).map(|at| learned.tenth(at) - fixed.tenth(at)).collect::<Vec<_>>()
        });
        let lowest = below.fold(f64::INFINITY, f64::min);
        print(&format!("  the worst tenth of any seed beside static: {lowest:+.1} points"))?;
    }
    Ok(())
}

pub(crate) fn hostile(data: &Data, seeds: u64) -> Result<()> {
    for (name, hostile) in [
        ("a fifth always lies", Hostile { people: PEOPLE / 5, until: 1.0 }),
        ("a fifth lies in the first half", Hostile { people: PEOPLE / 5, until: 0.5 }),
    ] {
        for damp in [false, true] {
            let change = |settings: &mut Settings| settings.damp = damp;
            let rows = passes(data, &data.asked, false, default_strategy(), seeds, change, Some(hostile))?;
            row(&format!("{name}, {}damped, words only", if damp { "" } else { "not " }), &rows)?;
        }
    }
    Ok(())
}

pub(crate) fn splits(data: &Data, seeds: u64) -> Result<()> {
    let distinct = data.distinct();
    print(&format!("{} of {} requests are distinct", distinct.len(), data.asked.len()))?;
    for vectors in [false, true] {
        let what = if vectors { "with vectors" } else { "words only" };
        let rows = passes(data, &distinct, vectors, default_strategy(), seeds, |_| {}, None)?;
        row(&format!("distinct requests, {what}"), &rows)?;
        let (mut right, mut all) = (0, 0);
        for seed in 1..=seeds {
            let asked = order(&data.asked, seed);
            let (before, after) = asked.split_at(asked.len() * 8 / 10);
            let settings = settings(default_strategy(), seed);
            let (_, recommender) = pass(data, before, vectors, settings, None)?;
            for (at, of) in after.iter().enumerate() {
                let found = recommender.recommend(&request(&of.query, before.len() + at))?;
                right += usize::from(found.picks.first().is_some_and(|pick| pick.entry.id == of.tool));
                all += 1;
            }
        }
        let share = 100.0 * right as f64 / f64::max(all as f64, 1.0);
        print(&format!("time split, learned in the first four fifths, {what}: {share:.1} % in the last"))?;
    }
    Ok(())
}
