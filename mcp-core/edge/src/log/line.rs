//! The line of a call.

use crate::call::{CallRecord, Outcome, shortened};
use crate::json;

/// How much somebody should care.
const fn severity(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok | Outcome::Cancelled => "info",
        Outcome::ToolError | Outcome::Denied | Outcome::Limited => "warning",
        Outcome::Error => "error",
    }
}

/// Writes the line, with its end.
pub(super) fn write(out: &mut Vec<u8>, service: &str, record: &CallRecord<'_>) {
    out.extend_from_slice(br#"{"timestamp":"#);
    json::timestamp(out, record.at);
    out.extend_from_slice(br#","service":"#);
    json::string(out, service);
    out.extend_from_slice(br#","executionId":"#);
    json::string(out, record.execution.as_str());
    out.extend_from_slice(br#","userId":"#);
    json::optional(out, record.principal.map(|who| who.user.as_str()));
    out.extend_from_slice(br#","orgId":"#);
    json::optional(out, record.principal.map(|who| who.org.as_str()));
    out.extend_from_slice(br#","tool":"#);
    json::optional(out, record.tool.map(shortened));
    out.extend_from_slice(br#","severity":"#);
    json::string(out, severity(record.outcome));
    out.extend_from_slice(br#","durationMs":"#);
    json::milliseconds(out, record.duration);
    out.extend_from_slice(br#","method":"#);
    json::string(out, shortened(record.method));
    out.extend_from_slice(br#","outcome":"#);
    json::string(out, record.outcome.as_str());
    if let Some(code) = record.code {
        out.extend_from_slice(br#","code":"#);
        if code.0 < 0 {
            out.push(b'-');
        }
        json::number(out, u64::from(code.0.unsigned_abs()));
    }
    for (name, value) in [("correlationId", record.correlation), ("traceId", record.trace)] {
        if let Some(value) = value {
            out.push(b',');
            json::string(out, name);
            out.push(b':');
            json::string(out, value);
        }
    }
    out.extend_from_slice(b"}\n");
}
