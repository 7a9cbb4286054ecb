//! Spans as `ExportTraceServiceRequest` of OTLP 1 in protobuf
//! (`opentelemetry/proto/collector/trace/v1/trace_service.proto`): the dozen fields that are used.

use std::time::Duration;

use super::span::SpanData;

/// Fields with a length in front.
const LENGTH: u32 = 2;

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(u8::try_from(value & 0x7f).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    varint(out, u64::from(field << 3 | LENGTH));
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

fn number(out: &mut Vec<u8>, field: u32, value: u64) {
    varint(out, u64::from(field << 3));
    varint(out, value);
}

fn time(out: &mut Vec<u8>, field: u32, value: Duration) {
    varint(out, u64::from(field << 3 | 1));
    out.extend_from_slice(&u64::try_from(value.as_nanos()).unwrap_or(u64::MAX).to_le_bytes());
}

fn message(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    write(&mut inner);
    bytes(out, field, &inner);
}

fn attribute(out: &mut Vec<u8>, field: u32, name: &str, value: &str) {
    message(out, field, |out| {
        bytes(out, 1, name.as_bytes());
        message(out, 2, |out| bytes(out, 1, value.as_bytes()));
    });
}

/// The body of a request to a collector.
pub(super) fn request(service: &str, spans: &[SpanData]) -> Vec<u8> {
    let mut out = Vec::with_capacity(spans.len() * 400);
    message(&mut out, 1, |out| {
        message(out, 1, |out| attribute(out, 1, "service.name", service));
        message(out, 2, |out| {
            message(out, 1, |out| {
                bytes(out, 1, env!("CARGO_PKG_NAME").as_bytes());
                bytes(out, 2, env!("CARGO_PKG_VERSION").as_bytes());
            });
            for data in spans {
                message(out, 2, |out| span(out, data));
            }
        });
    });
    out
}

fn span(out: &mut Vec<u8>, span: &SpanData) {
    bytes(out, 1, &span.context.trace);
    bytes(out, 2, &span.context.span);
    if let Some(state) = span.context.state() {
        bytes(out, 3, state.as_bytes());
    }
    if let Some(parent) = &span.parent {
        bytes(out, 4, parent);
    }
    bytes(out, 5, span.name.as_bytes());
    number(out, 6, span.kind as u64);
    time(out, 7, span.start);
    time(out, 8, span.start + span.took);
    for (name, value) in &span.attributes {
        attribute(out, 9, name, value);
    }
    if let Some(error) = &span.error {
        message(out, 15, |out| {
            bytes(out, 2, error.as_bytes());
            number(out, 3, 2);
        });
    }
}
