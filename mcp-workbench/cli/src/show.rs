//! How answers look: tables and text for people, JSON for programs.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use mcp_core::protocol::{CallToolResult, ContentBlock};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serde::Serialize;

/// Writes to standard output. Nobody who reads any more is no mistake: `mcp list | head`.
pub(crate) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Waits a while, and tells whether nobody reads standard output any more.
pub(crate) fn is_read_no_more(within: Duration) -> io::Result<bool> {
    let out = io::stdout();
    // What has gone wrong with it is told without being asked for.
    let mut watched = [PollFd::new(&out, PollFlags::empty())];
    let within = Timespec { tv_sec: within.as_secs().cast_signed(), tv_nsec: within.subsec_nanos().into() };
    match poll(&mut watched, Some(&within)) {
        Ok(changed) => Ok(changed > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes a line.
pub(crate) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    write(&format!("{text}\n"))
}

/// Writes JSON.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string_pretty(value)?)?)
}

/// Writes a table that keeps to the width of the terminal. What names a row is not broken unless it takes more than half of that.
pub(crate) fn table<R>(headings: &[&str], rows: impl IntoIterator<Item = R>) -> io::Result<()>
where
    R: IntoIterator<Item = String>,
{
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.iter().map(|heading| heading.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    let names = table.column_cells_iter(0).flatten().map(|cell| cell.content().chars().count()).max();
    if table.width().is_some_and(|width| names.unwrap_or_default() <= usize::from(width / 2))
        && let Some(column) = table.column_mut(0)
    {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    let text = table.to_string();
    write(
        &text
            .lines()
            .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line).trim_end()))
            .collect::<String>(),
    )
}

/// Says something beside the answer, on standard error.
pub(crate) fn note(text: impl std::fmt::Display) {
    // Where nobody can be told, nobody is.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Whether a person looks on.
pub(crate) fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// The first line of a text, cut where it is long.
pub(crate) fn brief(text: &str, most: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= most {
        return text;
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// What a tool said, as text.
pub(crate) fn told(result: &CallToolResult) -> String {
    result.content.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// A piece of content, as text.
pub(crate) fn block(block: &ContentBlock) -> String {
    match block {
        ContentBlock::Text(content) => content.text.clone(),
        ContentBlock::Image(content) => {
            format!("[image {}, {} bytes of base64]", content.mime_type, content.data.len())
        }
        ContentBlock::Audio(content) => {
            format!("[audio {}, {} bytes of base64]", content.mime_type, content.data.len())
        }
        ContentBlock::ResourceLink(resource) => format!("[resource {}]", resource.uri),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
