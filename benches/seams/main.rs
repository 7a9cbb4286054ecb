//! One benchmark per seam. Run with `cargo bench -p mcp-benches`.

use divan::{Bencher, black_box};
use mcp_benches::{call, frame, request, server};
use mcp_core::protocol::Incoming;
use mcp_core::service::Outcome;

fn main() {
    divan::main();
}

/// From bytes to a request.
#[divan::bench(args = [16, 1024, 15_000])]
fn decode(bencher: Bencher<'_, '_>, bytes: usize) {
    let frame = call("echo", bytes);
    bencher.bench(|| Incoming::parse(black_box(&frame), 64));
}

/// The same as a tree: what it would cost to build one.
#[divan::bench(args = [16, 1024, 15_000])]
fn decode_as_value(bencher: Bencher<'_, '_>, bytes: usize) {
    let frame = call("echo", bytes);
    bencher.bench(|| serde_json::from_slice::<serde_json::Value>(black_box(&frame)));
}

/// From bytes to the bytes of the answer, without a transport, by number of tools.
#[divan::bench(args = [2, 100, 1000])]
fn dispatch(bencher: Bencher<'_, '_>, tools: usize) {
    serve(bencher, tools, &call("echo", 16));
}

/// A tool with structured output.
#[divan::bench]
fn dispatch_structured(bencher: Bencher<'_, '_>) {
    serve(bencher, 2, &call("structured", 16));
}

/// A list of so many tools, after the first time.
#[divan::bench(args = [2, 100, 1000])]
fn list(bencher: Bencher<'_, '_>, tools: usize) {
    serve(bencher, tools, &frame("tools/list", &serde_json::json!({})));
}

fn serve(bencher: Bencher<'_, '_>, tools: usize, frame: &bytes::Bytes) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let server = server(tools).expect("a server");
    bencher.bench_local(|| {
        let response = runtime.block_on(server.handle(request(black_box(frame)))).expect("an answer");
        assert!(matches!(response.outcome, Outcome::Result(_)), "{response:?}");
        response.to_frame(None)
    });
}
