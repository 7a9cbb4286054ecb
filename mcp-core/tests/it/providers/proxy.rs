//! A server that stands for another one: what passes, and what follows.

use std::sync::Arc;

use bytes::Bytes;
use mcp_core::client::{Client, ClientPool, Upstream};
use mcp_core::protocol::{
    CallToolResult, CompletionArgument, CompletionReference, ErrorCode, Meta, ProtocolVersion, RawJson,
    RpcError, SubscriptionFilter,
};
use mcp_core::server::{Completing, Context, Proxy, Variables, prompt, resource, template, tool};
use mcp_core::service::{Request, Response};
use mcp_core::testing::{TestClient, service_fn};
use mcp_core::{Args, Server};
use serde_json::{Value, json};
use tokio::sync::mpsc;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Say {
    text: String,
}

fn files() -> Server {
    let suggest = async |Completing { value, .. }: Completing| {
        ["rust", "ruby"].into_iter().filter(|name| name.starts_with(&value)).collect::<Vec<_>>()
    };
    let schema =
        RawJson::from_string(r#"{"type":"object", "properties":{"n":{"default":1.0}}}"#.into()).unwrap();
    let rich = async |context: Context| {
        let mut result = CallToolResult::structured(&json!({ "arguments": context.arguments() })).unwrap();
        let mut meta = Meta::new();
        meta.insert("example.com/cost", 7);
        result.meta = Some(meta);
        result
    };
    Server::builder("files", "2.0.0")
        .instructions("Mind the files.")
        .tool(tool("rich", rich).input_schema(schema).tag("x"))
        .tool(tool("echo", async |Args(Say { text }): Args<Say>| text))
        .tool(tool("fail", async || Err::<String, _>("no disk")))
        .tool(tool("refuse", async || {
            Err::<String, _>(RpcError::new(ErrorCode(-31999), "not you").with_data(json!({ "why": [1] })))
        }))
        .resource(resource("text://motd", "motd", async || "Good morning.").mime_type("text/plain"))
        .template(
            template("lang://{name}", "language", async |Variables(v): Variables| {
                v.get("name").map(|name| format!("about {name}"))
            })
            .complete("name", suggest),
        )
        .prompt(
            prompt("review", async |Args(Say { text }): Args<Say>| format!("Review: {text}"))
                .complete("text", suggest),
        )
        .build()
        .unwrap()
}

async fn gateway(upstreams: &[(&str, Server)]) -> Server {
    let mut builder = Server::builder("gateway", "1.0.0");
    for (name, server) in upstreams {
        let client = Client::connect(server.clone()).await.unwrap();
        builder = Proxy::new(client).namespace(*name).attach(builder).await.unwrap();
    }
    builder.build().unwrap()
}

fn notes() -> Server {
    let server = Server::builder("notes", "1.0.0").tool(tool("echo", async || "a note"));
    server.resource(resource("notes:1", "one", async || "text")).build().unwrap()
}

#[tokio::test]
async fn everything_passes_as_it_came() {
    let upstream = files();
    let direct = TestClient::connect(upstream.clone());
    let both = gateway(&[("files", upstream), ("notes", notes())]).await;
    for version in [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25] {
        let client = TestClient::connect_as(version, both.clone()).await;
        let tools = client.list_tools().await;
        let names: Vec<_> = tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(names, ["files_rich", "files_echo", "files_fail", "files_refuse", "notes_echo"]);
        let theirs = direct.list_tools().await;
        for (ours, theirs) in tools.iter().zip(&theirs) {
            assert_eq!(ours.input_schema, theirs.input_schema, "byte for byte");
            assert_eq!((&ours.description, &ours.annotations), (&theirs.description, &theirs.annotations));
        }

        let rich = client.call_raw("files_rich", json!({ "z": 1, "a": 1.5 })).await.unwrap();
        assert_eq!(rich["structuredContent"], json!({ "arguments": r#"{"z":1,"a":1.5}"# }));
        assert_eq!(rich["_meta"]["example.com/cost"], 7);
        let named = &rich["_meta"]["io.modelcontextprotocol/serverInfo"]["name"];
        assert!(version != ProtocolVersion::LATEST || named == "gateway", "{named}");

        let said =
            |result: &CallToolResult| (result.is_error, result.content[0].as_text().unwrap().to_owned());
        assert_eq!(said(&client.call("files_echo", json!({ "text": "hm" })).await), (false, "hm".into()));
        assert_eq!(said(&client.call("notes_echo", json!({})).await), (false, "a note".into()));
        assert_eq!(said(&client.call("files_fail", json!({})).await), (true, "no disk".into()));
        let wrong = said(&client.call("files_echo", json!({ "text": 5 })).await);
        assert!(wrong.0 && wrong.1.starts_with("invalid arguments: `text`"), "{wrong:?}");
        let refused = client.call_raw("files_refuse", json!({})).await.unwrap_err();
        assert_eq!((refused.code.0, &*refused.message), (-31999, "not you"));
        assert_eq!(refused.data, Some(json!({ "why": [1] })));

        assert_eq!(
            client.read("text://motd").await.unwrap().contents[0].mime_type.as_deref(),
            Some("text/plain")
        );
        assert!(client.read("lang://go").await.is_ok() && client.read("notes:1").await.is_ok());
        let rendered = client.get_prompt("files_review", json!({ "text": "x" })).await.unwrap();
        assert_eq!(rendered.messages[0].content.as_text(), Some("Review: x"));
    }
    let info = both.instructions();
    assert_eq!(info, None, "the gateway speaks for itself");
}

#[tokio::test]
async fn arguments_are_completed_upstream() {
    let client = Client::connect(gateway(&[("files", files()), ("notes", notes())]).await).await.unwrap();
    let argument = |name: &str, value: &str| CompletionArgument { name: name.into(), value: value.into() };
    let of_prompt = CompletionReference::Prompt { name: "files_review".into(), title: None };
    let result = client.complete(of_prompt, argument("text", "ru"), Default::default()).await.unwrap();
    assert_eq!(result.completion.values, ["rust", "ruby"]);
    let of_template = CompletionReference::Resource { uri: "lang://{name}".into() };
    let result = client.complete(of_template, argument("name", "rus"), Default::default()).await.unwrap();
    assert_eq!(result.completion.values, ["rust"]);
}

#[tokio::test]
async fn odd_names_get_plain_ones_and_lead_back() {
    const LISTED: &str = r#"{"tools":[{"name":"say it","inputSchema":{"type":"object"}},{"name":"say_it","inputSchema":{"type":"object"}}]}"#;
    let service = service_fn(async |request: Request| {
        Ok(match request.method.as_str() {
            "server/discover" => Response::result(
                r#"{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}"#,
            ),
            "tools/list" => Response::result(LISTED),
            "tools/call" => {
                let name = request.params.get_str("name").unwrap().into_owned();
                let result = json!({ "content": [{ "type": "text", "text": name, "x": 1 }], "extra": [2] });
                Response::result(Bytes::from(result.to_string()))
            }
            other => Response::error(RpcError::method_not_found(other)),
        })
    });
    let odd = Client::connect(mcp_core::client::Target::service(service)).await.unwrap();
    let server = Proxy::new(odd).into_server().await.unwrap();
    let client = TestClient::connect(server);
    let names: Vec<_> = client.list_tools().await.into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["say_it", "say_it_2"]);
    let result = client.call_raw("say_it", json!({})).await.unwrap();
    assert_eq!(result["content"], json!([{ "type": "text", "text": "say it", "x": 1 }]));
    assert_eq!(result["extra"], json!([2]), "what nobody knows passes too");
    assert_eq!(client.call_raw("say_it_2", json!({})).await.unwrap()["content"][0]["text"], "say_it");
}

#[tokio::test]
async fn progress_bears_the_callers_token_and_traces_go_upstream() {
    async fn count(context: Context) -> String {
        context.progress(1.0, Some(2.0), Some("half"));
        context.request().params.meta("traceparent").unwrap_or("none").to_owned()
    }
    let upstream = Server::builder("u", "1.0.0").tool(tool("count", count)).build().unwrap();
    let client = TestClient::connect(gateway(&[("u", upstream), ("notes", notes())]).await);
    let call = |meta: Value| json!({ "name": "u_count", "arguments": {}, "_meta": meta });
    let with = json!({ "progressToken": "mine", "traceparent": "00-1" });
    let result = client.request("tools/call", call(with)).await.unwrap();
    assert_eq!(result["content"][0]["text"], "\"00-1\"");
    let told = client.next_notification().await;
    assert_eq!(told.method, "notifications/progress");
    assert_eq!(told.params["progressToken"], "mine");
    assert_eq!((&told.params["total"], &told.params["message"]), (&json!(2), &json!("half")));
    client.request("tools/call", call(json!({}))).await.unwrap();
    assert!(client.notifications().is_empty(), "who asks for none gets none");
}

#[tokio::test]
async fn a_caller_that_gives_up_ends_the_call_upstream() {
    struct Gone(mpsc::UnboundedSender<&'static str>);
    impl Drop for Gone {
        fn drop(&mut self) {
            _ = self.0.send("gone");
        }
    }
    let (say, mut said) = mpsc::unbounded_channel();
    let wait = move || {
        let gone = Gone(say.clone());
        async move {
            gone.0.send("runs").unwrap();
            std::future::pending::<String>().await
        }
    };
    let upstream = Server::builder("u", "1.0.0").tool(tool("wait", wait)).build().unwrap();
    let client = TestClient::connect(gateway(&[("u", upstream), ("notes", notes())]).await);
    let pending = client.start("tools/call", json!({ "name": "u_wait", "arguments": {} })).await;
    assert_eq!(said.recv().await, Some("runs"));
    client.cancel(pending.id()).await;
    assert_eq!(said.recv().await, Some("gone"));
    assert_eq!(client.call("notes_echo", json!({})).await.content[0].as_text(), Some("a note"));
}

#[tokio::test]
async fn changes_upstream_are_followed() {
    for version in [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25] {
        let upstream = files();
        let client = Client::builder("proxy", "1").version(version).connect(upstream.clone()).await.unwrap();
        let builder = Server::builder("gateway", "1.0.0").mount("notes", &notes());
        let server = Proxy::new(client).namespace("f").attach(builder).await.unwrap().build().unwrap();
        let client = TestClient::connect(server.clone());
        let filter =
            SubscriptionFilter { tools_list_changed: true, prompts_list_changed: true, ..Default::default() };
        let changes = client.listen(filter).await.unwrap();
        upstream.add_tool(tool("new", async || "new")).unwrap();
        assert_eq!(changes.next().await.method, "notifications/tools/list_changed");
        assert_eq!(client.call("f_new", json!({})).await.content[0].as_text(), Some("new"));
        upstream.remove_tool("new");
        assert_eq!(changes.next().await.method, "notifications/tools/list_changed");
        assert!(client.try_call("f_new", json!({})).await.is_err());
        assert!(client.try_call("notes_echo", json!({})).await.is_ok());
        upstream.remove_prompt("review");
        assert_eq!(changes.next().await.method, "notifications/prompts/list_changed");
        assert!(client.list_prompts().await.is_empty());
    }
}

#[tokio::test]
async fn what_an_upstreams_resources_come_to_is_told_to_those_who_asked() {
    use mcp_core::server::Change;
    for version in [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25] {
        let upstream = files();
        let client = Client::builder("proxy", "1").version(version).connect(upstream.clone()).await.unwrap();
        let builder = Server::builder("gateway", "1.0.0").mount("notes", &notes());
        let server = Proxy::new(client).namespace("f").attach(builder).await.unwrap().build().unwrap();
        let client = TestClient::connect(server.clone());
        // The second is a template's, the third another upstream's.
        let uris = ["text://motd", "lang://rust", "notes:1"].map(str::to_owned).to_vec();
        let filter = SubscriptionFilter { resource_subscriptions: uris, ..Default::default() };
        let changes = client.listen(filter).await.unwrap();
        for uri in ["text://motd", "lang://rust"] {
            within(async {
                loop {
                    // The gateway asks its upstream once somebody asked the gateway.
                    upstream.publish(&Change::ResourceUpdated("lang://ruby".into()));
                    upstream.publish(&Change::ResourceUpdated(uri.into()));
                    let heard = tokio::select! {
                        biased;
                        heard = changes.next() => heard,
                        () = tokio::task::yield_now() => continue,
                    };
                    assert_eq!(heard.method, "notifications/resources/updated");
                    // What was told of the first before may still come.
                    assert!([json!("text://motd"), json!(uri)].contains(&heard.params["uri"]));
                    if heard.params["uri"] == json!(uri) {
                        break;
                    }
                }
            })
            .await;
        }
    }
}

/// Fails a test that would hang.
async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(std::time::Duration::from_secs(20), future).await.expect("in time")
}

#[tokio::test]
async fn the_upstream_is_let_go_with_the_gateway() {
    let upstream = files();
    let token = upstream.shutdown_token();
    let server = gateway(&[("files", upstream), ("notes", notes())]).await;
    assert!(!token.is_cancelled());
    drop(server);
    token.cancelled().await;
}

#[tokio::test]
async fn a_pooled_upstream_may_be_another_one_tomorrow() {
    let pool = ClientPool::builder()
        .upstream("a", Upstream::new(files()).unwrap())
        .upstream("b", Upstream::new(notes()).unwrap())
        .build()
        .unwrap();
    let mut builder = Server::builder("gateway", "1.0.0");
    for name in ["a", "b"] {
        builder = Proxy::pooled(pool.get(name).unwrap()).namespace(name).attach(builder).await.unwrap();
    }
    let client = TestClient::connect(builder.build().unwrap());
    let changes = client.listen(SubscriptionFilter { tools_list_changed: true, ..Default::default() });
    let changes = changes.await.unwrap();
    assert!(client.try_call("a_rich", json!({})).await.is_ok());
    pool.set("a", Upstream::new(notes()).unwrap()).unwrap();
    assert_eq!(changes.next().await.method, "notifications/tools/list_changed");
    let names: Vec<_> = client.list_tools().await.into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["b_echo", "a_echo"]);
    assert_eq!(client.call("a_echo", json!({})).await.content[0].as_text(), Some("a note"));

    pool.remove("b");
    let error = client.call_raw("b_echo", json!({})).await.unwrap_err();
    assert_eq!(&*error.message, "the upstream server is not there any more");
    pool.close().await;
}

#[tokio::test]
async fn what_cannot_be_reached_is_said_without_details() {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (is_down, inner) = (Arc::clone(&down), mcp_core::service::SharedService::new(notes()));
    let service = service_fn(move |request: Request| {
        let response = (!is_down.load(std::sync::atomic::Ordering::Relaxed)).then(|| inner.handle(request));
        async move {
            match response {
                Some(response) => response.await,
                None => Err("secret details of the break".into()),
            }
        }
    });
    let client = Client::connect(mcp_core::client::Target::service(service)).await.unwrap();
    let server = Proxy::new(client).into_server().await.unwrap();
    let client = TestClient::connect(server);
    assert!(client.try_call("echo", json!({})).await.is_ok());
    down.store(true, std::sync::atomic::Ordering::Relaxed);
    let error = client.call_raw("echo", json!({})).await.unwrap_err();
    assert!(!error.message.contains("secret"), "{error}");
}

#[cfg(all(feature = "http-server", feature = "http-client"))]
#[tokio::test]
async fn over_http_the_calls_own_stream_passes_with_its_log() {
    use crate::support::server::Running;
    use mcp_core::protocol::LogLevel;
    use mcp_core::transport::http::Http;

    async fn chat(context: Context) -> &'static str {
        context.log(LogLevel::Debug, None, "not wanted");
        context.log(LogLevel::Warning, Some("disk"), json!({ "full": 97 }));
        context.progress(1.0, None, None);
        "done"
    }
    let upstream = Server::builder("u", "1.0.0").tool(tool("chat", chat)).build().unwrap();
    let running = Running::start(Http::new(upstream)).await;
    let client = Client::connect(format!("http://{}/mcp", running.address)).await.unwrap();
    let builder = Server::builder("gateway", "1.0.0").mount("notes", &notes());
    let server = Proxy::new(client).namespace("u").attach(builder).await.unwrap().build().unwrap();
    let client = TestClient::connect(server.clone());
    let meta = json!({ "progressToken": 7, "io.modelcontextprotocol/logLevel": "warning" });
    let call = json!({ "name": "u_chat", "arguments": {}, "_meta": meta });
    assert_eq!(client.request("tools/call", call).await.unwrap()["content"][0]["text"], "done");
    let told = client.next_notification().await;
    assert_eq!(told.method, "notifications/message");
    assert_eq!(told.params, json!({ "level": "warning", "logger": "disk", "data": { "full": 97 } }));
    assert_eq!(client.next_notification().await.params["progressToken"], 7);
    assert!(client.notifications().is_empty());
    drop((client, server));
    running.stop().await;
}
