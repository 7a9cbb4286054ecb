//! Microseconds for a kilobyte: medians over chunks of two kilobytes, each a different text, every detector by itself and all of them
//! on one text. It is the time of the thread that counts: others use the machine too.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use mcp_guardrails::detect::standard;
use mcp_guardrails::text::Text;
use rustix::time::{ClockId, clock_gettime};

use crate::data::{Item, lines, sources};
use crate::report::Report;

const CHUNK: usize = 2048;
const ROUNDS: usize = 15;

fn chunks(texts: &[String]) -> Vec<String> {
    let all = texts.join("\n");
    let mut chunks = Vec::new();
    let mut rest = all.as_str();
    while rest.len() > CHUNK && chunks.len() < 300 {
        let (chunk, after) = rest.split_at(rest.floor_char_boundary(CHUNK));
        chunks.push(chunk.to_owned());
        rest = after;
    }
    chunks
}

fn now() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The median over rounds of the mean over chunks.
fn time(chunks: &[String], mut run: impl FnMut(&str)) -> Duration {
    let mut rounds: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let started = now();
            chunks.iter().for_each(|chunk| run(chunk));
            (now() - started) / u32::try_from(chunks.len().max(1)).unwrap_or(1)
        })
        .collect();
    rounds.sort_unstable();
    rounds[ROUNDS / 2]
}

pub(crate) fn measure(data: &Path, source: Option<&Path>, report: &mut Report) -> Result<()> {
    let others: Vec<Item> = lines(data, "others.jsonl")?;
    let prose: Vec<String> =
        others.iter().filter(|item| item.source == "owasp").map(|item| item.text.clone()).collect();
    let mail: Vec<String> = lines::<Item>(data, "bipia.jsonl")?
        .into_iter()
        .filter(|item| !item.attack)
        .map(|item| item.text)
        .collect();
    let mut kinds = vec![("security prose", chunks(&prose)), ("mail and tables", chunks(&mail))];
    if let Some(source) = source {
        kinds.push(("source text", chunks(&sources(source, 700_000)?)));
    }
    for (name, chunks) in kinds.iter().filter(|(_, chunks)| !chunks.is_empty()) {
        let mut found = Vec::new();
        for detector in standard() {
            let spent = time(chunks, |chunk| {
                found.clear();
                detector.scan(&Text::new(chunk), &mut found);
            });
            report.value(detector.name(), name, "µs/kB alone", chunks.len(), micros(spent));
        }
        let all = standard();
        let spent = time(chunks, |chunk| {
            found.clear();
            let text = Text::shared(chunk);
            all.iter().for_each(|detector| detector.scan(&text, &mut found));
        });
        report.value("all", name, "µs for 2 kB", chunks.len(), format!("{:.1}", spent.as_secs_f64() * 1e6));
    }
    Ok(())
}

fn micros(spent: Duration) -> String {
    format!("{:.2}", spent.as_secs_f64() * 1e6 / (CHUNK as f64 / 1024.0))
}
