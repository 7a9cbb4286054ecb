//! `mcp doctor`: what could be wrong.

use std::process::ExitCode;

use clap::Args;
use mcp_workbench::config::Loaded;
use mcp_workbench::connect::Servers;
use mcp_workbench::doctor::{State, examine};

use crate::show;

/// Look at everything a stack needs, and say what to do where something is wrong.
#[derive(Args)]
pub(crate) struct Doctor {
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(crate) async fn run(self, loaded: &Loaded, servers: &Servers) -> anyhow::Result<ExitCode> {
        let checks = examine(loaded, servers).await;
        let bad = checks.iter().any(|check| check.state == State::Bad);
        if self.json {
            show::json(&checks)?;
        } else {
            for check in &checks {
                let mark = match check.state {
                    State::Good => "ok  ",
                    State::Warning => "note",
                    State::Bad => "BAD ",
                };
                show::line(format_args!("{mark}  {:<10} {}", check.name, check.says))?;
                if let Some(next) = &check.next {
                    show::line(format_args!("                 {next}"))?;
                }
            }
        }
        Ok(ExitCode::from(u8::from(bad)))
    }
}
