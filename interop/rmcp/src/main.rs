//! The official Rust SDK as a client: `interop-rmcp --revision R --checks a,b (--url URL | -- COMMAND…)`.
//!
//! Prints `ok NAME` or `FAIL NAME: why` for each check, as the other clients of `interop/` do. As a server:
//! `interop-rmcp stdio | streamable-http PORT`, with what `interop/judge.py` asks for.

mod answers;
mod checks;
mod options;
mod probe;
mod serve;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rmcp::RoleClient;
use rmcp::model::ProtocolVersion;
use rmcp::service::{ClientLifecycleMode, ClientServiceExt, RunningService};
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};

use crate::answers::Answers;
use crate::options::{Options, Target};

/// How long a check may take.
const PATIENCE: Duration = Duration::from_secs(20);

type Client = RunningService<RoleClient, Answers>;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    if let Some(transport @ ("stdio" | "streamable-http")) = std::env::args().nth(1).as_deref() {
        serve::run(transport, std::env::args().nth(2)).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options::parse(std::env::args().skip(1))?;
    let client = connect(&options).await.context("cannot connect")?;
    let peer = client.peer_info().context("nothing was negotiated")?;
    ensure!(
        peer.protocol_version.as_str() == options.revision,
        "negotiated {}, wanted {}",
        peer.protocol_version,
        options.revision
    );
    let mut failed = false;
    for name in &options.checks {
        let outcome = tokio::time::timeout(PATIENCE, checks::run(name, &client, &options.revision)).await;
        match outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {} s", PATIENCE.as_secs()))) {
            Ok(()) => println!("ok {name}"),
            Err(error) => {
                failed = true;
                println!("FAIL {name}: {}", format!("{error:#}").replace('\n', " "));
            }
        }
    }
    client.cancel().await.context("the connection did not end well")?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Revisions with `initialize` are asked for by name; what came after them has to be found by `server/discover`.
fn lifecycle(revision: &str) -> anyhow::Result<(ProtocolVersion, ClientLifecycleMode)> {
    let known = ProtocolVersion::KNOWN_VERSIONS.iter().find(|version| version.as_str() == revision);
    let version = known.with_context(|| format!("the SDK does not know `{revision}`"))?.clone();
    let mode = if version.has_initialize() {
        ClientLifecycleMode::Initialize
    } else {
        ClientLifecycleMode::Auto { preferred_versions: vec![version.clone()], legacy_version: None }
    };
    Ok((version, mode))
}

async fn connect(options: &Options) -> anyhow::Result<Client> {
    let (version, mode) = lifecycle(&options.revision)?;
    let answers = Answers::new(version);
    Ok(match &options.target {
        Target::Url(url) => {
            let transport = StreamableHttpClientTransport::from_uri(url.as_str());
            answers.serve_with_lifecycle(transport, mode).await?
        }
        Target::Command(program, arguments) => {
            let mut command = tokio::process::Command::new(program);
            command.args(arguments);
            answers.serve_with_lifecycle(TokioChildProcess::new(command)?, mode).await?
        }
    })
}
