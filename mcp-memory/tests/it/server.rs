//! The memory as agents use it.

use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use mcp_memory::{Access, Memory, Quota, server};
use serde_json::{Value, json};

fn principal(org: &str, user: &str, scopes: &[&str]) -> Principal {
    let mut who = Principal::new(org, user);
    who.scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    who
}

async fn client(memory: &Memory, who: Principal) -> TestClient {
    TestClient::builder().principal(who).connect(server::builder(memory.clone()).build().unwrap()).await
}

/// What a tool answers; the text is the same as the structure.
async fn call(client: &TestClient, tool: &str, arguments: Value) -> Value {
    let result = serde_json::to_value(client.call(tool, arguments).await).unwrap();
    assert_ne!(result["isError"], true, "{result}");
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
    text
}

async fn refused(client: &TestClient, tool: &str, arguments: Value) -> String {
    let result = serde_json::to_value(client.call(tool, arguments).await).unwrap();
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_memory_lives_from_store_to_delete() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let ann = client(&memory, principal("acme", "ann", &[])).await;
    let new = json!({ "content": "The deploy key rotates every three weeks", "type": "fact", "tags": ["ops"], "metadata": { "n": 1 } });
    let stored =
        call(&ann, "memory_store", json!({ "memories": [new, { "content": "Lunch is at noon" }] })).await;
    assert_eq!(stored["stored"][0]["new"], true);
    let again = call(&ann, "memory_store", json!({ "memories": [new] })).await;
    assert_eq!(
        (&again["stored"][0]["new"], &again["stored"][0]["id"]),
        (&json!(false), &stored["stored"][0]["id"])
    );
    let id = stored["stored"][0]["id"].as_str().unwrap();

    let found = call(
        &ann,
        "memory_search",
        json!({ "query": "how often do keys rotate", "filter": { "metadata.n": 1 } }),
    )
    .await;
    assert_eq!(
        (found["memories"].as_array().unwrap().len(), found["memories"][0]["id"].as_str()),
        (1, Some(id))
    );
    assert_eq!(found["memories"][0]["tags"], json!(["ops"]));
    assert!(found["memories"][0].get("source").is_none(), "what has no source says nothing of one");
    assert!(found["memories"][0]["created"].as_str().unwrap().ends_with('Z'), "{found}");

    let changed =
        call(&ann, "memory_update", json!({ "id": id, "content": "The deploy key rotates every week" }))
            .await;
    assert_eq!(changed, json!({ "id": id, "version": 2 }));
    let whole = call(&ann, "memory_get", json!({ "id": id })).await;
    assert_eq!((&whole["scope"], &whole["history"][0]["content"]), (&json!("private"), &new["content"]));
    let resource = serde_json::to_value(ann.read(&format!("memory://{id}")).await.unwrap()).unwrap();
    let read: Value = serde_json::from_str(resource["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(read["content"], "The deploy key rotates every week");
    assert!(ann.read("memory://nothing").await.is_err());

    let newer = call(
        &ann,
        "memory_update",
        json!({ "id": id, "content": "Deploy keys are gone", "supersede": true }),
    )
    .await;
    assert_eq!(newer["supersedes"], id);
    let today = json!({ "query": "keys", "when": "today", "zone": "Asia/Tokyo" });
    let found = call(&ann, "memory_search", today).await;
    assert!(!found["memories"].as_array().unwrap().is_empty());
    assert!(found["when"].as_str().unwrap().contains("T00:00:00+09:00 to "), "{found}");
    assert_eq!(call(&ann, "memory_list", json!({ "when": "before 2020" })).await["memories"], json!([]));
    let listed = call(&ann, "memory_list", json!({ "limit": 1 })).await;
    let next = listed["next"].as_str().unwrap();
    let rest = call(&ann, "memory_list", json!({ "limit": 5, "cursor": next })).await;
    assert_eq!((rest["memories"].as_array().unwrap().len(), rest.get("next")), (1, None));

    let would = call(&ann, "memory_delete", json!({ "filter": { "type": "note" }, "dry_run": true })).await;
    assert_eq!(would["would_delete"], 2);
    let gone = call(&ann, "memory_delete", json!({ "filter": { "content": { "contains": "Lunch" } } })).await;
    assert_eq!(gone["deleted"], 1);
    call(&ann, "memory_delete", json!({ "id": newer["id"] })).await;
    assert_eq!(call(&ann, "memory_list", json!({})).await, json!({ "memories": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_see_what_is_theirs_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let ann = client(&memory, principal("acme", "ann", &["workspace:web", "memory:org"])).await;
    let bob = client(&memory, principal("acme", "bob", &[])).await;
    let eve = client(&memory, principal("other", "ann", &["workspace:web", "memory:org"])).await;
    let mut ids = Vec::new();
    for scope in ["private", "workspace:web", "org"] {
        let content = format!("secret of {scope}");
        let stored =
            call(&ann, "memory_store", json!({ "memories": [{ "content": content }], "scope": scope })).await;
        ids.push(stored["stored"][0]["id"].clone());
    }
    let texts = |found: Value| -> Vec<String> {
        let memories = found["memories"].as_array().unwrap().clone();
        memories.iter().map(|memory| memory["content"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts(call(&ann, "memory_search", json!({ "query": "secret" })).await).len(), 3);
    assert_eq!(texts(call(&bob, "memory_search", json!({ "query": "secret" })).await), ["secret of org"]);
    assert!(texts(call(&eve, "memory_search", json!({ "query": "secret" })).await).is_empty());
    for id in &ids {
        let missing = format!("no memory `{}`", id.as_str().unwrap());
        for tool in ["memory_get", "memory_delete", "memory_update"] {
            assert_eq!(refused(&eve, tool, json!({ "id": id })).await, missing, "{tool}");
        }
    }
    let arguments = json!({ "memories": [{ "content": "x" }], "scope": "org" });
    assert_eq!(refused(&bob, "memory_store", arguments).await, "org: this caller may not do this here");
    // No argument says who calls.
    let arguments = json!({ "memories": [{ "content": "x" }], "user": "ann" });
    assert!(refused(&bob, "memory_store", arguments).await.contains("unknown field `user`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_served_without_a_name() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let stranger = TestClient::connect(server::builder(memory.clone()).build().unwrap());
    for (tool, arguments) in [
        ("memory_search", json!({ "query": "x" })),
        ("memory_list", json!({})),
        ("memory_store", json!({ "memories": [{ "content": "x" }] })),
    ] {
        assert_eq!(refused(&stranger, tool, arguments).await, "memory: this caller may not do this here");
    }
    let local = server::builder(memory).without_credentials(Access::new("local", "me")).build().unwrap();
    let me = TestClient::connect(local);
    call(&me, "memory_store", json!({ "memories": [{ "content": "x" }] })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_fit_and_say_what_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let ann = client(&memory, principal("acme", "ann", &[])).await;
    let memories: Vec<Value> =
        (0..50).map(|i| json!({ "content": format!("entry {i} {}", "word ".repeat(100)) })).collect();
    call(&ann, "memory_store", json!({ "memories": memories })).await;
    let found = call(&ann, "memory_search", json!({ "query": "entry", "limit": 50 })).await;
    assert!(found.to_string().len() < 8_500);
    let shown = found["memories"].as_array().unwrap().len();
    assert_eq!(shown as u64 + found["left_out"].as_u64().unwrap(), 50);
    // All pages together have everything, however small they are.
    let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), None);
    loop {
        let page =
            call(&ann, "memory_list", json!({ "limit": 20, "max_tokens": 1_000, "cursor": cursor })).await;
        for memory in page["memories"].as_array().unwrap() {
            assert!(seen.insert(memory["id"].as_str().unwrap().to_owned()));
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 50);
    call(&ann, "memory_store", json!({ "memories": [{ "content": "needle ".repeat(2_000) }] })).await;
    let found =
        call(&ann, "memory_search", json!({ "query": "needle", "limit": 1, "max_tokens": 200 })).await;
    assert!(found.to_string().len() < 1_000, "{found}");
    assert_eq!(found["memories"][0]["cut"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_says_where_it_comes_from() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let mut draft = mcp_memory::Draft::new("The ferry leaves at nine");
    draft.source = Some("docs/ferry.md".to_owned());
    memory.of(Access::new("acme", "ann")).store(&mcp_memory::Scope::Private, draft).unwrap();
    let ann = client(&memory, principal("acme", "ann", &[])).await;
    let found = call(&ann, "memory_search", json!({ "query": "when does the ferry leave" })).await;
    assert_eq!(found["memories"][0]["source"], "docs/ferry.md", "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_cost_few_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let ann = client(&memory, principal("acme", "ann", &[])).await;
    let tools = ann.request("tools/list", json!({})).await.unwrap()["tools"].clone();
    assert!(tools.as_array().unwrap().len() <= 10);
    let bytes = tools.to_string().len();
    assert!(bytes < 6_000, "{bytes} bytes are more than 1,500 tokens: {tools}");
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_say_what_would_do() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let ann = client(&memory, principal("acme", "ann", &[])).await;
    for (tool, arguments, expect) in [
        ("memory_search", json!({ "query": "x", "limit": 1_000 }), "limit: must be from 1 to 100"),
        (
            "memory_search",
            json!({ "query": "x", "scope": "all" }),
            "scope: must be `private`, `org` or `workspace:` and its name",
        ),
        (
            "memory_search",
            json!({ "query": "x", "filter": { "created": { "gt": "soon" } } }),
            "filter: filter.created.gt: must be a time: `2026-01-31`, `2026-01-31T12:00:00Z`, or milliseconds since 1970",
        ),
        (
            "memory_search",
            json!({ "query": "x", "when": "blorf" }),
            "when: `blorf` is not a time: try `last week`, `3 days ago`, `May 2025`, `2025-05-01` or `between Monday and today`",
        ),
        (
            "memory_search",
            json!({ "query": "x", "zone": "Berlin" }),
            "zone: must be the name of a zone, such as `Europe/Berlin`",
        ),
        ("memory_list", json!({ "cursor": "x" }), "cursor: must be `next` of the page before"),
        ("memory_get", json!({ "id": "x" }), "id: must be a UUID, as `store` returned it"),
        ("memory_delete", json!({}), "id: name one memory by `id`, or those that pass a `filter`"),
        (
            "memory_delete",
            json!({ "filter": {} }),
            "filter: needs a condition: nothing is deleted without one",
        ),
    ] {
        assert_eq!(refused(&ann, tool, arguments).await, expect, "{tool}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_acts_for_users_only_where_it_may() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let service = client(&memory, principal("acme", "backend", &["memory:act-as"])).await;
    let for_ann = |mut arguments: Value| {
        arguments["user_id"] = "ann".into();
        arguments
    };
    let stored =
        call(&service, "memory_store", for_ann(json!({ "memories": [{ "content": "Ann likes tea" }] })))
            .await;
    let id = json!({ "id": stored["stored"][0]["id"] });
    // They are ann's, and not the service's.
    let ann = client(&memory, principal("acme", "ann", &[])).await;
    assert_eq!(
        call(&ann, "memory_search", json!({ "query": "tea" })).await["memories"].as_array().unwrap().len(),
        1
    );
    assert_eq!(call(&service, "memory_search", json!({ "query": "tea" })).await["memories"], json!([]));
    assert_eq!(call(&service, "memory_get", for_ann(id.clone())).await["content"], "Ann likes tea");
    call(&service, "memory_update", for_ann(json!({ "id": id["id"], "tags": ["x"] }))).await;
    assert_eq!(call(&service, "memory_list", for_ann(json!({}))).await["memories"][0]["tags"], json!(["x"]));
    for (scopes, org) in [(&[][..], "acme"), (&["memory:org"], "acme"), (&["memory:act-as"], "other")] {
        let other = client(&memory, principal(org, "other", scopes)).await;
        if org == "acme" {
            let refusal = refused(&other, "memory_search", for_ann(json!({ "query": "tea" }))).await;
            assert_eq!(refusal, "user `ann`: this caller may not do this here");
            refused(&other, "memory_delete", for_ann(id.clone())).await;
        } else {
            let found = call(&other, "memory_search", for_ann(json!({ "query": "tea" }))).await;
            assert_eq!(found["memories"], json!([]));
        }
    }
    call(&service, "memory_delete", for_ann(id)).await;
    assert_eq!(call(&ann, "memory_list", json!({})).await["memories"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_bounds_what_its_users_keep() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let with_plan = async |user: &str, plan: &str| {
        let mut who = principal("acme", user, &[]);
        who.plan = Some(plan.to_owned());
        let server = server::builder(memory.clone()).plan("free", Quota::memories(2)).build().unwrap();
        TestClient::builder().principal(who).connect(server).await
    };
    let (ann, bob) = (with_plan("ann", "free").await, with_plan("bob", "team").await);
    let three = json!({ "memories": [{ "content": "a" }, { "content": "b" }, { "content": "c" }] });
    let refusal = refused(&ann, "memory_store", three.clone()).await;
    assert_eq!(refusal, "quota: this caller may keep 2 memories: delete some, or ask for more");
    call(&bob, "memory_store", three).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_told_scores_explained_and_the_rest_can_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let memory = Memory::open(directory.path()).unwrap();
    let ann = client(&memory, principal("acme", "ann", &[])).await;
    call(&ann, "memory_store", json!({ "memories": [{ "content": "Tea at four", "type": "fact" }] })).await;
    let found = call(
        &ann,
        "memory_search",
        json!({ "query": "tea", "when": "today", "filter": { "created": { "within": "this year" } }, "explain": true }),
    )
    .await;
    assert!(found["when"].as_str().unwrap().contains(" to "), "{found}");
    assert_eq!(found["filter_times"].as_array().unwrap().len(), 1);
    let parts: f64 = found["memories"][0]["explain"]
        .as_object()
        .unwrap()
        .values()
        .map(|part| part.as_f64().unwrap())
        .sum();
    assert!((parts - found["memories"][0]["score"].as_f64().unwrap()).abs() < 0.003, "{found}");
    let read = ann.request("resources/read", json!({ "uri": "memory://stats" })).await.unwrap();
    let stats: Value = serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(stats["scopes"]["private"]["types"], json!({ "fact": 1 }));
    assert_eq!(stats["health"], json!({ "embedder": "table-128-v1", "dimension": 128, "encrypted": true }));
    for (name, arguments) in [("recall", json!({ "topic": "tea" })), ("remember", json!({}))] {
        let prompt =
            ann.request("prompts/get", json!({ "name": name, "arguments": arguments })).await.unwrap();
        assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("memory_"), "{prompt}");
    }
}
