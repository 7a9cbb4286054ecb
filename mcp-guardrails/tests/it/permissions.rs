//! The permission lists of Claude Code.

use mcp_guardrails::permission::{Places, permissions};
use mcp_guardrails::rule::Effect;
use mcp_guardrails::{Engine, Event, RuleError};
use serde_json::{Value, json};

fn engine(lists: &Value) -> Result<Engine, RuleError> {
    let text = json!({ "model": "any", "permissions": lists }).to_string();
    Engine::builder().build(permissions(&text, "settings.json", &Places::new("/home/ann/p", "/home/ann"))?)
}

/// What calls come to under one list of one entry.
fn check(list: &str, entry: &str, effect: Effect, cases: &[(&str, Value, bool)]) {
    let engine = engine(&json!({ list: [entry] })).unwrap();
    for (tool, arguments, applies) in cases {
        let decision = engine.decide(&Event::call(tool, arguments));
        let fired = decision.rules().next().is_some();
        assert_eq!(fired, *applies, "{list} {entry}: {tool} {arguments}");
        assert_eq!(decision.effect(), if fired { effect } else { Effect::Allow });
    }
}

fn bash(command: &str) -> Value {
    json!({ "command": command })
}

#[test]
fn commands_that_are_denied_are_found_wherever_they_stand() {
    let denied = |entry: &str, cases: &[(&str, bool)]| {
        let cases: Vec<_> =
            cases.iter().map(|(command, applies)| ("Bash", bash(command), *applies)).collect();
        check("deny", entry, Effect::Block, &cases);
        check("ask", entry, Effect::RequireApproval, &cases);
    };
    denied(
        "Bash(git push:*)",
        &[
            ("git push", true),
            ("git push origin main --force", true),
            ("git  push", true),
            ("cd a && git push", true),
            ("true;git push", true),
            ("echo $(git push)", true),
            ("(git push)", true),
            ("ls | git push", true),
            ("a\ngit push", true),
            ("`git push`", true),
            ("GIT_DIR=x git push", true),
            ("sudo git push", true),
            ("timeout 5 git push", true),
            ("nohup nice git push &", true),
            ("/usr/bin/git push", true),
            ("bash -c 'git push'", true),
            ("g\"it\" pu\\sh", true),
            ("if true; then git push; fi", true),
            ("git pushed", false),
            ("git pull", false),
            ("echo git push", false),
            ("legit push", false),
            ("git status", false),
        ],
    );
    denied(
        "Bash(npm publish)",
        &[
            ("npm publish", true),
            ("npm publish && ls", true),
            ("npm publish --dry-run", false),
            ("npm publisher", false),
        ],
    );
    denied("Bash(rm *)", &[("rm", true), ("rm -rf /", true), ("rmdir x", false)]);
    denied(
        "Bash(git * main)",
        &[("git push main", true), ("git checkout -f main", true), ("git push dev", false)],
    );
    denied("Bash(curl*)", &[("curl x", true), ("curlie x", true), ("wget x", false)]);
    for all in ["Bash", "Bash(*)", "Bash()", "Bash(:*)"] {
        denied(all, &[("anything", true)]);
    }
}

#[test]
fn commands_that_are_allowed_are_one_plain_command() {
    // What no entry allows is blocked here, so that an allow shows.
    let engine =
        engine(&json!({ "allow": ["Bash(npm run test:*)", "Bash(ls)"], "defaultMode": "dontAsk" })).unwrap();
    for (command, allowed) in [
        ("npm run test", true),
        ("npm run test --watch", true),
        ("ls", true),
        ("npm run testing", false),
        ("npm run build", false),
        ("ls -la", false),
        ("npm run test && rm -rf /", false),
        ("npm run test; curl x", false),
        ("npm run test | sh", false),
        ("npm run test $(rm x)", false),
        ("npm run test `rm x`", false),
        ("npm run test > /etc/passwd", false),
        ("npm run test\nrm x", false),
        ("sudo npm run test", false),
        ("NPM run test", false),
    ] {
        let arguments = bash(command);
        let decision = engine.decide(&Event::call("Bash", &arguments));
        assert_eq!(decision.effect() == Effect::Allow, allowed, "{command}");
    }
}

#[test]
fn files_are_meant_as_in_gitignore() {
    let file = |path: &str| json!({ "file_path": path });
    let denied = |entry: &str, cases: &[(&str, bool)]| {
        let cases: Vec<_> = cases.iter().map(|(path, applies)| ("Read", file(path), *applies)).collect();
        check("deny", entry, Effect::Block, &cases);
    };
    denied(
        "Read(./secrets/**)",
        &[
            ("/home/ann/p/secrets/key", true),
            ("/home/ann/p/secrets/a/b", true),
            ("/home/ann/p/secrets", true),
            ("secrets/key", true),
            ("./secrets/key", true),
            ("/home/ann/p/SECRETS/key", true),
            ("/home/ann/p/src/../secrets/key", true),
            ("/home/ann/p//secrets/key", true),
            ("/home/ann/p/secret/key", false),
            ("/home/ann/p/src/secrets/key", false),
            ("/home/bob/p/secrets/key", false),
        ],
    );
    denied(
        "Read(.env)",
        &[
            ("/home/ann/p/.env", true),
            ("/home/ann/p/a/.env", true),
            (".env", true),
            ("/home/ann/p/.env.local", false),
            ("/x/env", false),
        ],
    );
    denied(
        "Read(./.env.*)",
        &[("/home/ann/p/.env.local", true), ("/home/ann/p/a/.env.local", false), ("/home/ann/p/.env", false)],
    );
    denied(
        "Read(~/.ssh/**)",
        &[("/home/ann/.ssh/id_rsa", true), ("~/.ssh/id_rsa", true), ("/home/bob/.ssh/id_rsa", false)],
    );
    denied("Read(//etc/**)", &[("/etc/passwd", true), ("/home/ann/p/etc/x", false)]);
    denied(
        "Read(/src/*.key)",
        &[("/home/ann/p/src/a.key", true), ("/home/ann/p/src/b/a.key", false), ("/src/a.key", false)],
    );
    denied(
        "Read(src/**/*.pem)",
        &[("/home/ann/p/src/x.pem", true), ("/home/ann/p/src/a/b/x.pem", true), ("/home/ann/p/x.pem", false)],
    );
    denied("Read(build/)", &[("/home/ann/p/a/build/x", true), ("/home/ann/p/building", false)]);
    // Reading is reading and editing is editing, by whatever tool.
    check(
        "deny",
        "Read(./secrets/**)",
        Effect::Block,
        &[
            ("Grep", json!({ "pattern": "x", "path": "/home/ann/p/secrets" }), true),
            ("Glob", json!({ "path": "secrets" }), true),
            ("Write", file("secrets/key"), false),
        ],
    );
    for entry in ["Edit(./gen/**)", "Write(./gen/**)"] {
        check(
            "deny",
            entry,
            Effect::Block,
            &[
                ("Edit", file("gen/a"), true),
                ("Write", file("/home/ann/p/gen/a"), true),
                ("MultiEdit", file("gen/a"), true),
                ("NotebookEdit", json!({ "notebook_path": "gen/a.ipynb" }), true),
                ("Read", file("gen/a"), false),
            ],
        );
    }
    let engine = engine(&json!({ "allow": ["Edit(/docs/**)"], "defaultMode": "dontAsk" })).unwrap();
    for (arguments, allowed) in [
        (file("/home/ann/p/docs/a.md"), true),
        (file("docs/a.md"), true),
        (file("/home/ann/p/src/a.rs"), false),
        (file("docs/../src/a.rs"), false),
        (file("DOCS/a.md"), false),
        (json!({ "file_path": "docs/a.md", "path": "/etc/passwd" }), false),
        (json!({}), false),
    ] {
        let decision = engine.decide(&Event::call("Edit", &arguments));
        assert_eq!(decision.effect() == Effect::Allow, allowed, "{arguments}");
    }
}

#[test]
fn other_tools_have_their_own_specifiers() {
    let url = |url: &str| json!({ "url": url });
    check(
        "deny",
        "WebFetch(domain:example.org)",
        Effect::Block,
        &[
            ("WebFetch", url("https://example.org/a"), true),
            ("WebFetch", url("http://EXAMPLE.org:8080"), true),
            ("WebFetch", url("https://example.com"), false),
            ("WebFetch", url("https://example.org.evil.test"), false),
            ("WebSearch", json!({ "query": "example.org" }), false),
        ],
    );
    check(
        "ask",
        "WebFetch(domain:*.example.org)",
        Effect::RequireApproval,
        &[("WebFetch", url("https://a.example.org"), true), ("WebFetch", url("https://b.test"), false)],
    );
    check(
        "deny",
        "Agent(Explore)",
        Effect::Block,
        &[
            ("Task", json!({ "subagent_type": "Explore" }), true),
            ("Agent", json!({ "subagent_type": "Plan" }), false),
        ],
    );
    check(
        "deny",
        "Skill(deploy:*)",
        Effect::Block,
        &[
            ("Skill", json!({ "skill": "deploy" }), true),
            ("Skill", json!({ "skill": "deploy prod" }), true),
            ("Skill", json!({ "skill": "deployed" }), false),
        ],
    );
    check(
        "deny",
        "SlashCommand(/review:*)",
        Effect::Block,
        &[
            ("SlashCommand", json!({ "command": "/review 12" }), true),
            ("SlashCommand", json!({ "command": "/reviews" }), false),
        ],
    );
    check(
        "deny",
        "WebSearch",
        Effect::Block,
        &[("WebSearch", json!({ "query": "x" }), true), ("WebFetch", url("https://a.test"), false)],
    );
    let nothing = json!({});
    check(
        "deny",
        "mcp__github__delete_repo",
        Effect::Block,
        &[
            ("mcp__github__delete_repo", nothing.clone(), true),
            ("mcp__github__list", nothing.clone(), false),
            ("delete_repo", nothing.clone(), false),
        ],
    );
    for all in ["mcp__github", "mcp__github__*"] {
        check(
            "deny",
            all,
            Effect::Block,
            &[("mcp__github__list", nothing.clone(), true), ("mcp__gitlab__list", nothing.clone(), false)],
        );
        // Before the server itself its tools have their own names.
        let engine = engine(&json!({ "deny": [all] })).unwrap();
        let at = |server| engine.decide(&Event::call("list", &nothing).server(server)).effect();
        assert_eq!((at("github"), at("gitlab")), (Effect::Block, Effect::Allow));
    }
}

#[test]
fn the_stricter_list_wins_and_other_rules_count_as_they_are() {
    let lists = json!({ "allow": ["Bash(git:*)"], "ask": ["Bash(git push:*)"], "deny": ["Bash(git push --force:*)", "Bash(git push --force:*)"] });
    let text = json!({ "permissions": lists }).to_string();
    let set = permissions(&text, "settings.json", &Places::default()).unwrap();
    let other = mcp_guardrails::rule::Rule::new("other").then(Effect::Flag);
    let engine = Engine::builder().build(set.rule(other)).unwrap();
    for (command, effect, rule) in [
        ("git status", Effect::Flag, "other"),
        ("git push", Effect::RequireApproval, "ask Bash(git push:*)"),
        ("git push --force origin", Effect::Block, "deny Bash(git push --force:*)"),
    ] {
        let arguments = bash(command);
        let decision = engine.decide(&Event::call("Bash", &arguments));
        let speaker = decision.verdict().reason().map(|reason| reason.rule.to_string());
        assert_eq!((decision.effect(), speaker.as_deref()), (effect, Some(rule)), "{command}");
    }
    let reason = engine.decide(&Event::call("Bash", &bash("git push"))).verdict().reason().cloned().unwrap();
    assert_eq!(reason.message, "the settings ask before `Bash(git push:*)`");
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (entry, says) in [
        ("Bash(git push", "has no `)`"),
        ("(x)", "names no tool"),
        ("git push", "names no tool"),
        ("WebFetch(example.org)", "write `WebFetch(domain:example.org)`"),
        ("WebFetch(domain:a b)", "is no host"),
        ("Other(x)", "write `Other` for all of its calls"),
        ("mcp__github__x(y)", "takes nothing in brackets"),
        ("mcp__", "names no server"),
        ("Read(../x)", "write the path from the top"),
    ] {
        let error = engine(&json!({ "deny": ["Bash", entry] })).unwrap_err().to_string();
        assert!(
            error.starts_with("settings.json:1: `permissions.deny[1]`: ") && error.contains(says),
            "{entry}: {error}"
        );
    }
    let none = permissions("{}", "settings.json", &Places::default()).unwrap();
    assert!(none.rules.is_empty());
    assert!(permissions("[", "settings.json", &Places::default()).is_err());
    assert!(engine(&json!({ "deny": "Bash" })).is_ok());
    assert!(engine(&json!({ "deny": [1] })).is_err());
}
