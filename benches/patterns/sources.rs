//! Git copies of public collections: how many entries they have, what is wrong with them, under which licences they are. Nothing is kept.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use mcp_patterns::Catalog;
use mcp_patterns::source::{Format, GitCheckout, Severity};

use crate::learning::print;

pub(crate) fn measure(directory: &Path, format: Format) -> Result<()> {
    let started = Instant::now();
    let catalog = Catalog::builder().source(GitCheckout::new(directory, "HEAD", format)?).build();
    let took = started.elapsed().as_secs_f64();
    let report = catalog.report();
    let errors = report.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let licences: Vec<String> =
        report.licences.iter().map(|(licence, many)| format!("{many} × {}", short(licence))).collect();
    print(&format!(
        "{} as {format:?}: {} entries, {errors} errors, {} warnings, {} collisions, licences {} ({took:.1} s)",
        directory.display(),
        report.entries,
        report.problems.len() - errors,
        report.collisions.len(),
        licences.join(", ")
    ))?;
    for problem in &report.problems {
        let line = problem.line.map_or_else(String::new, |line| format!(":{line}"));
        print(&format!("  {:?} {}{line}: {}", problem.severity, problem.origin, problem.message))?;
    }
    for collision in &report.collisions {
        print(&format!("  collision of {}: {} hides {}", collision.id, collision.kept, collision.left_out))?;
    }
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}
