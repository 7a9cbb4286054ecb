//! `mcp up --processes`.

use std::process::Command;

use serde_json::Value;

use crate::support::{Folder, eventually};

pub(crate) fn pid(folder: &Folder, service: &str) -> i64 {
    let text = std::fs::read_to_string(folder.path().join(".mcp/running.json")).unwrap();
    let running: Value = serde_json::from_str(&text).unwrap();
    let services = running["services"].as_array().unwrap();
    services.iter().find(|of| of["name"] == service).unwrap()["pid"].as_i64().unwrap()
}

fn kill(pid: i64) {
    assert!(Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap().success());
}

/// Whether a service answers: with what is expected of it, and not with a refusal.
fn answers(folder: &Folder, service: &str) -> bool {
    let arguments: &[&str] = match service {
        "memory" => &["memory_list"],
        "guardrails" => &["list_rules"],
        _ => &["search", "query=incident"],
    };
    folder.mcp(&[&["call", service], arguments].concat()).code == 0
}

#[test]
fn a_service_that_is_killed_takes_no_other_with_it_and_comes_back() {
    let folder = Folder::new();
    let up = folder.up(&["--processes"], &[]);
    let listed = folder.mcp(&["list"]).good().stdout;
    for tool in ["memory_search", "patterns_recommend", "guardrails_evaluate"] {
        assert!(listed.contains(tool), "{listed}");
    }
    let stored = "{\"memories\":[{\"content\":\"herons nest in March\"}]}";
    folder.mcp(&["call", "memory", "memory_store", "--json", stored]).good();
    for (killed, others) in [("memory", ["guardrails", "patterns"]), ("patterns", ["guardrails", "memory"])] {
        let before = pid(&folder, killed);
        kill(before);
        for other in others {
            assert!(answers(&folder, other), "{other} without {killed}");
        }
        eventually(|| answers(&folder, killed), killed);
        assert_ne!(pid(&folder, killed), before);
    }
    assert!(
        folder.mcp(&["search", "when do herons nest"]).good().stdout.contains("March"),
        "what it knew is there"
    );
    drop(up);
    let log = std::fs::read_to_string(folder.path().join("logs/mcp.log")).unwrap();
    assert!(
        log.contains("the service `memory` ended") && folder.path().join("logs/memory.log").is_file(),
        "{log}"
    );
}

#[test]
fn without_guardrails_calls_are_refused_with_the_reason() {
    let folder = Folder::new();
    let _up = folder.up(&["--processes"], &[]);
    assert!(answers(&folder, "memory"));
    let before = pid(&folder, "guardrails");
    // As long as it cannot come back, nobody is let by.
    assert!(Command::new("kill").args(["-STOP", &before.to_string()]).status().unwrap().success());
    for (service, arguments) in [("memory", &["memory_list"][..]), ("patterns", &["search", "query=x"])] {
        let refused = folder.mcp(&[&["call", service], arguments].concat());
        assert_eq!(refused.code, 1, "{service}");
        assert!(refused.stderr.contains("the server of rules gave no answer"), "{}", refused.stderr);
    }
    kill(before);
    eventually(|| answers(&folder, "memory"), "memory behind guardrails that are back");
    assert_ne!(pid(&folder, "guardrails"), before);
    // The rules hold here as well.
    let key = concat!(
        "{\"memories\":[{\"content\":\"the deploy key is ghp_",
        "9fK2mQ7xLr4TzWb8VnC3sYd6HjP1aEu5Xg0R\"}]}"
    );
    let refused = folder.mcp(&["call", "memory", "memory_store", "--json", key]);
    assert!(refused.code == 1 && refused.stdout.contains("stored-secret"), "{}", refused.stdout);
}

#[test]
fn rules_and_skills_change_in_the_processes_that_have_them() {
    let folder = Folder::new();
    folder.write("rules.yaml", "rules: []\n");
    folder.write("skills/bees/SKILL.md", "---\nname: bees\ndescription: Keeps bees.\n---\n# Feed them\n");
    folder.write("mcp.yaml", "guardrails: { rules: [rules.yaml] }\npatterns: { skills: [skills] }\n");
    let mut up = folder.up(&["--processes"], &[]);
    let before: Vec<i64> = ["memory", "guardrails", "patterns"].map(|name| pid(&folder, name)).into();
    let zebra = |says: &str| {
        let stored = "{\"memories\":[{\"content\":\"a zebra\"}]}";
        folder.mcp(&["call", "memory", "memory_store", "--json", stored]).stdout.contains(says)
    };
    assert!(zebra("stored"));
    folder.write("rules.yaml", "rules:\n- { id: no-zebras, tool: memory_store, when: { '/**': { contains: zebra } }, then: block, message: no zebras }\n");
    up.says(&["guardrails |", "rules were read again"]);
    assert!(zebra("no zebras"));
    folder.write("rules.yaml", "rules:\n- { id: broken, tol: x }\n");
    up.says(&["guardrails |", "the rules stay as they were"]);
    assert!(zebra("no zebras"), "what is wrong changes nothing");
    folder.write(
        "skills/wasps/SKILL.md",
        "---\nname: wasps\ndescription: Keeps wasps away from cake.\n---\n# Cover it\n",
    );
    up.says(&["patterns |", "skills were read again"]);
    assert!(folder.mcp(&["recommend", "keep wasps away from cake"]).good().stdout.contains("skill:wasps"));
    // A signal to the stack is heard by each of them, and ends none.
    folder.write("rules.yaml", "rules: []\n");
    up.says(&["guardrails |", "rules were read again"]);
    assert!(Command::new("kill").args(["-HUP", &up.pid().to_string()]).status().unwrap().success());
    up.says(&["guardrails |", "rules were read again"]);
    assert!(zebra("stored"));
    // Packs are named in the configuration, and limits are of the process that callers reach.
    folder.write("mcp.yaml", "guardrails: { rules: [rules.yaml], packs: [] }\npatterns: { skills: [skills] }\nlimits: { calls_per_second: 1, burst: 1 }\n");
    up.says(&["other limits are in force"]);
    eventually(
        || folder.mcp(&["call", "memory", "memory_list"]).stderr.contains("limits.calls_per_second"),
        "a call is refused",
    );
    let after: Vec<i64> = ["memory", "guardrails", "patterns"].map(|name| pid(&folder, name)).into();
    assert_eq!(before, after, "none was started again");
}
