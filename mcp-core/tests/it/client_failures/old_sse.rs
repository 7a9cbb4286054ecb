//! Messages that a server of 2024-11-05 does not take.

use std::sync::Arc;

use mcp_core::client::{Client, Error};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::http_script::{Answering, Asked, Out, Script};
use super::{response, said, welcome};

/// A server of HTTP+SSE; `refuse` decides with which status and body a call of that tool is refused.
async fn server(refuse: fn(&str) -> Option<(u16, &'static str)>) -> Script {
    let (events, queue) = mpsc::unbounded_channel::<Value>();
    let queue = Arc::new(tokio::sync::Mutex::new(queue));
    Script::start(move |asked: Asked, mut out: Out| -> Answering {
        let (events, queue) = (events.clone(), Arc::clone(&queue));
        Box::pin(async move {
            if asked.verb == "GET" {
                out.stream().await.ok()?;
                out.raw(b"event: endpoint\ndata: /messages?session=1\n\n").await.ok()?;
                let mut queue = queue.lock().await;
                while let Some(event) = queue.recv().await {
                    out.event(&event).await.ok()?;
                }
                return None;
            }
            let tool = asked.body["params"]["name"].as_str().unwrap_or_default();
            let (status, body) = match asked.method() {
                _ if asked.path == "/sse" => (405, ""),
                "initialize" => {
                    let mut welcome = welcome();
                    welcome["protocolVersion"] = json!("2024-11-05");
                    events.send(response(&asked.body, &welcome)).unwrap();
                    (202, "")
                }
                "tools/call" => refuse(tool).unwrap_or_else(|| {
                    events.send(response(&asked.body, &said("well"))).unwrap();
                    (202, "")
                }),
                _ => (202, ""),
            };
            out.whole(status, "content-type: application/json\r\n", body).await
        })
    })
    .await
}

#[tokio::test]
async fn a_refused_message_fails_its_call_and_no_other() {
    let script = server(|tool| match tool {
        "plain" => Some((413, "too big")),
        "worded" => {
            Some((400, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"no such tool"}}"#))
        }
        "forbidden" => Some((403, "")),
        _ => None,
    })
    .await;
    let url = format!("http://{}/sse", script.address);
    let client = Client::connect(url).await.unwrap();
    assert_eq!(client.server().await.unwrap().version.as_str(), "2024-11-05");
    for (tool, code, words) in
        [("plain", -32600, "413"), ("worded", -32602, "no such tool"), ("forbidden", -31008, "403")]
    {
        let error = client.call::<String>(tool, ()).await.unwrap_err();
        assert!(matches!(&error, Error::Rpc(error) if error.code.0 == code), "{tool}: {error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(client.call::<String>("good", ()).await.unwrap(), "well", "after {tool}");
    }
    let asked = script.asked.lock();
    let opened = asked.iter().filter(|asked| asked.verb == "GET").count();
    assert_eq!(opened, 1, "the connection lived on");
}
