use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use serde_json::{Value, json};

use super::*;
use crate::learn::{Learner, Settings};
use crate::starter::{Starter, skills};
use crate::{Catalog, Entry};

const TASK: &str = "find the root cause of the incident from logs, metrics and deploys";

fn recommender() -> Recommender {
    let catalog = Arc::new(Catalog::builder().source(Starter).build());
    Recommender::new(catalog).learner(Learner::in_memory(Settings::default()).unwrap())
}

async fn said(client: &TestClient, tool: &str, arguments: Value) -> Value {
    let result = client.call(tool, arguments).await;
    assert!(!result.is_error, "{:?}", result.content[0].as_text());
    result.structured_content.unwrap().to_value().unwrap()
}

#[tokio::test]
async fn feedback_of_one_tenant_is_not_told_to_another() {
    let server = builder(recommender()).build().unwrap();
    let connect =
        |org: &str| TestClient::builder().principal(Principal::new(org, "ann")).connect(server.clone());
    let (acme, other) = (connect("acme").await, connect("other").await);
    let found = said(&acme, "recommend", json!({ "task": TASK })).await;
    assert_eq!(
        (&found["entries"][0]["id"], &found["nothing_fits"]),
        (&json!("skill:root-cause-analysis"), &json!(false))
    );
    let feedback =
        json!({ "exposure": found["exposure"], "entry": "skill:root-cause-analysis", "outcome": "accepted" });
    assert!(other.call("feedback", feedback.clone()).await.is_error);
    said(&acme, "feedback", feedback).await;
    let (ours, theirs) = (said(&acme, "stats", json!({})).await, said(&other, "stats", json!({})).await);
    assert_eq!((&ours["yours"]["accepted"], &ours["coverage"]), (&json!(1), &json!(1.0)));
    assert_eq!((&theirs["yours"]["shown"], &theirs["coverage"]), (&json!(0), &json!(null)));
    assert!(ours["latency"]["p99_us"].is_u64());
}

#[tokio::test]
async fn that_nothing_fits_is_said_of_a_recommendation_and_not_of_an_entry() {
    let client = TestClient::connect(builder(recommender()).build().unwrap());
    let found = said(&client, "recommend", json!({ "task": TASK })).await;
    let of_an_entry = json!({ "exposure": found["exposure"], "entry": "skill:root-cause-analysis", "outcome": "nothing_fits" });
    let told = client.call("feedback", of_an_entry).await;
    assert!(told.is_error && told.content[0].as_text().unwrap().contains("leave it empty"));
    let of_all = json!({ "exposure": found["exposure"], "outcome": "nothing_fits" });
    said(&client, "feedback", of_all.clone()).await;
    let told = client.call("feedback", of_all).await;
    assert!(told.is_error && told.content[0].as_text().unwrap().contains("was given already"));
    let stats = said(&client, "stats", json!({})).await;
    assert_eq!((&stats["yours"]["nothing_fits"], &stats["acceptance"]), (&json!(1), &json!(0.0)));
}

#[tokio::test]
async fn entries_are_searched_read_and_refused_by_the_scan() {
    let refuse = |entry: &Entry| (entry.name == "add-memory").then(|| "not here".to_owned());
    let client = TestClient::connect(builder(recommender()).scan(refuse).build().unwrap());
    let found = said(&client, "search", json!({ "query": "sprint backlog", "limit": 1 })).await;
    assert_eq!(found["entries"][0]["id"], "skill:plan-sprint");
    let got = client.call("get", json!({ "id": "skill:plan-sprint" })).await;
    assert!(got.content[0].as_text().unwrap().contains("origin=\"mcp-patterns\""));
    for (id, told) in [("skill:add-memory", "not here"), ("skill:nothing", "there is no entry")] {
        let got = client.call("get", json!({ "id": id })).await;
        assert!(got.is_error && got.content[0].as_text().unwrap().contains(told), "{id}");
    }
    let small = client.call("get", json!({ "id": "skill:plan-sprint", "tokens": 10 })).await;
    assert!(small.content[0].as_text().unwrap().contains("tokens; ask with"));
}

#[tokio::test]
async fn a_skill_is_validated_with_line_numbers() {
    let client = TestClient::connect(builder(recommender()).build().unwrap());
    let text = "---\nname: A\ndescription: d\n---\nText\n";
    let told = said(&client, "validate", json!({ "text": text, "directory": "a" })).await;
    assert_eq!((&told["valid"], &told["problems"][0]["line"]), (&json!(false), &json!(2)));
    let told = said(&client, "validate", json!({ "text": text, "directory": "a", "lenient": true })).await;
    assert_eq!(told["valid"], true);
}

#[tokio::test]
async fn prompts_bring_what_fits_and_skills_are_resources() {
    let mut set = crate::extension::SkillSet::new();
    for (_, text) in skills() {
        set.add_files("", [("SKILL.md", text.as_bytes())], crate::skill::Mode::Strict).unwrap();
    }
    let client = TestClient::connect(builder(recommender()).skills(Skills::new(set)).build().unwrap());
    let prompt = client
        .request("prompts/get", json!({ "name": "help_with", "arguments": { "task": TASK } }))
        .await
        .unwrap();
    assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("Write the timeline first"));
    let listed = client.request("skills/list", json!({})).await.unwrap();
    assert_eq!(listed["skills"].as_array().unwrap().len(), 12);
    let arguments = json!({ "ref": { "type": "ref/prompt", "name": "use_entry" }, "argument": { "name": "id", "value": "sprint" } });
    let completed = client.request("completion/complete", arguments).await.unwrap();
    assert_eq!(completed["completion"]["values"], json!(["skill:plan-sprint"]));
}

#[tokio::test]
async fn without_a_store_feedback_is_refused() {
    let catalog = Arc::new(Catalog::builder().source(Starter).build());
    let client = TestClient::connect(builder(Recommender::new(catalog)).build().unwrap());
    let told = client.call("feedback", json!({ "exposure": 0, "entry": "x", "outcome": "accepted" })).await;
    assert!(told.is_error && told.content[0].as_text().unwrap().contains("does not learn"));
}
