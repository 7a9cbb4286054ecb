//! Requests within results: learned and measured on BIPIA's attacks in its contexts.

use std::path::Path;

use anyhow::Result;
use mcp_guardrails::detect::EmbeddedRequests;
use mcp_guardrails::text::Text;

use crate::data::{Item, lines};
use crate::learn::{Example, FOLDS, Scorer, folds};
use crate::report::Report;
use crate::secrets::scan;

const ROUNDS: usize = 12;
const DECAY: f32 = 2e-5;
/// The share of the harmless documents of each source that may be flagged.
const RATE: f64 = 0.028;

/// A document with what is known of its sentences.
struct Document {
    source: String,
    text: String,
    group: String,
    examples: Vec<Example>,
    attack: bool,
}

fn document(source: &str, text: String, inner: Option<&str>, group: &str) -> Document {
    let place = inner.and_then(|inner| text.find(inner).map(|at| at..at + inner.len()));
    let sentences = EmbeddedRequests::features(&Text::new(&text));
    let count = sentences.len().max(1) as f32;
    // What was made for learning is many times as much as what people wrote.
    let gain = if source == "made" { 2.0 } else { 10.0 };
    let examples = sentences
        .into_iter()
        .filter_map(|(range, features)| {
            let shared = place
                .as_ref()
                .map_or(0, |place| range.end.min(place.end).saturating_sub(range.start.max(place.start)));
            let positive = 2 * shared > range.len();
            // The first sentence of an attack is what asks; code that follows it is no request.
            let asks = place.as_ref().is_some_and(|place| range.start <= place.start + 2);
            if positive && !asks {
                return None;
            }
            Some(Example { features, positive, weight: if positive { gain } else { 6.0 / count.max(6.0) } })
        })
        .collect();
    Document { source: source.to_owned(), text, group: group.to_owned(), examples, attack: inner.is_some() }
}

/// What is measured, and what is only learned from: requests that people make, put into contexts.
fn documents(data: &Path) -> Result<Vec<Document>> {
    let bipia: Vec<Item> = lines(data, "bipia.jsonl")?;
    let mut all: Vec<Item> = lines(data, "injection.jsonl")?;
    all.extend(lines::<Item>(data, "others.jsonl")?);
    let mut documents: Vec<Document> = bipia
        .iter()
        .map(|item| {
            document(
                &item.source,
                item.text.clone(),
                item.attack.then_some(item.inner.as_str()),
                if item.attack { &item.class } else { &item.text },
            )
        })
        .collect();
    let prompts = all.iter().filter(|item| !item.attack && item.kind == "benign");
    documents.extend(
        prompts
            // Tasks with the text they are about are requests within texts themselves.
            .filter(|item| !["governance", "self-instruct"].contains(&item.source.as_str()))
            .map(|item| document(&item.source, item.text.clone(), None, &item.text)),
    );
    let pages: Vec<&Item> = all.iter().filter(|item| item.kind == "document").collect();
    documents.extend(pages.iter().map(|item| document(&item.source, item.text.clone(), None, &item.text)));
    // A request is the first sentence of a prompt; contexts and places go round.
    let contexts: Vec<&str> = bipia
        .iter()
        .filter(|item| !item.attack)
        .map(|item| item.text.as_str())
        .chain(pages.iter().map(|item| item.text.as_str()))
        .collect();
    let requests = all
        .iter()
        .filter(|item| ["metatool", "wildguard", "notinject", "mitre-frr"].contains(&item.source.as_str()));
    for (at, item) in requests.enumerate() {
        let end = item.text.find(['.', '?', '!', '\n']).map_or(item.text.len(), |end| end + 1);
        let request = item.text.get(..end).unwrap_or("").trim();
        let Some(context) =
            contexts.get(at * 7919 % contexts.len().max(1)).filter(|_| (12..240).contains(&request.len()))
        else {
            continue;
        };
        let lines: Vec<&str> = context.lines().collect();
        let (before, after) = lines.split_at(lines.len() * (at % 3) / 2);
        let text = [before.join("\n"), request.to_owned(), after.join("\n")].join("\n");
        documents.push(document("made", text, Some(request), request));
    }
    Ok(documents)
}

fn learn(documents: &[Document], folds: &[usize], uses: &dyn Fn(usize) -> bool) -> Scorer {
    let from = |fits: &dyn Fn(usize) -> bool| {
        let chosen = (0..documents.len()).filter(|at| uses(*at) && fits(*at));
        let examples: Vec<&Example> = chosen.flat_map(|at| &documents[at].examples).collect();
        Scorer::learn(&examples, ROUNDS, DECAY)
    };
    let mut harmless = Vec::new();
    for fold in 0..3 {
        let scorer = from(&|at| folds[at] % 3 != fold);
        let held =
            (0..documents.len()).filter(|at| uses(*at) && folds[*at] % 3 == fold && !documents[*at].attack);
        harmless.extend(held.map(|at| {
            let scores = documents[at].examples.iter().map(|example| scorer.raw(&example.features));
            (documents[at].source.as_str(), scores.fold(f32::NEG_INFINITY, f32::max))
        }));
    }
    let mut scorer = from(&|_| true);
    scorer.calibrate(&harmless, RATE);
    scorer
}

fn grouped(documents: &[Document]) -> Vec<usize> {
    let groups: Vec<&str> = documents.iter().map(|document| document.group.as_str()).collect();
    folds(&groups)
}

pub(crate) fn learned(data: &Path) -> Result<Vec<u8>> {
    let documents = documents(data)?;
    Ok(learn(&documents, &grouped(&documents), &|_| true).table())
}

pub(crate) fn measure(data: &Path, report: &mut Report) -> Result<()> {
    let documents = documents(data)?;
    let folds = grouped(&documents);
    let flags = |detector: &EmbeddedRequests, at: usize| !scan(detector, &documents[at].text).is_empty();
    let built_in = EmbeddedRequests::default();
    let mut results: Vec<(bool, bool, bool)> =
        (0..documents.len()).map(|at| (flags(&built_in, at), false, false)).collect();
    for fold in 0..FOLDS {
        let detector =
            EmbeddedRequests::with_model(learn(&documents, &folds, &|at| folds[at] != fold).model());
        for at in (0..documents.len()).filter(|at| folds[*at] == fold) {
            results[at].1 = flags(&detector, at);
        }
    }
    let mut sources: Vec<&str> = documents.iter().map(|document| document.source.as_str()).collect();
    sources.sort_unstable();
    sources.dedup();
    for source in &sources {
        // Both parts of BIPIA are one source.
        let family = source.split('-').next().unwrap_or(source);
        let other = |at: usize| documents[at].source.split('-').next() != Some(family);
        let detector = EmbeddedRequests::with_model(learn(&documents, &folds, &other).model());
        for at in (0..documents.len()).filter(|at| documents[*at].source == *source) {
            results[at].2 = flags(&detector, at);
        }
    }
    let mut row = |set: &str, of: &dyn Fn(&Document) -> bool| {
        let chosen: Vec<usize> = (0..documents.len()).filter(|at| of(&documents[*at])).collect();
        if chosen.is_empty() {
            return;
        }
        let count =
            |of: fn(&(bool, bool, bool)) -> bool| chosen.iter().filter(|at| of(&results[**at])).count();
        report.count("embedded-request", set, "built in", count(|r| r.0), chosen.len());
        report.count("embedded-request", set, "5 folds", count(|r| r.1), chosen.len());
        report.count("embedded-request", set, "source left out", count(|r| r.2), chosen.len());
        let lost = chosen.iter().filter(|at| results[**at].1 != documents[**at].attack);
        report.losses(
            &format!("embedded {set}"),
            lost.map(|at| format!("{} | {}", documents[*at].group, documents[*at].text)).collect(),
        );
    };
    row("attacks in contexts: BIPIA", &|document| document.attack && document.source.starts_with("bipia"));
    for source in &sources {
        for attack in [true, false] {
            let name = format!("{source}, {}", if attack { "attacks" } else { "harmless" });
            row(&name, &|document| document.source == *source && document.attack == attack);
        }
    }
    Ok(())
}
