//! What decisions, sequences, triggers and loading cost: CPU time of the one thread that works, medians of rounds. Run with
//! `cargo run --release --manifest-path benches/guardrails/Cargo.toml [--features peers] [-- PART]`; exits with an error if a bar is missed.

mod calls;
#[cfg(feature = "peers")]
mod peers;
mod rules;
mod texts;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use mcp_guardrails::rule::Trigger;
use mcp_guardrails::state::{Guard, MemoryStore};
use mcp_guardrails::trigger::Matcher;
use mcp_guardrails::{Engine, Event, Format, RuleSet, pack};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 15;

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Microseconds of one step, the median of rounds; a round is so many steps.
fn measure(steps: usize, mut step: impl FnMut(usize)) -> f64 {
    let mut rounds: Vec<f64> = (0..=ROUNDS)
        .map(|_| {
            let start = cpu();
            (0..steps).for_each(&mut step);
            (cpu() - start).as_secs_f64() * 1e6 / steps as f64
        })
        .skip(1)
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

struct Report {
    missed: Vec<String>,
}

impl Report {
    fn line(&mut self, what: &str, value: f64, unit: &str, bar: Option<f64>) {
        let bar = match bar {
            None => String::new(),
            Some(bar) => {
                if value > bar {
                    self.missed.push(format!("{what}: {value:.2} {unit}, bar {bar}"));
                }
                format!("{bar}")
            }
        };
        println!("| {what} | {value:.2} {unit} | {bar} |");
    }
}

fn main() -> Result<()> {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load average {}\n\n| what | median | bar |\n|---|---|---|", load.split(' ').next().unwrap_or("?"));
    let mut report = Report { missed: Vec::new() };
    let only = std::env::args().nth(1);
    let parts: [(&str, fn(&mut Report) -> Result<()>); 5] = [
        ("decisions", decisions),
        ("sequences", sequences),
        ("triggers", triggers),
        ("loading", loading),
        ("pipeline", pipeline),
    ];
    for (name, part) in parts {
        if only.as_deref().is_none_or(|only| only == name) {
            part(&mut report)?;
        }
    }
    ensure!(report.missed.is_empty(), "missed: {}", report.missed.join("; "));
    Ok(())
}

fn engine(text: &str, cache: usize) -> Result<Engine> {
    Ok(Engine::builder().cache(cache).build(RuleSet::parse(text, "rules", Format::Yaml)?)?)
}

fn decisions(report: &mut Report) -> Result<()> {
    let documents = calls::documents();
    let rules = rules::hundred();
    let events: Vec<Event<'_>> = documents.iter().map(|document| calls::event(document)).collect();
    let (plain, cached) = (engine(&rules::yaml(&rules), 0)?, engine(&rules::yaml(&rules), 10_000)?);
    let least = events.iter().map(|event| plain.decide(event).rules().count()).min().unwrap_or(0);
    ensure!(least >= 30, "only {least} rules match");
    let at = |step: usize| &events[step % events.len()];
    let cost = measure(50_000, |step| drop(black_box(plain.decide(at(step)))));
    report.line(&format!("100 rules, {least} and more match, no cache"), cost, "µs", Some(2.0));
    let cost = measure(50_000, |step| drop(black_box(cached.decide(at(step)))));
    report.line("the same from the cache", cost, "µs", None);
    let cost = measure(20_000, |step| {
        let value: serde_json::Value = serde_json::from_str(&calls::text(step % events.len())).unwrap_or_default();
        drop(black_box(plain.decide(&calls::event(&value))));
    });
    report.line("the same with reading the call's JSON", cost, "µs", None);
    #[cfg(feature = "peers")]
    peers::decisions(report, &rules, &documents)?;
    Ok(())
}

fn sequences(report: &mut Report) -> Result<()> {
    let guard = Guard::new(Arc::new(engine(&rules::sequences(), 0)?), Arc::new(MemoryStore::default()));
    let documents = calls::documents();
    let mut blocked = 0;
    let cost = measure(20_000, |step| {
        let tool = rules::TOOLS[step % rules::TOOLS.len()];
        let event = Event::call(tool, &documents[step % documents.len()]).session("s").at(step as u64 * 1_000);
        blocked += usize::from(guard.check(&event).is_ok_and(|checked| checked.rules().next().is_some()));
    });
    ensure!(blocked > 0, "no sequence was ever complete");
    report.line("100 sequence rules, a step of each session", cost, "µs", Some(5.0));
    Ok(())
}

fn triggers(report: &mut Report) -> Result<()> {
    let (keywords, patterns) = texts::triggers();
    let prompts = texts::prompts(&keywords)?;
    let all: Vec<Trigger> = keywords
        .iter()
        .map(|word| Trigger { keywords: vec![word.clone()], ..Trigger::default() })
        .chain(patterns.iter().map(|text| Trigger { patterns: vec![text.clone()], ..Trigger::default() }))
        .collect();
    let matcher = Matcher::new(&all).map_err(|(_, problem)| anyhow::anyhow!(problem))?;
    ensure!(matcher.slow().is_empty(), "{} patterns are no chains", matcher.slow().len());
    let at = |step: usize| prompts[step % prompts.len()].as_str();
    let cost = measure(2_000, |step| drop(black_box(matcher.matches(at(step)))));
    report.line("1,000 triggers, varied prompts of 2 kB", cost, "µs", Some(10.0));
    report.line("their memory", matcher.memory() as f64 / 1e6, "MB", Some(5.0));
    let build = measure(3, |_| drop(black_box(Matcher::new(&all))));
    report.line("compiling them", build / 1e3, "ms", None);

    let regex = |text: &String| regex::RegexBuilder::new(text).case_insensitive(true).build();
    let regexes = patterns.iter().map(regex).collect::<Result<Vec<_>, _>>()?;
    let plain = |prompt: &str| {
        let lower = prompt.to_lowercase();
        let words = keywords.iter().filter(|word| lower.contains(word.as_str())).count();
        words + regexes.iter().filter(|regex| regex.is_match(prompt)).count()
    };
    for prompt in &prompts {
        ensure!(matcher.matches(prompt).iter().count() == plain(prompt), "the matcher and the expressions disagree");
    }
    let cost = measure(20, |step| _ = black_box(plain(at(step))));
    report.line("the same by `contains` and 300 expressions", cost, "µs", None);
    let set = regex::RegexSetBuilder::new(&patterns).case_insensitive(true).build()?;
    let cost = measure(10, |step| _ = black_box(set.matches(at(step)).iter().count()));
    report.line("300 expressions in a `RegexSet`", cost, "µs", None);
    Ok(())
}

/// All packs that come with the crate over calls with 2 kB of prose, and every detector over the same.
fn pipeline(report: &mut Report) -> Result<()> {
    let (keywords, _) = texts::triggers();
    let calls: Vec<serde_json::Value> =
        texts::prompts(&keywords)?.iter().map(|text| serde_json::json!({ "path": "notes/today.md", "text": text })).collect();
    let at = |step: usize| &calls[step % calls.len()];
    let packs = pack::names().filter_map(pack::named).collect::<Result<Vec<_>, _>>()?;
    let packs = Engine::builder().cache(0).build(pack::together(packs))?;
    let cost = measure(2_000, |step| drop(black_box(packs.decide(&Event::call("save", at(step))))));
    report.line("all packs, a call with 2 kB of prose", cost, "µs", Some(50.0));
    let cost = measure(2_000, |step| drop(black_box(packs.decide(&Event::result("read", &calls[0], at(step))))));
    report.line("all packs, a result with 2 kB of prose", cost, "µs", Some(50.0));
    let detectors = ["secrets", "pii", "injection", "embedded-request", "tool-poisoning", "commands"];
    let mut text = String::from("rules:\n");
    for detector in detectors {
        text.push_str(&format!("- {{ id: {detector}, when: {{ detector: {detector}, min_score: 0.99 }}, then: flag }}\n"));
    }
    let all = engine(&text, 0)?;
    let cost = measure(2_000, |step| drop(black_box(all.decide(&Event::call("save", at(step))))));
    report.line("every detector, a call with 2 kB of prose", cost, "µs", Some(50.0));
    Ok(())
}

fn loading(report: &mut Report) -> Result<()> {
    let text = rules::thousand();
    ensure!(engine(&text, 0)?.rules().len() == 1_000);
    let cost = measure(3, |_| drop(black_box(engine(&text, 0))));
    report.line("1,000 rules from YAML, ready to decide", cost / 1e3, "ms", Some(20.0));
    let json = rules::thousand_json()?;
    let cost = measure(3, |_| drop(black_box(RuleSet::parse(&json, "rules", Format::Json).map(|set| Engine::builder().build(set)))));
    report.line("the same from JSON", cost / 1e3, "ms", None);
    Ok(())
}
