//! Each command of docs/CLI.md is run as it stands there.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::Folder;

/// The blocks of a document in a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let (mut lines, begin) = (text.lines(), format!("```{language}"));
    while lines.by_ref().any(|line| line == begin) {
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        blocks.push(block.join("\n"));
    }
    blocks
}

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CLI.md")).unwrap()
}

#[test]
fn the_documented_settings_are_right() {
    let blocks = blocks(&document(), "yaml");
    assert_eq!(blocks.len(), 2);
    let folder = Folder::new();
    folder.write("mcp.yaml", &blocks[0]);
    let shown = folder.mcp(&["config", "show"]).good();
    let said = shown.json();
    assert_eq!(
        (&said["auth"]["jwt_secret"], &said["limits"]["calls_per_second"]),
        (&serde_json::Value::Null, &50.into())
    );
    assert_eq!(said["patterns"]["skills"][0], folder.path().join(".claude/skills").to_str().unwrap());
    folder.write("mcp.yaml", &blocks[1]);
    let variables = [("MEMORY_DATABASE_URL", "postgres://me:hunter2@localhost/memory")];
    let shown = folder.run(&["config", "show"], &variables, "").good();
    let memory = &shown.json()["memory"];
    assert_eq!(
        (&memory["postgres"]["url"], &memory["postgres"]["keys_url"]),
        (&"(hidden)".into(), &serde_json::Value::Null)
    );
    assert_eq!(memory["master_key_file"], folder.path().join("master.key").to_str().unwrap());
}

#[test]
fn every_documented_command_runs() {
    let blocks = blocks(&document(), "sh");
    assert!(blocks.len() >= 8, "{} blocks", blocks.len());
    let folder = Folder::new();
    folder.write("docs/backups.md", "# Backups\n\nBackups run at two in the morning.\n");
    folder.write("export.json", "{ \"results\": [{ \"id\": \"1\", \"memory\": \"Ann likes tea\" }] }");
    folder.write("incident.md", "Find the root cause of the incident from logs and deploys.\n");
    folder.write("rules.yaml", "rules:\n- { id: no-wipe, tool: wipe, then: block }\ntests:\n- { event: { tool: wipe }, expect: block }\n");
    // The program by its name, on a port that is free.
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mcp"), bin.join("mcp")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let script = format!("set -eu\ntrap 'mcp down >/dev/null' EXIT\n{}\n", blocks.join("\n"));
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder.path())
        .env("MCP_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n---\n{wrong}");
    for word in ["memory_search", "Backups run at two", "skill:root-cause-analysis", "# Task", "all is well"]
    {
        assert!(said.contains(word), "{word}: {said}\n---\n{wrong}");
    }
}
