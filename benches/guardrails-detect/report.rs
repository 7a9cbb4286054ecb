//! The table that is printed.

use std::io::{self, Write as _};

/// Rows of results, and the losses behind them.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<[String; 5]>,
    losses: Vec<(String, Vec<String>)>,
    shown: usize,
}

/// A share with its interval of 95 % after Wilson.
pub(crate) fn share(hits: usize, n: usize) -> String {
    if n == 0 {
        return "–".to_owned();
    }
    let (p, n64, z) = (hits as f64 / n as f64, n as f64, 1.96f64);
    let middle = (p + z * z / (2.0 * n64)) / (1.0 + z * z / n64);
    let reach = z / (1.0 + z * z / n64) * (p * (1.0 - p) / n64 + z * z / (4.0 * n64 * n64)).sqrt();
    format!(
        "{:.1} % ({:.1}–{:.1})",
        p * 100.0,
        (middle - reach).max(0.0) * 100.0,
        (middle + reach).min(1.0) * 100.0
    )
}

impl Report {
    pub(crate) fn new(shown: usize) -> Self {
        Self { rows: Vec::new(), losses: Vec::new(), shown }
    }

    /// A set: its name, what is counted, how many items it has, how many of them were flagged.
    pub(crate) fn count(&mut self, part: &str, set: &str, what: &str, hits: usize, n: usize) {
        self.rows.push([part.to_owned(), set.to_owned(), what.to_owned(), n.to_string(), share(hits, n)]);
    }

    pub(crate) fn value(&mut self, part: &str, set: &str, what: &str, n: usize, value: String) {
        self.rows.push([part.to_owned(), set.to_owned(), what.to_owned(), n.to_string(), value]);
    }

    pub(crate) fn losses(&mut self, name: &str, losses: Vec<String>) {
        self.losses.push((name.to_owned(), losses));
    }

    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "| detector | set | what | n | result |\n|---|---|---|---|---|")?;
        for [part, set, what, n, value] in &self.rows {
            writeln!(out, "| {part} | {set} | {what} | {n} | {value} |")?;
        }
        for (name, losses) in &self.losses {
            if self.shown > 0 && !losses.is_empty() {
                writeln!(out, "\n{name}: {} lost", losses.len())?;
                for loss in losses.iter().take(self.shown) {
                    let line: String = loss.chars().take(220).collect();
                    writeln!(out, "  {}", line.escape_debug())?;
                }
            }
        }
        Ok(())
    }
}
