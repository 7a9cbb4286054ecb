//! Personal data: presidio-research. A finding counts when its type is right and it shares half of its place with the truth.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use mcp_guardrails::detect::PersonalData;
use serde::Deserialize;

use crate::data::lines;
use crate::report::{Report, share};
use crate::secrets::scan;

#[derive(Debug, Deserialize)]
struct Line {
    full_text: String,
    spans: Vec<Span>,
}

#[derive(Debug, Deserialize)]
struct Span {
    entity_type: String,
    start_position: usize,
    end_position: usize,
}

/// The set's names of what we find.
const TYPES: [(&str, &str); 9] = [
    ("CREDIT_CARD", "pii.credit-card"),
    ("PHONE_NUMBER", "pii.phone"),
    ("EMAIL_ADDRESS", "pii.email"),
    ("US_SSN", "pii.us-ssn"),
    ("IBAN_CODE", "pii.iban"),
    ("IP_ADDRESS", "pii.ip-address"),
    ("US_DRIVER_LICENSE", "pii.us-driver-license"),
    ("DOMAIN_NAME", "pii.url"),
    ("URL", "pii.url"),
];

#[derive(Debug, Default)]
struct Tally {
    right: usize,
    wrong: usize,
    missed: usize,
}

pub(crate) fn measure(data: &Path, report: &mut Report) -> Result<()> {
    let detector = PersonalData::default();
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut losses = Vec::new();
    for item in lines::<Line>(data, "pii.jsonl")? {
        let places: Vec<usize> =
            item.full_text.char_indices().map(|(at, _)| at).chain([item.full_text.len()]).collect();
        let mut truth: Vec<(&str, usize, usize)> = item
            .spans
            .iter()
            .filter_map(|span| {
                let kind = TYPES.iter().find(|(name, _)| *name == span.entity_type)?.1;
                Some((kind, *places.get(span.start_position)?, *places.get(span.end_position)?))
            })
            .collect();
        for finding in scan(&detector, &item.full_text) {
            let kind = finding.kind.as_str();
            if !TYPES.iter().any(|(_, known)| *known == kind) {
                continue;
            }
            let matches = truth.iter().position(|(of, start, end)| {
                let shared = finding.span.end.min(*end).saturating_sub(finding.span.start.max(*start));
                *of == kind && 2 * shared >= finding.span.end.max(*end) - finding.span.start.min(*start)
            });
            let tally = tallies.entry(kind).or_default();
            match matches {
                Some(at) => {
                    truth.remove(at);
                    tally.right += 1;
                }
                None => {
                    tally.wrong += 1;
                    losses.push(format!(
                        "wrong {kind} `{}` in {}",
                        &item.full_text[finding.span.clone()],
                        item.full_text
                    ));
                }
            }
        }
        for (kind, start, end) in truth {
            tallies.entry(kind).or_default().missed += 1;
            losses.push(format!("missed {kind} `{}` in {}", &item.full_text[start..end], item.full_text));
        }
    }
    let mut all = Tally::default();
    for (kind, tally) in &tallies {
        row(report, kind, tally);
        (all.right, all.wrong, all.missed) =
            (all.right + tally.right, all.wrong + tally.wrong, all.missed + tally.missed);
    }
    row(report, "all", &all);
    report.losses("pii", losses);
    Ok(())
}

fn row(report: &mut Report, kind: &str, tally: &Tally) {
    let Tally { right, wrong, missed } = *tally;
    let f1 = 2.0 * right as f64 / (2 * right + wrong + missed).max(1) as f64;
    let value = format!("P {}, R {}, F1 {f1:.3}", share(right, right + wrong), share(right, right + missed));
    report.value("pii", "presidio-research", kind, right + missed, value);
}
