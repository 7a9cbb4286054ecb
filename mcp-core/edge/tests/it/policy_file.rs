//! A policy follows its file.

use std::fs;
use std::time::Duration;

use mcp_edge::policy::{Call, PolicyError, PolicyFile};

const OPEN: &str = "rules: [{ id: a, effect: allow, tools: [x] }]";
const CLOSED: &str =
    "rules: [{ id: b, effect: deny, tools: [x] }]\ntests: [{ call: { tool: x }, expect: deny }]";
const FAILING: &str =
    "rules: [{ id: c, effect: allow, tools: [x] }]\ntests: [{ call: { tool: x }, expect: deny }]";

fn is_open(file: &PolicyFile) -> bool {
    file.current().decide(None, &Call::tool("x", "{}")).is_allowed()
}

#[test]
fn a_policy_whose_tests_fail_leaves_the_old_one_in_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    fs::write(&path, CLOSED).unwrap();
    let file = PolicyFile::open(&path).unwrap();
    assert!(!is_open(&file));
    assert!(!file.reload().unwrap(), "nothing changed");
    fs::write(&path, FAILING).unwrap();
    let error = file.reload().unwrap_err();
    assert!(
        matches!(error, PolicyError::Test { .. }) && error.to_string().contains("policy.yaml"),
        "{error}"
    );
    assert!(!is_open(&file));
    fs::write(&path, OPEN).unwrap();
    assert!(file.reload().unwrap());
    assert!(is_open(&file));
    fs::remove_file(&path).unwrap();
    assert!(matches!(file.reload(), Err(PolicyError::Read { .. })));
    assert!(is_open(&file));
    assert!(matches!(PolicyFile::open(folder.path().join("policy.txt")), Err(PolicyError::Format { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_watch_sees_changes_and_ends_when_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.yaml");
    fs::write(&path, CLOSED).unwrap();
    let file = PolicyFile::open(&path).unwrap();
    let watch = file.watch(Duration::from_secs(1));
    fs::write(&path, OPEN).unwrap();
    while !is_open(&file) {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    drop(watch);
    fs::write(&path, CLOSED).unwrap();
    for _ in 0..10 {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    assert!(is_open(&file), "nobody looked");
}
