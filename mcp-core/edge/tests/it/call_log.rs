//! A thousand calls are a thousand lines that the schema describes.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use mcp_core::protocol::ErrorCode;
use mcp_core::service::Principal;
use mcp_edge::log::CallLog;
use mcp_edge::metrics::Metrics;
use mcp_edge::{CallRecord, Edge, Outcome};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../../docs/security/log-line.schema.json");

/// A place that takes nothing before it is told to, and tells what it takes.
struct Gate {
    open: Receiver<()>,
    taken: SyncSender<Vec<u8>>,
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.open.recv().map_err(io::Error::other)?;
        self.taken.send(bytes.to_vec()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_thousand_calls_are_a_thousand_valid_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let log = CallLog::file("notes \"1\"", &path).unwrap();
    let tenants = [Principal::new("acme", "ann\n"), Principal::new("other", "b\u{f6}b\u{1}")];
    for i in 0..1_000u32 {
        let mut record =
            CallRecord::new(Duration::from_millis(1_800_000_000_000 + u64::from(i)), "tools/call");
        record.principal = tenants.get(i as usize % 3);
        record.tool = (i % 5 > 0).then_some("sea\\rch");
        record.outcome = Outcome::ALL[i as usize % Outcome::ALL.len()];
        record.code = (i % 7 == 0).then_some(ErrorCode(-31_008));
        record.duration = Duration::from_micros(u64::from(i) * 77);
        record.correlation = (i % 2 == 0).then_some("req-1");
        record.trace = (i % 2 == 0).then_some("0af7651916cd43dd8448eb211c80319c");
        log.write(&record);
    }
    log.flush();
    let text = std::fs::read_to_string(&path).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1_000);
    for line in &lines {
        schema.validate(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    assert_eq!(lines[6]["timestamp"], "2027-01-15T08:00:00.006Z");
    assert_eq!((&lines[6]["userId"], &lines[6]["orgId"]), (&"ann\n".into(), &"acme".into()));
    assert_eq!(lines[6]["durationMs"], 0.462);
    let ids: std::collections::HashSet<_> =
        lines.iter().map(|line| line["executionId"].to_string()).collect();
    assert_eq!(ids.len(), 1_000);
    assert!(lines.iter().any(|line| line["severity"] == "error" && line["outcome"] == "error"));
}

#[test]
fn a_place_that_is_stuck_costs_lines_and_not_calls() {
    let (open, opened) = sync_channel(1_000_000);
    let (taken, took) = sync_channel(1_000_000);
    let log = CallLog::new("s", Gate { open: opened, taken }).unwrap();
    let metrics = Metrics::new();
    let _edge = Edge::builder().log(log.clone()).metrics(metrics.clone()).build().unwrap();
    let long = "x".repeat(256);
    let mut record = CallRecord::new(Duration::ZERO, &long);
    record.correlation = Some(&long);
    let written = 60_000u64;
    let log = Arc::new(log);
    for _ in 0..written {
        log.write(&record);
    }
    let dropped = log.dropped();
    assert!(dropped > 0 && dropped < written, "{dropped}");
    assert!(metrics.render().contains(&format!("mcp_log_dropped_total {dropped}\n")));
    (0..100_000).for_each(|_| open.send(()).unwrap());
    log.flush();
    let lines =
        took.try_iter().map(|bytes| bytes.iter().filter(|byte| **byte == b'\n').count() as u64).sum::<u64>();
    assert_eq!(lines + dropped, written);
}
