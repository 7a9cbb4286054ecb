//! Ten thousand entries, and a hundred thousand answers.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use mcp_patterns::learn::{Feedback, Learner, Outcome, Settings};
use mcp_patterns::source::Entries;
use mcp_patterns::{Catalog, Entry, Kind, Recommender, Request};

use crate::data::Dice;
use crate::learning::print;

const ENTRIES: usize = 10_000;
const WORDS: usize = 8000;
/// Words of a body.
const BODY: usize = 150;
const ANSWERS: usize = 100_000;

/// A text whose words are as unevenly used as those of people: the n-th about 1/n times as often as the first.
fn text(dice: &mut Dice, words: usize) -> String {
    let mut text = String::new();
    for _ in 0..words {
        let word = ((WORDS as f64).powf(dice.roll())) as usize % WORDS;
        text.push_str(&word_of(word));
        text.push(' ');
    }
    text
}

fn word_of(mut number: usize) -> String {
    let mut word = String::new();
    for _ in 0..3 {
        word.push(char::from(b"bdfgklmnprstvz"[number % 14]));
        number /= 14;
        word.push(char::from(b"aeiou"[number % 5]));
        number /= 5;
    }
    word
}

fn memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at =
        |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)].as_secs_f64() * 1e6;
    format!("p50 {:.0} µs, p99 {:.0} µs, most {:.0} µs", at(0.5), at(0.99), at(1.0))
}

pub(crate) fn measure() -> Result<()> {
    let mut dice = Dice::new(7);
    let before = memory();
    let entries: Vec<Entry> = (0..ENTRIES)
        .map(|at| {
            let (name, description, body) = (text(&mut dice, 2), text(&mut dice, 16), text(&mut dice, BODY));
            Entry::new(Kind::Skill, format!("{name}{at}"), description, body, "made")
        })
        .collect();
    let texts = memory() - before;
    let source = Entries::new("made", entries);
    let started = Instant::now();
    let catalog = Arc::new(Catalog::builder().source(source).build());
    let ready = started.elapsed();
    let fresh = memory() - before;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("learned.db");
    let recommender = Recommender::new(catalog.clone()).learner(Learner::open(&path, Settings::default())?);
    let first = {
        recommender.recommend(&request("baba dodi fufa", 0))?;
        started.elapsed()
    };
    print(&format!(
        "{ENTRIES} entries with bodies of {BODY} words: catalogue ready {:.0} ms, first answer {:.0} ms",
        ready.as_secs_f64() * 1e3,
        first.as_secs_f64() * 1e3
    ))?;
    let (mut asked, mut told) = (Vec::new(), Vec::new());
    for at in 0..10_000 {
        let task = text(&mut dice, 12);
        let started = Instant::now();
        let found = recommender.recommend(&request(&task, at))?;
        asked.push(started.elapsed());
        if let (Some(pick), Some(learner)) = (found.picks.first(), recommender.learned()) {
            let started = Instant::now();
            learner.feedback("bench", &feedback(found.exposure, &pick.entry.id, at, &mut dice))?;
            told.push(started.elapsed());
        }
    }
    print(&format!("recommend, logged in a file, while learning: {}", quantiles(asked)))?;
    print(&format!("feedback, logged in a file: {}", quantiles(told)))?;
    print(&format!(
        "memory: {fresh:.1} MB with the catalogue, of which {texts:.1} MB are its texts; {:.1} MB after 10,000 answers",
        memory() - before
    ))?;
    replay(catalog)
}

fn request(task: &str, at: usize) -> Request<'_> {
    Request { task, tenant: "bench", at: at as i64 * 60, ..Request::default() }
}

fn feedback<'a>(exposure: i64, entry: &'a str, at: usize, dice: &mut Dice) -> Feedback<'a> {
    let outcome = if dice.roll() < 0.6 { Outcome::Accepted } else { Outcome::Rejected };
    Feedback { exposure, entry, outcome, principal: "somebody", at: at as i64 * 60, share: false }
}

/// How long it takes to learn everything again from the log.
fn replay(catalog: Arc<Catalog>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("learned.db");
    let mut settings = Settings::default();
    // Nothing but the log is kept.
    settings.snapshot_every = u32::MAX;
    let recommender = Recommender::new(catalog.clone()).learner(Learner::open(&path, settings.clone())?);
    let mut dice = Dice::new(11);
    for at in 0..ANSWERS {
        let task = text(&mut dice, 12);
        let found = recommender.recommend(&request(&task, at))?;
        if let (Some(pick), Some(learner)) = (found.picks.first(), recommender.learned()) {
            learner.feedback("bench", &feedback(found.exposure, &pick.entry.id, at, &mut dice))?;
        }
    }
    drop(recommender);
    let started = Instant::now();
    let recommender = Recommender::new(catalog).learner(Learner::open(&path, settings)?);
    recommender.recommend(&request("baba dodi fufa", ANSWERS))?;
    print(&format!(
        "{ANSWERS} exposures and their feedback learned again in {:.1} s",
        started.elapsed().as_secs_f64()
    ))
}
