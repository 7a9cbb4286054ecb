//! How well `mcp-patterns` finds the right entry, how it learns, when it says nothing, and how long it takes.
//!
//! The data is not ours and not here. `--data` is a folder with `metatool.jsonl` (`{"query", "tool"}` a line), `plugin_des.json` (tools and
//! their descriptions, of MetaTool) and `wildguard.jsonl` (`{"prompt"}` a line: requests that none of the tools answers). Parts whose
//! files are missing are left out, and said so.
//!
//! Learning is measured in one pass over the requests in random order: one tool is shown for each, and only whether that one is right is
//! told. Weights of words come from the descriptions and the requests seen so far.

mod abstain;
mod data;
mod learning;
mod peers;
mod sources;
mod speed;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use mcp_patterns::source::Format;

use crate::data::Data;

#[derive(Debug, Parser)]
struct Options {
    /// The folder with the sets.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Git directories of collections of skills.
    #[arg(long)]
    skills: Vec<PathBuf>,
    /// Git directories of collections of Fabric patterns.
    #[arg(long)]
    fabric: Vec<PathBuf>,
    /// How many orders learning is measured in.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Which parts: cold, learning, hostile, splits, abstain, speed; `none` for none.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let wanted = |part: &str| options.only.is_empty() || options.only.iter().any(|only| only == part);
    for directory in &options.skills {
        for strict in [true, false] {
            sources::measure(directory, Format::Skills { strict })?;
        }
    }
    for directory in &options.fabric {
        sources::measure(directory, Format::Fabric)?;
    }
    let data = match &options.data {
        Some(folder) => Data::read(folder)?,
        None => {
            eprintln!("no --data: only speed is measured");
            None
        }
    };
    if let Some(data) = &data {
        for vectors in [false, true] {
            if wanted("cold") {
                learning::cold(data, vectors)?;
            }
            if wanted("learning") {
                learning::learning(data, vectors, options.seeds)?;
            }
        }
        if wanted("learning") {
            peers::measure(data, options.seeds)?;
        }
        if wanted("hostile") {
            learning::hostile(data, options.seeds)?;
        }
        if wanted("splits") {
            learning::splits(data, options.seeds)?;
        }
        if wanted("abstain") {
            abstain::measure(data, options.seeds)?;
        }
    }
    if wanted("speed") {
        speed::measure()?;
    }
    Ok(())
}
