//! `mcp doctor`: what could be wrong.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Args;
use mcp_core::client::http::HttpClient;
use mcp_workbench::config::Loaded;
use mcp_workbench::connect::Servers;
use mcp_workbench::doctor::{State, examine};

use crate::show;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(4);

/// Look at everything a stack needs, and say what to do where something is wrong.
#[derive(Args)]
pub(crate) struct Doctor {
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
    /// Only asks whether this address answers with 200, e.g. http://127.0.0.1:8080/health: for health checks of containers.
    #[arg(long, value_name = "URL", conflicts_with = "json")]
    alive: Option<String>,
}

impl Doctor {
    pub(crate) async fn run(self, loaded: &Loaded, servers: &Servers) -> anyhow::Result<ExitCode> {
        if let Some(url) = &self.alive {
            return alive(url).await;
        }
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

async fn alive(url: &str) -> anyhow::Result<ExitCode> {
    let wrong = || format!("`{url}` is no URL");
    let request = http::Request::get(url).body(bytes::Bytes::new()).with_context(wrong)?;
    let client = HttpClient::builder().connect_timeout(PATIENCE).build();
    let asked = tokio::time::timeout(PATIENCE, client.send(request)).await;
    let answer = asked.with_context(|| format!("{url} gives no answer"))?;
    let status = answer.with_context(|| format!("{url} cannot be asked"))?.status();
    ensure!(status == http::StatusCode::OK, "{url} answers with {status}");
    Ok(ExitCode::SUCCESS)
}
