//! Spans of client, server and tool are one trace at a collector; a collector that is down costs nothing.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use mcp_core::protocol::meta;
use mcp_core::testing::TestClient;
use mcp_core::{Context, Server, State, tool};
use mcp_edge::Edge;
use mcp_edge::trace::{OtlpConfig, SpanKind, TraceContext, Tracer};
use serde_json::json;
use tower_layer::Layer;

use crate::support::free_port;

/// A field of a protobuf message.
#[derive(Debug, Clone)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

/// The fields of a message by number: just enough of protobuf to read spans without the code that wrote them.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (first, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(first & 0x7f) << shift;
            shift += 7;
            if first & 0x80 == 0 {
                return value;
            }
        }
    }
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => {
                let (number, rest) = bytes.split_at(8);
                bytes = rest;
                Field::Number(u64::from_le_bytes(number.try_into().unwrap()))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (inner, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(inner.to_vec())
            }
            wire => panic!("wire type {wire}"),
        };
        all.push((tag >> 3, value));
    }
    all
}

fn inner(message: &[u8], number: u64) -> Vec<Vec<u8>> {
    let bytes = |field| if let Field::Bytes(bytes) = field { Some(bytes) } else { None };
    fields(message).into_iter().filter(|(n, _)| *n == number).filter_map(|(_, field)| bytes(field)).collect()
}

fn text(message: &[u8], number: u64) -> String {
    inner(message, number).pop().map(|bytes| String::from_utf8(bytes).unwrap()).unwrap_or_default()
}

#[derive(Debug)]
struct Seen {
    trace: Vec<u8>,
    id: Vec<u8>,
    parent: Vec<u8>,
    state: String,
    name: String,
    kind: u64,
    times: (u64, u64),
    attributes: BTreeMap<String, String>,
    failed: bool,
}

fn spans(request: &[u8]) -> Vec<Seen> {
    let pair = |attribute: Vec<u8>| (text(&attribute, 1), text(&inner(&attribute, 2)[0], 1));
    let number = |span: &[u8], n: u64| {
        fields(span).into_iter().find_map(|(m, field)| match field {
            Field::Number(value) if m == n => Some(value),
            _ => None,
        })
    };
    let mut all = Vec::new();
    for resource in inner(request, 1) {
        let service: Vec<_> = inner(&inner(&resource, 1)[0], 1).into_iter().map(pair).collect();
        assert_eq!(service, [("service.name".to_owned(), "notes".to_owned())]);
        for span in inner(&resource, 2).iter().flat_map(|scope| inner(scope, 2)) {
            all.push(Seen {
                trace: inner(&span, 1).remove(0),
                id: inner(&span, 2).remove(0),
                parent: inner(&span, 4).pop().unwrap_or_default(),
                state: text(&span, 3),
                name: text(&span, 5),
                kind: number(&span, 6).unwrap(),
                times: (number(&span, 7).unwrap(), number(&span, 8).unwrap()),
                attributes: inner(&span, 9).into_iter().map(pair).collect(),
                failed: inner(&span, 15).iter().any(|status| number(status, 3) == Some(2)),
            });
        }
    }
    all
}

/// A collector that hands on the bodies it gets.
fn collector() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tx, rx) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut bytes, mut block) = (Vec::new(), [0; 4096]);
            loop {
                let n = stream.read(&mut block).unwrap();
                bytes.extend_from_slice(&block[..n]);
                let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
                let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
                assert!(
                    head.starts_with("POST /v1/traces HTTP/1.1") && head.contains("application/x-protobuf"),
                    "{head}"
                );
                let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap();
                if bytes.len() == end + 4 + length.parse::<usize>().unwrap() {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
                    if tx.send(bytes.split_off(end + 4)).is_err() {
                        return;
                    }
                    break;
                }
            }
        }
    });
    (format!("http://{address}"), rx)
}

fn server(tracer: Tracer) -> Server {
    let search = async |State(tracer): State<Tracer>, context: Context| {
        let parent = context.request().extensions.get::<TraceContext>().cloned();
        tracer.start("look it up", SpanKind::Internal, parent.as_ref()).end();
        "found"
    };
    let fail = async || Err::<String, _>(std::io::Error::other("no"));
    Server::builder("notes", "1.0.0")
        .state(tracer)
        .tool(tool("search", search))
        .tool(tool("fail", fail))
        .build()
        .unwrap()
}

#[tokio::test]
async fn client_server_and_tool_are_one_trace() {
    let (endpoint, bodies) = collector();
    let tracer = Tracer::otlp("notes", &OtlpConfig::new(endpoint)).unwrap();
    let edge = Edge::builder().tracer(tracer.clone()).build().unwrap();
    let client = TestClient::connect(edge.layer().layer(server(tracer.clone())));
    let asking = tracer.start("ask", SpanKind::Client, None);
    let context = asking.context().clone();
    let call = |name: &str, parent: &TraceContext| json!({ "name": name, "arguments": {}, "_meta": { meta::TRACEPARENT: parent.to_string(), meta::TRACESTATE: "vendor=1" } });
    client.request("tools/call", call("search", &context)).await.unwrap();
    asking.end();
    // A trace that its beginner does not record is not recorded here; one that begins here is.
    let quiet: TraceContext = context.to_string().replace("-01", "-00").parse().unwrap();
    client.request("tools/call", call("search", &quiet)).await.unwrap();
    client.call("fail", json!({})).await;
    client.request("tools/call", json!({ "name": "nothing" })).await.unwrap_err();
    tracer.flush();
    let seen: Vec<Seen> = bodies.try_iter().flat_map(|body| spans(&body)).collect();
    assert_eq!(seen.len(), 5, "{seen:#?}");
    let find = |name: &str| {
        seen.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("{name}: {seen:#?}"))
    };
    let (asked, served, looked) = (find("ask"), find("tools/call search"), find("look it up"));
    assert!(asked.parent.is_empty());
    assert_eq!((&served.trace, &served.parent), (&asked.trace, &asked.id));
    assert_eq!((&looked.trace, &looked.parent), (&asked.trace, &served.id));
    assert_eq!((asked.kind, served.kind, looked.kind), (3, 2, 1));
    assert_eq!((served.state.as_str(), looked.state.as_str()), ("vendor=1", "vendor=1"));
    assert!(asked.times.0 <= served.times.0 && served.times.1 <= asked.times.1 + 1_000_000);
    let expect = [
        ("gen_ai.operation.name", "execute_tool"),
        ("gen_ai.tool.name", "search"),
        ("mcp.method.name", "tools/call"),
        ("mcp.protocol.version", "2026-07-28"),
    ];
    assert_eq!(served.attributes, expect.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let failed = find("tools/call fail");
    assert!(failed.failed && failed.attributes["error.type"] == "tool_error" && failed.trace != asked.trace);
    assert_eq!(find("tools/call nothing").attributes["rpc.response.status_code"], "-32602");
    assert_eq!(tracer.dropped(), 0);
}

#[tokio::test]
async fn a_collector_that_is_down_or_stuck_costs_spans_and_not_calls() {
    // One that nobody listens to, and one that takes connections and never answers.
    let stuck = TcpListener::bind("127.0.0.1:0").unwrap();
    for endpoint in
        [format!("http://127.0.0.1:{}", free_port()), format!("http://{}", stuck.local_addr().unwrap())]
    {
        let mut config = OtlpConfig::new(endpoint);
        config.interval_ms = 1;
        config.patience_ms = 300;
        let tracer = Tracer::otlp("notes", &config).unwrap();
        let edge = Edge::builder().tracer(tracer.clone()).build().unwrap();
        let client = TestClient::connect(edge.layer().layer(server(tracer.clone())));
        let mut slowest = Duration::ZERO;
        for _ in 0..2_000 {
            let start = Instant::now();
            client.call("search", json!({})).await;
            slowest = slowest.max(start.elapsed());
        }
        assert!(slowest < Duration::from_millis(250), "a call waited {slowest:?} for the collector");
        tracer.flush();
        assert_eq!(tracer.dropped(), 4_000);
        assert!(edge.metrics().render().contains("mcp_spans_dropped_total 4000\n"));
    }
}

#[test]
fn collectors_are_given_as_urls() {
    for bad in
        ["", "127.0.0.1:4318", "https://collector.example", "http://", "http://user:pw@host", "http://a b/"]
    {
        assert!(Tracer::otlp("s", &OtlpConfig::new(bad)).is_err(), "{bad}");
    }
}
