//! Entries for those who ask.

use std::io::Write;

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
    /// Writes entries, all or those about one organisation; returns how many, and the writer. Blocks, and keeps others from
    /// appending meanwhile: export to a file, not over a network.
    ///
    /// # Errors
    /// They cannot be read or written.
    pub fn export<W: Write + Send + 'static>(
        &self,
        format: ExportFormat,
        org: Option<&str>,
        mut to: W,
    ) -> Result<(u64, W), AuditError> {
        let wanted = org.map(str::to_owned);
        self.with(move |sealer| {
            let failed = StoreError::doing("exported");
            if format == ExportFormat::Csv {
                writeln!(to, "{}", COLUMNS.join(",")).map_err(&failed)?;
            }
            let mut count = 0;
            sealer.store.read(&mut |line| {
                // Only a table, or a choice, has to know what a line says.
                let entry: Value = if format == ExportFormat::JsonLines && wanted.is_none() {
                    Value::Null
                } else {
                    serde_json::from_str(line).map_err(StoreError::doing("read"))?
                };
                if wanted.as_deref().is_some_and(|org| entry.get("org").and_then(Value::as_str) != Some(org))
                {
                    return Ok(());
                }
                count += 1;
                let written = match format {
                    ExportFormat::JsonLines => writeln!(to, "{line}"),
                    ExportFormat::Csv => writeln!(to, "{}", row(&entry)),
                };
                written.map_err(&failed)
            })?;
            to.flush().map_err(&failed)?;
            Ok::<_, AuditError>((count, to))
        })?
    }
}

fn row(entry: &Value) -> String {
    let cells = COLUMNS.map(|column| match entry.get(column) {
        Some(Value::String(text)) => cell(text),
        Some(other) => other.to_string(),
        None => String::new(),
    });
    cells.join(",")
}

/// A cell that spreadsheets take for text, whatever it begins with.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
