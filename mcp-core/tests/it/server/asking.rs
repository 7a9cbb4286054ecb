//! Questions to the client: the same handlers on every revision.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mcp_core::State;
use mcp_core::protocol::{Capability, ClientCapabilities, CreateMessage, ProtocolVersion, SamplingMessage};
use mcp_core::server::{
    Context, Elicit, Elicited, ListRoots, Sample, ToolEntry, ToolError, UrlAnswer, prompt, tool,
};
use mcp_core::testing::TestClient;
use serde_json::{Value, json};

use super::{BOTH, builder, refused, said, serving};

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Person {
    name: String,
    age: u8,
}

/// Asks for everything that there is to ask for, all at once.
async fn survey(context: Context) -> Result<String, ToolError> {
    let thought = Sample(CreateMessage::new([SamplingMessage::user("Think.")], 10));
    let (person, page, thought, roots) = tokio::join!(
        context.ask("person", Elicit::form::<Person>("Who are you?")),
        context.ask("page", Elicit::url("Please sign.", "https://example.com/sign")),
        context.ask("thought", thought),
        context.ask("roots", ListRoots),
    );
    let person = match person? {
        Elicited::Accepted(Person { name, age }) => format!("{name} ({age})"),
        other => format!("{other:?}"),
    };
    let (page, thought, roots) = (page?, thought?, roots?);
    Ok(format!("{person}, {page:?}, {}, {}", thought.text(), roots.roots[0].uri))
}

fn survey_answers(client: &TestClient) {
    client
        .answer("Who are you?", json!({ "action": "accept", "content": { "name": "Ann", "age": 30 } }))
        .answer("Please sign.", json!({ "action": "accept" }))
        .answer("roots/list", json!({ "roots": [{ "uri": "file:///work" }] }))
        .answer(
            "sampling/createMessage",
            json!({
                "role": "assistant", "content": { "type": "text", "text": "hm" }, "model": "m",
            }),
        );
}

#[tokio::test]
async fn several_questions_at_once() {
    for version in BOTH {
        let client = TestClient::connect_as(version, serving(tool("survey", survey))).await;
        survey_answers(&client);
        let result = client.call("survey", json!({})).await;
        assert_eq!(said(&result), (false, "Ann (30), Opened, hm, file:///work"), "{version}");
        assert_eq!(client.questions().len(), 4, "each is asked once on {version}");
    }
}

#[tokio::test]
async fn a_client_that_cannot_is_told_so() {
    // No revision before 2025-06-18 can elicit: the model reads why.
    for version in [ProtocolVersion::V2024_11_05, ProtocolVersion::V2025_03_26] {
        let client = TestClient::connect_as(version, serving(tool("survey", survey))).await;
        survey_answers(&client);
        let text = "the client cannot answer this question: it did not declare the capability";
        assert_eq!(said(&client.call("survey", json!({})).await), (true, text), "{version}");
    }
    // The newest revision has an error for it.
    let client = TestClient::builder().capabilities(ClientCapabilities::default());
    let client = client.connect(serving(tool("survey", survey))).await;
    let error = client.call_raw("survey", json!({})).await.unwrap_err();
    assert_eq!(error.code.0, -32021);
    assert_eq!(error.data, Some(json!({ "requiredCapabilities": { "elicitation": { "form": {} } } })));
}

#[tokio::test]
async fn what_a_tool_requires_is_checked_before_it_runs() {
    let picky = || tool("picky", async || "ran").requires(Capability::Sampling);
    for version in BOTH {
        let able = TestClient::connect_as(version, serving(picky())).await;
        assert_eq!(said(&able.call("picky", json!({})).await), (false, "ran"));
    }
    let unable = |version| TestClient::builder().version(version).capabilities(ClientCapabilities::default());
    let modern = unable(ProtocolVersion::LATEST).connect(serving(picky())).await;
    assert_eq!(
        refused(modern.call_raw("picky", json!({})).await),
        "-32021 the client did not declare a capability this request needs"
    );
    let old = unable(ProtocolVersion::V2025_11_25).connect(serving(picky())).await;
    assert_eq!(
        said(&old.call("picky", json!({})).await),
        (true, "the client did not declare a capability this request needs")
    );
}

#[tokio::test]
async fn what_the_person_did_arrives() {
    for version in BOTH {
        for (action, expect) in [("decline", "Declined"), ("cancel", "Cancelled")] {
            let client = TestClient::connect_as(version, serving(tool("survey", survey))).await;
            client.answer("Who are you?", json!({ "action": action }));
            survey_answers(&client);
            let result = client.call("survey", json!({})).await;
            assert_eq!(said(&result), (false, &*format!("{expect}, Opened, hm, file:///work")), "{version}");
        }
    }
}

async fn age(context: Context) -> Result<String, ToolError> {
    let person = context.ask("person", Elicit::form::<Person>("Who are you?")).await?;
    Ok(person.accepted().map_or_else(String::new, |person| person.age.to_string()))
}

#[tokio::test]
async fn an_answer_that_does_not_fit() {
    let bad = json!({ "action": "accept", "content": { "name": "Ann", "age": "old" } });
    // The newest revision asks again.
    let client = TestClient::connect(serving(tool("age", age)));
    client.answer("person", bad.clone());
    client.answer("person", json!({ "action": "accept", "content": { "name": "Ann", "age": 30 } }));
    assert_eq!(said(&client.call("age", json!({})).await), (false, "30"));
    assert_eq!(client.questions().len(), 2);
    // A session has had its answer.
    let client = TestClient::connect_as(ProtocolVersion::V2025_11_25, serving(tool("age", age))).await;
    client.answer("elicitation/create", bad);
    let result = client.call("age", json!({})).await;
    assert_eq!(said(&result), (true, "the client's answer does not fit: `age` is not of type integer"));
}

#[tokio::test]
async fn a_session_may_refuse_to_answer() {
    let client = TestClient::connect_as(ProtocolVersion::V2025_11_25, serving(tool("age", age))).await;
    let result = client.call("age", json!({})).await;
    let text = "the client refused to answer: the test has no answer to this (-32601)";
    assert_eq!(said(&result), (true, text));
}

/// Counts how often it does what it should do once.
fn careful() -> ToolEntry {
    tool("careful", async |context: Context, State(runs): State<Arc<[AtomicUsize; 2]>>| {
        let work = async || runs[0].fetch_add(1, Ordering::Relaxed) + 40;
        let worked = context.memo("work", work()).await?;
        runs[1].fetch_add(1, Ordering::Relaxed);
        for key in ["first", "second", "third"] {
            context.ask(key, Elicit::url("Read this.", "https://example.com")).await?;
        }
        Ok::<_, ToolError>(worked.to_string())
    })
}

#[tokio::test]
async fn a_memo_works_once_whatever_the_rounds() {
    for (version, rounds) in BOTH.into_iter().zip([4, 1]) {
        let runs = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let server = builder().state(Arc::clone(&runs)).tool(careful()).build().unwrap();
        let client = TestClient::connect_as(version, server).await;
        client.answer("Read this.", json!({ "action": "accept" }));
        assert_eq!(said(&client.call("careful", json!({})).await), (false, "40"));
        assert_eq!(client.questions().len(), 3, "{version}");
        let runs = runs.each_ref().map(|count| count.load(Ordering::Relaxed));
        assert_eq!(runs, [1, rounds], "{version}");
    }
}

#[tokio::test]
async fn a_memo_must_be_small() {
    let hoarder = tool("hoarder", async |context: Context| {
        let all = context.memo("all", async { "x".repeat(20_000) }).await?;
        Ok::<_, ToolError>(all.len().to_string())
    });
    let result = TestClient::connect(serving(hoarder)).call("hoarder", json!({})).await;
    assert_eq!(said(&result), (true, "memos hold 20002 bytes, more than the 16384 allowed"));
}

#[tokio::test]
async fn prompts_may_ask_and_completions_may_not() {
    let greet = prompt("greet", async |context: Context| {
        let page = Elicit::url("Open.", "https://example.com");
        context.ask("page", page).await.map(|answer| format!("{}", answer == UrlAnswer::Opened))
    });
    let suggest = async |context: Context| {
        let error = context.ask("roots", ListRoots).await.unwrap_err();
        vec![error.to_string()]
    };
    for version in BOTH {
        let server = builder().prompt(greet.clone().complete("x", suggest)).build().unwrap();
        let client = TestClient::connect_as(version, server).await;
        client.answer("Open.", json!({ "action": "accept" }));
        let rendered: Value =
            serde_json::to_value(client.get_prompt("greet", json!({})).await.unwrap()).unwrap();
        assert_eq!(rendered["messages"][0]["content"]["text"], "true", "{version}");
        let of = mcp_core::protocol::CompletionReference::Prompt { name: "greet".to_owned(), title: None };
        let suggested = client.complete(of, "x", "").await.unwrap();
        assert_eq!(suggested.values, ["the client cannot be asked here: this method asks no questions"]);
    }
}
