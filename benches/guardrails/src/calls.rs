//! Calls of about 200 bytes, all different.

use mcp_guardrails::Event;
use serde_json::Value;

pub const CALLS: usize = 64;

pub fn text(number: usize) -> String {
    format!(
        r#"{{"path":"/srv/project/{}/file{number}.txt","amount":{},"name":"acct-{}","command":"git push --force origin branch{number} && rm -rf build","url":"https://host{number}.example.com/a?x={number}","dry":false}}"#,
        number % 7,
        5_000 + number,
        number % 25,
    )
}

pub fn documents() -> Vec<Value> {
    (0..CALLS).filter_map(|number| serde_json::from_str(&text(number)).ok()).collect()
}

pub const TOOL: &str = "transfer";
pub const SERVER: &str = "bank";
pub const ROLES: &[&str] = &["clerk", "operator"];

pub fn event(arguments: &Value) -> Event<'_> {
    Event::call(TOOL, arguments).server(SERVER).roles(ROLES).session("s").user("ann")
}
