//! What an entry says.

use std::time::Duration;

use super::{ChainKey, Redaction, RefusedLogin};
use crate::call::{CallRecord, shortened, without_secrets};
use crate::json;

fn member(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    out.push(b',');
    json::string(out, name);
    out.push(b':');
    json::string(out, value);
}

/// Writes the members of the entry of a call. Always in this order, without those that are not there.
pub(super) fn call(out: &mut Vec<u8>, record: &CallRecord<'_>, key: &ChainKey, redaction: &Redaction) {
    begin(out, "call", record.at);
    member(out, "executionId", Some(record.execution.as_str()));
    if let Some(who) = record.principal {
        member(out, "issuer", Some(&who.issuer));
        member(out, "org", Some(&who.org));
        member(out, "user", Some(&who.user));
        member(out, "role", who.role.as_deref());
    }
    member(out, "method", Some(shortened(record.method)));
    member(out, "tool", record.tool.map(shortened));
    let target = record.target.map(without_secrets);
    member(out, "target", target.as_deref().map(shortened));
    member(out, "outcome", Some(record.outcome.as_str()));
    if let Some(code) = record.code {
        out.extend_from_slice(format!(",\"code\":{}", code.0).as_bytes());
    }
    member(out, "rule", record.rule);
    out.extend_from_slice(br#","durationMs":"#);
    json::milliseconds(out, record.duration);
    member(out, "correlationId", record.correlation);
    member(out, "traceId", record.trace);
    if let Some(arguments) = record.arguments {
        out.extend_from_slice(br#","argumentsDigest":""#);
        json::hex_bytes(out, &key.hash(arguments.as_bytes()));
        out.extend_from_slice(br#"","arguments":"#);
        redaction.write(out, arguments);
    }
}

/// Writes the members of the entry that says whose content was taken away.
pub(super) fn retention(out: &mut Vec<u8>, now: Duration, before: &str, ranges: &[(u64, u64)]) {
    begin(out, "retention", now);
    out.extend_from_slice(br#","before":"#);
    out.extend_from_slice(before.as_bytes());
    out.extend_from_slice(br#","ranges":["#);
    for (i, (first, last)) in ranges.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        out.extend_from_slice(format!("{comma}[{first},{last}]").as_bytes());
    }
    out.push(b']');
}

/// Writes the members of the entry of a refused login.
pub(super) fn login(out: &mut Vec<u8>, now: Duration, refused: &RefusedLogin<'_>) {
    begin(out, "login_refused", now);
    member(out, "reason", Some(shortened(refused.reason)));
    member(out, "org", refused.org);
    member(out, "user", refused.user);
    member(out, "path", refused.path.map(|path| shortened(path.split('?').next().unwrap_or_default())));
    member(out, "correlationId", refused.correlation);
}

fn begin(out: &mut Vec<u8>, event: &str, at: Duration) {
    out.extend_from_slice(br#""event":"#);
    json::string(out, event);
    out.extend_from_slice(br#","time":"#);
    json::timestamp(out, at);
}
