//! `mcp ingest`, `mcp search`, `mcp import`, `mcp recommend`.

use serde_json::{Value, json};

use crate::support::Folder;

const KEY: &str = concat!("ghp_", "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R");

fn documents(folder: &Folder) {
    folder.write(
        "docs/backups.md",
        "# Backups\n\nBackups run at two in the morning and are kept for a month.\n",
    );
    folder.write("docs/deploy/trains.md", "# Trains\n\nThe release train leaves on Thursdays.\n");
    folder.write("docs/keys [old].md", &format!("# Keys\n\nThe deploy key is {KEY}\n"));
}

#[test]
fn documents_are_remembered_and_found_with_their_source() {
    let folder = Folder::new();
    documents(&folder);
    let ingested = folder.mcp(&["ingest", "docs", "--tag", "handbook"]).good();
    assert!(ingested.stdout.starts_with("docs: 2 files, 0 unchanged; 2 new memories"), "{}", ingested.stdout);
    assert!(
        ingested.stderr.contains("keys [old].md") && ingested.stderr.contains("credential"),
        "{}",
        ingested.stderr
    );
    assert!(!ingested.stderr.contains(KEY));
    let again = folder.mcp(&["ingest", "docs", "--tag", "handbook", "--json"]).good().json();
    assert_eq!((&again["unchanged"], &again["memories"]), (&json!(2), &json!(0)), "{again}");
    let found = folder.mcp(&["search", "when", "does", "the", "release", "train", "leave"]).good();
    let first = found.stdout.lines().nth(1).unwrap();
    assert!(first.contains("docs/deploy/trains.md") && first.contains("Thursdays"), "{}", found.stdout);
    let found = folder.mcp(&["search", "--json", "--limit", "1", "backups"]).good().json();
    assert_eq!(found["memories"][0]["source"], "docs/backups.md");
    let found = folder.mcp(&["search", "--json", "the deploy key"]).good();
    assert!(!found.stdout.contains(KEY));
    let nothing = Folder::new().mcp(&["search", "anything"]).good();
    assert!(
        nothing.stderr.contains("nothing was found: store something with `mcp ingest`"),
        "{}",
        nothing.stderr
    );
}

#[test]
fn a_stack_that_runs_finds_what_was_ingested_beside_it() {
    let folder = Folder::new();
    documents(&folder);
    let up = folder.up(&[], &[]);
    folder.mcp(&["ingest", "docs"]).good();
    let called = folder
        .mcp(&["call", &format!("{}/mcp/memory", up.url), "memory_search", "query=release train"])
        .good();
    assert!(called.stdout.contains("Thursdays"), "{}", called.stdout);
    // Commands ask the stack that runs: what came by it is there.
    let stored = "{\"memories\":[{\"content\":\"Ann keeps bees\"}]}";
    folder.mcp(&["call", "memory", "memory_store", "--json", stored]).good();
    assert!(folder.mcp(&["search", "who keeps bees"]).good().stdout.contains("Ann keeps bees"));
    drop(up);
    assert!(folder.mcp(&["search", "who keeps bees"]).good().stdout.contains("Ann keeps bees"));
}

#[test]
fn what_other_memories_kept_is_taken_over_once() {
    let folder = Folder::new();
    let entry = |id: &str, text: &str| json!({ "id": id, "memory": text });
    let export: Value = json!({ "results": [entry("7", "Ann likes tea"), entry("9", &format!("the key is {KEY}")), { "id": "8" }] });
    folder.write("mem0.json", &export.to_string());
    let would = folder.mcp(&["import", "mem0", "mem0.json", "--dry-run"]).good();
    assert_eq!(would.stdout, "2 memories would be stored, 0 were there already, 1 left out\n");
    assert!(would.stderr.contains("8: has no text"), "{}", would.stderr);
    let done = folder.mcp(&["import", "mem0", "mem0.json", "--json"]).good().json();
    assert_eq!((&done["memories"], &done["there"]), (&json!(2), &json!(0)));
    let again = folder.mcp(&["import", "mem0", "mem0.json", "--json"]).good().json();
    assert_eq!((&again["memories"], &again["there"]), (&json!(0), &json!(2)));
    assert!(folder.mcp(&["search", "what does Ann drink"]).good().stdout.contains("tea"));
    assert!(!folder.mcp(&["search", "the key is", "--json"]).good().stdout.contains(KEY));
    let graph = "{\"type\":\"entity\",\"name\":\"Ann\",\"entityType\":\"person\",\"observations\":[\"plays chess\"]}\n";
    folder.write("memory.jsonl", graph);
    assert!(
        folder
            .mcp(&["import", "server-memory", "memory.jsonl"])
            .good()
            .stdout
            .starts_with("1 memories stored")
    );
    folder.write("notes/tea.md", "# Tea\n\n- [fact] green tea is steeped for two minutes\n");
    folder.mcp(&["import", "basic-memory", "notes"]).good();
    let doobidoo = json!({ "memories": [{ "content": "the build host is called heron", "content_hash": "h", "tags": ["ops"] }] });
    folder.write("doobidoo.json", &doobidoo.to_string());
    let done = folder.mcp(&["import", "doobidoo", "doobidoo.json"]).good();
    assert!(done.stdout.starts_with("1 memories stored"), "{}{}", done.stdout, done.stderr);
    let missing = folder.mcp(&["import", "mem0", "none.json"]);
    assert!(missing.code == 1 && missing.stderr.contains("none.json"), "{}", missing.stderr);
}

#[test]
fn patterns_are_recommended_with_reasons_or_not_at_all() {
    let folder = Folder::new();
    let task = "find the root cause of the incident from logs and deploys";
    let found = folder.mcp(&["recommend", task]).good();
    assert!(
        found.stdout.contains("skill:root-cause-analysis") && found.stdout.contains("has `"),
        "{}",
        found.stdout
    );
    let found = folder.mcp(&["recommend", "--json", task]).good().json();
    assert_eq!(found["entries"][0]["id"], "skill:root-cause-analysis");
    assert!(found["entries"][0]["parts"]["text"].as_f64().unwrap() > 0.0, "{found}");
    let nothing = folder.mcp(&["recommend", "zyx qwv"]).good();
    assert!(nothing.stdout.starts_with("nothing fits"), "{}", nothing.stdout);
    folder.write(
        "skills/bees/SKILL.md",
        "---\nname: bees\ndescription: Keeps bees through the winter.\n---\n# Feed them\n",
    );
    folder.write("mcp.yaml", "patterns: { skills: [skills] }");
    assert!(folder.mcp(&["recommend", "keep bees through winter"]).good().stdout.contains("skill:bees"));
}
