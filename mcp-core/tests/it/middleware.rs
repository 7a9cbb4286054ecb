//! Layers: their order, what they refuse, and what they see on the way out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mcp_core::middleware::{Next, from_fn};
use mcp_core::protocol::{ErrorCode, Method, Params, RpcError};
use mcp_core::server::{Progress, tool};
use mcp_core::service::{BoxError, Event, McpService, Outbound, Outcome, Request, Response, SharedOutbound};
use mcp_core::transport::memory;
use mcp_core::{Args, Server};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower::{Service, ServiceBuilder, ServiceExt};

type Seen = Arc<Mutex<Vec<String>>>;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Say {
    text: String,
}

fn server() -> Server {
    let say = tool("say", async |progress: Progress, Args(Say { text }): Args<Say>| {
        progress.report(1.0, Some(2.0), Some("half"));
        tokio::task::yield_now().await;
        progress.report(2.0, Some(2.0), None);
        text
    });
    let never = tool("never", async || std::future::pending::<String>().await);
    Server::builder("layers", "1.0.0").tool(say).tool(never).build().unwrap()
}

fn call(name: &str) -> Request {
    let params = json!({
        "name": name,
        "arguments": { "text": "hello" },
        "_meta": { "progressToken": "p" },
    });
    Request::new(1, Method::ToolsCall, Params::from_json(&Bytes::from(params.to_string())).unwrap())
}

async fn ask(service: impl McpService, request: Request) -> Result<Response, BoxError> {
    service.oneshot(request).await
}

fn result(response: Response) -> Value {
    serde_json::from_slice(&response.into_result().unwrap()).unwrap()
}

#[tokio::test]
async fn the_layer_that_is_named_first_is_outermost() {
    let seen = Seen::default();
    let layer = |name: &'static str| {
        let seen = Arc::clone(&seen);
        from_fn(move |request: Request, next: Next| {
            let seen = Arc::clone(&seen);
            async move {
                seen.lock().push(format!("{name} in"));
                let answer = next.run(request).await;
                seen.lock().push(format!("{name} out"));
                answer
            }
        })
    };
    let service = ServiceBuilder::new().layer(layer("outer")).layer(layer("inner")).service(server());
    let answer = ask(service, call("say")).await.unwrap();
    assert_eq!(result(answer)["content"][0]["text"], "hello");
    assert_eq!(*seen.lock(), ["outer in", "inner in", "inner out", "outer out"]);
}

#[tokio::test]
async fn a_layer_refuses_with_a_protocol_error_and_the_server_never_hears_of_it() {
    async fn refuse(request: Request, next: Next) -> Result<Response, BoxError> {
        match request.method {
            Method::ToolsCall => Ok(Response::error(RpcError::new(ErrorCode(-31100), "not on Sundays"))),
            _ => next.run(request).await,
        }
    }
    let below = Seen::default();
    let seen = Arc::clone(&below);
    let record = from_fn(move |request: Request, next: Next| {
        seen.lock().push(request.method.to_string());
        next.run(request)
    });
    let service = ServiceBuilder::new().layer(from_fn(refuse)).layer(record).service(server());
    let refused = ask(service.clone(), call("say")).await.unwrap();
    let Outcome::Error(error) = refused.outcome else { panic!("the call was answered") };
    assert_eq!((error.code, &*error.message), (ErrorCode(-31100), "not on Sundays"));
    let listed = ask(service, Request::new(2, Method::ToolsList, Params::default())).await.unwrap();
    assert_eq!(result(listed)["tools"].as_array().unwrap().len(), 2);
    assert_eq!(*below.lock(), ["tools/list"]);
}

/// Writes down the methods of notifications, and withholds the one that ends the work.
struct Watching {
    seen: Seen,
    outbound: SharedOutbound,
}

impl Outbound for Watching {
    fn send(&self, event: Event) {
        if let Event::Notification(notification) = &event {
            let params: Value = serde_json::from_slice(&notification.params).unwrap();
            self.seen.lock().push(format!("{} {}", notification.method, params["progress"]));
            if params["progress"] == 2.0 {
                return;
            }
        }
        self.outbound.send(event);
    }
}

#[tokio::test]
async fn a_layer_that_wraps_the_way_out_sees_progress_and_can_withhold_it() {
    let seen = Seen::default();
    let watching = Arc::clone(&seen);
    let watch = from_fn(move |mut request: Request, next: Next| {
        if let Some(outbound) = request.outbound.take() {
            request.outbound = Some(Arc::new(Watching { seen: Arc::clone(&watching), outbound }));
        }
        next.run(request)
    });
    let service = ServiceBuilder::new().layer(watch).service(server());
    let mut client = memory::connect(service);
    let frame = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {
            "name": "say", "arguments": { "text": "hello" },
            "_meta": {
                "progressToken": "p",
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    client.tx.send(frame.to_string().into()).await.unwrap();
    let first: Value = serde_json::from_slice(&client.rx.recv().await.unwrap()).unwrap();
    assert_eq!(
        (&first["method"], &first["params"]["progress"]),
        (&json!("notifications/progress"), &json!(1))
    );
    let second: Value = serde_json::from_slice(&client.rx.recv().await.unwrap()).unwrap();
    assert_eq!(second["result"]["content"][0]["text"], "hello", "{second}");
    assert_eq!(*seen.lock(), ["notifications/progress 1", "notifications/progress 2"]);
}

#[tokio::test]
async fn limits_below_a_function_hold() {
    let pass = from_fn(|request: Request, next: Next| next.run(request));
    let mut one = ServiceBuilder::new().layer(pass).concurrency_limit(1).service(server());
    let mut other = one.clone();
    let held = one.ready().await.unwrap().call(call("never"));
    let mut waiting = Box::pin(other.ready());
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await);
    drop(held);
    let answer = waiting.await.unwrap().call(call("say")).await.unwrap();
    assert_eq!(result(answer)["content"][0]["text"], "hello");
}

#[tokio::test(start_paused = true)]
async fn layers_of_tower_fit_around_and_below() {
    let pass = from_fn(|request: Request, next: Next| next.run(request));
    let service = ServiceBuilder::new()
        .timeout(Duration::from_secs(30))
        .layer(pass)
        .concurrency_limit(8)
        .service(server());
    let late = ask(service.clone(), call("never")).await.unwrap_err();
    assert!(late.is::<tower::timeout::error::Elapsed>(), "{late}");
    let answer = ask(service, call("say")).await.unwrap();
    assert_eq!(result(answer)["content"][0]["text"], "hello");
}

#[tokio::test(start_paused = true)]
async fn subscriptions_outlive_layers_that_bound_time() {
    let server = server();
    let bounded = ServiceBuilder::new()
        .layer(tower::timeout::TimeoutLayer::new(Duration::from_secs(1)))
        .service(server.clone());
    let mut channel = memory::connect(bounded);
    let frame = json!({ "jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {
        "notifications": { "toolsListChanged": true },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    } });
    channel.tx.send(Bytes::from(frame.to_string())).await.unwrap();
    let mut next = async || serde_json::from_slice::<Value>(&channel.rx.recv().await.unwrap()).unwrap();
    assert_eq!(next().await["method"], "notifications/subscriptions/acknowledged");
    tokio::time::advance(Duration::from_secs(3600)).await;
    server.remove_tool("say");
    assert_eq!(next().await["method"], "notifications/tools/list_changed");
}

#[tokio::test]
async fn notifications_pass_the_layers_too() {
    let seen = Seen::default();
    let noting = {
        let seen = Arc::clone(&seen);
        from_fn(move |request: Request, next: Next| {
            seen.lock().push(format!("{} {}", request.method, request.id.is_some()));
            next.run(request)
        })
    };
    let channel = memory::connect(ServiceBuilder::new().layer(noting).service(server()));
    let mut rx = channel.rx;
    for frame in [
        json!({ "jsonrpc": "2.0", "method": "notifications/roots/list_changed" }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-06-18" } }),
    ] {
        channel.tx.send(Bytes::from(frame.to_string())).await.unwrap();
    }
    assert!(rx.recv().await.is_some());
    assert_eq!(*seen.lock(), ["notifications/roots/list_changed false", "server/discover true"]);
}
