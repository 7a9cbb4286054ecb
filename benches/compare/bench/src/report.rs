//! The results as a page of tables and two plots.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use anyhow::Result;

use crate::catalog::Workload;
use crate::machine::Stamp;
use crate::options::Paths;
use crate::plot::{self, Group};
use crate::results::{HttpRow, RebuildRow, Results, Section, SessionRow, StartRow, StdioRow};
use crate::stdio::Placement;

/// Writes the results, the page and the plots into the report folder.
pub(crate) fn write(paths: &Paths, results: &Results) -> Result<()> {
    let folder = paths.report();
    fs::create_dir_all(&folder)?;
    fs::write(paths.results(), serde_json::to_vec_pretty(results)?)?;
    if let Some(section) = &results.http {
        for (name, svg) in plots(&section.rows) {
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
        http(&mut page, section);
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

fn http(page: &mut String, section: &Section<HttpRow>) {
    let rows = &section.rows;
    let mut text =
        "![CPU per request](cpu.svg)\n\nColumns with slashes: one value for each number of connections, \
                    in the order of the heading.\n"
            .to_owned();
    let titles = [
        (Workload::Json, "2026-07-28, JSON"),
        (
            Workload::Stream,
            "2026-07-28, event streams, one progress note asked for",
        ),
        (Workload::Session, "2025-11-25, after `initialize`"),
    ];
    for (workload, title) in titles {
        for tools in values(rows, |row| (row.workload == workload).then_some(row.tools)) {
            let rows: Vec<_> = rows
                .iter()
                .filter(|row| row.workload == workload && row.tools == tools)
                .collect();
            let connections = join(values(&rows, |row| Some(row.connections)), |count| {
                count.to_string()
            });
            let _ = write!(
                text,
                "\n### {title}, {tools} tools, {connections} connections\n\n| server | CPU µs/request | × rmcp | \
                 requests/s | p50 µs | p99 µs | notes/call | idle / peak MB | tool's CPU µs |\n\
                 |---|---|---|---|---|---|---|---|---|\n"
            );
            for server in servers(&rows) {
                server_row(&mut text, &rows, server);
            }
        }
    }
    text.push_str(&more_tools(rows));
    text.push_str(&streams(rows));
    part(page, "`tools/call` over HTTP", &section.stamp, &text);
}

fn server_row(text: &mut String, rows: &[&HttpRow], server: &str) {
    let rows: Vec<_> = rows.iter().filter(|row| row.server == server).collect();
    if let Some(error) = rows.iter().find_map(|row| row.first_error.as_ref()) {
        let errors: u64 = rows.iter().map(|row| row.errors).sum();
        let _ = writeln!(text, "| {server} | **{errors} errors**: {} ||||||||", cell(error));
        return;
    }
    let all =
        |digits: usize, field: fn(&HttpRow) -> f64| join(&rows, |row| format!("{:.digits$}", field(row)));
    let _ = writeln!(
        text,
        "| {server} | {} | {} | {} | {} | {} | {} | {} / {:.1} | {} |",
        all(1, |row| row.cpu_us),
        join(&rows, |row| optional(row.ratio)),
        all(0, |row| row.requests_per_second),
        all(0, |row| row.p50_us),
        all(0, |row| row.p99_us),
        all(0, |row| row.notes),
        rows.first()
            .map_or_else(String::new, |row| format!("{:.1}", row.idle_mb)),
        rows.iter().map(|row| row.peak_mb).fold(0.0, f64::max),
        all(1, |row| row.client_cpu_us),
    );
}

/// What many tools cost a call, for servers that were measured with several numbers.
fn more_tools(rows: &[HttpRow]) -> String {
    let counts = values(rows, |row| (row.workload == Workload::Json).then_some(row.tools));
    let (Some(least), true) = (counts.first().copied(), counts.len() > 1) else {
        return String::new();
    };
    let mut text = "\n### More tools, CPU µs/request\n\n![CPU by number of tools](tools.svg)\n\n| server | connections | tools: CPU µs | most ÷ least |\n|---|---|---|---|\n".to_owned();
    let good: Vec<_> = rows
        .iter()
        .filter(|row| row.workload == Workload::Json && row.errors == 0)
        .collect();
    for server in servers(&good) {
        for connections in values(&good, |row| Some(row.connections)) {
            let mine: Vec<_> = good
                .iter()
                .filter(|row| row.server == server && row.connections == connections)
                .collect();
            let first = mine.iter().find(|row| row.tools == least);
            if let (Some(first), Some(last), true) = (first, mine.last(), mine.len() > 1) {
                let list = join(&mine, |row| format!("{}: {:.1}", row.tools, row.cpu_us));
                let ratio = last.cpu_us / first.cpu_us;
                let _ = writeln!(text, "| {server} | {connections} | {list} | {ratio:.2} |");
            }
        }
    }
    text
}

/// How much longer a call takes as a stream with a note than as JSON.
fn streams(rows: &[HttpRow]) -> String {
    let mut text = "\n### A stream with a note against JSON, p50\n\n| server | connections | JSON µs | stream µs | stream ÷ JSON |\n|---|---|---|---|---|\n".to_owned();
    let length = text.len();
    for stream in rows
        .iter()
        .filter(|row| row.workload == Workload::Stream && row.errors == 0)
    {
        // `rmcp-nodelay` answers as rmcp does where no stream is involved.
        let name = stream.server.split('-').next().unwrap_or_default();
        let json = rows.iter().find(|row| {
            row.workload == Workload::Json
                && row.server == name
                && (row.tools, row.connections, row.errors) == (stream.tools, stream.connections, 0)
        });
        if let Some(json) = json {
            let _ = writeln!(
                text,
                "| {} | {} | {:.0} | {:.0} | {:.2} |",
                stream.server,
                stream.connections,
                json.p50_us,
                stream.p50_us,
                stream.p50_us / json.p50_us
            );
        }
    }
    if text.len() > length { text } else { String::new() }
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

fn plots(rows: &[HttpRow]) -> Vec<(&'static str, String)> {
    let json: Vec<_> = rows
        .iter()
        .filter(|row| row.workload == Workload::Json && row.errors == 0)
        .collect();
    let group = |label: String, chosen: &dyn Fn(&HttpRow) -> bool| Group {
        label,
        bars: json
            .iter()
            .filter(|row| chosen(row))
            .map(|row| (row.server.clone(), row.cpu_us))
            .collect(),
    };
    let counts = values(&json, |row| Some(row.tools));
    let connections = values(&json, |row| Some(row.connections));
    let (Some(&least), Some(&middle)) = (counts.first(), connections.get(connections.len() / 2)) else {
        return Vec::new();
    };
    let by_connections: Vec<_> = connections
        .iter()
        .map(|&c| {
            group(format!("{c} connections"), &|row| {
                row.connections == c && row.tools == least
            })
        })
        .collect();
    let by_tools: Vec<_> = counts
        .iter()
        .map(|&tools| {
            group(format!("{tools} tools"), &|row| {
                row.connections == middle && row.tools == tools
            })
        })
        .collect();
    let title = format!("Server CPU per tools/call, {middle} connections");
    vec![
        (
            "cpu.svg",
            plot::bars("Server CPU per tools/call", "µs", &by_connections),
        ),
        ("tools.svg", plot::bars(&title, "µs", &by_tools)),
    ]
}

/// The distinct values of a field, in order.
fn values<'a, T: std::borrow::Borrow<HttpRow> + 'a>(
    rows: impl IntoIterator<Item = &'a T>,
    field: impl Fn(&HttpRow) -> Option<usize>,
) -> Vec<usize> {
    let values: BTreeSet<_> = rows.into_iter().filter_map(|row| field(row.borrow())).collect();
    values.into_iter().collect()
}

/// The servers in the order of their rows.
fn servers<'a>(rows: &[&'a HttpRow]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.server.as_str()) {
            names.push(&row.server);
        }
    }
    names
}

fn join<T>(items: impl IntoIterator<Item = T>, text: impl Fn(T) -> String) -> String {
    items.into_iter().map(text).collect::<Vec<_>>().join(" / ")
}

/// Foreign text in a table must neither end its cell nor its line.
fn cell(text: &str) -> String {
    let text: String = text.chars().take(200).collect();
    text.replace('|', "\\|").replace(['\r', '\n'], " ")
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
}
