use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use ureq::tls::Certificate;

use super::answer::unit;
use super::*;
use crate::MemoryError;
use crate::http::{agent, wanted};

const KEY: &str = "sk-very-secret";

/// What the server does with a call.
enum Reply {
    /// A status, headers, a body.
    With(u16, &'static str, String),
    /// The connection is broken off.
    Broken,
    /// The connection stays open.
    Silent,
}

fn ok(body: impl Into<String>) -> Reply {
    Reply::With(200, "", body.into())
}

/// A vector for each index.
fn data(vectors: &[(usize, &[f32])]) -> Reply {
    let item = |(index, vector): &(usize, &[f32])| serde_json::json!({"index": index, "embedding": vector});
    let data: Vec<_> = vectors.iter().map(item).collect();
    ok(serde_json::json!({"object": "list", "data": data}).to_string())
}

/// A server that replies as it was told, a connection each, and then no more.
struct Scripted {
    url: String,
    asked: Receiver<(String, String)>,
}

impl Scripted {
    fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for reply in replies {
                let mut stream = listener.accept().unwrap().0;
                // INVARIANT: the call is noted before it is replied to, so that a test finds it.
                let told = sender.send(read(&stream));
                match reply {
                    Reply::With(status, headers, body) => {
                        let length = body.len();
                        let head = format!(
                            "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n"
                        );
                        // Who has given up reads no more.
                        write!(stream, "{head}{headers}\r\n{body}").ok();
                    }
                    Reply::Broken => {}
                    Reply::Silent => open.push(stream),
                }
                if told.is_err() {
                    return;
                }
            }
            // The silent stay open for as long as somebody looks.
            if !open.is_empty() {
                listener.accept().ok();
            }
        });
        Self { url, asked }
    }

    fn builder(&self) -> HttpEmbedderBuilder {
        HttpEmbedder::builder(&self.url, "tiny").dimension(2).key(KEY).back_off(Duration::ZERO)
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, String> {
        self.builder().build().unwrap().embed(texts).map_err(|error| whole(&error))
    }

    /// What was asked, call by call: the texts.
    fn texts(&self) -> Vec<serde_json::Value> {
        let body = |(_, body): (String, String)| serde_json::from_str::<serde_json::Value>(&body).unwrap();
        self.asked.try_iter().map(body).map(|mut body| body["input"].take()).collect()
    }
}

/// The head and the body of a call.
fn read(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap() > 2 {}
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

/// An error with its causes.
fn whole(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|error| format!("{error} / {error:?}")).collect::<Vec<_>>().join(" / ")
}

#[test]
fn vectors_are_in_the_order_of_the_texts_and_of_length_one() {
    let server = Scripted::new(vec![data(&[(1, &[0.0, 2.0]), (0, &[3.0, 4.0]), (2, &[0.0, 0.0])])]);
    let vectors = server.embed(&["a", "b", "c"]).unwrap();
    assert_eq!(vectors, [[0.6, 0.8], [0.0, 1.0], [0.0, 0.0]]);
    let (head, body) = server.asked.recv().unwrap();
    assert!(head.starts_with("post /v1/embeddings http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nauthorization: bearer sk-very-secret\r\n"), "{head}");
    assert!(head.contains("\r\ncontent-type: application/json\r\n"), "{head}");
    assert_eq!(body, r#"{"model":"tiny","input":["a","b","c"]}"#);
}

#[test]
fn a_server_may_leave_out_the_index() {
    let server = Scripted::new(vec![ok(r#"{"data":[{"embedding":[1,0]},{"embedding":[0,1]}]}"#)]);
    assert_eq!(server.embed(&["a", "b"]).unwrap(), [[1.0, 0.0], [0.0, 1.0]]);
}

#[test]
fn texts_go_in_batches_and_those_that_say_nothing_stay_here() {
    let one: (usize, &[f32]) = (0, &[1.0, 0.0]);
    let other: (usize, &[f32]) = (1, &[0.0, 1.0]);
    let server = Scripted::new(vec![data(&[one, other]), data(&[one])]);
    let embedder = server.builder().batch(2).build().unwrap();
    let vectors = embedder.embed(&["a", " ", "b", "", "c"]).unwrap();
    assert_eq!(vectors, [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]);
    assert_eq!(server.texts(), [serde_json::json!(["a", "b"]), serde_json::json!(["c"])]);
    assert_eq!(embedder.embed(&["\n"]).unwrap(), [[0.0, 0.0]]);
}

#[test]
fn the_dimension_is_asked_for_where_it_is_not_given() {
    let server = Scripted::new(vec![data(&[(0, &[1.0, 2.0, 2.0])])]);
    let embedder = HttpEmbedder::builder(&server.url, "tiny").build().unwrap();
    assert_eq!((embedder.dimension(), embedder.id()), (3, "tiny"));
    assert!(!server.asked.recv().unwrap().0.contains("authorization"));
}

#[test]
fn a_call_is_made_again_where_that_may_help() {
    let good = || data(&[(0, &[1.0, 0.0])]);
    let now = "retry-after: 0\r\n";
    let check = |mut replies: Vec<Reply>| {
        let calls = replies.len() + 1;
        replies.push(good());
        let server = Scripted::new(replies);
        assert_eq!(server.embed(&["a"]).unwrap(), [[1.0, 0.0]]);
        assert_eq!(server.texts(), vec![serde_json::json!(["a"]); calls]);
    };
    check(vec![Reply::With(429, now, String::new())]);
    check(vec![Reply::With(503, "", String::new()), Reply::With(500, "", String::new())]);
    check(vec![Reply::Broken]);
    // The server's word goes before what we would wait.
    let server = Scripted::new(vec![Reply::With(429, now, String::new()), good()]);
    let embedder = server.builder().back_off(Duration::from_secs(3_600)).build().unwrap();
    assert_eq!(embedder.embed(&["a"]).unwrap(), [[1.0, 0.0]]);
}

#[test]
fn a_call_is_not_made_again_for_ever() {
    let busy = || Reply::With(429, "", r#"{"error":{"message":"slow down"}}"#.to_owned());
    let server = Scripted::new(vec![busy(), busy(), busy()]);
    let embedder = server.builder().retries(2).build().unwrap();
    let error = whole(&embedder.embed(&["a"]).unwrap_err());
    assert!(error.contains("answers 429: slow down"), "{error}");
    assert_eq!(server.texts().len(), 3);
    let server = Scripted::new(vec![Reply::With(503, "retry-after: 31\r\n", String::new())]);
    let error = server.embed(&["a"]).unwrap_err();
    assert!(error.contains("asks to wait 31 s, which is more than 30 s"), "{error}");
}

#[test]
fn who_does_not_answer_in_time_is_given_up() {
    let server = Scripted::new(vec![Reply::Silent]);
    let embedder = server.builder().timeout(Duration::from_millis(50)).build().unwrap();
    let started = Instant::now();
    let error = whole(&embedder.embed(&["a"]).unwrap_err());
    assert!(error.contains("within 0.05 s: raise `timeout`"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(server.texts().len(), 1);
}

#[test]
fn a_refusal_says_what_the_server_says_and_what_helps() {
    let check = |status, body: &str, expect: &str| {
        let server = Scripted::new(vec![Reply::With(status, "", body.to_owned())]);
        let error = server.embed(&["a"]).unwrap_err();
        assert!(error.contains(expect), "{error}");
        assert!(!error.contains(KEY), "{error}");
        assert_eq!(server.texts().len(), 1, "{status} was asked again");
    };
    let told = r#"{"error":{"message":"Incorrect API key provided: sk-very-secret"}}"#;
    check(401, told, "answers 401: Incorrect API key provided: [key]; check `key`");
    check(
        404,
        r#"{"error":"model \"tiny\" not found"}"#,
        "404: model \"tiny\" not found; check the address and the model",
    );
    check(413, "", "answers 413; lower `batch`");
    check(400, &"x".repeat(10_000), &format!("answers 400: {} / ", "x".repeat(200)));
    check(302, "", "answers 302; give the address that it leads to");
}

#[test]
fn what_cannot_be_the_answer_is_refused() {
    let check = |reply: Reply, expect: &str| {
        let error = Scripted::new(vec![reply]).embed(&["a", "b"]).unwrap_err();
        assert!(error.contains("/v1/embeddings` gives no embeddings: ") && error.contains(expect), "{error}");
    };
    let good: (usize, &[f32]) = (0, &[1.0, 0.0]);
    check(data(&[good]), "1 vectors for 2 texts");
    check(data(&[good, good]), "the index 0 stands twice");
    check(data(&[good, (2, &[1.0, 0.0])]), "the index 2 stands twice, or for none of 2 texts");
    check(data(&[good, (1, &[1.0])]), "a vector has 1 numbers and not 2");
    check(data(&[good, (1, &[])]), "a vector has 0 numbers and not 2");
    check(ok(r#"{"data":[{"embedding":[1,0]},{"embedding":[1e39,0]}]}"#), "cannot be read");
    check(ok(r#"{"data":[{"embedding":[1,0]},{"embedding":[null,0]}]}"#), "cannot be read");
    check(ok("<html>"), "not the embeddings API");
    for wrong in [f32::NAN, f32::INFINITY] {
        assert!(unit(vec![1.0, wrong], 2).unwrap_err().contains("values that are no numbers"));
    }
}

#[test]
fn what_is_wrong_with_a_builder_is_named() {
    let check = |builder: HttpEmbedderBuilder, expect: &str| {
        let error = builder.dimension(2).build().unwrap_err();
        assert!(
            matches!(error, MemoryError::Invalid { .. }) && error.to_string().starts_with(expect),
            "{error}"
        );
    };
    let some = || HttpEmbedder::builder("http://127.0.0.1:1", "tiny");
    check(HttpEmbedder::builder("ftp://host/v1", "tiny"), "url: must be an address such as");
    check(HttpEmbedder::builder("localhost:11434", "tiny"), "url: must be an address such as");
    check(HttpEmbedder::builder("http://a:b@host/v1", "tiny"), "url: must not hold a user");
    check(HttpEmbedder::builder("http://host/v1", " "), "model: ");
    check(some().batch(0), "batch: must be at least 1");
    check(some().key("a\nb"), "key: has characters");
    let error = some().dimension(0).build().unwrap_err();
    assert!(error.to_string().starts_with("dimension: "), "{error}");
    let error = some().retries(0).build().unwrap_err();
    assert!(whole(&error).contains("`http://127.0.0.1:1/embeddings` cannot be reached"), "{error}");
}

#[test]
fn secrets_are_not_shown() {
    let builder =
        HttpEmbedder::builder("https://host/v1/embeddings/?token=hidden", "tiny").key(KEY).dimension(2);
    let shown = format!(
        "{builder:?} {:?}",
        HttpEmbedder::builder("http://host/v1?token=hidden", "tiny").key(KEY).dimension(2).build().unwrap()
    );
    assert!(!shown.contains(KEY) && !shown.contains("hidden"), "{shown}");
    assert!(shown.contains("http://host/v1/embeddings"), "{shown}");
}

/// A server with a certificate for `localhost` that signs itself, for one call; and that certificate.
fn encrypted() -> (String, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().to_vec();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, listener.accept().unwrap().0);
        // Who does not trust us says nothing.
        let (mut said, mut byte) = (Vec::new(), [0]);
        while !said.ends_with(b"\r\n\r\n{}") && stream.read_exact(&mut byte).is_ok() {
            said.extend(byte);
        }
        write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nseen").ok();
        stream.conn.send_close_notify();
        stream.flush().ok();
    });
    (format!("https://localhost:{port}/"), certificate)
}

#[test]
fn https_servers_are_trusted_by_their_certificate_alone() {
    let post = |url: &str, root: &[u8]| {
        let roots = [Certificate::from_der(root).to_owned()];
        let timeout = Duration::from_secs(30);
        let agent = agent(&url.parse().unwrap(), timeout, &roots);
        let (url, name) = (url.to_owned(), "it".to_owned());
        Server { agent, url, name, key: None, timeout, retries: 0, back_off: Duration::ZERO }.post(b"{}")
    };
    let (url, certificate) = encrypted();
    assert_eq!(post(&url, &certificate).unwrap(), b"seen");
    let (url, _) = encrypted();
    let error = whole(&post(&url, &certificate).unwrap_err());
    assert!(error.contains("`it` cannot be reached") && error.contains("certificate"), "{error}");
}

#[test]
fn a_server_may_ask_for_seconds_or_name_a_date() {
    let wait = |text: &'static str| wanted(&ureq::http::HeaderValue::from_static(text));
    assert_eq!(wait("7"), Some(Duration::from_secs(7)));
    assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
    assert!(wait("Wed, 21 Oct 2950 07:28:00 GMT").unwrap() > Duration::from_secs(86_400));
    assert_eq!(wait("soon"), None);
}
