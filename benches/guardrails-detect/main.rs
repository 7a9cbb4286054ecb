//! What the detectors of `mcp-guardrails` find and what they take for it, on public sets, and how long they take.
//!
//! The data is not ours and not here: `scripts/guardrails-data` makes the folder for `--data` from git copies of the sets. Shares have
//! Wilson's interval of 95 %. What is learned is measured by cross-validation over five folds, near-duplicates in one of them, and by
//! leaving each source out; the built-in tables have seen all of the folder (the even half), and are measured too, to compare.

mod data;
mod embedded;
mod injection;
mod learn;
mod pii;
mod report;
mod secrets;
mod speed;
mod tools;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use crate::report::Report;

#[derive(Debug, Parser)]
struct Options {
    /// The folder that `scripts/guardrails-data` wrote.
    #[arg(long)]
    data: PathBuf,
    /// A folder of ordinary source text, in which nothing should be found.
    #[arg(long)]
    source: Option<PathBuf>,
    /// How many losses of each set are shown.
    #[arg(long, default_value_t = 0)]
    losses: usize,
    /// Which parts: secrets, pii, injection, embedded, tools, speed.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Learns the tables of the injection detectors anew from the folder and writes them here.
    #[arg(long)]
    learn: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(folder) = &options.learn {
        std::fs::write(folder.join("direct.bin"), injection::learned(&options.data)?)?;
        std::fs::write(folder.join("embedded.bin"), embedded::learned(&options.data)?)?;
        return Ok(());
    }
    let mut report = Report::new(options.losses);
    let wanted = |part: &str| options.only.is_empty() || options.only.iter().any(|only| only == part);
    if wanted("secrets") {
        secrets::measure(&options.data, options.source.as_deref(), &mut report)?;
    }
    if wanted("pii") {
        pii::measure(&options.data, &mut report)?;
    }
    if wanted("injection") {
        injection::measure(&options.data, &mut report)?;
    }
    if wanted("embedded") {
        embedded::measure(&options.data, &mut report)?;
    }
    if wanted("tools") {
        tools::measure(&options.data, &mut report)?;
    }
    if wanted("speed") {
        speed::measure(&options.data, options.source.as_deref(), &mut report)?;
    }
    report.print()?;
    Ok(())
}
