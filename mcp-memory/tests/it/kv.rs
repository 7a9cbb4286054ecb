//! Cloudflare KV: with Cloudflare's own simulator, and with a server that says what the simulator never does.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use mcp_memory::sync::{CloudflareKv, Entry, Put, Remote as _, erase_remote};
use mcp_memory::{Access, Draft, Edit, MasterKey, Memory, Scope, Search, Tenant};

use crate::support::leave_out;

const KEY: MasterKey = MasterKey::new([9; 32]);

/// Serves a namespace until its input ends, and prints where.
const WORKER: &str = r#"
import { Miniflare } from "miniflare";
const script = "export default { fetch() { return new Response('') } }";
const options = { modules: true, script, kvNamespaces: { KV: "abc123" }, unsafeLocalExplorer: true, port: 0, host: "127.0.0.1" };
const miniflare = new Miniflare(options);
console.log((await miniflare.ready).href);
process.stdin.resume().on("end", async () => { await miniflare.dispose(); process.exit(0); });
"#;

struct Miniflare {
    process: Child,
    api: String,
    _folder: tempfile::TempDir,
}

impl Miniflare {
    /// Nothing where `MCP_TEST_MINIFLARE` names no folder with it (`scripts/tools miniflare` has one).
    fn start() -> Option<Self> {
        let Some(modules) = std::env::var_os("MCP_TEST_MINIFLARE") else {
            leave_out(
                "MCP_TEST_MINIFLARE names no folder with miniflare (`scripts/tools miniflare` has one)",
            );
            return None;
        };
        let folder = tempfile::tempdir_in(modules).unwrap();
        let script = folder.path().join("kv.mjs");
        std::fs::write(&script, WORKER).unwrap();
        let mut node = Command::new("node");
        let mut process = node.arg(&script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let api = format!("{}cdn-cgi/explorer/api", line.trim());
        Some(Self { process, api, _folder: folder })
    }

    fn kv(&self) -> CloudflareKv {
        CloudflareKv::builder("unused", "abc123").api(&self.api).build().unwrap()
    }
}

impl Drop for Miniflare {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().ok();
    }
}

fn place(user: &str) -> (tempfile::TempDir, Memory, Tenant) {
    let folder = tempfile::tempdir().unwrap();
    let memory = Memory::open(folder.path()).unwrap();
    let tenant = memory.of(Access::new("acme", user));
    (folder, memory, tenant)
}

#[test]
fn two_places_meet_at_cloudflare_kv() {
    let Some(miniflare) = Miniflare::start() else { return };
    let kv = miniflare.kv();
    let (_here, _, a) = place("ann");
    let (_there, _, b) = place("ann");
    let drafts = (0..230).map(|number| Draft::new(format!("Ann keeps fact number {number}"))).collect();
    let stored = a.store_all(&Scope::Private, drafts).unwrap();
    assert_eq!(a.sync(&Scope::Private, &kv, &KEY).unwrap().pushed, 230);
    // Read back as anybody with the account can: nothing is told.
    let listed = kv.list("").unwrap();
    assert_eq!(listed.len(), 230);
    let value = kv.read(std::slice::from_ref(&listed[0].key)).unwrap().remove(0).unwrap();
    assert!(!value.windows(4).any(|part| part == b"Ann " || part == b"fact"));

    assert_eq!(b.sync(&Scope::Private, &kv, &KEY).unwrap().pulled, 230);
    assert_eq!(
        b.search(&Search::new("fact number 77")).unwrap().hits[0].record.content,
        "Ann keeps fact number 77"
    );
    // The last writer by version stands.
    let id = stored[0].id;
    let edit = |text: &str| {
        let mut edit = Edit::default();
        edit.content = Some(text.into());
        edit
    };
    b.update(&id, edit("twice: 1")).unwrap();
    b.update(&id, edit("twice: 2")).unwrap();
    a.update(&id, edit("once")).unwrap();
    b.delete(&stored[1].id).unwrap();
    assert_eq!(a.sync(&Scope::Private, &kv, &KEY).unwrap().pushed, 1);
    let synced = b.sync(&Scope::Private, &kv, &KEY).unwrap();
    assert_eq!((synced.pushed, synced.conflicts, synced.deleted_there), (1, 1, 1));
    let synced = a.sync(&Scope::Private, &kv, &KEY).unwrap();
    assert_eq!((synced.pulled, synced.deleted_here), (1, 1));
    assert_eq!(a.get(&id).unwrap().0.content, "twice: 2");

    // Somebody else, with the same namespace and key.
    let (_folder, _, bob) = place("bob");
    bob.store(&Scope::Private, Draft::new("Bob's")).unwrap();
    let synced = bob.sync(&Scope::Private, &kv, &KEY).unwrap();
    assert_eq!((synced.pulled, synced.pushed), (0, 1));
    assert_eq!(erase_remote(&kv, &KEY, "acme", "ann").unwrap(), 230);
    assert_eq!(kv.list("").unwrap().len(), 1);
}

#[test]
fn a_memory_that_was_erased_leaves_the_remote_too() {
    let Some(miniflare) = Miniflare::start() else { return };
    let kv = miniflare.kv();
    let (_here, memory, a) = place("ann");
    let (_there, _, b) = place("ann");
    a.store(&Scope::Private, Draft::new("forget me")).unwrap();
    a.sync(&Scope::Private, &kv, &KEY).unwrap();
    b.sync(&Scope::Private, &kv, &KEY).unwrap();
    memory.erase("acme", "ann").unwrap();
    assert_eq!(a.sync(&Scope::Private, &kv, &KEY).unwrap().deleted_there, 1);
    assert_eq!(b.sync(&Scope::Private, &kv, &KEY).unwrap().deleted_here, 1);
    assert!(b.search(&Search::new("forget")).unwrap().hits.is_empty());
}

/// Replies as it was told, a connection each, and notes what was asked: the request line, the headers, the body.
fn scripted(
    replies: &'static [(u16, &'static str, &'static str)],
) -> (CloudflareKv, Receiver<(String, String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}/accounts/me", listener.local_addr().unwrap());
    let (asked, told) = channel();
    thread::spawn(move || {
        for (status, headers, body) in replies {
            let mut stream = listener.accept().unwrap().0;
            asked.send(request(&stream)).ok();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
            );
            write!(stream, "{head}{body}").ok();
        }
    });
    let kv = CloudflareKv::builder("x", "ns1").api(api).token("t0ken-secret").build().unwrap();
    (kv, told)
}

fn request(stream: &TcpStream) -> (String, String, String) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut headers, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (first, headers, String::from_utf8(body).unwrap())
}

fn put() -> Put {
    Put { entry: Entry { key: "a/b".into(), mark: "1.2.m.0".into() }, value: b"xyz".to_vec() }
}

#[test]
fn many_are_written_and_removed_at_once_where_that_is_offered() {
    let ok = r#"{"success":true,"errors":[],"result":{}}"#;
    let replies: &'static [_] = Box::leak(Box::new([(200, "", ok), (200, "", ok)]));
    let (kv, asked) = scripted(replies);
    kv.write(&[put(), put()]).unwrap();
    kv.remove(&["a/b".into()]).unwrap();
    let (first, headers, body) = asked.recv().unwrap();
    assert!(first.starts_with("PUT /accounts/me/storage/kv/namespaces/ns1/bulk HTTP"), "{first}");
    assert!(
        headers.to_ascii_lowercase().contains(concat!("authorization: bearer ", "t0ken-secret")),
        "{headers}"
    );
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let pair = serde_json::json!({ "key": "a/b", "value": "eHl6", "metadata": { "mark": "1.2.m.0" } });
    assert_eq!(body, serde_json::json!([pair, pair]));
    let (first, _, body) = asked.recv().unwrap();
    assert!(first.starts_with("POST /accounts/me/storage/kv/namespaces/ns1/bulk/delete HTTP"), "{first}");
    assert_eq!(body, r#"["a/b"]"#);
}

#[test]
fn a_list_is_read_to_its_end_and_strangers_are_let_by() {
    let (kv, asked) = scripted(&[
        (
            200,
            "",
            r#"{"result":[{"name":"k1","metadata":{"mark":"1.1.m.0"}},{"name":"other"}],"result_info":{"cursor":"c/1"}}"#,
        ),
        (
            200,
            "",
            r#"{"result":[{"name":"k2","metadata":{"mark":"2.1.m.0"}},{"name":"x","metadata":{"y":1}}],"result_info":{"cursor":""}}"#,
        ),
    ]);
    let keys: Vec<String> = kv.list("k").unwrap().into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, ["k1", "k2"]);
    assert!(asked.recv().unwrap().0.contains("prefix=k&cursor= "));
    assert!(asked.recv().unwrap().0.contains("cursor=c%2F1 "));
}

#[test]
fn a_busy_remote_is_asked_again_and_a_refusal_says_what_would_help() {
    let (kv, asked) = scripted(&[
        (429, "retry-after: 0\r\n", ""),
        (503, "retry-after: 0\r\n", ""),
        (200, "", r#"{"result":[]}"#),
        (403, "", r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}"#),
        (429, "retry-after: 3600\r\n", ""),
        (200, "", "no JSON"),
    ]);
    assert!(kv.list("k").unwrap().is_empty());
    assert_eq!(asked.try_iter().count(), 3);
    for expect in ["Authentication error; check the token", "try again later", "is none of the API's"] {
        let error = kv.list("k").unwrap_err().to_string();
        assert!(error.contains(expect) && !error.contains("t0ken"), "{error}");
    }
    assert!(!format!("{kv:?}").contains("t0ken"));
    for wrong in ["", "a/b", "ns?"] {
        assert!(CloudflareKv::builder("a", wrong).build().is_err());
    }
    assert!(CloudflareKv::builder("a", "b").api("ftp://x").build().is_err());
}
