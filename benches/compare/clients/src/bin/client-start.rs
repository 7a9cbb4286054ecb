//! What our client adds to the start of a local server: connect and first call, beside a bare pipe that
//! writes one request and reads its answer.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use mcp_core::client::Client;
use serde_json::json;

#[derive(Parser)]
struct Options {
    /// An echo server that takes `--stdio`.
    #[arg(long)]
    server: String,
    /// How often each is measured.
    #[arg(long, default_value_t = 50)]
    rounds: usize,
}

const REQUEST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"hi"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;

/// Milliseconds from nothing to the first answer on a bare pipe.
fn raw(server: &str) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut child =
        Command::new(server).arg("--stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    writeln!(stdin, "{REQUEST}")?;
    let mut answer = String::new();
    BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut answer)?;
    let elapsed = started.elapsed();
    anyhow::ensure!(answer.contains("\"hi\""), "a wrong answer: {answer}");
    drop(stdin);
    child.wait()?;
    Ok(elapsed.as_secs_f64() * 1e3)
}

/// The same with our client.
async fn ours(server: &str) -> anyhow::Result<f64> {
    let started = Instant::now();
    let client = Client::connect(format!("{server} --stdio")).await?;
    let echoed: String = client.call("echo", json!({ "message": "hi" })).await?;
    let elapsed = started.elapsed();
    anyhow::ensure!(echoed == "hi", "a wrong answer: {echoed}");
    client.close().await;
    Ok(elapsed.as_secs_f64() * 1e3)
}

fn quantile(times: &mut [f64], q: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get((times.len() as f64 * q) as usize).copied().unwrap_or_default()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let (mut bare, mut full) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        bare.push(raw(&options.server)?);
        full.push(ours(&options.server).await?);
    }
    let [raw, ours] = [&mut bare, &mut full].map(|times| [quantile(times, 0.5), quantile(times, 0.9)]);
    writeln!(std::io::stdout(), "{}", json!({ "raw_ms": raw, "ours_ms": ours, "added_ms": ours[0] - raw[0] }))?;
    Ok(())
}
