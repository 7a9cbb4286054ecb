//! `mcp bench`: load on one tool.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mcp_core::Client;
use mcp_workbench::arguments;
use mcp_workbench::bench::{Plan, Report, Run, bench};
use mcp_workbench::connect::Servers;

use crate::{call, show};

/// Characters of the longest bar of a histogram.
const BAR: u64 = 40;

const HELP: &str = "Callers call one after the other, as fast as they are answered. With --rate, calls are due at fixed moments, and a latency counts from
the moment at which its call was due. All callers share one client: over HTTP each call that is under way has a connection of its own, a program is
started once. The tool does what it does: take one that may be called often.
Exit code: 0 all calls were answered well, 1 some failed.

Examples:
  mcp bench memory memory_search --arguments '{\"query\":\"backups\"}'
  mcp bench http://127.0.0.1:8080/mcp patterns_list --clients 50 --seconds 30
  mcp bench ./server echo text=hello --rate 200 --json";

/// Put load on a tool of a server: throughput, failures, latencies.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Bench {
    /// The server, as for `mcp call`.
    server: String,
    /// The tool.
    tool: String,
    /// Its arguments, name=value.
    words: Vec<String>,
    /// All arguments as a JSON object.
    #[arg(long, value_name = "OBJECT", conflicts_with = "words")]
    arguments: Option<String>,
    /// How many call at once.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    clients: u32,
    /// How long calls are begun, in seconds.
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    seconds: f64,
    /// Seconds before that in which calls do not count.
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    warm_up: f64,
    /// Calls begun in a second, at most (default: as many as are answered).
    #[arg(long, value_name = "R")]
    rate: Option<f64>,
    /// Seconds that nothing may come from the tool.
    #[arg(long, default_value_t = 60)]
    timeout: u64,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Seconds of a day: longer runs are mistakes.
const DAY: f64 = 86_400.0;

impl Bench {
    pub(crate) async fn run(self, servers: &Servers) -> anyhow::Result<ExitCode> {
        ensure!(
            self.seconds > 0.0 && self.seconds <= DAY,
            "--seconds must be more than 0 and at most a day, not {}",
            self.seconds
        );
        ensure!(
            (0.0..=DAY).contains(&self.warm_up),
            "--warm-up must be 0 or more seconds, not {}",
            self.warm_up
        );
        if let Some(rate) = self.rate {
            ensure!(
                rate > 0.001 && rate <= 1e6,
                "--rate must be from 0.001 to 1000000 calls in a second, not {rate}"
            );
        }
        let client = servers.connect(Some(&self.server)).await?;
        let schema = call::schema(&client, &self.server, &self.tool).await?;
        let arguments = match &self.arguments {
            Some(text) => arguments::object(text)?,
            None => arguments::typed(&schema, self.words.iter().map(String::as_str))?,
        };
        let plan = Plan {
            tool: self.tool.clone(),
            arguments,
            callers: self.clients as usize,
            warm_up: Duration::from_secs_f64(self.warm_up),
            lasts: Duration::from_secs_f64(self.seconds),
            rate: self.rate,
            timeout: Duration::from_secs(self.timeout),
        };
        let report = watched(&client, &plan).await?;
        client.close().await;
        if self.json {
            show::json(&report)?;
        } else {
            show::write(&text(&report, &self))?;
        }
        Ok(ExitCode::from(u8::from(report.failed > 0)))
    }
}

/// Shows how far it is, where somebody looks on. Ctrl-C begins no more calls; a second one waits for none.
async fn watched(client: &Client, plan: &Plan) -> anyhow::Result<Report> {
    let (run, begun) = (Arc::new(Run::default()), Instant::now());
    let bar = ProgressBar::with_draw_target(Some(1_000), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{bar:30} {wide_msg}")?);
    let mut tick = tokio::time::interval(Duration::from_millis(200));
    let work = bench(client, plan, &run);
    tokio::pin!(work);
    let mut asked = false;
    let report = loop {
        tokio::select! {
            report = &mut work => break report,
            _ = tick.tick() => {
                let (at, all) = (begun.elapsed().as_secs_f64(), (plan.warm_up + plan.lasts).as_secs_f64());
                bar.set_position((at / all * 1e3) as u64);
                let warm = if at < plan.warm_up.as_secs_f64() { " (warm-up)" } else { "" };
                bar.set_message(format!("{at:.0} s of {all:.0} s{warm}: {} calls, {} failed", run.calls(), run.failed()));
            }
            heard = tokio::signal::ctrl_c() => {
                heard?;
                ensure!(!asked, "ended before the last calls were answered");
                asked = true;
                run.stop();
            }
        }
    };
    bar.finish_and_clear();
    Ok(report)
}

fn text(report: &Report, said: &Bench) -> String {
    let mut lines = vec![format!(
        "{} calls of `{}` answered in {:.1} s by {} at once: {:.1} in a second, {} failed",
        report.calls, said.tool, report.seconds, said.clients, report.per_second, report.failed
    )];
    lines.extend(
        report.failures.iter().map(|(how, times)| format!("  {times} times: {}", show::brief(how, 160))),
    );
    if let Some(of) = &report.latency_ms {
        let of = [
            ("min", of.min),
            ("mean", of.mean),
            ("p50", of.p50),
            ("p90", of.p90),
            ("p99", of.p99),
            ("max", of.max),
        ];
        let of = of.map(|(name, millis)| format!("{name} {}", duration(millis)));
        lines.push(format!("latency: {}", of.join(", ")));
        lines.push(String::new());
    }
    let most = report.histogram.iter().map(|bucket| bucket.calls).max().unwrap_or(1);
    lines.extend(report.histogram.iter().map(|bucket| {
        // What is there at all is seen.
        let long = if bucket.calls == 0 { 0 } else { (bucket.calls * BAR).div_ceil(most) };
        let line =
            format!("  to {:>7}  {:>9}  {}", duration(bucket.to_ms), bucket.calls, "█".repeat(long as usize));
        line.trim_end().to_owned()
    }));
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Milliseconds in a unit that suits them.
fn duration(millis: f64) -> String {
    let (value, unit) = match millis {
        of if of >= 1e3 => (of / 1e3, "s"),
        of if of >= 1.0 => (of, "ms"),
        of => (of * 1e3, "µs"),
    };
    let digits = if value >= 100.0 || value.fract() == 0.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_have_a_unit_that_suits_them() {
        for (millis, says) in
            [(0.02, "20 µs"), (0.1234, "123 µs"), (1.0, "1 ms"), (12.34, "12.3 ms"), (9_876.0, "9.88 s")]
        {
            assert_eq!(duration(millis), says);
        }
    }
}
