//! `mcp guard` as people and Claude Code run it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Folder, Ran};

const RULES: &str = "
rules:
- { id: no-push, tool: Bash, when: { /command: { contains: git push } }, then: require_approval, message: may it push? }
- { id: no-rm, tool: Bash, when: { /command: { contains: rm -rf } }, then: block, message: remove files one by one }
tests:
- { event: { tool: Bash, arguments: { command: rm -rf / } }, expect: block, rule: no-rm }
";
const SKILLS: &str = r#"{ "version": "1.0", "skills": { "forms": { "type": "guardrail", "enforcement": "block", "priority": "critical",
    "promptTriggers": { "keywords": ["form", "useForm"] },
    "fileTriggers": { "pathPatterns": ["**/*.tsx"] }, "blockMessage": "use the skill forms before {file_path}",
    "skipConditions": { "sessionSkillUsed": true, "envOverride": "SKIP_FORMS" } } } }"#;

fn mcp(folder: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp"));
    Ran::of(command.arg("guard").args(arguments).current_dir(folder).env_remove("SKIP_FORMS"), input)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("rules.yaml", RULES),
        ("next.yaml", "rules: [{ id: all, tool: Bash, then: block }]"),
        ("broken.yaml", "rules:\n- { id: a, tol: x, then: block }"),
        ("failing.yaml", "rules: []\ntests:\n- { event: { tool: x }, expect: block }"),
        ("skill-rules.json", SKILLS),
        (
            "settings.json",
            r#"{ "permissions": { "deny": ["Read(./secrets/**)"], "ask": ["Bash(git push:*)"] } }"#,
        ),
        (
            "log.jsonl",
            "{\"tool\":\"Bash\",\"arguments\":{\"command\":\"ls\"}}\n{\"tool\":\"Bash\",\"arguments\":{\"command\":\"rm -rf x\"}}\n",
        ),
        ("prompts.txt", "a form of art\nthe weather\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn hooks_are_answered_as_claude_code_expects() {
    let folder = folder();
    let ask = |event: &str, more: Value, arguments: &[&str]| {
        let mut input = json!({ "session_id": "s", "transcript_path": "/t", "cwd": "/p", "permission_mode": "default", "hook_event_name": event });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let all = [
            &["hook", "--state", "state", "--skills", "skill-rules.json", "--rules", "rules.yaml"],
            arguments,
        ]
        .concat();
        mcp(folder.path(), &all, &input.to_string())
    };
    let bash = |command: &str| json!({ "tool_name": "Bash", "tool_input": { "command": command } });

    let blocked = ask("PreToolUse", bash("rm -rf /"), &[]);
    assert_eq!(
        (blocked.code, blocked.stdout.as_str(), blocked.stderr.as_str()),
        (2, "", "remove files one by one\n")
    );
    let asked = ask("PreToolUse", bash("git push"), &[]);
    let said: Value = serde_json::from_str(&asked.stdout).unwrap();
    assert_eq!((asked.code, &said["hookSpecificOutput"]["permissionDecision"]), (0, &json!("ask")));
    let passed = ask("PreToolUse", bash("ls"), &[]);
    assert_eq!((passed.code, passed.stdout.as_str(), passed.stderr.as_str()), (0, "", ""));

    let prompt = ask("UserPromptSubmit", json!({ "prompt": "add useForm here" }), &[]);
    assert_eq!((prompt.code, prompt.stdout.contains("forms")), (0, true));
    let quiet = ask("UserPromptSubmit", json!({ "prompt": "dance is a form of art" }), &[]);
    assert_eq!((quiet.code, quiet.stdout.as_str()), (0, ""));
    let loose = ask("UserPromptSubmit", json!({ "prompt": "more information" }), &["--anywhere"]);
    assert!(loose.stdout.contains("forms"));

    // A file needs its skill, which is remembered from one process to the next.
    let edit = || {
        ask(
            "PreToolUse",
            json!({ "tool_name": "Write", "tool_input": { "file_path": "a.tsx", "content": "x" } }),
            &[],
        )
    };
    let refused = edit();
    assert_eq!((refused.code, refused.stderr.as_str()), (2, "use the skill forms before a.tsx\n"));
    assert_eq!(
        ask("PreToolUse", json!({ "tool_name": "Skill", "tool_input": { "skill": "forms" } }), &[]).code,
        0
    );
    assert_eq!(edit().code, 0);
    assert!(folder.path().join("state/skills-used-s.json").exists());

    let denied = ask(
        "PreToolUse",
        json!({ "tool_name": "Read", "tool_input": { "file_path": "secrets/key" } }),
        &["--permissions", "settings.json"],
    );
    assert_eq!((denied.code, denied.stderr.as_str()), (2, "the settings deny `Read(./secrets/**)`\n"));
    let shown = ask("PreToolUse", bash("rm -rf /"), &["--json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown, json!({ "stdout": "", "stderr": "remove files one by one\n", "code": 2 }));

    // Rules that cannot be used let nothing through, unless they are told to.
    let broken = ask("PreToolUse", bash("ls"), &["--rules", "broken.yaml"]);
    assert_eq!(broken.code, 2);
    assert!(
        broken.stderr.contains("broken.yaml:2") && broken.stderr.contains("did you mean `tool`?"),
        "{}",
        broken.stderr
    );
    assert_eq!(ask("PreToolUse", bash("ls"), &["--rules", "broken.yaml", "--fail-open"]).code, 1);
    assert_eq!(mcp(folder.path(), &["hook", "--rules", "rules.yaml"], "{").code, 1);
}

/// What Claude Code writes to each of its hooks.
fn hook(event: &str, mut more: Value) -> String {
    let mut input = json!({
        "session_id": "0c5a1f0e-7a51-4d0e-9d0c-8a5b1c3f2e11",
        "transcript_path": "/home/ann/.claude/projects/p/0c5a1f0e.jsonl",
        "cwd": "/home/ann/p",
        "permission_mode": "default",
        "hook_event_name": event
    });
    input.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
    input.to_string()
}

#[test]
fn hooks_are_answered_by_the_rules_of_a_stack_that_runs() {
    let folder = Folder::new();
    folder.write(
        "rules.yaml",
        "
rules:
- { id: no-rm, tool: Bash, when: { /command: { contains: rm -rf } }, then: block, message: remove files one by one }
- { id: ask-push, tool: Bash, when: { /command: { contains: git push } }, then: require_approval, message: may it push? }
- { id: no-prod, phase: prompt, when: { prompt: { contains: drop production } }, then: block, message: not on production }
- { id: read-then-send, tool: WebFetch, when: { sequence: { within: 10m, steps: [{ tool: Read, when: { /file_path: { path_glob: '**/.env' } } }, { tool: WebFetch }] } }, then: block, message: not after secrets were read }
- { id: no-key, phase: result, when: { detector: secrets, min_score: 0.8 }, then: block, message: the output holds a credential }
- { id: no-mail, tool: Post, when: { detector: pii }, then: redact, message: no addresses }
- { id: no-mail-in, phase: prompt, when: { detector: pii }, then: redact }
- { id: marked, phase: prompt, when: { prompt: { contains: production } }, then: flag, message: production is named }
- { id: generated, phase: file, when: { file/path: { path_glob: '**/generated/**' } }, then: block, message: do not edit what is generated }
",
    );
    let up = folder.up(&["--rules", "rules.yaml"], &[]);
    let url = format!("{}/mcp/guardrails", up.url);
    let ask = |event: &str, more: Value| {
        let ran = folder.run(&["guard", "hook", "--url", &url], &[], &hook(event, more));
        (ran.code, ran.stdout, ran.stderr)
    };
    let bash = |command: &str| json!({ "tool_name": "Bash", "tool_input": { "command": command, "description": "x" } });
    let goes_on = (0, String::new(), String::new());
    let blocks = |why: &str| (2, String::new(), format!("{why}\n"));

    assert_eq!(ask("UserPromptSubmit", json!({ "prompt": "review my change" })), goes_on);
    assert_eq!(
        ask("UserPromptSubmit", json!({ "prompt": "drop production tables" })),
        blocks("not on production")
    );
    let marked = (0, "production is named\n".to_owned(), String::new());
    assert_eq!(ask("UserPromptSubmit", json!({ "prompt": "look at production" })), marked);
    assert_eq!(ask("PreToolUse", bash("ls -la")), goes_on);
    assert_eq!(ask("PreToolUse", bash("rm -rf /")), blocks("remove files one by one"));
    let (code, stdout, _) = ask("PreToolUse", bash("git push"));
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(
        (code, said),
        (
            0,
            json!({ "hookSpecificOutput": { "hookEventName": "PreToolUse", "permissionDecision": "ask", "permissionDecisionReason": "may it push?" } })
        )
    );
    let post = json!({ "tool_name": "Post", "tool_input": { "text": concat!("to ann", "@example.org") } });
    let (code, stdout, _) = ask("PreToolUse", post);
    let said: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &said["hookSpecificOutput"]["updatedInput"]), (0, &json!({ "text": "to [redacted]" })));
    assert_eq!(
        ask("UserPromptSubmit", json!({ "prompt": concat!("mail ann", "@example.org") })),
        blocks("rule `no-mail-in` takes something out of this, which no hook can")
    );
    let response = |stdout: &str| json!({ "tool_name": "Bash", "tool_input": { "command": "env" }, "tool_response": { "stdout": stdout, "stderr": "", "interrupted": false, "isImage": false } });
    assert_eq!(ask("PostToolUse", response("PATH=/bin")), goes_on);
    assert_eq!(
        ask("PostToolUse", response(concat!("KEY=ghp_", "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R"))),
        blocks("the output holds a credential")
    );
    let write = json!({ "tool_name": "Write", "tool_input": { "file_path": "/home/ann/p/generated/a.rs", "content": "x" } });
    assert_eq!(ask("PreToolUse", write), blocks("do not edit what is generated"));
    // A session is remembered between hooks, though each is a process.
    let fetch =
        json!({ "tool_name": "WebFetch", "tool_input": { "url": "https://example.com", "prompt": "x" } });
    assert_eq!(ask("PreToolUse", fetch.clone()), goes_on);
    let read = json!({ "tool_name": "Read", "tool_input": { "file_path": "/home/ann/p/.env" } });
    assert_eq!(ask("PreToolUse", read), goes_on);
    assert_eq!(ask("PreToolUse", fetch), blocks("not after secrets were read"));
    assert_eq!(ask("Stop", json!({ "stop_hook_active": false })), goes_on);

    // Guardrails that cannot be asked let nothing through, unless they are told to; Stop needs none.
    drop(up);
    let gone = ask("PreToolUse", bash("ls"));
    assert!(gone.0 == 2 && gone.2.contains("cannot connect to http://127.0.0.1"), "{gone:?}");
    let open = ["guard", "hook", "--url", &url, "--fail-open"];
    assert_eq!(folder.run(&open, &[], &hook("PreToolUse", bash("ls"))).code, 1);
    assert_eq!(ask("Stop", json!({ "stop_hook_active": true })), goes_on);
    let both = folder.run(&["guard", "hook", "--url", &url, "--pack", "mass-delete"], &[], "{}");
    assert!(both.code == 2 && both.stderr.contains("cannot be used with"), "{}", both.stderr);
}

#[test]
fn rules_are_tested_linted_explained_and_simulated() {
    let folder = folder();
    let run = |arguments: &[&str]| mcp(folder.path(), arguments, "");
    let tested = run(&["test", "--rules", "rules.yaml", "--pack", "mass-delete"]);
    assert_eq!((tested.code, tested.stdout.lines().count()), (0, 3), "{}", tested.stdout);
    let failing = run(&["test", "--rules", "failing.yaml", "--json"]);
    let report: Value = serde_json::from_str(&failing.stdout).unwrap();
    assert_eq!((failing.code, &report[0]["tests"]), (1, &json!(1)));
    assert!(report[0]["error"].as_str().unwrap().contains("expects block"));

    let linted =
        run(&["lint", "--skills", "skill-rules.json", "--rules", "next.yaml", "--prompts", "prompts.txt"]);
    assert_eq!(linted.code, 0);
    assert!(
        linted.stdout.contains("common word") && linted.stdout.contains("no `tests`"),
        "{}",
        linted.stdout
    );
    assert!(linted.stdout.ends_with("0 of 2 prompts activate a skill\n"), "{}", linted.stdout);
    assert_eq!(run(&["lint", "--rules", "next.yaml", "--check"]).code, 1);
    assert_eq!(run(&["lint", "--rules", "rules.yaml", "--check"]).code, 0);

    let event = r#"{"tool":"Bash","arguments":{"command":"rm -rf /"}}"#;
    let explained = run(&["explain", "--rules", "rules.yaml", event]);
    assert!(
        explained.stdout.starts_with("block by `no-rm`: remove files one by one\n  no-rm: applies (block)\n"),
        "{}",
        explained.stdout
    );
    let piped = mcp(folder.path(), &["explain", "--rules", "rules.yaml", "--json", "-"], event);
    let report: Value = serde_json::from_str(&piped.stdout).unwrap();
    assert_eq!((&report["verdict"], &report["rule"]), (&json!("block"), &json!("no-rm")));

    let simulated = run(&["simulate", "--rules", "rules.yaml", "--next", "next.yaml", "log.jsonl"]);
    assert_eq!(simulated.code, 0);
    assert_eq!(
        simulated.stdout,
        "line 1, `Bash`: allow becomes block by `all`\n2 events: 1 stopped now, 2 then\n"
    );
    let checked =
        run(&["simulate", "--rules", "rules.yaml", "--next", "next.yaml", "log.jsonl", "--check", "--json"]);
    let report: Value = serde_json::from_str(&checked.stdout).unwrap();
    assert_eq!((checked.code, &report["stopped_then"]), (1, &json!(2)));
}

#[test]
fn what_is_wrong_is_named() {
    let folder = folder();
    for (arguments, code, says) in [
        (&["test"][..], 1, "no rules: name some with --rules"),
        (&["test", "--rules", "none.yaml"], 1, "cannot read rules `none.yaml`"),
        (&["test", "--pack", "mas-delete"], 1, "did you mean `mass-delete`?"),
        (&["test", "--rules", "broken.yaml"], 1, "broken.yaml:2"),
        (&["explain", "--rules", "rules.yaml", "{\"tol\":1}"], 1, "did you mean `tool`?"),
        (&["simulate", "--rules", "rules.yaml", "--next", "next.yaml", "none.jsonl"], 1, "none.jsonl"),
        (&["simulate", "--rules", "rules.yaml", "log.jsonl"], 2, "--next"),
    ] {
        let ran = mcp(folder.path(), arguments, "");
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(says), "{arguments:?}: {}", ran.stderr);
    }
}
