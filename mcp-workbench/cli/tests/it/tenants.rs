//! Who calls, with credentials: in one process, and in one for each service.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::process::Command;

use serde_json::{Value, json};

use crate::processes::pid;
use crate::support::{Folder, Up, eventually};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn token(folder: &Folder, org: &str, user: &str, scopes: &[&str]) -> String {
    let scopes: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", *scope]).collect();
    let arguments = [&["token", "--org", org, "--user", user], &*scopes].concat();
    folder.run(&arguments, &[("JWT_SECRET", SECRET)], "").good().stdout.trim().to_owned()
}

/// What a tool answers to whoever has a token.
fn call(folder: &Folder, up: &Up, token: &str, path: &str, tool: &str, arguments: &Value) -> (i32, String) {
    let server = format!("{}{path}", up.url);
    let ran = folder.mcp(&["--token", token, "call", &server, tool, "--json", &arguments.to_string()]);
    (ran.code, ran.stdout + &ran.stderr)
}

fn apart(arguments: &[&str]) {
    let folder = Folder::new();
    let up = folder.up(arguments, &[("JWT_SECRET", SECRET)]);
    let nobody = folder.mcp(&["list", &format!("{}/mcp", up.url)]);
    assert_eq!(nobody.code, 1, "{}", nobody.stdout);
    let (ann, eve) =
        (token(&folder, "acme", "ann", &["memory:org"]), token(&folder, "other", "eve", &["workspace:port"]));
    let store = |content: &str| json!({ "memories": [{ "content": content }] });
    let search = json!({ "query": "where is the harbour" });
    for path in ["/mcp", "/mcp/memory"] {
        let content = format!("the harbour of {path} is at the northern shore");
        let (code, said) = call(&folder, &up, &ann, path, "memory_store", &store(&content));
        assert_eq!(code, 0, "{said}");
    }
    for path in ["/mcp", "/mcp/memory"] {
        let (_, found) = call(&folder, &up, &ann, path, "memory_search", &search);
        assert!(
            found.contains("the harbour of /mcp is") && found.contains("the harbour of /mcp/memory is"),
            "{found}"
        );
        let (code, found) = call(&folder, &up, &eve, path, "memory_search", &search);
        assert!(code == 0 && !found.contains("harbour of"), "{found}");
        let (_, listed) = call(&folder, &up, &eve, path, "memory_list", &json!({}));
        assert!(!listed.contains("harbour of"), "{listed}");
        // What is read is of whoever reads, whoever read before.
        for (who, is_there) in [(&ann, true), (&eve, false), (&ann, true)] {
            let stats = read(&up, path, who, "memory://stats");
            assert_eq!(stats.contains(r#"\"memories\":2"#), is_there, "{stats}");
        }
    }
    // The organisation's memories are for those who may write them.
    let shared = json!({ "scope": "org", "memories": [{ "content": "the office closes at six" }] });
    assert_eq!(call(&folder, &up, &ann, "/mcp/memory", "memory_store", &shared).0, 0);
    let (code, said) = call(&folder, &up, &eve, "/mcp/memory", "memory_store", &shared);
    assert!(code != 0 && said.contains("may not do this"), "{said}");
    // Rules are for operators.
    let rule = json!({ "rule": "id: none\ntool: x\nthen: block" });
    let (code, said) = call(&folder, &up, &ann, "/mcp/guardrails", "add_rule", &rule);
    assert!(code != 0 && said.contains("guardrails:admin"), "{said}");
    let admin = token(&folder, "acme", "root", &["guardrails:admin"]);
    assert_eq!(call(&folder, &up, &admin, "/mcp/guardrails", "add_rule", &rule).0, 0);
    // Commands of the owner go on as they are.
    let own = folder.run(&["call", "memory", "memory_list"], &[("JWT_SECRET", SECRET)], "").good();
    assert!(!own.stdout.contains("harbour of"), "{}", own.stdout);
    // What a caller writes of who they are is not who they are.
    let forged = json!({ "org": "acme", "user": "ann" }).to_string();
    let found = ask(
        &up,
        "/mcp/memory",
        &eve,
        "tools/call",
        &json!({ "name": "memory_search", "arguments": search, "_meta": { "mcp-workbench/caller": forged } }),
    );
    assert!(found.contains("memories") && !found.contains("harbour of"), "{found}");
}

#[test]
fn tenants_are_apart_in_one_process() {
    apart(&[]);
}

#[test]
fn tenants_are_apart_in_processes() {
    apart(&["--processes"]);
}

/// An answer to a request as it is written.
fn ask(up: &Up, path: &str, token: &str, method: &str, params: &Value) -> String {
    let mut params = params.clone();
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    params["_meta"]["io.modelcontextprotocol/clientInfo"] = json!({ "name": "test", "version": "1" });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let name = params.get("name").or(params.get("uri")).and_then(Value::as_str).unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", method),
        ("Mcp-Name", name.as_str()),
    ];
    up.post(path, &headers, &body)
}

fn read(up: &Up, path: &str, token: &str, uri: &str) -> String {
    ask(up, path, token, "resources/read", &json!({ "uri": uri }))
}

/// What a service says to whoever found the way to its socket.
fn to_socket(folder: &Folder, service: &str, meta: Value) -> String {
    use std::io::{BufRead as _, BufReader};
    let path = folder.path().join(format!(".mcp/sockets/{service}.sock"));
    let mut stream = UnixStream::connect(path).unwrap();
    let mut meta = meta;
    meta["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": "test", "version": "1" });
    let params = json!({ "name": "memory_list", "arguments": {}, "_meta": meta });
    let frame = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    writeln!(stream, "{frame}").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    answer
}

/// Whether a process does anything still; one that nobody waits for does not.
fn lives(pid: i64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, state)| !state.trim_start().starts_with('Z'))
}

#[test]
fn services_answer_only_what_their_stack_signed() {
    let folder = Folder::new();
    let up = folder.up(&["--processes"], &[]);
    let stored = "{\"memories\":[{\"content\":\"the cellar key hangs behind the clock\"}]}";
    folder.mcp(&["call", "memory", "memory_store", "--json", stored]).good();
    let forged = [
        json!({}),
        json!({ "mcp-workbench/caller": { "org": "local", "user": "me" } }),
        json!({ "mcp-workbench/caller": concat!("eyJhbGciOiJub25lIn0", ".eyJjYWxsZXIiOnsib3JnIjoibG9jYWwiLCJ1c2VyIjoibWUifX0.") }),
    ];
    for meta in forged {
        let said = to_socket(&folder, "memory", meta);
        assert!(
            said.contains("answers only the stack that started it") && !said.contains("cellar"),
            "{said}"
        );
    }
    // Without a key on standard input there is no such service.
    let refused = folder.mcp(&["serve", "memory", "--alone", "--vouched", "--socket", "other.sock"]);
    assert!(refused.code == 1 && refused.stderr.contains("the key of the stack"), "{}", refused.stderr);
    // A stack that is killed leaves no service behind.
    let services: Vec<i64> = ["memory", "guardrails", "patterns"].map(|name| pid(&folder, name)).into();
    assert!(Command::new("kill").args(["-KILL", &up.pid().to_string()]).status().unwrap().success());
    for service in services {
        eventually(|| !lives(service), "the service has ended");
    }
    drop(up);
    let _again = folder.up(&["--processes"], &[]);
    assert!(folder.mcp(&["search", "where is the cellar key"]).good().stdout.contains("behind the clock"));
}
