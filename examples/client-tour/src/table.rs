//! What was found, for people.

use std::fmt::Write as _;

use mcp_core::protocol::Progress;
use serde_json::Value;

/// How far a call is: `progress 2 of 5: reading`.
pub(crate) fn progress(told: &Progress) -> String {
    let total = told.total.map(|total| format!(" of {total}")).unwrap_or_default();
    let message = told.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("progress {}{total}{message}", told.progress)
}

/// A heading and a line for each thing.
pub(crate) fn all(found: &Value) -> String {
    let server = &found["server"];
    let revision = text(&found["revision"]);
    let mut out = format!("{} {}, revision {revision}\n", text(&server["name"]), text(&server["version"]));
    for (list, name) in [("tools", "name"), ("resources", "uri"), ("prompts", "name")] {
        rows(&mut out, list, found[list].as_array().map_or(&[], Vec::as_slice), name);
    }
    if !found["result"].is_null() {
        result(&mut out, &found["result"]);
    }
    out
}

fn rows(out: &mut String, list: &str, items: &[Value], name: &str) {
    if items.is_empty() {
        return;
    }
    let width = items.iter().map(|item| text(&item[name]).chars().count()).max().unwrap_or_default();
    _ = writeln!(out, "\n{list}");
    for item in items {
        let what = ["description", "title", "name"].into_iter().find_map(|member| item[member].as_str());
        let first =
            what.and_then(|what| what.lines().find(|line| !line.trim().is_empty())).unwrap_or_default();
        _ = writeln!(out, "  {:width$}  {}", text(&item[name]), first.trim());
    }
}

/// Structured content where there is some, else the texts; what else there is by its kind.
fn result(out: &mut String, result: &Value) {
    _ = writeln!(out, "\n{}", if result["isError"] == true { "the tool failed" } else { "result" });
    if !result["structuredContent"].is_null() {
        _ = writeln!(out, "{:#}", result["structuredContent"]);
        return;
    }
    for block in result["content"].as_array().into_iter().flatten() {
        match block["text"].as_str() {
            Some(text) => _ = writeln!(out, "{text}"),
            None => _ = writeln!(out, "({})", text(&block["type"])),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}
