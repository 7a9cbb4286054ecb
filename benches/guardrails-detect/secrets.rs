//! Secrets: the true and false strings of gitleaks' rules, and ordinary sources.

use std::path::Path;

use anyhow::Result;
use mcp_guardrails::detect::{Detector, Finding, Secrets};
use mcp_guardrails::text::Text;
use serde::Deserialize;

use crate::data::{lines, sources};
use crate::report::Report;

#[derive(Debug, Deserialize)]
struct Line {
    rule: String,
    text: String,
    secret: bool,
}

pub(crate) fn scan(detector: &dyn Detector, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    detector.scan(&Text::new(text), &mut found);
    found.retain(|finding| finding.score >= 0.5);
    found
}

pub(crate) fn measure(data: &Path, source: Option<&Path>, report: &mut Report) -> Result<()> {
    let detector = Secrets::default();
    let items: Vec<Line> = lines(data, "secrets.jsonl")?;
    for (secret, what) in [(true, "recall"), (false, "false strings flagged")] {
        let of: Vec<_> = items.iter().filter(|item| item.secret == secret).collect();
        let hits: Vec<bool> = of.iter().map(|item| !scan(&detector, &item.text).is_empty()).collect();
        report.count("secrets", "gitleaks", what, hits.iter().filter(|hit| **hit).count(), of.len());
        let lost = of.iter().zip(&hits).filter(|(_, hit)| **hit != secret);
        report.losses(
            &format!("secrets {what}"),
            lost.map(|(item, _)| format!("{}: {}", item.rule, item.text)).collect(),
        );
    }
    if let Some(source) = source {
        let texts = sources(source, 3_000_000)?;
        let bytes: usize = texts.iter().map(String::len).sum();
        let found: Vec<String> = texts
            .iter()
            .flat_map(|text| {
                scan(&detector, text)
                    .into_iter()
                    .map(|finding| format!("{} {}", finding.kind, &text[around(text, &finding)]))
            })
            .collect();
        report.value("secrets", "ordinary sources", "findings", bytes, found.len().to_string());
        report.losses("secrets in sources", found);
    }
    Ok(())
}

fn around(text: &str, finding: &Finding) -> std::ops::Range<usize> {
    text.floor_char_boundary(finding.span.start.saturating_sub(50))
        ..text.ceil_char_boundary(finding.span.end + 10)
}
