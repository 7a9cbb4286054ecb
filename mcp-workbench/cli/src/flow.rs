//! `mcp flow`: from a wish to a prompt.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use mcp_workbench::connect::Servers;
use mcp_workbench::flow::{Done, Flow as Way, Step};

use crate::show;

const HELP: &str = "Exit code: 0 here is the prompt, 1 a service could not be asked, 2 the guardrails stopped it: then neither memory nor patterns were asked.

Examples:
  mcp flow \"find the root cause of last night's incident\"
  git diff | mcp flow - --json
  mcp flow --file incident.md";

/// Lines of what was left out.
const LEFT_OUT: usize = 5;

/// Ask guardrails, then memory, then patterns, and put a prompt together.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Flow {
    /// What is wanted; `-` reads it from standard input.
    text: Vec<String>,
    /// A file with what is wanted, after the text where there is some.
    #[arg(long, value_name = "PATH")]
    file: Vec<PathBuf>,
    /// How many patterns at most.
    #[arg(long, default_value_t = 3)]
    patterns: u8,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Flow {
    pub(crate) async fn run(self, servers: &Servers) -> anyhow::Result<ExitCode> {
        let text = self.read()?;
        let outcome = Way::new(servers.clone()).patterns(self.patterns).run(&text).await?;
        if self.json {
            show::json(&outcome)?;
        } else {
            show::note(format_args!("trace {}", outcome.trace_id));
            outcome.steps.iter().for_each(tell);
            if let Some(prompt) = &outcome.prompt {
                show::write(prompt)?;
            }
        }
        if outcome.blocked {
            show::note("stopped by the guardrails: neither memory nor patterns were asked");
        }
        Ok(ExitCode::from(if outcome.blocked { 2 } else { 0 }))
    }

    fn read(&self) -> anyhow::Result<String> {
        let mut text = self.text.join(" ");
        if text == "-" {
            text.clear();
            std::io::stdin().read_to_string(&mut text).context("standard input cannot be read as text")?;
        }
        for path in &self.file {
            let more = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {} as text", path.display()))?;
            if !text.is_empty() {
                text += "\n\n";
            }
            text += &more;
        }
        Ok(text)
    }
}

fn tell(done: &Done) {
    let name = match done.step {
        Step::Guardrails => "guardrails",
        Step::Memory => "memory",
        Step::Patterns => "patterns",
    };
    show::note(format_args!(
        "{name:<10}  {:>8.2} ms  span {}  {}",
        done.milliseconds, done.span_id, done.outcome
    ));
    for reason in &done.reasons {
        show::note(format_args!("            {reason}"));
    }
    for left_out in done.left_out.iter().take(LEFT_OUT) {
        show::note(format_args!("            left out {left_out}"));
    }
    if let Some(more) = done.left_out.len().checked_sub(LEFT_OUT).filter(|more| *more > 0) {
        show::note(format_args!("            and {more} more (--json names them)"));
    }
}
