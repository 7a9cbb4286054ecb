//! What the numbers were measured on: without it they say nothing.

use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// Where and when a part was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Processor, number of cores, memory and kernel in one line.
    pub(crate) machine: String,
    /// The commit of the repository, with a mark if the tree had changes.
    pub(crate) commit: String,
    /// Day and time, UTC.
    pub(crate) date: String,
    /// Load average over a minute before the part began.
    pub(crate) load_before: f64,
    /// And at its end: the part itself is in it.
    pub(crate) load_after: f64,
}

impl Stamp {
    /// Takes the stamp at the start of a part.
    pub(crate) fn now(repository: &Path) -> Result<Self> {
        Ok(Self {
            machine: machine(),
            commit: commit(repository).unwrap_or_else(|| "unknown".to_owned()),
            date: date(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()),
            load_before: load(),
            load_after: 0.0,
        })
    }
}

/// The load average over the last minute.
pub(crate) fn load() -> f64 {
    let text = read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|value| value.parse().ok())
        .unwrap_or(f64::NAN)
}

fn machine() -> String {
    let info = read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |line: &str| line.split_once(':').map(|(_, value)| value.trim().to_owned());
    let model = info
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(field);
    let cores = info.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes: u64 = memory
        .split_whitespace()
        .nth(1)
        .and_then(|value| value.parse().ok())
        .unwrap_or_default();
    let kernel = read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{} × {cores}, {} GiB, Linux {}",
        model.unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        kilobytes >> 20,
        kernel.split('-').next().unwrap_or_default().trim(),
    )
}

fn commit(repository: &Path) -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(repository)
            .args(args)
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let hash = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = !git(&["status", "--porcelain"])?.is_empty();
    Some(if changed {
        format!("{hash} with changes")
    } else {
        hash
    })
}

/// Day and time of a Unix time in the proleptic Gregorian calendar.
fn date(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let mut year = 1970;
    let mut left = days;
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [
        31,
        28 + u64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 0;
    while left >= lengths[month] {
        left -= lengths[month];
        month += 1;
    }
    format!(
        "{year}-{:02}-{:02} {:02}:{:02} UTC",
        month + 1,
        left + 1,
        second / 3600,
        second / 60 % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        let cases = [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_785_196_799, "2026-07-27 23:59 UTC"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(date(seconds), expected);
        }
    }
}
