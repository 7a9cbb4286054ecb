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

use crate::options::{Command, Options};
use crate::results::{Results, Section};

fn main() -> Result<()> {
    let options = Options::parse();
    let paths = options.paths()?;
    let mut results = Results::load(&paths.results())?;
    let all = options.command == Command::All;
    if all || options.command == Command::Http {
        results.http = Some(Section::measure(&paths, || http::measure(&options, &paths))?);
    }
    if all || options.command == Command::Stdio {
        results.stdio = Some(Section::measure(&paths, || stdio::measure(&options, &paths))?);
    }
    if all || options.command == Command::Start {
        results.start = Some(Section::measure(&paths, || start::measure(&options, &paths))?);
    }
    if (all && options.sessions > 0) || options.command == Command::Sessions {
        results.sessions = Some(Section::measure(&paths, || sessions::measure(&options, &paths))?);
    }
    if (all && options.rebuild) || options.command == Command::Rebuild {
        results.rebuild = Some(Section::measure(&paths, || rebuild::measure(&options, &paths))?);
    }
    report::write(&paths, &results)?;
    if options.json {
        serde_json::to_writer_pretty(std::io::stdout().lock(), &results)?;
    }
    let errors = results.errors();
    anyhow::ensure!(
        errors == 0,
        "{errors} answers were wrong or missing: the numbers above do not count"
    );
    Ok(())
}
