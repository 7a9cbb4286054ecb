//! As clients of mem0 use it.

use mcp_memory::server::Compatibility;
use mcp_memory::{Draft, Scope};
use serde_json::{Value, json};

use super::{Client, Server};

async fn add(client: &Client, text: &str, more: Value) -> String {
    let mut arguments = json!({ "text": text });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = client.json("add_memory", arguments).await;
    answer["results"][0]["id"].as_str().unwrap().to_owned()
}

/// The texts of what was found, in order of the alphabet.
fn said(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().unwrap();
    let mut said: Vec<&str> = results.iter().map(|item| item["memory"].as_str().unwrap()).collect();
    said.sort_unstable();
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_has_all_that_was_said_of_it() {
    let server = Server::new(Compatibility::Mem0);
    let ann = server.client("acme", "ann").await;
    let answer = ann
        .json(
            "add_memory",
            json!({
                "text": "unused", "messages": [
                    { "role": "system", "content": "Be kind" },
                    { "role": "user", "content": "I like green tea", "name": "Ann" },
                    { "role": "assistant", "content": [{ "type": "text", "text": "Noted: green tea" }] },
                    { "role": "assistant", "content": null },
                ],
                "user_id": "u1", "agent_id": "bot", "app_id": "web", "run_id": "r1", "metadata": { "topic": "food" },
                "categories": ["taste"], "expiration_date": "2099-01-01", "timestamp": 1_700_000_000, "memory_type": "preference",
                "enable_graph": true, "immutable": false,
            }),
        )
        .await;
    assert_eq!(said(&answer), ["I like green tea", "Noted: green tea"]);
    assert_eq!(answer["results"][0]["event"], "ADD");
    assert!(answer["note"].as_str().unwrap().starts_with("stored as it is"), "{answer}");
    assert_eq!(answer["without_effect"], json!(["enable_graph"]));

    let id = answer["results"][0]["id"].as_str().unwrap();
    let memory = ann.json("get_memory", json!({ "memory_id": id })).await;
    let mut expect = json!({
        "id": id, "memory": "I like green tea", "user_id": "u1", "agent_id": "bot", "app_id": "web", "run_id": "r1",
        "categories": ["taste"], "metadata": { "topic": "food", "actor_id": "Ann" }, "created_at": "2023-11-14T22:13:20Z",
        "role": "user", "memory_type": "preference", "expiration_date": "2099-01-01T00:00:00Z",
    });
    expect["updated_at"] = memory["updated_at"].clone();
    assert_eq!(memory, expect);
    let (record, _) = server.tenant("acme", "ann").get(&id.parse().unwrap()).unwrap();
    assert_eq!((record.agent.as_deref(), record.run.as_deref()), (Some("bot"), Some("r1")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_may_come_in_any_form_and_is_added_once() {
    let server = Server::new(Compatibility::Mem0);
    let ann = server.client("acme", "ann").await;
    for (arguments, expect) in [
        (json!({ "text": "one", "infer": false }), "ADD"),
        (json!({ "messages": "one" }), "NONE"),
        (json!({ "messages": { "role": "user", "content": "two" } }), "ADD"),
        (json!({ "text": "two", "messages": [] }), "NONE"),
        // The same text of another is another memory.
        (json!({ "text": "one", "user_id": "bea" }), "ADD"),
        (json!({ "text": "one", "user_id": "bea" }), "NONE"),
    ] {
        let answer = ann.json("add_memories", arguments.clone()).await;
        assert_eq!(answer["results"][0]["event"], expect, "{arguments}");
        assert_eq!(answer.get("note").is_none(), arguments["infer"] == false, "{answer}");
    }
    for (arguments, expect) in [
        (json!({}), "text: must say something, or `messages` must"),
        (
            json!({ "messages": [{ "role": "system", "content": "x" }] }),
            "text: must say something, or `messages` must",
        ),
        (json!({ "text": "x", "user_id": "*" }), "user_id: must be a name: `*` is for filters"),
        (
            json!({ "text": "x", "expiration_date": "soon" }),
            "expiration_date: is no time: use `2026-01-31T12:00:00Z` or seconds since 1970",
        ),
    ] {
        assert_eq!(ann.refused("add_memory", arguments).await, expect);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_and_pages_go_by_filters() {
    let server = Server::new(Compatibility::Mem0);
    let ann = server.client("acme", "ann").await;
    add(&ann, "Likes green tea", json!({ "user_id": "u1", "categories": "food", "metadata": { "n": 1 } }))
        .await;
    add(&ann, "Likes black tea", json!({ "user_id": "u2", "metadata": { "n": 2 } })).await;
    add(&ann, "Tea is brewed at 80 degrees", json!({ "agent_id": "bot", "timestamp": "2024-03-01" })).await;
    add(&ann, "Tea shop opens at nine", json!({})).await;
    for (filters, expect) in [
        (json!(null), 4),
        (json!({ "user_id": "u1" }), 1),
        (json!({ "AND": [{ "user_id": "u1" }] }), 1),
        (json!({ "user_id": "*" }), 2),
        (json!({ "OR": [{ "user_id": "u1" }, { "agent_id": "bot" }] }), 2),
        (json!({ "user_id": { "in": ["u1", "u2", "u3"] } }), 2),
        (json!({ "NOT": [{ "user_id": "u1" }] }), 3),
        (json!({ "AND": [{ "user_id": "*" }, { "NOT": [{ "categories": { "contains": "food" } }] }] }), 1),
        (json!({ "metadata": { "n": { "gte": 2 } } }), 1),
        (json!({ "n": 1 }), 1),
        (json!({ "created_at": { "lt": "2024-04-01" } }), 1),
        (json!({ "keywords": { "icontains": "SHOP" } }), 1),
        (json!("{\"user_id\": \"u2\"}"), 1),
    ] {
        let found =
            ann.json("search_memories", json!({ "query": "tea", "filters": filters, "rerank": false })).await;
        assert_eq!(said(&found).len(), expect, "{filters}: {found}");
        assert!(found["results"].as_array().unwrap().iter().all(|item| item["score"].is_number()));
        let listed = ann.json("get_memories", json!({ "filters": filters })).await;
        assert_eq!((said(&listed), &listed["count"]), (said(&found), &json!(expect)), "{filters}");
    }
    let named = ann
        .json("search_memory", json!({ "query": "tea", "user_id": "u2", "limit": 5, "threshold": 0.3 }))
        .await;
    assert_eq!((said(&named), &named["without_effect"]), (vec!["Likes black tea"], &json!(["threshold"])));
    assert_eq!(said(&ann.json("search_memories", json!({ "query": "tea", "top_k": 1 })).await).len(), 1);
    assert_eq!(
        ann.refused("search_memories", json!({ "query": "tea", "filters": { "user_id": { "like": "u" } } }))
            .await,
        "filters: filters.user_id: `like` is no operator here: use `eq`, `ne`, `in`, `nin` or `contains`"
    );

    let mut seen = Vec::new();
    for page in 1..=2 {
        let answer = ann.json("list_memories", json!({ "page": page, "page_size": 3 })).await;
        seen.extend(said(&answer).into_iter().map(str::to_owned));
        let (next, previous) = if page == 1 { (json!(2), json!(null)) } else { (json!(null), json!(1)) };
        assert_eq!((&answer["next"], &answer["previous"]), (&next, &previous));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    assert_eq!(ann.refused("get_memories", json!({ "page": 0 })).await, "page: must be 1 or more");
    assert_eq!(
        ann.refused("get_memories", json!({ "page_size": 101 })).await,
        "page_size: must be from 1 to 100"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn memories_are_changed_and_deleted() {
    let server = Server::new(Compatibility::Mem0);
    let ann = server.client("acme", "ann").await;
    let id = add(&ann, "Likes green tea", json!({ "user_id": "u1", "metadata": { "a": 1, "b": 2 } })).await;
    let changed = ann
        .json(
            "update_memory",
            json!({ "memory_id": id, "text": "Likes black tea", "metadata": { "a": null } }),
        )
        .await;
    assert_eq!(
        (&changed["memory"], &changed["metadata"], &changed["user_id"], &changed["message"]),
        (&json!("Likes black tea"), &json!({ "b": 2 }), &json!("u1"), &json!("Memory updated successfully!"))
    );
    assert_eq!(
        ann.refused("update_memory", json!({ "memory_id": id })).await,
        "text: must be the new text, or `metadata` must name members"
    );
    let deleted = ann.json("delete_memory", json!({ "memory_id": id })).await;
    assert_eq!(deleted, json!({ "message": "Memory deleted successfully!", "id": id }));
    for tool in ["get_memory", "delete_memory"] {
        assert_eq!(ann.refused(tool, json!({ "memory_id": id })).await, format!("no memory `{id}`"));
        let wrong = "memory_id: must be a UUID, as `add_memory` returned it";
        assert_eq!(ann.refused(tool, json!({ "memory_id": "7" })).await, wrong);
    }
    let ids = [add(&ann, "one", json!({})).await, add(&ann, "two", json!({})).await, id];
    assert_eq!(ann.json("delete_memories", json!({ "memory_ids": ids })).await["deleted"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_named_is_deleted_with_an_entity() {
    let server = Server::new(Compatibility::Mem0);
    let ann = server.client("acme", "ann").await;
    server.tenant("acme", "ann").store(&Scope::Private, Draft::new("Nobody's").tag("plain")).unwrap();
    for (user, agent) in [("u1", "bot"), ("u1", "cat"), ("u2", "bot")] {
        add(&ann, "The same text", json!({ "user_id": user, "agent_id": agent })).await;
    }
    let entities = ann.json("list_entities", json!({})).await;
    let counted: Vec<String> = entities["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entity| format!("{} {} {}", entity["type"], entity["id"], entity["total_memories"]))
        .collect();
    assert_eq!(counted, [r#""agent" "bot" 2"#, r#""agent" "cat" 1"#, r#""user" "u1" 2"#, r#""user" "u2" 1"#]);

    for tool in ["delete_all_memories", "delete_entities"] {
        for arguments in [json!({}), json!({ "user_id": "" })] {
            assert_eq!(
                ann.refused(tool, arguments).await,
                "user_id: nothing is deleted without a name: give `user_id`, `agent_id`, `app_id` or `run_id`"
            );
        }
        let wrong = "agent_id: must be a name: `*` would delete those of everybody";
        assert_eq!(ann.refused(tool, json!({ "agent_id": "*" })).await, wrong);
    }
    let deleted = ann.json("delete_all_memories", json!({ "user_id": "u1", "agent_id": "bot" })).await;
    assert_eq!(deleted, json!({ "message": "Memories deleted successfully!", "deleted": 1 }));
    assert_eq!(ann.json("delete_entities", json!({ "agent_id": "bot" })).await["deleted"], 1);
    let left = ann.json("get_memories", json!({})).await;
    assert_eq!(said(&left), ["Nobody's", "The same text"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_never_leads_to_another_caller() {
    let server = Server::new(Compatibility::Mem0);
    let (ann, bob) = (server.client("acme", "ann").await, server.client("acme", "bob").await);
    let id = add(&ann, "Ann's secret", json!({ "user_id": "ann" })).await;
    add(&bob, "Ann's secret", json!({ "user_id": "ann" })).await;
    let others = server.client("other", "ann").await;
    for stranger in [&bob, &others] {
        let missing = format!("no memory `{id}`");
        for (tool, arguments) in [
            ("get_memory", json!({ "memory_id": id })),
            ("update_memory", json!({ "memory_id": id, "text": "mine" })),
            ("delete_memory", json!({ "memory_id": id })),
        ] {
            assert_eq!(stranger.refused(tool, arguments).await, missing, "{tool}");
        }
        assert_eq!(stranger.json("delete_memories", json!({ "memory_ids": [id] })).await["deleted"], 0);
    }
    for filters in [json!({ "user_id": "ann" }), json!({ "user_id": "*" }), json!({ "id": id })] {
        let found = others.json("search_memories", json!({ "query": "secret", "filters": filters })).await;
        assert_eq!(found, json!({ "results": [] }));
        assert_eq!(others.json("get_memories", json!({ "filters": filters })).await["count"], 0);
    }
    assert_eq!(others.json("list_entities", json!({})).await["count"], 0);
    assert_eq!(bob.json("delete_all_memories", json!({ "user_id": "ann" })).await["deleted"], 1);
    assert_eq!(ann.json("get_memories", json!({ "user_id": "ann" })).await["count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_answers_say_what_they_left_out() {
    let server = Server::new(Compatibility::Mem0);
    let ann = server.client("acme", "ann").await;
    for place in 0..3 {
        add(&ann, &format!("needle {place} {}", "word ".repeat(6_000)), json!({})).await;
    }
    let found = ann.json("search_memories", json!({ "query": "needle" })).await;
    assert_eq!((said(&found).len(), &found["left_out"]), (1, &json!(2)));
    assert!(found.to_string().len() < 42_000);
}
