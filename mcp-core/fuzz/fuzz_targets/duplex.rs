//! A duplex connection: each line of the input is a message. All that comes back is JSON-RPC, every request that waits
//! for nobody is answered, and the connection lives on.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mcp_core::transport::memory;
use mcp_core_fuzz::{check_frame, run, server};
use serde_json::Value;

/// Messages of one input.
const MOST: usize = 32;
/// Long enough for all that can happen; it passes at once.
const PATIENCE: Duration = Duration::from_secs(60);
const LAST: &str = "the last request of this connection";

fuzz_target!(|data: &[u8]| {
    run(async {
        let mut channel = memory::connect(server());
        for line in data.split(|byte| *byte == b'\n').take(MOST) {
            channel.tx.send(Bytes::copy_from_slice(line)).await.expect("the server reads");
        }
        let ping = format!(
            r#"{{"jsonrpc":"2.0","id":"{LAST}","method":"server/discover","params":{{"_meta":{{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{{}}}}}}}}"#
        );
        channel.tx.send(ping.into()).await.expect("the server reads");
        let alive = tokio::time::timeout(PATIENCE, async {
            while let Some(bytes) = channel.rx.recv().await {
                assert!(!bytes.contains(&b'\n'), "a frame of two lines");
                let frames = check(&bytes);
                if frames.iter().any(|frame| frame.get("id") == Some(&LAST.into())) {
                    return;
                }
            }
            panic!("the connection closed");
        });
        alive.await.expect("the connection lives");
        // The other end sees that the client is gone, whatever still runs.
        drop(channel.tx);
        let ended = tokio::time::timeout(PATIENCE, async {
            while let Some(bytes) = channel.rx.recv().await {
                check(&bytes);
            }
        });
        ended.await.expect("the connection ends");
    });
});

/// The frames of a message: one, or those of a batch.
fn check(bytes: &[u8]) -> Vec<Value> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Array(batch)) => {
            batch.iter().map(|frame| check_frame(frame.to_string().as_bytes())).collect()
        }
        _ => vec![check_frame(bytes)],
    }
}
