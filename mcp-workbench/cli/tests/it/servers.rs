//! `mcp list` and `mcp call`.

use serde_json::json;

use crate::fixture::{Fixture, everything};
use crate::support::Folder;

#[test]
fn what_a_server_offers_is_listed_for_people_and_programs() {
    let (folder, server) = (Folder::new(), Fixture::serve(everything()));
    let listed = folder.mcp(&["list", &server.url]).good();
    assert!(listed.stdout.contains("TOOL") && listed.stdout.contains("to [words]"), "{}", listed.stdout);
    let listed = folder.mcp(&["list", &server.url, "--json"]).good().json();
    assert_eq!((&listed["tools"][0]["name"], listed.get("prompts")), (&json!("count"), None));
    let listed = folder.mcp(&["list", &server.url, "--resources", "--prompts", "--json"]).good().json();
    assert_eq!(
        (&listed["resources"][0]["uri"], &listed["prompts"][0]["name"]),
        (&json!("notes://today"), &json!("greet"))
    );
    let listed = folder.mcp(&["list", &server.url, "--resources", "--prompts"]).good();
    assert!(listed.stdout.contains("notes://today") && listed.stdout.contains("greet"), "{}", listed.stdout);
    // By a name of the configuration, and as a program that is started.
    folder.write("mcp.yaml", &format!("servers: {{ notes: {{ url: '{}' }} }}", server.url));
    assert!(folder.mcp(&["list", "notes"]).good().stdout.contains("count"));
    let program = format!("{} serve patterns --stdio", env!("CARGO_BIN_EXE_mcp"));
    assert!(folder.mcp(&["list", &program]).good().stdout.contains("recommend"));
}

#[test]
fn a_tool_is_called_with_arguments_of_its_schema() {
    let (folder, server) = (Folder::new(), Fixture::serve(everything()));
    let called = folder.mcp(&["call", &server.url, "count", "to=3", "words=a", "words=b", "--json"]).good();
    assert_eq!(called.json(), json!({ "counted": 3, "words": ["a", "b"] }));
    for step in ["progress 1 of 3", "progress 3 of 3"] {
        assert!(called.stderr.contains(step), "{}", called.stderr);
    }
    let called = folder.mcp(&["call", &server.url, "count", "--json", "{\"to\":1}"]).good();
    assert_eq!(called.json()["counted"], 1);
    let called = folder.run(&["call", &server.url, "count", "-"], &[], "{\"to\":2}").good();
    assert_eq!(called.json()["counted"], 2);
    let failed = folder.mcp(&["call", &server.url, "fail"]);
    assert_eq!((failed.code, failed.stdout.as_str()), (1, ""));
    assert!(failed.stderr.contains("there is no paper"), "{}", failed.stderr);
    let failed = folder.mcp(&["call", &server.url, "fail", "--json"]);
    assert_eq!((failed.code, &failed.json()["isError"]), (1, &json!(true)));
    for (arguments, says) in [
        (&["count", "to=many"][..], "`to` must be a whole number"),
        (&["count"], "the tool needs `to`: add to=…"),
        (&["count", "two=2"], "did you mean `to`?"),
        (&["cuont"], "did you mean `count`?"),
        (&["count", "to=1", "--json", "{}"], "not both"),
        (&["count", "--json", "[1]"], "must be a JSON object"),
    ] {
        let refused = folder.mcp(&[&["call", &server.url], arguments].concat());
        assert_eq!(refused.code, 1, "{arguments:?}");
        assert!(refused.stderr.contains(says), "{arguments:?}: {}", refused.stderr);
    }
    assert_eq!(
        server.asked().iter().filter(|what| *what == "count").count(),
        3,
        "what is refused is not sent"
    );
}

#[test]
fn a_server_that_is_not_there_says_what_to_do() {
    let folder = Folder::new();
    let refused = folder.mcp(&["list", "memroy"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("did you mean `memory`?"), "{}", refused.stderr);
    let refused = folder.mcp(&["list", "http://127.0.0.1:1/mcp"]);
    assert!(refused.code == 1 && refused.stderr.contains("cannot connect"), "{}", refused.stderr);
}

#[test]
fn tokens_let_in_and_are_never_shown() {
    let folder = Folder::new();
    let secret = "0123456789abcdef0123456789abcdef-very-secret";
    let up = folder.up(&[], &[("JWT_SECRET", secret)]);
    let url = format!("{}/mcp", up.url);
    let refused = folder.mcp(&["list", &url]);
    assert!(refused.code == 1 && refused.stderr.contains("401"), "{}", refused.stderr);
    let token =
        folder.run(&["token", "--user", "ann", "--org", "acme"], &[("JWT_SECRET", secret)], "").good();
    let token = token.stdout.trim();
    for ran in [
        folder.run(&["list", &url], &[("MCP_TOKEN", token)], ""),
        folder.mcp(&["list", &url, "--token", token]),
        // Whoever knows the secret needs no token.
        folder.run(&["list"], &[("JWT_SECRET", secret)], ""),
    ] {
        let ran = ran.good();
        assert!(ran.stdout.contains("memory_search"), "{}", ran.stdout);
        assert!(!ran.stderr.contains(token) && !ran.stdout.contains(token));
    }
    // What ann stores is hers.
    let stored = "{\"memories\":[{\"content\":\"the launch code word is heron\"}]}";
    folder.run(&["call", &url, "memory_store", "--json", stored], &[("MCP_TOKEN", token)], "").good();
    let other = folder.run(&["search", "launch code word"], &[("JWT_SECRET", secret)], "").good();
    assert!(!other.stdout.contains("heron"), "{}", other.stdout);
    let wrong = folder.run(&["token"], &[("JWT_SECRET", "short")], "");
    assert!(wrong.code == 1 && wrong.stderr.contains("at least 32 bytes") && !wrong.stderr.contains("short"));
    drop(up);
    let log = std::fs::read_to_string(folder.path().join("logs/mcp.log")).unwrap();
    assert!(!log.contains(secret) && !log.contains(token) && log.contains("serving"), "{log}");
}
