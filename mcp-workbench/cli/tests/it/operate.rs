//! `mcp memory`, `mcp keys`, `mcp logs -f`, and where MCP_TOKEN goes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::json;

use crate::fixture::{Fixture, everything};
use crate::support::{Folder, eventually};

#[test]
fn a_memory_is_copied_restored_exported_held_and_erased() {
    let folder = Folder::new();
    let refused = folder.mcp(&["memory", "compact"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("name its folder with --folder"),
        "{}",
        refused.stderr
    );
    let store = |text: &str| {
        let stored = json!({ "memories": [{ "content": text }] }).to_string();
        folder.mcp(&["call", "memory", "memory_store", "--json", &stored]).good();
    };
    store("the heron lands at noon");
    folder.mcp(&["memory", "backup", "noon.bak"]).good();
    let twice = folder.mcp(&["memory", "backup", "noon.bak"]);
    assert!(twice.code == 1 && twice.stderr.contains("name a new file"), "{}", twice.stderr);
    store("written after the copy");
    assert_eq!(
        folder.mcp(&["memory", "restore", "noon.bak"]).good().json(),
        json!({ "memories": 1, "forgotten": 0 })
    );
    let exported = folder.mcp(&["memory", "export", "local", "me"]).good();
    assert!(
        exported.stdout.contains("heron") && !exported.stdout.contains("after the copy"),
        "{}",
        exported.stdout
    );
    for command in ["compact", "reindex", "reembed", "health"] {
        folder.mcp(&["memory", command]).good().json();
    }
    folder.write("policy.json", "{\"rules\":[{\"name\":\"all\",\"days\":0}]}");
    let would = folder.mcp(&["memory", "retain", "local", "policy.json", "--dry-run"]).good().json();
    assert_eq!(would["deleted"], 1);
    assert_eq!(folder.mcp(&["memory", "hold", "local", "me"]).good().json(), json!({ "held": true }));
    let held = folder.mcp(&["memory", "erase", "local", "me"]);
    assert!(held.code == 1 && held.stderr.contains("legal hold"), "{}", held.stderr);
    folder.mcp(&["memory", "release", "local", "me"]).good();
    assert_eq!(folder.mcp(&["memory", "erase", "local", "me"]).good().json()["memories"], 1);
    assert_eq!(
        folder.mcp(&["memory", "restore", "noon.bak"]).good().json(),
        json!({ "memories": 0, "forgotten": 1 })
    );
}

#[test]
fn the_stacks_memory_is_opened_with_the_key_of_its_configuration() {
    let folder = Folder::new();
    folder.write("master.key", &"ab".repeat(32));
    folder.write("mcp.yaml", "memory: { master_key_file: master.key }\n");
    folder.mcp(&["call", "memory", "memory_list"]).good();
    folder.mcp(&["memory", "health"]).good();
    folder.mcp(&["memory", "backup", "a.bak"]).good();
    folder.mcp(&["memory", "restore", "a.bak"]).good();
    let other = folder.mcp(&["memory", "health", "--folder", ".mcp/memory"]);
    assert!(other.code == 1 && other.stderr.contains("master key"), "{}", other.stderr);
}

#[test]
fn the_master_key_of_a_memory_is_changed() {
    let folder = Folder::new();
    folder.write("old.key", &"ab".repeat(32));
    folder.write("new.key", &"cd".repeat(32));
    folder.mcp(&["call", "memory", "memory_list"]).good();
    let at = ["--folder", ".mcp/memory"];
    let with = |key: &str, words: &[&str]| folder.mcp(&[words, &at, &["--master-key", key]].concat());
    let unnamed = folder.mcp(&["keys", "rotate", "old.key"]);
    assert!(unnamed.code == 1 && unnamed.stderr.contains("--folder"), "{}", unnamed.stderr);
    folder.mcp(&[&["keys", "rotate", "old.key"], &at[..]].concat()).good();
    assert!(with("old.key", &["keys", "rotate", "new.key"]).good().json()["keys"].as_u64().unwrap() > 0);
    let refused = with("old.key", &["memory", "health"]);
    assert!(refused.code == 1 && refused.stderr.contains("master key"), "{}", refused.stderr);
    with("new.key", &["memory", "health"]).good();
    let listed = with("new.key", &["keys", "list", "--json"]).good().json();
    assert_eq!(listed["memory"][0]["purpose"], "lookup", "{listed}");
}

#[test]
fn keys_sign_tokens_until_they_are_retired() {
    let folder = Folder::new();
    let none = folder.mcp(&["token", "--keys", "keys"]);
    assert!(none.code == 1 && none.stderr.contains("`mcp keys make` makes one"), "{}", none.stderr);
    let made = folder.mcp(&["keys", "make", "--json"]).good().json();
    let id = made["id"].as_str().unwrap();
    let token =
        folder.mcp(&["token", "--keys", "keys", "--audience", "https://notes.example/mcp"]).good().stdout;
    assert_eq!(token.trim().split('.').count(), 3);
    let listed = folder.mcp(&["keys", "list"]).good().stdout;
    assert!(
        listed.contains(id) && listed.contains("signs tokens (ES256)") && listed.contains("0 days"),
        "{listed}"
    );
    let private = std::fs::read_to_string(folder.path().join("keys").join(format!("{id}.pem"))).unwrap();
    let inner = private.lines().nth(1).unwrap();
    assert!(!listed.contains(inner), "never what they are");
    folder.mcp(&["keys", "retire", id]).good();
    assert!(folder.mcp(&["keys", "retire", id]).stderr.contains("there is no key"));
}

#[test]
fn following_a_log_ends_with_its_reader() {
    let folder = Folder::new();
    let log = folder.write("logs/mcp.log", "the first line\n");
    let mut child =
        folder.command(&["logs", "-f"], &[]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "the first line\n");
    std::fs::OpenOptions::new().append(true).open(log).unwrap().write_all(b"the second\n").unwrap();
    line.clear();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "the second\n");
    // Nothing more is written to the log: it has to notice by itself.
    drop(lines);
    eventually(|| child.try_wait().unwrap().is_some(), "it ends");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_token_of_the_environment_goes_to_the_stack_alone() {
    let (folder, secret) = (Folder::new(), "0123456789abcdef0123456789abcdef");
    let up = folder.up(&[], &[("JWT_SECRET", secret)]);
    let token = folder.run(&["token"], &[("JWT_SECRET", secret)], "").good().stdout.trim().to_owned();
    let url = format!("{}/mcp", up.url);
    let listed = |folder: &Folder, arguments: &[&str], variables: &[(&str, &str)]| {
        let all = [&[("MCP_TOKEN", token.as_str())], variables].concat();
        folder.run(arguments, &all, "")
    };
    // The stack of the folder, also by its URL.
    listed(&folder, &["list"], &[]).good();
    listed(&folder, &["list", &url], &[]).good();
    // From elsewhere, only where the environment says that it is the stack.
    let other = Folder::new();
    let withheld = listed(&other, &["list", &url], &[]);
    assert!(withheld.code == 1 && withheld.stderr.contains("MCP_TOKEN was not sent"), "{}", withheld.stderr);
    for variables in
        [[("MCP_URL", url.as_str())], [("MCP_URL", up.url.as_str())], [("MCP_MEMORY_URL", url.as_str())]]
    {
        listed(&other, &["list", &url], &variables).good();
    }
    assert!(listed(&other, &["list"], &[("MCP_URL", &url)]).good().stdout.contains("patterns_recommend"));
    assert!(listed(&other, &["list", "patterns"], &[("MCP_URL", &url)]).good().stdout.contains("recommend"));
    // No file decides.
    other.write("mcp.yaml", &format!("memory: {{ url: '{url}' }}\nservers: {{ theirs: {{ url: '{url}' }}, ours: {{ url: '{url}', token: '{token}' }} }}\n"));
    other.write(".env.mcp.local", &format!("MCP_URL={url}\n"));
    for name in ["memory", "theirs", "local"] {
        let withheld = listed(&other, &["list", name], &[]);
        assert!(
            withheld.code == 1 && withheld.stderr.contains("MCP_TOKEN was not sent"),
            "{name}: {}",
            withheld.stderr
        );
    }
    listed(&other, &["list", "ours"], &[]).good();
    // A server that asks for nothing gets nothing.
    let server = Fixture::serve(everything());
    listed(&other, &["list", &server.url], &[]).good();
    assert!(server.credentials().is_empty(), "{:?}", server.credentials());
    other.run(&["list", &server.url, "--token", "given"], &[], "").good();
    let sent = server.credentials();
    assert!(!sent.is_empty() && sent.iter().all(|sent| sent == "Bearer given"), "{sent:?}");
}
