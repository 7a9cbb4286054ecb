//! `mcp.yaml`, the environment, and `mcp config`.

use serde_json::json;

use crate::support::Folder;

#[test]
fn mistakes_are_told_with_line_and_what_was_meant() {
    let folder = Folder::new();
    folder.write(
        "mcp.yaml",
        "# mine\nsever:\n  port: 1\nserver:\n  port: many\nlimits:\n  calls_per_second: 0\nlogging: { format: jsn }\nservers:\n  a: { url: x, tokn: y }\n",
    );
    let refused = folder.mcp(&["config", "check"]);
    assert_eq!(refused.code, 1);
    for says in [
        "mcp.yaml:2: `sever` is not known; did you mean `server`?",
        "mcp.yaml:5: `server.port` must be a whole number",
        "mcp.yaml:7: `limits.calls_per_second` must be at least 1",
        "mcp.yaml:8: `logging.format` must be one of `text`, `json`; did you mean `json`?",
        "mcp.yaml:10: `servers.a.tokn` is not known; did you mean `token`?",
    ] {
        assert!(refused.stderr.contains(says), "{says}: {}", refused.stderr);
    }
    folder.write("mcp.yaml", "server: [1\n");
    assert!(folder.mcp(&["config", "check"]).stderr.contains("mcp.yaml:"));
    folder.write("mcp.yaml", "memory: { url: '${NOWHERE}' }");
    let refused = folder.mcp(&["config", "check"]);
    assert!(
        refused.stderr.contains("mcp.yaml:1: `memory.url` needs the variable `NOWHERE`"),
        "{}",
        refused.stderr
    );
    let refused = folder.mcp(&["--config", "none.yaml", "config", "check"]);
    assert!(refused.code == 1 && refused.stderr.contains("`none.yaml` cannot be read"), "{}", refused.stderr);
    for (text, says) in [
        ("servers: { a: {} }", "`servers.a` needs either a `url` or a `command`"),
        ("auth: { jwt_secret: short }", "`auth.jwt_secret` must have at least 32 bytes"),
        ("limits: { burst: 3 }", "means nothing without `limits.calls_per_second`"),
        ("server: { tls: { key: a } }", "`server.tls` needs `certificate`"),
    ] {
        folder.write("mcp.yaml", text);
        let refused = folder.mcp(&["config", "check"]);
        assert!(refused.code == 1 && refused.stderr.contains(says), "{text}: {}", refused.stderr);
    }
}

#[test]
fn variables_fill_in_and_go_before_the_file() {
    let folder = Folder::new();
    folder.write(
        "mcp.yaml",
        "server: { port: '${PORT:-9000}', insecure: '${OPEN:-false}' }\nmemory: { user: 'x-${NAME}', org: '$${literal}' }\nredis: { url: '${PASSWORD}' }\nlogging:\n",
    );
    folder.write("deep/er/file", "");
    let variables = [("NAME", "ann"), ("PASSWORD", "redis://:sesame@r"), ("PORT", "8123"), ("OPEN", "true")];
    let shown = folder.run(&["config", "show"], &variables, "").good();
    let said = shown.json();
    assert_eq!((&said["server"]["port"], &said["server"]["insecure"]), (&json!(8123), &json!(true)));
    assert_eq!((&said["memory"]["user"], &said["memory"]["org"]), (&json!("x-ann"), &json!("${literal}")));
    assert!(!shown.stdout.contains("sesame"), "{}", shown.stdout);
    // From a folder below, with paths from the folder of the file.
    let mut below = folder.command(&["config", "show"], &variables);
    let output = below.current_dir(folder.path().join("deep/er")).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("x-ann"));
    let wrong = folder.run(&["config", "show"], &[("NAME", "a"), ("PASSWORD", "p"), ("PORT", "no")], "");
    assert!(wrong.stderr.contains("`server.port` must be a whole number"), "{}", wrong.stderr);
}

#[test]
fn each_variable_of_ours_says_what_it_should() {
    let folder = Folder::new();
    let shown = |name: &str, value: &str| folder.run(&["config", "show"], &[(name, value)], "").good().json();
    assert_eq!(shown("MCP_LISTEN", "127.0.0.1:81")["server"]["port"], 81);
    assert_eq!(shown("MCP_DIRECTORY", "elsewhere")["directory"], "elsewhere");
    for (name, part) in
        [("MCP_MEMORY_URL", "memory"), ("MCP_GUARDRAILS_URL", "guardrails"), ("MCP_PATTERNS_URL", "patterns")]
    {
        assert_eq!(shown(name, "http://h/mcp")[part]["url"], "http://h/mcp", "{name}");
        let refused = folder.run(&["config", "show"], &[(name, "ftp://h")], "");
        assert!(refused.code == 1 && refused.stderr.contains(name), "{}", refused.stderr);
    }
    assert_eq!(shown("JWT_SECRET", "0123456789abcdef0123456789abcdef")["auth"]["jwt_secret"], "(hidden)");
    assert_eq!(shown("REDIS_URL", "redis://h")["redis"]["url"], "(hidden)");
    folder.write("other.yaml", "memory: { user: eve }");
    assert_eq!(shown("MCP_CONFIG", "other.yaml")["memory"]["user"], "eve");
    // The file beside it says the same, and the environment goes before it.
    folder.write(
        ".env.mcp.local",
        "# local\nexport MCP_DIRECTORY=\"of file\"\nMCP_MEMORY_URL=http://file/mcp # here\n",
    );
    let both = shown("MCP_MEMORY_URL", "http://env/mcp");
    assert_eq!((&both["directory"], &both["memory"]["url"]), (&json!("of file"), &json!("http://env/mcp")));
    folder.write(".env.mcp.local", "JWT_SECRET sesame\n");
    let wrong = folder.mcp(&["config", "show"]);
    assert!(
        wrong.stderr.contains(".env.mcp.local:1") && !wrong.stderr.contains("sesame"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn variables_that_are_not_ours_are_warned_of() {
    let folder = Folder::new();
    let ran = folder.run(&["config", "check"], &[("MCP_MEMRY_URL", "http://h/secret")], "");
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("`MCP_MEMRY_URL` is not known; did you mean `MCP_MEMORY_URL`?"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("secret"));
    assert_eq!(folder.mcp(&["config", "check"]).code, 0);
}

#[test]
fn the_schema_is_what_is_checked() {
    let folder = Folder::new();
    let schema = folder.mcp(&["config", "schema"]).good().json();
    for part in ["server", "memory", "guardrails", "patterns", "auth", "limits", "logging", "telemetry"] {
        assert!(schema["properties"][part].is_object(), "{part}");
    }
    assert_eq!(schema["additionalProperties"], false);
    // What is shown can be read again.
    let shown = folder.mcp(&["config", "show"]).good().stdout;
    folder.write("mcp.yaml", &shown);
    assert_eq!(folder.mcp(&["config", "show"]).good().stdout, shown);
}

#[test]
fn programs_are_told_of_the_stack_and_their_settings_are_kept() {
    let folder = Folder::new();
    let snippet = |arguments: &[&str]| folder.mcp(&[&["config", "client"], arguments].concat()).good().json();
    assert_eq!(
        snippet(&["claude-code"])["mcpServers"]["mcp"],
        json!({ "type": "http", "url": "http://127.0.0.1:8080/mcp" })
    );
    assert_eq!(snippet(&["cursor"])["mcpServers"]["mcp"]["url"], "http://127.0.0.1:8080/mcp");
    assert_eq!(snippet(&["windsurf"])["mcpServers"]["mcp"]["serverUrl"], "http://127.0.0.1:8080/mcp");
    assert_eq!(snippet(&["vscode"])["servers"]["mcp"]["type"], "http");
    assert_eq!(snippet(&["zed"])["context_servers"]["mcp"]["url"], "http://127.0.0.1:8080/mcp");
    let desktop = snippet(&["claude-desktop"]);
    assert_eq!(desktop["mcpServers"]["mcp"]["args"][2], "--stdio");
    assert_eq!(snippet(&["cursor", "--stdio"])["mcpServers"]["mcp"]["args"][0], "serve");
    folder.write(".cursor/mcp.json", "{ \"mcpServers\": { \"other\": { \"command\": \"x\" } } }");
    let installed = folder.mcp(&["config", "client", "cursor", "--install"]).good();
    assert!(
        installed.stdout.starts_with("added `mcp` in ") && installed.stderr.contains("backup-"),
        "{}",
        installed.stderr
    );
    let written: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(".cursor/mcp.json")).unwrap())
            .unwrap();
    assert_eq!(written["mcpServers"].as_object().unwrap().len(), 2);
    folder.write("settings.json", "// mine\n{}");
    let refused = folder.mcp(&["config", "client", "zed", "--install", "--file", "settings.json"]);
    assert!(refused.code == 1 && refused.stderr.contains("add the lines yourself"), "{}", refused.stderr);
    // A client that starts it gets along with what is installed.
    let entry = &desktop["mcpServers"]["mcp"];
    let words = entry["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned());
    let line = std::iter::once(entry["command"].as_str().unwrap().to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ");
    assert!(folder.mcp(&["list", &line]).good().stdout.contains("memory_search"));
}
