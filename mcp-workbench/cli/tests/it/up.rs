//! `mcp up`, `mcp down`, `mcp logs`, `mcp serve`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use crate::support::{Folder, Up, eventually};

/// An answer of the stack to `GET`.
pub(crate) fn get(up: &Up, path: &str) -> String {
    let address = up.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_stack_is_found_counted_logged_and_ended() {
    let folder = Folder::new();
    let up = folder.up(&[], &[]);
    assert!(get(&up, "/health").contains("\"rules\":"));
    folder.mcp(&["call", "memory", "memory_list"]).good();
    let metrics = get(&up, "/metrics");
    assert!(metrics.starts_with("HTTP/1.1 200") && metrics.contains("tool=\"memory_list\""), "{metrics}");
    assert!(get(&up, "/mcp/other").starts_with("HTTP/1.1 404"));
    let second = folder.mcp(&["up", "--listen", "127.0.0.1:0"]);
    assert!(second.code == 1 && second.stderr.contains("`mcp down` ends it"), "{}", second.stderr);
    let log = folder.mcp(&["logs", "-n", "3"]).good().stdout;
    assert!(
        log.contains("what it knows is in") && log.lines().count() == 3 && !log.contains('\u{1b}'),
        "{log}"
    );
    let ended = folder.mcp(&["down"]).good();
    assert_eq!(ended.stdout, format!("the stack at {} ended\n", up.url));
    assert_eq!(up.ended(), 0);
    assert!(folder.mcp(&["down"]).good().stdout.contains("no stack runs on .mcp"));
    assert!(folder.mcp(&["logs", "memory"]).stderr.contains("there is no log"));
}

#[test]
fn who_can_be_reached_by_others_needs_credentials() {
    let folder = Folder::new();
    let refused = folder.mcp(&["up", "--listen", "0.0.0.0:0"]);
    assert!(refused.code == 1 && refused.stderr.contains("--insecure"), "{}", refused.stderr);
    let refused = folder.mcp(&["serve", "memory", "--listen", "0.0.0.0:0"]);
    assert!(refused.code == 1 && refused.stderr.contains("no credentials"), "{}", refused.stderr);
}

#[test]
fn rules_skills_and_limits_change_while_it_runs() {
    let folder = Folder::new();
    folder.write("rules.yaml", "rules: []\n");
    folder.write("skills/bees/SKILL.md", "---\nname: bees\ndescription: Keeps bees.\n---\n# Feed them\n");
    folder.write("mcp.yaml", "guardrails: { rules: [rules.yaml] }\npatterns: { skills: [skills] }\n");
    let mut up = folder.up(&[], &[]);
    let zebra = |says: &str| {
        let stored = "{\"memories\":[{\"content\":\"a zebra\"}]}";
        let called = folder.mcp(&["call", "memory", "memory_store", "--json", stored]);
        called.stdout.contains(says)
    };
    assert!(zebra("stored"));
    folder.write("rules.yaml", "rules:\n- { id: no-zebras, tool: memory_store, when: { '/**': { contains: zebra } }, then: block, message: no zebras }\n");
    up.says(&["rules were read again"]);
    assert!(zebra("no zebras"));
    folder.write("rules.yaml", "rules:\n- { id: broken, tol: x }\n");
    up.says(&["the rules stay as they were"]);
    assert!(zebra("no zebras"), "what is wrong changes nothing");
    folder.write(
        "skills/wasps/SKILL.md",
        "---\nname: wasps\ndescription: Keeps wasps away from cake.\n---\n# Cover it\n",
    );
    up.says(&["skills were read again"]);
    assert!(folder.mcp(&["recommend", "keep wasps away from cake"]).good().stdout.contains("skill:wasps"));
    // A signal is heard at once, whatever the files say.
    Command::new("kill").args(["-HUP", &up.pid().to_string()]).status().unwrap();
    up.says(&["skills were read again"]);
    folder.write("mcp.yaml", "limits: { calls_per_second: 1, burst: 1 }\nserver: { port: 9 }\n");
    up.says(&["other limits are in force"]);
    eventually(
        || folder.mcp(&["call", "memory", "memory_list"]).stderr.contains("limits.calls_per_second"),
        "a call is refused",
    );
    folder.write("mcp.yaml", "limits: { calls_per_secnd: 1 }\n");
    let said = up.says(&["the configuration stays as it was"]);
    assert!(said.contains("did you mean `calls_per_second`?"), "{said}");
}

#[test]
fn each_service_is_served_alone_too() {
    let folder = Folder::new();
    for (name, tool) in [
        ("memory", "memory_search"),
        ("guardrails", "evaluate"),
        ("patterns", "recommend"),
        ("local", "patterns_recommend"),
    ] {
        let line = format!("{} serve {name}", env!("CARGO_BIN_EXE_mcp"));
        assert!(folder.mcp(&["list", &line]).good().stdout.contains(tool), "{name}");
    }
    let wrong = folder.mcp(&["serve", "memroy"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("memory"), "{}", wrong.stderr);
}

#[test]
fn shells_and_manuals_know_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(folder.mcp(&["completions", shell]).good().stdout.contains("recommend"), "{shell}");
    }
    assert!(folder.mcp(&["man"]).good().stdout.contains(".TH mcp 1"));
    folder.mcp(&["man", "pages"]).good();
    assert!(folder.path().join("pages/mcp-flow.1").is_file());
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    let folder = Folder::new();
    let well = folder.mcp(&["doctor"]).good().stdout;
    assert!(well.contains("rules pass") && !well.contains("BAD"), "{well}");
    folder.write("rules.yaml", "rules: []\ntests:\n- { event: { tool: x }, expect: block }\n");
    folder.write("mcp.yaml", "guardrails: { rules: [rules.yaml] }\npatterns: { skills: [nowhere] }\n");
    folder.write(".env.mcp.local", "REDIS_URL=redis://:sesame@h\n");
    let ill = folder.mcp(&["doctor"]);
    assert_eq!(ill.code, 1);
    for says in ["BAD   rules", "mcp guard test", "BAD   skills", "there is no folder", "chmod 600", "sesame"]
    {
        assert_eq!(ill.stdout.contains(says), says != "sesame", "{says}: {}", ill.stdout);
    }
    std::fs::remove_file(folder.path().join("mcp.yaml")).unwrap();
    std::fs::remove_file(folder.path().join(".env.mcp.local")).unwrap();
    let _up = folder.up(&[], &[]);
    let checks = folder.mcp(&["doctor", "--json"]).good().json();
    assert!(
        checks.as_array().unwrap().iter().any(|of| of["says"].as_str().unwrap().contains("answers with")),
        "{checks}"
    );
}
