//! Drives MCP servers, ours and other people's, and measures what a request costs them.
//!
//! Every number about a server comes from the kernel's books on that process, not from the clock alone: on a shared
//! machine wall time says more about the neighbours. Servers take turns within one run, and ratios are taken inside
//! a round, so that a slow minute slows everyone.

mod answer;
mod catalog;
mod connection;
mod frame;
mod http;
mod load;
mod machine;
mod options;
mod pipe;
mod plot;
mod process;
mod rebuild;
mod report;
mod results;
mod sessions;
mod start;
mod stats;
mod stdio;

use anyhow::Result;
use clap::Parser;

use crate::options::{Command, Options, Paths};
use crate::results::{Results, Section};

fn main() -> Result<()> {
    let options = Options::parse();
    let paths = options.paths()?;
    let mut results = Results::load(&paths.results())?;
    for part in [
        Command::Http,
        Command::Stdio,
        Command::Start,
        Command::Sessions,
        Command::Rebuild,
    ] {
        if options.includes(part) {
            measure(part, &options, &paths, &mut results)?;
            // After each part: what took minutes must survive a failure of the next.
            report::write(&paths, &results)?;
        }
    }
    report::write(&paths, &results)?;
    eprintln!(
        "wrote {}",
        paths.report().canonicalize()?.join("REPORT.md").display()
    );
    if options.json {
        serde_json::to_writer_pretty(std::io::stdout().lock(), &results)?;
    }
    let errors = results.errors();
    anyhow::ensure!(errors == 0, "{errors} wrong or missing answers: see the report");
    Ok(())
}

fn measure(part: Command, options: &Options, paths: &Paths, results: &mut Results) -> Result<()> {
    match part {
        Command::Http => results.http = Some(Section::measure(paths, || http::measure(options, paths))?),
        Command::Stdio => results.stdio = Some(Section::measure(paths, || stdio::measure(options, paths))?),
        Command::Start => results.start = Some(Section::measure(paths, || start::measure(options, paths))?),
        Command::Sessions => {
            results.sessions = Some(Section::measure(paths, || sessions::measure(options, paths))?);
        }
        Command::Rebuild => {
            results.rebuild = Some(Section::measure(paths, || rebuild::measure(options, paths))?)
        }
        Command::All | Command::Report => {}
    }
    Ok(())
}
