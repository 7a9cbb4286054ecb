//! As clients of doobidoo/mcp-memory-service use it.

use mcp_memory::server::Compatibility;
use mcp_memory::{Draft, Scope};
use serde_json::{Value, json};

use super::{Client, Server};

/// Stores a text and returns its hash.
async fn store(client: &Client, content: &str, metadata: Value) -> String {
    let said = client.text("memory_store", json!({ "content": content, "metadata": metadata })).await;
    let hash =
        said.strip_prefix("Memory stored successfully (hash: ").and_then(|said| said.strip_suffix(')'));
    hash.unwrap_or_else(|| panic!("{said}")).to_owned()
}

async fn list(client: &Client, arguments: Value) -> Vec<String> {
    contents(&client.json("memory_list", arguments).await)
}

fn contents(answer: &Value) -> Vec<String> {
    let memories = answer["memories"].as_array().unwrap();
    let mut said: Vec<String> =
        memories.iter().map(|item| item["content"].as_str().unwrap().to_owned()).collect();
    said.sort();
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_is_shown_with_all_its_fields() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let said = ann
        .text(
            "memory_store",
            json!({ "content": "Hello", "metadata": { "tags": "Ops, deploy", "type": "decision", "n": 1 },
                "conversation_id": "c1", "agent_id": "coder", "restore_deleted": true, "mood": "calm" }),
        )
        .await;
    let lower = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    assert_eq!(said, format!("Memory stored successfully (hash: {lower})\nNote: without effect here: mood"));
    let page = ann.json("memory_list", json!({})).await;
    let memory = &page["memories"][0];
    let record =
        server.tenant("acme", "ann").get(&memory["id"].as_str().unwrap().parse().unwrap()).unwrap().0;
    assert_eq!(record.session.as_deref(), Some("c1"));
    assert!(
        memory["created_at"].as_f64().unwrap() > 1.7e9
            && memory["created_at_iso"].as_str().unwrap().ends_with('Z')
    );
    assert_eq!(memory["updated_at"], memory["created_at"]);
    for (field, expect) in [
        ("content", json!("Hello")),
        ("content_hash", json!(lower)),
        ("tags", json!(["deploy", "ops"])),
        ("memory_type", json!("decision")),
        ("metadata", json!({ "n": 1 })),
        ("agent_id", json!("coder")),
    ] {
        assert_eq!(memory[field], expect, "{field}");
    }
    for (field, expect) in [
        ("page", json!(1)),
        ("page_size", json!(20)),
        ("total", json!(1)),
        ("total_pages", json!(1)),
        ("has_more", json!(false)),
    ] {
        assert_eq!(page[field], expect, "{field}");
    }
    // Stored again, in other letters, deleted, and stored again.
    assert_eq!(store(&ann, "Hello", json!({})).await, lower);
    ann.text("memory_delete", json!({ "content_hash": lower })).await;
    assert_eq!(list(&ann, json!({})).await, [""; 0]);
    assert_eq!(store(&ann, " hello ", json!({ "tags": ["a"] })).await, lower);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_stored_turn_by_turn() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let turns = json!([{ "role": "user", "content": "Which database?" }, { "role": "assistant", "content": "PostgreSQL" },
        { "role": "user", "content": "yes" }, { "role": "assistant", "content": " " }, { "role": "user", "content": "yes" }]);
    let arguments = json!({ "turns": turns, "session_id": "s1", "tags": "db", "metadata": { "n": 1 }, "agent_id": "bot" });
    for _ in 0..2 {
        let said = ann.text("memory_store_session", arguments.clone()).await;
        assert_eq!(said, "Session stored successfully (session_id: s1, chunks: 4/4, turns: 4)");
    }
    let page = ann.json("memory_list", json!({ "tags": ["session:s1"], "memory_type": "session" })).await;
    assert_eq!(contents(&page), ["PostgreSQL", "Which database?", "yes", "yes"]);
    let memory = &page["memories"][0];
    assert_eq!((&memory["tags"], &memory["metadata"]), (&json!(["db", "session:s1"]), &json!({ "n": 1 })));
    let said =
        ann.text("memory_store_session", json!({ "turns": [{ "role": "user", "content": "x" }] })).await;
    assert!(said.contains("(session_id: ") && said.ends_with("turns: 1)"), "{said}");
    assert!(ann.refused("memory_store_session", json!({ "turns": [] })).await.starts_with("turns: must say"));
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_go_by_text_tags_and_time() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let deploys = store(&ann, "Deploys go out on Monday", json!({ "tags": ["Ops", "week"] })).await;
    store(&ann, "Backups run at two", json!({ "tags": "ops" })).await;
    store(&ann, "Lunch is at noon", json!({ "tags": "week" })).await;
    let mut old = Draft::new("Old news").tag("Archive");
    old.created = Some(1_704_164_645_000);
    old.agent = Some("reader".into());
    server.tenant("acme", "ann").store(&Scope::Private, old).unwrap();

    let said = ann.text("memory_search", json!({ "query": "when do deploys go out", "limit": 1 })).await;
    assert!(
        said.starts_with(
            "Found 1 memories (mode: semantic) for query: 'when do deploys go out'\n\n1. Deploys go out"
        ),
        "{said}"
    );
    assert!(
        said.contains(&format!("\n   Hash: {deploys}\n   Created: ")) && said.ends_with("Z [ops, week]"),
        "{said}"
    );
    for (arguments, expect) in [
        (json!({ "tags": "OPS" }), 2),
        (json!({ "tags": ["ops", "week"] }), 3),
        (json!({ "tags": ["ops", "week"], "tag_match": "all" }), 1),
        (json!({ "tags": ["Archive"] }), 1),
        (json!({ "query": "MONDAY", "mode": "exact" }), 1),
        (json!({ "query": "out on", "mode": "exact", "tags": "nothing" }), 0),
        (json!({ "time_expr": "today" }), 3),
        (json!({ "after": "2024-01-02", "before": "2024-01-03" }), 1),
        (json!({ "after": "2024-01-03" }), 3),
        (json!({ "query": "news", "before": "2024-01-02" }), 0),
        (json!({ "query": "news", "agent_id": "reader" }), 1),
        (json!({ "query": "news deploys backups lunch", "mode": "hybrid" }), 4),
        (json!({ "after": "2020-01-01", "limit": 2 }), 2),
    ] {
        let said = ann.text("memory_search", arguments.clone()).await;
        let found = if said.starts_with("No memories found") { 0 } else { said.matches("   Hash: ").count() };
        assert_eq!(found, expect, "{arguments}: {said}");
    }
    let said = ann
        .text(
            "memory_search",
            json!({ "query": "deploys", "include_debug": true, "summarize": true, "quality_boost": 0.3, "rerank": false }),
        )
        .await;
    for part in ["   Score: ", "Note: there is no language model", "Note: without effect here: quality_boost"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("rerank"));
    let short = ann.text("memory_search", json!({ "tags": "ops", "max_response_chars": 200 })).await;
    assert!(short.ends_with("1 more not shown: ask for fewer, or raise `max_response_chars`"), "{short}");
    for (arguments, expect) in [
        (json!({}), "query: must say something, or `tags`, `time_expr`, `after` or `before` must"),
        (
            json!({ "query": "x", "entity": "Ann" }),
            "entity: is not kept here: put the name into `query` or `tags`",
        ),
        (json!({ "query": "x", "limit": 101 }), "limit: must be from 1 to 100"),
        (json!({ "tags": "x", "limit": 0 }), "limit: must be from 1 to 100"),
    ] {
        assert_eq!(ann.refused("memory_search", arguments).await, expect);
    }
    let wrong = ann.refused("memory_search", json!({ "query": "x", "after": "soon" })).await;
    assert!(wrong.starts_with("after: must be a time"), "{wrong}");
    let wrong = ann.refused("memory_search", json!({ "query": "x", "time_expr": "blorf" })).await;
    assert!(wrong.starts_with("time_expr: `blorf` is not a time"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_pages_and_filters() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    for (place, kind) in ["note", "decision", "note"].into_iter().enumerate() {
        store(&ann, &format!("memory {place}"), json!({ "type": kind, "tags": format!("t{place},all") }))
            .await;
    }
    let first = ann.json("memory_list", json!({ "page_size": 2 })).await;
    let second = ann.json("memory_list", json!({ "page_size": "2", "page": 2 })).await;
    assert_eq!(
        (&first["total"], &first["total_pages"], &first["has_more"]),
        (&json!(3), &json!(2), &json!(true))
    );
    assert_eq!(second["has_more"], false);
    let mut all = [contents(&first), contents(&second)].concat();
    all.sort();
    assert_eq!(all, ["memory 0", "memory 1", "memory 2"]);
    assert_eq!(list(&ann, json!({ "memory_type": "decision" })).await, ["memory 1"]);
    assert_eq!(list(&ann, json!({ "tags": ["t0", "all"], "tag_match": "all" })).await, ["memory 0"]);
    assert_eq!(list(&ann, json!({ "tags": ["t0", "t1"] })).await, ["memory 0", "memory 1"]);
    assert_eq!(list(&ann, json!({ "agent_id": "nobody" })).await, [""; 0]);
    for (arguments, expect) in [
        (json!({ "page": 0 }), "page: must be 1 or more"),
        (json!({ "page_size": 101 }), "page_size: must be from 1 to 100"),
    ] {
        assert_eq!(ann.refused("memory_list", arguments).await, expect);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_touched_for_days_is_stale() {
    let server = Server::days_ago(Compatibility::Doobidoo, 3);
    let ann = server.client("acme", "ann").await;
    store(&ann, "old", json!({})).await;
    assert_eq!(list(&ann, json!({ "stale_days": 2 })).await, ["old"]);
    assert_eq!(list(&ann, json!({ "stale_days": 4 })).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_are_kept_apart_beneath_the_caller() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    store(&ann, "shared text", json!({})).await;
    ann.text("memory_store", json!({ "content": "shared text", "store": "docs" })).await;
    ann.text("memory_store", json!({ "content": "only in docs", "store": "docs" })).await;
    assert_eq!(list(&ann, json!({})).await, ["shared text"]);
    assert_eq!(list(&ann, json!({ "store": "docs" })).await, ["only in docs", "shared text"]);
    assert_eq!(list(&ann, json!({ "store": "all" })).await.len(), 3);
    let page = ann.json("memory_list", json!({ "store": "docs" })).await;
    assert_eq!(page["memories"][0]["tags"], json!([]), "the tag of a store is not shown");
    let said = ann.text("memory_search", json!({ "query": "docs text", "store": "docs" })).await;
    assert!(said.starts_with("Found 2"), "{said}");
    ann.text("memory_delete", json!({ "store": "docs", "after": "2020-01-01" })).await;
    assert_eq!(list(&ann, json!({ "store": "all" })).await, ["shared text"]);
    for (store, expect) in [
        ("all", "store: `all` is for searches: name one, or none"),
        ("org", "org: this caller may not do this here"),
        ("workspace:x", "workspace:x: this caller may not do this here"),
    ] {
        assert_eq!(ann.refused("memory_store", json!({ "content": "x", "store": store })).await, expect);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletes_need_a_condition_and_try_first() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let hash = store(&ann, "one", json!({ "tags": "a" })).await;
    store(&ann, "two", json!({ "tags": "a,b" })).await;
    store(&ann, "three", json!({ "tags": "b" })).await;
    for arguments in [json!({}), json!({ "store": "docs" }), json!({ "content_hash": "", "tags": [] })] {
        assert_eq!(
            ann.refused("memory_delete", arguments).await,
            "content_hash: nothing is deleted without a condition: name one, or `tags`, `before` or `after`"
        );
    }
    let said = ann.text("memory_delete", json!({ "tags": ["a", "b"], "dry_run": true })).await;
    assert!(said.starts_with("Dry run: nothing was deleted\n\nWould delete 3 memories\nHashes: "), "{said}");
    assert!(said.contains(&hash));
    let said = ann.text("memory_delete", json!({ "tags": ["a", "b"], "tag_match": "all" })).await;
    assert!(said.starts_with("Deleted 1 memories"), "{said}");
    // Conditions beside a hash must hold too.
    assert!(
        ann.text("memory_delete", json!({ "content_hash": hash, "tags": "b" }))
            .await
            .starts_with("Deleted 0")
    );
    let missing = "0".repeat(64);
    assert_eq!(
        ann.refused("memory_delete", json!({ "content_hash": missing })).await,
        format!("no memory `{missing}`")
    );
    assert_eq!(
        ann.text("memory_delete", json!({ "content_hash": hash })).await,
        format!("Deleted 1 memories\nHashes: {hash}")
    );
    assert_eq!(list(&ann, json!({})).await, ["three"]);
    assert!(ann.text("memory_delete", json!({ "before": "2020-01-01" })).await.starts_with("Deleted 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_change_what_they_name() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let hash = store(&ann, "The port is 80", json!({ "tags": "net", "type": "fact", "a": 1 })).await;
    let said = ann
        .text(
            "memory_update",
            json!({ "content_hash": hash, "updates": { "tags": "Net, web", "memory_type": "decision", "metadata": { "b": 2 }, "c": 3 } }),
        )
        .await;
    assert_eq!(said, "Successfully updated memory metadata.");
    let memory = ann.json("memory_list", json!({})).await["memories"][0].clone();
    assert_eq!(
        (&memory["tags"], &memory["memory_type"], &memory["metadata"]),
        (&json!(["net", "web"]), &json!("decision"), &json!({ "a": 1, "b": 2, "c": 3 }))
    );
    let said = ann
        .text(
            "update_memory_metadata",
            json!({ "content_hash": hash, "updates": { "content": "The port is 443" } }),
        )
        .await;
    let new =
        said.strip_prefix("Successfully updated memory metadata. New hash: ").unwrap().trim_end_matches('.');
    assert!(
        ann.refused("memory_update", json!({ "content_hash": hash, "updates": { "x": 1 } }))
            .await
            .starts_with("no memory")
    );
    let said = ann
        .text(
            "memory_update",
            json!({ "content_hash": new, "versioned": true, "updates": { "content": "The port is 8443", "reason": "moved", "metadata": { "b": 5 } } }),
        )
        .await;
    assert!(
        said.starts_with("Versioned update successful. New hash: ")
            && said.ends_with(&format!("parent hash: {new}.")),
        "{said}"
    );
    let page = ann.json("memory_list", json!({})).await;
    assert_eq!(contents(&page), ["The port is 8443"]);
    assert_eq!(page["memories"][0]["metadata"], json!({ "a": 1, "b": 5, "c": 3 }));
    let both = ann.text("memory_search", json!({ "query": "port", "include_superseded": true })).await;
    assert!(both.starts_with("Found 2"), "{both}");
    for (arguments, expect) in [
        (
            json!({ "content_hash": new, "updates": {}, "versioned": true }),
            "updates.content: must be the new text where `versioned` is asked for",
        ),
        (json!({ "content_hash": new, "updates": { "metadata": 1 } }), "updates.metadata: must be an object"),
        (
            json!({ "content_hash": new, "updates": { "memory_type": 1 } }),
            "updates.memory_type: must be a text",
        ),
        (
            json!({ "content_hash": new, "updates": { "tags": 1 } }),
            "updates.tags: `tags` is neither a list nor a text",
        ),
    ] {
        assert_eq!(ann.refused("memory_update", arguments).await, expect);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_names_memories_that_came_in_another_way() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let tenant = server.tenant("acme", "ann");
    for text in ["Hello", "hello", "Other"] {
        tenant.store(&Scope::Private, Draft::new(text)).unwrap();
    }
    let hash = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let exact = ann.json("exact_match_retrieve", json!({ "content": "Hello" })).await;
    assert_eq!((contents(&exact), &exact["count"]), (vec!["Hello".to_owned()], &json!(1)));
    assert_eq!(ann.json("exact_match_retrieve", json!({ "content": "nowhere" })).await["count"], 0);
    let said = ann.text("memory_delete", json!({ "content_hash": hash.to_uppercase() })).await;
    assert!(said.starts_with("Deleted 2 memories"), "{said}");
    let id = ann.json("memory_list", json!({})).await["memories"][0]["id"].clone();
    assert!(ann.text("memory_delete", json!({ "content_hash": id })).await.starts_with("Deleted 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn older_names_store_and_find() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let stored = ann
        .json(
            "store_memory",
            json!({ "content": "Deploys go out on Monday", "tags": ["ops"], "memory_type": "decision",
                "metadata": { "tags": "week", "n": 1 }, "client_hostname": "here" }),
        )
        .await;
    assert_eq!(
        (&stored["success"], &stored["message"]),
        (&json!(true), &json!("Memory stored successfully"))
    );
    let hash = stored["content_hash"].as_str().unwrap();
    let mut old = Draft::new("Old news").tag("ops");
    old.created = Some(1_704_164_645_000);
    server.tenant("acme", "ann").store(&Scope::Private, old).unwrap();

    for tool in ["retrieve_memory", "retrieve_with_quality_boost", "debug_retrieve"] {
        let found = ann.json(tool, json!({ "query": "deploys on monday", "n_results": 1.0 })).await;
        let memory = &found["memories"][0];
        assert_eq!((&found["query"], &found["count"]), (&json!("deploys on monday"), &json!(1)));
        assert_eq!((&memory["content_hash"], &memory["memory_type"]), (&json!(hash), &json!("decision")));
        assert_eq!((&memory["tags"], &memory["metadata"]), (&json!(["ops", "week"]), &json!({ "n": 1 })));
        assert!((0.01..=1.0).contains(&memory["similarity_score"].as_f64().unwrap()), "{memory}");
        assert_eq!(memory["debug_info"]["text"].is_number(), tool == "debug_retrieve", "{memory}");
    }
    let tagged = ann.json("search_by_tag", json!({ "tags": "ops,week" })).await;
    assert_eq!(
        (&tagged["count"], &tagged["match_type"], &tagged["tags"]),
        (&json!(2), &json!("ANY"), &json!(["ops", "week"]))
    );
    let tagged = ann.json("search_by_tag", json!({ "tags": ["ops", "week"], "match_all": true })).await;
    assert_eq!(
        (contents(&tagged), &tagged["match_type"]),
        (vec!["Deploys go out on Monday".to_owned()], &json!("ALL"))
    );
    assert_eq!(ann.refused("search_by_tag", json!({ "tags": [] })).await, "tags: must name at least one tag");
    let listed = ann.json("list_memories", json!({ "tag": "week", "memory_type": "decision" })).await;
    assert_eq!((&listed["total"], &listed["page_size"]), (&json!(1), &json!(10)));

    for (query, expect) in [
        ("today", Some("Deploys")),
        ("what about deploys today?", Some("Deploys")),
        ("2024-01-02", Some("Old news")),
        ("news of January 2024", Some("Old news")),
        ("yesterday", None),
    ] {
        let said = ann.text("recall_memory", json!({ "query": query })).await;
        match expect {
            Some(expect) => assert!(said.starts_with("Found 1 ") && said.contains(expect), "{query}: {said}"),
            None => assert!(said.starts_with("No memories found"), "{query}: {said}"),
        }
    }
    let said = ann.text("recall_memory", json!({ "query": "deploys or news" })).await;
    assert!(said.starts_with("Found 2 "), "{said}");
    let said = ann
        .text("recall_by_timeframe", json!({ "start_date": "2024-01-01", "end_date": "2024-01-02" }))
        .await;
    assert!(said.contains("1. Old news"), "{said}");
    let wrong = "end_date: must not be before `start_date`";
    assert_eq!(
        ann.refused("recall_by_timeframe", json!({ "start_date": "2024-01-02", "end_date": "2024-01-01" }))
            .await,
        wrong
    );
    let wrong = "start_date: and `end_date` must be days such as `2026-01-31`";
    assert_eq!(ann.refused("delete_by_timeframe", json!({ "start_date": "soon" })).await, wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn older_names_delete() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let tenant = server.tenant("acme", "ann");
    let fill = || {
        for (text, tags, day) in
            [("one", &["a"][..], 1), ("two", &["a", "b"], 2), ("three", &["b"], 3), ("four", &["c"], 4)]
        {
            let mut draft = Draft::new(text);
            draft.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            draft.created = Some(1_704_067_200_000 + (day - 1) * 86_400_000 + 86_399_000);
            tenant.store(&Scope::Private, draft).unwrap();
        }
    };
    for (tool, arguments, left) in [
        ("delete_by_tag", json!({ "tag": "a" }), &["four", "three"][..]),
        ("delete_by_tag", json!({ "tags": ["a", "c"] }), &["three"]),
        ("delete_by_tags", json!({ "tags": "a,b" }), &["four"]),
        ("delete_by_all_tags", json!({ "tags": ["a", "b"] }), &["four", "one", "three"]),
        (
            "delete_by_timeframe",
            json!({ "start_date": "2024-01-02", "end_date": "2024-01-03" }),
            &["four", "one"],
        ),
        ("delete_by_timeframe", json!({ "start_date": "2024-01-02" }), &["four", "one", "three"]),
        (
            "delete_by_timeframe",
            json!({ "start_date": "2024-01-01", "end_date": "2024-01-04", "tag": "b" }),
            &["four", "one"],
        ),
        ("delete_before_date", json!({ "before_date": "2024-01-03" }), &["four", "three"]),
        ("delete_before_date", json!({ "before_date": "2024-01-03", "tag": "b" }), &["four", "one", "three"]),
    ] {
        fill();
        let said = ann.text(tool, arguments.clone()).await;
        assert!(
            said.starts_with(&format!("Deleted {} memories", 4 - left.len())),
            "{tool} {arguments}: {said}"
        );
        assert_eq!(list(&ann, json!({})).await, left, "{tool} {arguments}");
    }
    for tool in ["delete_by_tag", "delete_by_tags", "delete_by_all_tags"] {
        assert_eq!(ann.refused(tool, json!({})).await, "tags: must name at least one tag");
    }
    let hash = store(&ann, "gone soon", json!({})).await;
    let done = ann.json("delete_memory", json!({ "content_hash": hash })).await;
    assert_eq!(done, json!({ "success": true, "content_hash": hash }));
    let done = ann.json("delete_memory", json!({ "content_hash": hash })).await;
    assert_eq!(
        done,
        json!({ "success": false, "content_hash": hash, "error": format!("no memory `{hash}`") })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_counts_what_the_caller_may_read() {
    let server = Server::new(Compatibility::Doobidoo);
    let (ann, bob) = (server.client("acme", "ann").await, server.client("acme", "bob").await);
    store(&ann, "one", json!({})).await;
    store(&bob, "two", json!({})).await;
    store(&bob, "three", json!({})).await;
    let said = ann.text("memory_health", json!({})).await;
    let health: Value =
        serde_json::from_str(said.strip_prefix("Database Health Check Results:\n").unwrap()).unwrap();
    assert_eq!(
        (&health["validation"]["status"], &health["statistics"]["total_memories"]),
        (&json!("healthy"), &json!(1))
    );
    let health = bob.json("check_database_health", json!({})).await;
    assert_eq!((&health["healthy"], &health["total_memories"]), (&json!(true), &json!(2)));
    for tool in ["memory_stats", "get_cache_stats"] {
        assert_eq!(ann.json(tool, json!({})).await["total_memories"], 1);
    }
    for tool in ["memory_cleanup", "cleanup_duplicates"] {
        assert!(ann.text(tool, json!({})).await.starts_with("No duplicate memories found"));
    }
    let guide = ann.text("get_onboarding_guide", json!({ "client_type": "generic" })).await;
    assert!(guide.contains("memory_search") && guide.contains("content_hash"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_noted_counted_and_found() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let mistake = json!({ "error_pattern": "tests hang", "context_signature": "nextest", "incorrect_action": "sleep",
        "correct_action": "pause the clock" });
    let noted = ann.json("mistake_note_add", mistake.clone()).await;
    assert_eq!((&noted["status"], &noted["failure_count"]), (&json!("created"), &json!(1)));
    let again = ann.json("mistake_note_add", mistake).await;
    assert_eq!(
        (&again["status"], &again["failure_count"], &again["content_hash"]),
        (&json!("updated"), &json!(2), &noted["content_hash"])
    );
    store(&ann, "Tests hang without a clock", json!({})).await;
    let found = ann.json("mistake_note_search", json!({ "query": "tests hang" })).await;
    let note = &found["notes"][0];
    assert_eq!(
        (&found["count"], &note["failure_count"], &note["metadata"]),
        (&json!(1), &json!(2), &json!({ "failure_count": 2 }))
    );
    assert_eq!(
        note["content"],
        "Pattern: tests hang\nContext: nextest\nWrong: sleep\nRight: pause the clock"
    );
    assert!(note["similarity"].is_number() && note["updated_at"].is_number());
    let hash = &noted["content_hash"];
    let changed = ann
        .json(
            "mistake_note_update",
            json!({ "content_hash": hash, "failure_count": 7, "correct_action": "use `advance`" }),
        )
        .await;
    assert_eq!(changed["status"], "updated");
    let found = ann.json("mistake_note_search", json!({ "query": "advance" })).await;
    assert!(found["notes"][0]["content"].as_str().unwrap().ends_with("Wrong: sleep\nRight: use `advance`"));
    assert_eq!(found["notes"][0]["failure_count"], 7);
    let hash = &changed["content_hash"];
    assert_eq!(ann.json("mistake_note_delete", json!({ "content_hash": hash })).await["status"], "deleted");
    assert!(
        ann.refused("mistake_note_delete", json!({ "content_hash": hash })).await.starts_with("no memory")
    );
    // Another memory is no note.
    let plain = store(&ann, "plain", json!({})).await;
    assert!(
        ann.refused("mistake_note_delete", json!({ "content_hash": plain })).await.starts_with("no memory")
    );
    let empty = json!({ "error_pattern": "x", "context_signature": "", "incorrect_action": "", "correct_action": " " });
    assert_eq!(
        ann.refused("mistake_note_add", empty).await,
        "correct_action: must say what would have been right"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_or_a_store_never_leads_to_another_caller() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let hash = store(&ann, "Ann's secret", json!({ "tags": "s" })).await;
    ann.text("memory_store", json!({ "content": "Ann's other secret", "store": "docs" })).await;
    for (org, user) in [("acme", "bob"), ("other", "ann")] {
        let stranger = server.client(org, user).await;
        let missing = format!("no memory `{hash}`");
        assert_eq!(stranger.refused("memory_delete", json!({ "content_hash": hash })).await, missing);
        assert_eq!(
            stranger.refused("memory_update", json!({ "content_hash": hash, "updates": { "x": 1 } })).await,
            missing
        );
        assert_eq!(stranger.json("delete_memory", json!({ "content_hash": hash })).await["success"], false);
        for store in ["default", "docs", "all", "private", "org", "workspace:team"] {
            let said = stranger.text("memory_search", json!({ "query": "secret", "store": store })).await;
            assert_eq!(said, "No memories found for query: 'secret'", "{store}");
            assert_eq!(list(&stranger, json!({ "store": store })).await, [""; 0], "{store}");
        }
        assert_eq!(stranger.json("search_by_tag", json!({ "tags": "s" })).await["count"], 0);
        assert!(stranger.text("memory_delete", json!({ "tags": "s" })).await.starts_with("Deleted 0"));
        // The same text is theirs to store, and theirs alone to delete.
        assert_eq!(store(&stranger, "Ann's secret", json!({})).await, hash);
        stranger.text("memory_delete", json!({ "content_hash": hash })).await;
    }
    assert_eq!(list(&ann, json!({})).await, ["Ann's secret"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shared_is_found_and_not_deleted_by_those_who_only_read() {
    let server = Server::new(Compatibility::Doobidoo);
    let ann = server.client("acme", "ann").await;
    let boss = server.memory.of(mcp_memory::Access::new("acme", "boss").write(Scope::Org));
    boss.store(&Scope::Org, Draft::new("Holidays are in July")).unwrap();
    let said = ann.text("memory_search", json!({ "query": "holidays" })).await;
    let hash = said.split("Hash: ").nth(1).unwrap()[..64].to_owned();
    assert_eq!(list(&ann, json!({})).await, [""; 0]);
    assert_eq!(list(&ann, json!({ "store": "org" })).await, ["Holidays are in July"]);
    let refused = "org: this caller may not do this here";
    assert_eq!(ann.refused("memory_delete", json!({ "content_hash": hash })).await, refused);
    // The caller's own copy is theirs to delete.
    store(&ann, "Holidays are in July", json!({})).await;
    assert!(ann.text("memory_delete", json!({ "content_hash": hash })).await.starts_with("Deleted 1"));
    assert_eq!(list(&ann, json!({ "store": "all" })).await, ["Holidays are in July"]);
}
