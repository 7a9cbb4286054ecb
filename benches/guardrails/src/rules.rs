//! Rules that are measured, each kind a quarter.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

/// What a rule asks, so that other engines can ask the same.
pub enum Asks {
    /// A path below a folder.
    Prefix(String),
    /// A role, and another tool beside the one that is called.
    Role(String),
    /// More than an amount, and a name that begins so.
    Amount(i64, String),
    /// A command or a URL with a text in it.
    Contains(&'static str, String),
}

pub fn hundred() -> Vec<Asks> {
    let mut rules = Vec::new();
    for n in 0..25 {
        rules.push(Asks::Prefix(if n < 5 { "/srv/project".into() } else { format!("/etc/{n}") }));
        rules.push(Asks::Role(if n < 6 { "operator".into() } else { format!("role{n}") }));
        rules.push(Asks::Amount(n * 100, if n < 15 { "acct".into() } else { format!("none{n}") }));
        let field = if n % 2 == 0 { "command" } else { "url" };
        rules.push(Asks::Contains(field, match (n, field) {
            (0..4, "command") => "--force".into(),
            (0..4, _) => "example.com".into(),
            _ => format!("needle{n}"),
        }));
    }
    rules
}

pub fn yaml(rules: &[Asks]) -> String {
    let mut text = String::from("rules:\n");
    for (n, rule) in rules.iter().enumerate() {
        let (tool, when) = match rule {
            Asks::Prefix(prefix) => ("transfer".to_owned(), format!("/path: {{ prefix: {prefix} }}")),
            Asks::Role(role) => (format!("[transfer, other{n}]"), format!("role: {role}")),
            Asks::Amount(amount, name) => ("[]".to_owned(), format!("/amount: {{ range: {{ above: {amount} }} }}, /name: {{ prefix: {name} }}")),
            Asks::Contains(field, part) => ("[]".to_owned(), format!("/{field}: {{ contains: '{part}' }}")),
        };
        let tool = if tool == "[]" { String::new() } else { format!("tool: {tool}, ") };
        let then = ["flag", "block"][n % 2];
        let _ = writeln!(text, "- {{ id: r{n}, {tool}when: {{ {when} }}, then: {then} }}");
    }
    text
}

pub const TOOLS: [&str; 10] = ["read", "list", "fetch", "post", "pay", "mail", "push", "drop", "exec", "open"];

/// All rules look at all tools' calls: each event is a step of twenty of them.
pub fn sequences() -> String {
    let mut text = String::from("rules:\n");
    for n in 0..100 {
        let (first, last) = (TOOLS[n % 10], TOOLS[(n / 10 + n + 1) % 10]);
        let _ = writeln!(
            text,
            "- {{ id: s{n}, then: flag, when: {{ sequence: {{ within: {}m, steps: [{{ tool: {first} }}, {{ tool: {last}, when: {{ /amount: {{ range: {{ min: {n} }} }} }} }}] }} }} }}",
            n + 1
        );
    }
    text
}

pub fn thousand() -> String {
    let mut text = String::from("rules:\n");
    for n in 0..1_000 {
        let when = match n % 5 {
            0 => format!("/path: {{ prefix: /srv/{n} }}, role: role{n}"),
            1 => format!("/amount: {{ range: {{ above: {n} }} }}, not: {{ /name: a{n} }}"),
            2 => format!("any: [{{ /url: {{ host: 'h{n}.example.com' }} }}, {{ /path: {{ path_within: /srv/{n} }} }}]"),
            3 => format!("/command: {{ contains: 'needle{n}' }}"),
            _ => format!("/command: {{ regex: 'rm +-[a-z]*r{n}\\b' }}"),
        };
        let _ = writeln!(text, "- {{ id: r{n}, tool: tool{}, when: {{ {when} }}, then: block, message: 'not {{/path}} by {n}' }}", n % 300);
    }
    text
}

pub fn thousand_json() -> Result<String> {
    let rules: Vec<Value> = (0..1_000)
        .map(|n| {
            let when = match n % 5 {
                0 => json!({ "/path": { "prefix": format!("/srv/{n}") }, "role": format!("role{n}") }),
                1 => json!({ "/amount": { "range": { "above": n } }, "not": { "/name": format!("a{n}") } }),
                2 => json!({ "any": [{ "/url": { "host": format!("h{n}.example.com") } }, { "/path": { "path_within": format!("/srv/{n}") } }] }),
                3 => json!({ "/command": { "contains": format!("needle{n}") } }),
                _ => json!({ "/command": { "regex": format!("rm +-[a-z]*r{n}\\b") } }),
            };
            json!({ "id": format!("r{n}"), "tool": format!("tool{}", n % 300), "when": when, "then": "block", "message": format!("not {{/path}} by {n}") })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "rules": rules }))?)
}
