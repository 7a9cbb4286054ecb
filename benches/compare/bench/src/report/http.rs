//! Tables and plots of requests over HTTP.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{cell, optional};
use crate::catalog::Workload;
use crate::plot::{self, Group};
use crate::results::HttpRow;

/// The tables of all loads over HTTP.
pub(super) fn tables(rows: &[HttpRow]) -> String {
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
                "\n### {title}, {tools} tools, {connections} connections\n\n| server | CPU µs/request | best–worst round | × rmcp | \
                 requests/s | p50 µs | p99 µs | notes/call | idle / peak MB | tool's CPU µs |\n\
                 |---|---|---|---|---|---|---|---|---|---|\n"
            );
            for server in servers(&rows) {
                server_row(&mut text, &rows, server);
            }
        }
    }
    text.push_str(&more_tools(rows));
    text.push_str(&streams(rows));
    text
}

fn server_row(text: &mut String, rows: &[&HttpRow], server: &str) {
    let rows: Vec<_> = rows.iter().filter(|row| row.server == server).collect();
    if let Some(error) = rows.iter().find_map(|row| row.first_error.as_ref()) {
        let errors: u64 = rows.iter().map(|row| row.errors).sum();
        let _ = writeln!(
            text,
            "| {server} | **{errors} errors**: {} |||||||||",
            cell(error)
        );
        return;
    }
    let all =
        |digits: usize, field: fn(&HttpRow) -> f64| join(&rows, |row| format!("{:.digits$}", field(row)));
    let _ = writeln!(
        text,
        "| {server} | {} | {} | {} | {} | {} | {} | {} | {} / {:.1} | {} |",
        all(1, |row| row.cpu_us),
        join(&rows, |row| format!(
            "{:.1}–{:.1}",
            row.cpu_range_us[0], row.cpu_range_us[1]
        )),
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

/// The plots and their file names.
pub(super) fn plots(rows: &[HttpRow]) -> Vec<(&'static str, String)> {
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
            group(
                if c == 1 {
                    "1 connection".to_owned()
                } else {
                    format!("{c} connections")
                },
                &|row| row.connections == c && row.tools == least,
            )
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
