//! Entries for those who ask.

use std::io::{self, Write};

use serde_json::Value;

use super::{AuditError, AuditLog, StoreError};

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportFormat {
    /// The lines as they are kept: they can be verified, if all are exported.
    JsonLines,
    /// A table for people.
    Csv,
}

const COLUMNS: [&str; 14] = [
    "seq",
    "time",
    "event",
    "executionId",
    "org",
    "user",
    "role",
    "method",
    "tool",
    "target",
    "outcome",
    "code",
    "rule",
    "durationMs",
];

impl AuditLog {
    /// Writes entries, all or those about one organisation, and returns how many. Blocks, and keeps others from appending while they
    /// are read.
    ///
    /// # Errors
    /// They cannot be read or written.
    pub fn export(
        &self,
        format: ExportFormat,
        org: Option<&str>,
        to: &mut dyn Write,
    ) -> Result<u64, AuditError> {
        let wanted = org.map(str::to_owned);
        let lines = self.with(move |sealer| {
            let mut lines = Vec::new();
            sealer.store.read(&mut |line| {
                let whose =
                    || serde_json::from_str::<Value>(line).ok()?.get("org")?.as_str().map(str::to_owned);
                if wanted.is_none() || whose() == wanted {
                    lines.push(line.to_owned());
                }
                Ok(())
            })?;
            Ok::<_, StoreError>(lines)
        })??;
        write(format, &lines, to).map_err(StoreError::doing("exported"))?;
        Ok(lines.len() as u64)
    }
}

fn write(format: ExportFormat, lines: &[String], to: &mut dyn Write) -> io::Result<()> {
    if format == ExportFormat::JsonLines {
        return lines.iter().try_for_each(|line| writeln!(to, "{line}"));
    }
    writeln!(to, "{}", COLUMNS.join(","))?;
    for line in lines {
        let entry: Value = serde_json::from_str(line).map_err(io::Error::other)?;
        let cells = COLUMNS.map(|column| match entry.get(column) {
            Some(Value::String(text)) => cell(text),
            Some(other) => other.to_string(),
            None => String::new(),
        });
        writeln!(to, "{}", cells.join(","))?;
    }
    Ok(())
}

/// A cell that spreadsheets take for text, whatever it begins with.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
