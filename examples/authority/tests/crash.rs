//! The authority is killed, again and again: what it has answered holds.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use mcp_core::client::http::HttpClient;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use url::{Url, form_urlencoded};

const REDIRECT: &str = "https://app.example/cb";
const RESOURCE: &str = "https://mcp.example/mcp";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Process {
    child: Child,
    issuer: String,
}

impl Process {
    async fn start(store: &Path, port: u16) -> Self {
        let address = format!("127.0.0.1:{port}");
        let issuer = format!("http://{address}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_authority"))
            .args(["--listen", &address, "--resource", RESOURCE, "--client", "app", "--redirect", REDIRECT])
            .arg("--store")
            .arg(store)
            .arg("--store-key-file")
            .arg(store.with_file_name("store-key"))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // It says where it is when it is ready.
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        while lines.next_line().await.unwrap().expect("the process ended before it was ready") != issuer {}
        // What nobody reads would stop it.
        tokio::spawn(async move { while lines.next_line().await.is_ok_and(|line| line.is_some()) {} });
        Self { child, issuer }
    }

    /// SIGKILL: nothing in the process can do anything about it.
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    async fn send(&self, request: Request<Bytes>) -> Response<String> {
        // A client of its own: no connection outlives a process.
        let (head, body) = HttpClient::default().send(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn post(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Response<String> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(format!("{}{path}", self.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", cookie);
        self.send(request.body(form.into()).unwrap()).await
    }

    /// A person agrees.
    async fn code(&self) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("response_type", "code"), ("client_id", "app"), ("redirect_uri", REDIRECT)])
            .extend_pairs([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")])
            .finish();
        let url = format!("{}/authorize?{query}", self.issuer);
        let page = self.send(Request::get(url).body(Bytes::new()).unwrap()).await;
        let cookie = header(page.headers(), "set-cookie").split(';').next().unwrap().to_owned();
        let ticket =
            page.body().split_once("name=\"request\" value=\"").unwrap().1.split_once('"').unwrap().0;
        let back = self.post("/consent", &cookie, &[("request", ticket), ("decision", "allow")]).await;
        let place = Url::parse(&header(back.headers(), "location")).unwrap();
        place.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    }

    async fn exchange(&self, code: &str) -> (StatusCode, Value) {
        let fields = [("grant_type", "authorization_code"), ("client_id", "app"), ("code", code)];
        self.token(&[&fields[..], &[("code_verifier", VERIFIER)]].concat()).await
    }

    async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        self.token(&[("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", token)]).await
    }

    async fn token(&self, fields: &[(&str, &str)]) -> (StatusCode, Value) {
        let answer = self.post("/token", "", fields).await;
        (answer.status(), serde_json::from_str(answer.body()).unwrap())
    }

    async fn keys(&self) -> String {
        let url = format!("{}/jwks", self.issuer);
        self.send(Request::get(url).body(Bytes::new()).unwrap()).await.into_body()
    }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers[name].to_str().unwrap().to_owned()
}

fn refresh_token(answer: &(StatusCode, Value)) -> String {
    assert_eq!(answer.0, StatusCode::OK, "{}", answer.1);
    answer.1["refresh_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("authority.db");
    std::fs::write(folder.path().join("store-key"), [7; 32]).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let start = async || Process::start(&store, port).await;

    let process = start().await;
    let (used, waiting, keys) = (process.code().await, process.code().await, process.keys().await);
    let mut token = refresh_token(&process.exchange(&used).await);
    process.kill().await;

    // Each round kills it right after an answer that changed something.
    for _ in 0..5 {
        let process = start().await;
        let next = refresh_token(&process.refresh(&token).await);
        process.kill().await;
        token = next;
    }

    let process = start().await;
    assert_eq!(process.keys().await, keys, "tokens that are out stay good");
    let late = refresh_token(&process.exchange(&waiting).await);
    process.kill().await;

    let process = start().await;
    for code in [&used, &waiting] {
        let (status, answer) = process.exchange(code).await;
        assert_eq!((status, &answer["error"]), (StatusCode::BAD_REQUEST, &"invalid_grant".into()));
    }
    process.kill().await;

    // The second use of a code ended what it gave, for good.
    let process = start().await;
    for token in [&token, &late] {
        assert_eq!(process.refresh(token).await.1["error"], "invalid_grant");
    }
    process.kill().await;
}
