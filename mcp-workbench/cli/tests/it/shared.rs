//! What stacks share, and how others reach them: Redis, certificates.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::support::{Folder, eventually, leave_out};
use crate::up::get;

/// A database of the tests' own.
const REDIS: &str = "redis://127.0.0.1:6379/13";

#[test]
fn stacks_with_one_redis_share_what_guardrails_remember() {
    if TcpStream::connect("127.0.0.1:6379").is_err() {
        leave_out("Redis is not there");
        return;
    }
    // Names that no other run used: what they remember is kept for a while.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let rules = format!(
        "rules:
- {{ id: ask, tool: memory_store, when: {{ '/**': {{ contains: vault {now} }} }}, then: require_approval, message: a person has to agree }}
- {{ id: twice, tool: send, when: {{ sequence: {{ within: 10m, steps: [{{ tool: memory_list }}, {{ tool: send }}] }} }}, then: block, message: not after that }}
"
    );
    let (one, other, alone) = (Folder::new(), Folder::new(), Folder::new());
    for folder in [&one, &other, &alone] {
        folder.write("rules.yaml", &rules);
    }
    let shared = [("REDIS_URL", REDIS)];
    let _ups = [
        one.up(&["--rules", "rules.yaml"], &shared),
        other.up(&["--processes", "--rules", "rules.yaml"], &shared),
        alone.up(&["--rules", "rules.yaml"], &[]),
    ];
    // A call that waits for approval on one is approved on the other, and on none that has another store.
    let stored = format!("{{\"memories\":[{{\"content\":\"the vault {now} is open\"}}]}}");
    let store = |folder: &Folder| folder.mcp(&["call", "memory", "memory_store", "--json", &stored]);
    let refused = store(&one);
    assert!(refused.code == 1 && refused.stdout.contains("a person has to agree"), "{}", refused.stdout);
    let pending = |folder: &Folder| {
        let listed = folder.mcp(&["call", "guardrails", "list_pending"]).good().json();
        let text = listed["content"][0]["text"].as_str().map_or_else(|| listed.to_string(), str::to_owned);
        let listed: Value = serde_json::from_str(&text).unwrap();
        let pending = listed["pending"].as_array().unwrap().clone();
        pending
            .into_iter()
            .filter(|of| refused.stdout.contains(of["digest"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(pending(&alone), Vec::<Value>::new());
    let waits = pending(&other);
    assert_eq!(waits.len(), 1);
    let digest = format!("digest={}", waits[0]["digest"].as_str().unwrap());
    other.mcp(&["call", "guardrails", "approve", &digest]).good();
    assert_eq!(store(&one).good().code, 0);
    assert_eq!(store(&one).code, 1, "an approval is good once");
    // What a session did on one counts on the other.
    let evaluate = |folder: &Folder, event: &str| {
        let question = format!("{{\"event\":{{\"session\":\"{now}\",{event}}},\"remember\":true}}");
        folder.mcp(&["call", "guardrails", "evaluate", "--json", &question]).good().stdout
    };
    evaluate(&one, "\"phase\":\"call\",\"tool\":\"memory_list\",\"arguments\":{}");
    let send = "\"phase\":\"call\",\"tool\":\"send\",\"arguments\":{}";
    assert!(evaluate(&other, send).contains("not after that"));
    assert!(!evaluate(&alone, send).contains("not after that"));
}

#[test]
fn stacks_with_one_redis_share_limits() {
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    if TcpStream::connect("127.0.0.1:6379").is_err() {
        leave_out("Redis is not there");
        return;
    }
    let folders = [Folder::new(), Folder::new()];
    let variables = [("REDIS_URL", REDIS), ("JWT_SECRET", SECRET)];
    // So few that none comes back while the test runs, whoever of the two is asked.
    let ups = folders.each_ref().map(|folder| {
        folder.write("mcp.yaml", "limits: { calls_per_second: 1, burst: 100 }\n");
        folder.up(&[], &variables)
    });
    // Nobody else has this name: a bucket of Redis outlives a run.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let token = folders[0].run(&["token", "--user", &now.to_string()], &variables, "").good().stdout;
    let headers = [("Authorization", &*format!("Bearer {}", token.trim()))];
    let body = "{\"name\":\"memory_list\",\"arguments\":{}}";
    let call = |at: usize| ups[at].post("/mcp/v1/tools/call", &headers, body);
    let is_limited = |said: &str| said.contains("limits.calls_per_second");
    // Redis is connected in the background: until then each counts for itself.
    eventually(
        || ups.iter().all(|up| get(up, "/metrics").contains("\nratelimit_degraded 0\n")),
        "Redis is connected",
    );
    let mut taken = 0;
    while !is_limited(&call(0)) {
        taken += 1;
        assert!(taken < 1_000, "nothing is limited");
    }
    assert!(taken >= 50, "only {taken} were let through");
    assert!(is_limited(&call(1)), "the other stack knows");
}

#[test]
fn a_redis_that_is_not_there_refuses_and_says_so() {
    let folder = Folder::new();
    folder.write("rules.yaml", "rules:\n- { id: often, tool: memory_list, when: { count: { within: 10m, min: 1000 } }, then: block }\n");
    let mut up = folder.up(&["--rules", "rules.yaml"], &[("REDIS_URL", "redis://:sesame@127.0.0.1:1")]);
    let refused = folder.mcp(&["call", "memory", "memory_list"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("guardrails"),
        "{}{}",
        refused.stdout,
        refused.stderr
    );
    let said = up.says(&["guardrails"]);
    assert!(!said.contains("sesame"), "{said}");
}

/// A certificate of an authority, and that of a server for loopback with the one above it.
fn certificates(folder: &Folder) {
    let mut of = rcgen::CertificateParams::new(Vec::new()).unwrap();
    of.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertifiedIssuer::self_signed(of, key).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let server = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    folder.write("authority.pem", &authority.pem());
    folder.write("server.pem", &(server.pem() + &authority.pem()));
    folder.write("server.key", &key.serialize_pem());
}

#[test]
fn a_stack_with_a_certificate_is_reached_by_who_trusts_it() {
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    let folder = Folder::new();
    certificates(&folder);
    folder.write("mcp.yaml", "server: { tls: { certificate: server.pem, key: server.key } }\n");
    let up = folder.up(&[], &[("JWT_SECRET", SECRET)]);
    assert!(up.url.starts_with("https://127.0.0.1:"), "{}", up.url);
    let url = format!("{}/mcp", up.url);
    let token = folder.run(&["token"], &[("JWT_SECRET", SECRET)], "").good().stdout;
    let elsewhere = Folder::new();
    let list = |variables: &[(&str, &str)]| {
        elsewhere.run(&["list"], &[&[("MCP_URL", url.as_str())], variables].concat(), "")
    };
    let authority = folder.path().join("authority.pem");
    let trusts = ("SSL_CERT_FILE", authority.to_str().unwrap());
    let has_token = ("MCP_TOKEN", token.trim());
    assert!(list(&[trusts, has_token]).good().stdout.contains("memory_search"));
    let refused = list(&[has_token]);
    assert!(refused.code == 1 && refused.stderr.to_lowercase().contains("certificate"), "{}", refused.stderr);
    assert_eq!(list(&[trusts]).code, 1, "a certificate is no token");
    // Who runs it trusts its certificate, wherever else that is known.
    folder.run(&["call", "memory", "memory_list"], &[("JWT_SECRET", SECRET)], "").good();
    // In the clear nothing is answered.
    let mut stream = TcpStream::connect(up.url.strip_prefix("https://").unwrap()).unwrap();
    write!(stream, "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // It may be closed in the middle of it.
    let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
    assert!(!String::from_utf8_lossy(&answer).contains("200"), "{answer:?}");
    // A key that is not that of the certificate, or none.
    for (key, says) in [("authority.pem", "key"), ("nowhere.key", "nowhere.key")] {
        let wrong = Folder::new();
        certificates(&wrong);
        wrong.write("mcp.yaml", &format!("server: {{ tls: {{ certificate: server.pem, key: {key} }} }}\n"));
        let refused = wrong.mcp(&["up", "--listen", "127.0.0.1:0"]);
        assert!(refused.code == 1 && refused.stderr.contains(says), "{key}: {}", refused.stderr);
    }
}
