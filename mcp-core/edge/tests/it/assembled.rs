//! An edge from a config.

use std::fs;

use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use mcp_core::{Server, tool};
use mcp_edge::audit::verify_folder;
use mcp_edge::{Config, edge};
use serde_json::json;
use tower_layer::Layer;

fn config(text: &str) -> Config {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}

fn server() -> Server {
    Server::builder("s", "1.0.0").tool(tool("t", async || "ok")).build().unwrap()
}

#[test]
fn what_is_wrong_is_named() {
    let check = |text: &str, expect: &str| {
        let error = config(text).validate().unwrap_err().to_string();
        assert!(error.starts_with(expect), "{error}");
    };
    check("service = ' '", "service: a service needs a name");
    check("policy = 'p.yaml'\nallow_all = true", "allow_all: goes without `policy`");
    check("policy = 'p.txt'", "policy: `p.txt` must be named");
    check("[[limits]]\nname = 'a'\ncalls = 0\nper = 'day'", "limits[0].calls: must be from 1");
    check(
        "[audit]\nplace = { folder = 'x' }\nkeep = ['/a', '/password']",
        "audit.keep[1]: `/password` is named like a secret",
    );
    for unknown in
        ["polcy = 'x'", "[audit]\nplace = { folder = 'x' }\nstrct = true", "[[limits]]\nname = 'a'\ncals = 1"]
    {
        assert!(toml::from_str::<Config>(unknown).is_err(), "{unknown}");
    }
    config("").validate().unwrap();
}

#[cfg(not(feature = "redis"))]
#[test]
fn what_was_not_built_is_named() {
    let error = config("[redis]\nurl = 'redis://127.0.0.1/'").validate().unwrap_err();
    assert_eq!(error.to_string(), "redis: this program was built without the feature `redis` of mcp-edge");
}

#[test]
fn passwords_in_urls_are_not_printed() {
    let shown = format!(
        "{:?}",
        config(
            "[redis]\nurl = 'redis://:hunter2@h/'\n[audit]\nplace = { postgres = { url = 'postgres://u:hunter2@h/', table = 't' } }"
        )
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn by_default_nothing_is_allowed() {
    let edge = edge(&config("log = 'off'")).unwrap();
    let client = TestClient::connect(edge.layer().layer(server()));
    assert!(client.list_tools().await.is_empty());
    assert!(client.try_call("t", json!({})).await.is_err());
}

#[tokio::test]
async fn everything_works_together() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("policy.yaml"), "rules: [{ id: a, effect: allow, roles: [user], tools: [t] }]").unwrap();
    fs::write(at("key"), [9; 32]).unwrap();
    let text = format!(
        "service = 'notes'\npolicy = '{}'\nlog = {{ file = '{}' }}\n\
         [[limits]]\nname = 'few'\ncalls = 5\nper = 'day'\nburst = 5\nby = ['principal']\n\
         [audit]\nplace = {{ folder = '{}' }}\nstrict = true\nkey_file = '{}'\n",
        at("policy.yaml").display(),
        at("calls.jsonl").display(),
        at("audit").display(),
        at("key").display()
    );
    let edge = edge(&config(&text)).unwrap();
    for org in ["acme", "other"] {
        let mut who = Principal::new(org, "ann");
        who.role = Some("user".into());
        let client = TestClient::builder().principal(who).connect(edge.layer().layer(server())).await;
        for i in 0..8 {
            assert_eq!(client.try_call("t", json!({})).await.is_ok(), i < 5, "{org} {i}");
        }
    }
    edge.log().unwrap().flush();
    let lines = fs::read_to_string(at("calls.jsonl")).unwrap();
    assert_eq!((lines.lines().count(), lines.matches(r#""orgId":"other""#).count()), (16, 8));
    let text = edge.metrics().render();
    assert!(
        text.contains("mcp_requests_total{method=\"tools/call\",tool=\"t\",outcome=\"limited\"} 6\n"),
        "{text}"
    );
    drop(edge);
    let key = mcp_edge::audit::ChainKey::new(&[9; 32]);
    assert_eq!(verify_folder(at("audit"), Some(&key)).unwrap().entries, 16);
    assert!(verify_folder(at("audit"), None).is_err());
}

#[tokio::test]
async fn prometheus_accepts_what_is_rendered() {
    use std::io::Write;
    use std::process::{Command, Stdio};

    let edge = edge(&config("log = 'off'")).unwrap();
    let client = TestClient::connect(edge.layer().layer(server()));
    for _ in 0..3 {
        let _ = client.try_call("t", json!({})).await;
        client.list_tools().await;
    }
    let checked = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut checked) = checked else { return assert!(crate::support::skipped(true, "promtool")) };
    checked.stdin.take().unwrap().write_all(edge.metrics().render().as_bytes()).unwrap();
    let output = checked.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

#[cfg(feature = "auth")]
#[tokio::test]
async fn refused_credentials_are_counted_and_audited() {
    use http_body_util::{BodyExt, Empty};
    use mcp_core::auth::server::{ApiKeys, MemoryApiKeys, ResourceServer};
    use mcp_core::transport::http::Http;
    use tower::ServiceExt;

    let folder = tempfile::tempdir().unwrap();
    let edge =
        edge(&config(&format!("log = 'off'\n[audit]\nplace = {{ folder = '{}' }}", folder.path().display())))
            .unwrap();
    let guard = ResourceServer::new("http://127.0.0.1/mcp")
        .unwrap()
        .accept(ApiKeys::new(MemoryApiKeys::default(), &[7; 32]));
    let http =
        Http::new(edge.layer().layer(server())).correlation(true).authenticate(edge.guard(guard)).build();
    for (header, status) in [(None, 401), (Some("mcpk_hunter2hunter2"), 401)] {
        let mut request =
            http::Request::get("http://127.0.0.1/mcp?x=hunter2").header("x-request-id", "req-7");
        if let Some(key) = header {
            request = request.header("x-api-key", key);
        }
        let response =
            http.clone().oneshot(request.body(Empty::<bytes::Bytes>::new()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status);
        drop(response.into_body().collect().await);
    }
    let audit = edge.audit().unwrap();
    let (count, out) = audit.export(mcp_edge::audit::ExportFormat::JsonLines, None, Vec::new()).unwrap();
    assert_eq!(count, 2);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches(r#""event":"login_refused""#).count(), 2);
    assert_eq!(text.matches(r#""correlationId":"req-7""#).count(), 2);
    assert!(!text.contains("hunter2"), "{text}");
    assert!(edge.metrics().render().contains("mcp_logins_refused_total{reason=\"missing\"} 1\n"));
}

/// An identifier that comes in is in the answer, the log and the audit log; so is the trace.
#[tokio::test]
async fn a_request_is_known_by_its_identifier_everywhere() {
    use http_body_util::{BodyExt, Full};
    use mcp_core::transport::http::Http;
    use tower::ServiceExt;

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = format!(
        "allow_all = true\nlog = {{ file = '{}' }}\n[audit]\nplace = {{ folder = '{}' }}",
        at("calls.jsonl").display(),
        at("audit").display()
    );
    let edge = edge(&config(&text)).unwrap();
    let http = Http::new(edge.layer().layer(server())).correlation(true).build();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "t", "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} } } });
    let request = http::Request::post("http://127.0.0.1/mcp")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "t")
        .header("x-request-id", "req-42")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .body(Full::new(bytes::Bytes::from(body.to_string())))
        .unwrap();
    let response = http.oneshot(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["x-request-id"].as_bytes()),
        (200, &b"req-42"[..])
    );
    drop(response.into_body().collect().await);
    edge.log().unwrap().flush();
    let line = fs::read_to_string(at("calls.jsonl")).unwrap();
    let audit = edge.audit().unwrap();
    let (_, entry) = audit.export(mcp_edge::audit::ExportFormat::JsonLines, None, Vec::new()).unwrap();
    for text in [line, String::from_utf8(entry).unwrap()] {
        let said: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(said["correlationId"], "req-42", "{text}");
        assert_eq!(said["traceId"], "0af7651916cd43dd8448eb211c80319c", "{text}");
    }
}

/// A real Prometheus scrapes the endpoint and knows exactly the calls that were made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_knows_exactly_the_calls_that_were_made() {
    use std::io::{Read, Write};
    use std::process::{Command, Stdio};
    use tower::Service;

    let edge = edge(&config("log = 'off'\nallow_all = true\nlimits = []")).unwrap();
    let client = TestClient::connect(edge.layer().layer(server()));
    for i in 0..137 {
        let _ = client.try_call(if i % 7 == 0 { "nothing" } else { "t" }, json!({})).await;
    }
    // The endpoint behind the smallest HTTP server there is.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    let mut endpoint = edge.metrics().endpoint();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut block = [0; 4096];
            let n = stream.read(&mut block).unwrap();
            assert!(block[..n].starts_with(b"GET /metrics"));
            let response =
                runtime.block_on(endpoint.call(http::Request::get("/metrics").body(()).unwrap())).unwrap();
            let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
            let body = response.into_body();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "global: {{ scrape_interval: 1s }}\nscrape_configs:\n- {{ job_name: edge, static_configs: [{{ targets: ['{target}'] }}] }}\n"
    );
    fs::write(folder.path().join("prometheus.yml"), settings).unwrap();
    let address = format!("127.0.0.1:{}", crate::support::free_port());
    let spawned = Command::new("prometheus")
        .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
        .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(child) = spawned else { return assert!(crate::support::skipped(true, "prometheus")) };
    let _child = crate::support::Killed(child);
    let ask = |query: &str| -> Option<f64> {
        let mut stream = std::net::TcpStream::connect(&address).ok()?;
        write!(stream, "GET /api/v1/query?query={query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let json: serde_json::Value =
            serde_json::from_str(&answer[answer.find('{')?..=answer.rfind('}')?]).ok()?;
        json["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    };
    crate::support::until("a scrape", || ask("sum(mcp_requests_total)").is_some()).await;
    assert_eq!(ask("sum(mcp_requests_total)"), Some(137.0));
    assert_eq!(ask("sum(mcp_requests_total%7Boutcome=%22ok%22,tool=%22t%22%7D)"), Some(117.0));
    assert_eq!(ask("sum(mcp_requests_total%7Boutcome=%22error%22%7D)"), Some(20.0));
    assert_eq!(ask("sum(mcp_request_duration_seconds_count)"), Some(137.0));
    assert_eq!(ask("ratelimit_degraded"), Some(0.0));
}
