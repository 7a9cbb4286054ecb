//! Direct injection: learned and measured.

use std::path::Path;

use anyhow::Result;
use mcp_guardrails::detect::Injection;
use mcp_guardrails::text::Text;

use crate::data::{Item, lines};
use crate::learn::{Example, FOLDS, Scorer, folds};
use crate::report::Report;
use crate::secrets::scan;

const ROUNDS: usize = 25;
const DECAY: f32 = 2e-5;
/// The share of the harmless texts of each source that the scorer alone may flag.
const RATE: f64 = 0.024;

fn items(data: &Path) -> Result<Vec<Item>> {
    let mut items: Vec<Item> = lines(data, "injection.jsonl")?;
    items.extend(lines::<Item>(data, "others.jsonl")?);
    Ok(items)
}

fn examples(items: &[Item]) -> Vec<Option<Example>> {
    let attacks = items.iter().filter(|item| item.attack).count() as f32;
    let ratio = (items.len() as f32 - attacks) / attacks.max(1.0);
    items
        .iter()
        .map(|item| {
            let lesson = item.lesson()?;
            let features = Injection::features(&Text::new(lesson));
            // Prompts of a set of jailbreaks are many and long; the others say more of what people try.
            let weight = match item.source.as_str() {
                "inthewild" => ratio * 0.5,
                _ if item.attack => ratio,
                "notinject" => 6.0,
                "governance" => 3.0,
                "self-instruct" => 4.0,
                _ => 1.0,
            };
            Some(Example { features, positive: item.attack, weight })
        })
        .collect()
}

/// A scorer from what `uses` allows, with the bias set on what it did not learn from.
fn learn(
    items: &[Item],
    examples: &[Option<Example>],
    folds: &[usize],
    uses: &dyn Fn(usize) -> bool,
) -> Scorer {
    let from = |fits: &dyn Fn(usize) -> bool| {
        let chosen: Vec<&Example> = (0..items.len())
            .filter(|at| uses(*at) && fits(*at))
            .filter_map(|at| examples[at].as_ref())
            .collect();
        Scorer::learn(&chosen, ROUNDS, DECAY)
    };
    let mut harmless = Vec::new();
    for fold in 0..3 {
        let scorer = from(&|at| folds[at] % 3 != fold);
        let held = (0..items.len()).filter(|at| uses(*at) && folds[*at] % 3 == fold && !items[*at].attack);
        harmless.extend(held.filter_map(|at| {
            Some((items[at].source.as_str(), scorer.raw(&examples[at].as_ref()?.features)))
        }));
    }
    let mut scorer = from(&|_| true);
    scorer.calibrate(&harmless, RATE);
    scorer
}

/// The table that is built in.
pub(crate) fn learned(data: &Path) -> Result<Vec<u8>> {
    let items = items(data)?;
    let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
    Ok(learn(&items, &examples(&items), &folds(&texts), &|_| true).table())
}

pub(crate) fn measure(data: &Path, report: &mut Report) -> Result<()> {
    let items = items(data)?;
    let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
    let (examples, folds) = (examples(&items), folds(&texts));
    let built_in = Injection::default();
    let flags = |detector: &Injection, at: usize| !scan(detector, &items[at].text).is_empty();
    let mut results: Vec<(bool, bool, bool)> =
        (0..items.len()).map(|at| (flags(&built_in, at), false, false)).collect();
    for fold in 0..FOLDS {
        let detector =
            Injection::with_model(learn(&items, &examples, &folds, &|at| folds[at] != fold).model());
        for at in (0..items.len()).filter(|at| folds[*at] == fold) {
            results[at].1 = flags(&detector, at);
        }
    }
    let mut sources: Vec<&str> = items.iter().map(|item| item.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    for source in &sources {
        let detector = Injection::with_model(
            learn(&items, &examples, &folds, &|at| items[at].source != *source).model(),
        );
        for at in (0..items.len()).filter(|at| items[*at].source == *source) {
            results[at].2 = flags(&detector, at);
        }
    }
    let mut row = |set: &str, of: &dyn Fn(&Item) -> bool| {
        let chosen: Vec<usize> = (0..items.len()).filter(|at| of(&items[*at])).collect();
        let count =
            |of: fn(&(bool, bool, bool)) -> bool| chosen.iter().filter(|at| of(&results[**at])).count();
        report.count("injection", set, "built in", count(|r| r.0), chosen.len());
        report.count("injection", set, "5 folds", count(|r| r.1), chosen.len());
        report.count("injection", set, "source left out", count(|r| r.2), chosen.len());
        let lost: Vec<String> = chosen
            .iter()
            .filter(|at| results[**at].1 != items[**at].attack)
            .map(|at| format!("[{} {}] {}", items[*at].source, items[*at].class, items[*at].text))
            .collect();
        report.losses(&format!("injection {set}"), lost);
    };
    row("direct attacks: purple, governance", &|item| {
        item.attack && item.kind == "direct" && ["purple", "governance"].contains(&item.source.as_str())
    });
    row("purple, told by another text", &|item| item.attack && item.kind == "indirect");
    for source in &sources {
        for attack in [true, false] {
            let name = format!("{source}, {}", if attack { "attacks" } else { "harmless" });
            if items.iter().any(|item| item.source == *source && item.attack == attack) {
                row(&name, &|item| item.source == *source && item.attack == attack);
            }
        }
    }
    Ok(())
}
