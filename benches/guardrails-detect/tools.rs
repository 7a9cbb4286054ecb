//! Tool poisoning: the scanner's evaluation, and descriptions of real servers.

use std::path::Path;

use anyhow::Result;
use mcp_guardrails::detect::ToolPoisoning;
use serde::Deserialize;

use crate::data::lines;
use crate::report::Report;
use crate::secrets::scan;

#[derive(Debug, Deserialize)]
struct Tool {
    server: String,
    name: String,
    description: String,
    malicious: bool,
}

pub(crate) fn measure(data: &Path, report: &mut Report) -> Result<()> {
    let detector = ToolPoisoning::default();
    let tools: Vec<Tool> = lines(data, "tools.jsonl")?;
    let own = |tool: &Tool| tool.server == "scanner-evals";
    for (set, malicious, evals) in [
        ("scanner's malicious tools", true, true),
        ("scanner's benign tools", false, true),
        ("real servers' tools", false, false),
    ] {
        let of: Vec<_> =
            tools.iter().filter(|tool| tool.malicious == malicious && own(tool) == evals).collect();
        let texts: Vec<String> =
            of.iter().map(|tool| format!("{}: {}", tool.name, tool.description)).collect();
        let found: Vec<_> = texts.iter().map(|text| scan(&detector, text)).collect();
        report.count(
            "tool-poisoning",
            set,
            "flagged",
            found.iter().filter(|found| !found.is_empty()).count(),
            of.len(),
        );
        let lost = texts.iter().zip(&found).filter(|(_, found)| found.is_empty() == malicious);
        let shown = |(text, found): (&String, &Vec<_>)| {
            let marks: Vec<String> = found
                .iter()
                .map(|finding: &mcp_guardrails::detect::Finding| {
                    format!("{} `{}`", finding.kind, &text[finding.span.clone()])
                })
                .collect();
            format!("{} | {text}", marks.join(", "))
        };
        report.losses(&format!("tool-poisoning {set}"), lost.map(shown).collect());
    }
    Ok(())
}
