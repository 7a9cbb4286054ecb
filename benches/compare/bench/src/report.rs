//! The results as a page of tables and two plots.

mod http;

use std::fmt::Write;
use std::fs;

use anyhow::Result;

use crate::machine::Stamp;
use crate::options::Paths;
use crate::results::{RebuildRow, Results, SessionRow, StartRow, StdioRow};
use crate::stdio::Placement;

/// Writes the results, the page and the plots into the report folder.
pub(crate) fn write(paths: &Paths, results: &Results) -> Result<()> {
    let folder = paths.report();
    fs::create_dir_all(&folder)?;
    fs::write(paths.results(), serde_json::to_vec_pretty(results)?)?;
    if let Some(section) = &results.http {
        for (name, svg) in http::plots(&section.rows) {
            fs::write(folder.join(name), svg)?;
        }
    }
    fs::write(folder.join("REPORT.md"), markdown(results))?;
    Ok(())
}

fn markdown(results: &Results) -> String {
    let mut page =
        "# Benchmarks\n\nGenerated; how each number is taken is told in `benches/README.md`. CPU is the \
                    server's alone, from the scheduler's accounting of its threads.\n"
            .to_owned();
    if let Some(section) = &results.http {
        part(
            &mut page,
            "`tools/call` over HTTP",
            &section.stamp,
            &http::tables(&section.rows),
        );
    }
    if let Some(section) = &results.stdio {
        part(&mut page, "Pipes", &section.stamp, &stdio(&section.rows));
    }
    if let Some(section) = &results.start {
        part(
            &mut page,
            "Process start to first answer",
            &section.stamp,
            &start(&section.rows),
        );
    }
    if let Some(section) = &results.sessions {
        part(
            &mut page,
            "Idle 2025-11-25 sessions",
            &section.stamp,
            &sessions(&section.rows),
        );
    }
    if let Some(section) = &results.rebuild {
        part(
            &mut page,
            "Rebuild after touching `main.rs`",
            &section.stamp,
            &rebuild(&section.rows),
        );
    }
    page
}

fn part(page: &mut String, title: &str, stamp: &Stamp, table: &str) {
    let Stamp {
        machine,
        commit,
        date,
        load_before,
        load_after,
    } = stamp;
    let _ = write!(
        page,
        "\n## {title}\n\n{machine}; commit {commit}; {date}; load average {load_before} before, {load_after} after.\n\n{table}"
    );
}

fn stdio(rows: &[StdioRow]) -> String {
    let mut text = "One call after the other, then 64 in flight.\n".to_owned();
    for (placement, title) in [
        (Placement::Together, "on one processor"),
        (Placement::Apart, "on one processor each"),
    ] {
        let rows: Vec<_> = rows.iter().filter(|row| row.placement == placement).collect();
        if !rows.is_empty() {
            let _ = write!(
                text,
                "\n### Client and server {title}\n\n| server | min / p50 / p99 µs | p50 × floor | CPU µs/request | \
                 pipelined/s | × floor | CPU µs/request | peak MB |\n|---|---|---|---|---|---|---|---|\n"
            );
        }
        for row in rows {
            stdio_row(&mut text, row);
        }
    }
    text
}

fn stdio_row(text: &mut String, row: &StdioRow) {
    if let Some(error) = &row.first_error {
        let _ = writeln!(text, "| {} | **error**: {} |||||||", row.server, cell(error));
        return;
    }
    let _ = writeln!(
        text,
        "| {} | {:.1} / {:.1} / {:.1} | {} | {:.1} | {:.0} | {} | {:.1} | {:.1} |",
        row.server,
        row.min_us,
        row.p50_us,
        row.p99_us,
        optional(row.p50_ratio),
        row.cpu_us,
        row.pipelined_per_second,
        optional(row.pipelined_ratio),
        row.pipelined_cpu_us,
        row.peak_mb,
    );
}

fn start(rows: &[StartRow]) -> String {
    let mut text = "Median of 20 starts, taking turns.\n\n| server | transport | median ms | min ms | CPU ms | resident MB |\n|---|---|---|---|---|---|\n".to_owned();
    for row in rows {
        if let Some(error) = &row.error {
            let _ = writeln!(
                text,
                "| {} | {} | **error**: {} ||||",
                row.server,
                row.transport,
                cell(error)
            );
            continue;
        }
        let StartRow {
            server,
            transport,
            min_ms,
            median_ms,
            cpu_ms,
            resident_mb,
            ..
        } = row;
        let _ = writeln!(
            text,
            "| {server} | {transport} | {median_ms:.2} | {min_ms:.2} | {cpu_ms:.2} | {resident_mb:.1} |"
        );
    }
    text
}

fn sessions(rows: &[SessionRow]) -> String {
    let mut text = "Growth of resident memory; the kernel's socket buffers are not in it.\n\n| server | sessions | before MB | + sessions MB | streams | + sessions and streams MB | CPU µs to open one | remark |\n|---|---|---|---|---|---|---|---|\n".to_owned();
    for row in rows {
        if let Some(error) = &row.error {
            let _ = writeln!(text, "| {} | **error**: {} |||||||", row.server, cell(error));
            continue;
        }
        let _ = writeln!(
            text,
            "| {} | {} | {:.1} | {:.1} | {} | {} | {:.0} | {} |",
            row.server,
            row.sessions,
            row.empty_mb,
            row.sessions_mb,
            row.streams,
            row.streams_mb
                .map_or_else(|| "–".to_owned(), |megabytes| format!("{megabytes:.1}")),
            row.open_cpu_us,
            row.remark.as_deref().unwrap_or_default(),
        );
    }
    text
}

fn rebuild(rows: &[RebuildRow]) -> String {
    let mut text = "| server | profile | CPU s | wall s |\n|---|---|---|---|\n".to_owned();
    for RebuildRow {
        server,
        profile,
        cpu_seconds,
        wall_seconds,
    } in rows
    {
        let _ = writeln!(
            text,
            "| {server} | {profile} | {cpu_seconds:.1} | {wall_seconds:.1} |"
        );
    }
    text
}

/// Foreign text in a table must neither end its cell nor its line.
fn cell(text: &str) -> String {
    let text: String = text.chars().take(200).collect();
    text.replace('|', "\\|").replace(['\r', '\n'], " ")
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}
