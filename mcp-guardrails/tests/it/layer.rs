//! Guardrails before a server, as clients of several revisions see them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use mcp_core::protocol::{CallToolResult, ClientCapabilities, ErrorCode, ProtocolVersion};
use mcp_core::server::{Context, Elicit, Json, Progress, ToolError, prompt, resource, tool};
use mcp_core::service::Principal;
use mcp_core::testing::TestClient;
use mcp_core::{Args, Server};
use mcp_guardrails::detect::{Detector, Finding};
use mcp_guardrails::layer::{Activation, Guardrails, GuardrailsBuilder, Observer, PinMode};
use mcp_guardrails::pin::Pins;
use mcp_guardrails::state::{Digest, MemoryStore, Pending, Session, Store, StoreError};
use mcp_guardrails::{Engine, Format, RuleSet, Text};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower_layer::Layer as _;

use crate::support::engine;

/// How often a tool was reached.
#[derive(Clone, Default)]
struct Reached(Arc<AtomicUsize>);

impl Reached {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Say {
    #[serde(default)]
    text: String,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Said {
    text: String,
    again: Vec<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Colour {
    name: String,
}

fn server(reached: &Reached) -> Server {
    let count = |reached: &Reached| {
        let reached = reached.clone();
        move || reached.0.fetch_add(1, Ordering::SeqCst)
    };
    let (one, two, three) = (count(reached), count(reached), count(reached));
    let say = tool("say", move |Args(Say { text }): Args<Say>| {
        one();
        async move { Json(Said { again: vec![format!("({text})")], text }) }
    });
    let wipe = tool("wipe", move |Args(Say { text }): Args<Say>| {
        two();
        async move { format!("wiped {text}") }
    });
    let paint = tool("paint", move |context: Context| {
        three();
        async move {
            let colour = context.ask("colour", Elicit::form::<Colour>("Which colour?")).await?;
            Ok::<_, ToolError>(
                colour.accepted().map_or("nothing".into(), |colour| format!("painted {}", colour.name)),
            )
        }
    });
    let note = resource("note://today", "today", async || "the word is hush");
    let greet = prompt("greet", async |Args(Say { text }): Args<Say>| format!("Say hello to {text}"));
    Server::builder("s", "1").tool(say).tool(wipe).tool(paint).resource(note).prompt(greet).build().unwrap()
}

fn guardrails(rules: &str) -> GuardrailsBuilder {
    Guardrails::builder(engine(rules))
}

fn text(result: &CallToolResult) -> &str {
    result.content[0].as_text().unwrap()
}

const REVISIONS: [ProtocolVersion; 3] =
    [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25, ProtocolVersion::V2025_06_18];

/// Writes down what observers hear.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observer for Heard {
    fn activated(&self, seen: &Activation<'_>) {
        let places: Vec<String> =
            seen.places.iter().map(|place| format!("{} {:?}", place.field, place.span)).collect();
        let said = format!(
            "{} {} {} {}{}",
            seen.phase,
            seen.tool,
            seen.rule,
            seen.verdict,
            if seen.shadow { " shadow" } else { "" }
        );
        self.0.lock().push(if places.is_empty() { said } else { format!("{said} at {}", places.join(", ")) });
    }
}

#[tokio::test]
async fn what_is_blocked_never_reaches_the_tool_and_the_model_reads_what_to_do() {
    let reached = Reached::default();
    let heard = Arc::new(Heard::default());
    let rules = "rules: [{ id: no-hush, tool: wipe, when: { /text: { detector: word } }, then: block, message: 'wipe {/text} by hand' }]";
    let guardrails = guardrails(rules).observer(heard.clone()).build();
    for version in REVISIONS {
        let client = TestClient::connect_as(version, guardrails.layer().layer(server(&reached))).await;
        let before = reached.count();
        let refused = client.call("wipe", json!({ "text": "a hush b" })).await;
        assert!(refused.is_error);
        assert_eq!(text(&refused), "not done: the rule `no-hush` does not allow it: wipe a hush b by hand");
        assert_eq!(reached.count(), before);
        assert_eq!(text(&client.call("wipe", json!({ "text": "x" })).await), "wiped x");
        assert_eq!(reached.count(), before + 1);
    }
    assert_eq!(heard.0.lock()[0], "call wipe no-hush block at arguments/text Some(2..6)");
    assert_eq!(heard.0.lock().len(), REVISIONS.len());
}

#[tokio::test]
async fn no_secret_is_in_answers_or_in_what_observers_hear() {
    let secret = format!("ghp_{}", "9aK3vQ7xT2mB8nL4pR6sW1yZ5cD0eF3gH7jU");
    let heard = Arc::new(Heard::default());
    let rules = "rules: [{ id: no-secret, when: { detector: secrets }, then: block, message: 'do not send {/text}' }]";
    let guardrails = guardrails(rules).observer(heard.clone()).build();
    let client = TestClient::connect(guardrails.layer().layer(server(&Reached::default())));
    for arguments in [json!({ "text": secret }), json!({ (secret.clone()): secret })] {
        let refused = client.call("say", arguments).await;
        assert!(refused.is_error);
        assert!(!format!("{refused:?}").contains(&secret), "{refused:?}");
    }
    let heard = heard.0.lock();
    assert_eq!(heard.len(), 2);
    assert!(
        heard.iter().all(|heard| heard.contains("no-secret block at arguments/") && !heard.contains(&secret)),
        "{heard:?}"
    );
}

#[tokio::test]
async fn what_a_tool_gives_back_is_redacted_wherever_it_stands() {
    let rules = "rules: [{ id: r, phase: result, when: { result/structuredContent/text: { detector: pii } }, then: redact }]";
    for version in REVISIONS {
        let layer = guardrails(rules).mask("###").build().layer();
        let client = TestClient::connect_as(version, layer.layer(server(&Reached::default()))).await;
        let result = client.call("say", json!({ "text": "ask ann@example.org" })).await;
        let structured: Value = result.structured_content.as_ref().unwrap().to_value().unwrap();
        assert_eq!(structured, json!({ "text": "ask ###", "again": ["(ask ###)"] }));
        assert_eq!(text(&result), r####"{"text":"ask ###","again":["(ask ###)"]}"####);
    }
}

#[tokio::test]
async fn results_are_withheld_and_arguments_redacted() {
    let rules = "
rules:
- { id: out, phase: result, tool: say, when: { result/structuredContent/text: stop }, then: block, message: 'ask for less' }
- { id: in, tool: wipe, when: { /text: { detector: word } }, then: redact }
";
    let reached = Reached::default();
    let client = TestClient::connect(guardrails(rules).build().layer().layer(server(&reached)));
    let withheld = client.call("say", json!({ "text": "stop" })).await;
    assert!(withheld.is_error && withheld.structured_content.is_none());
    assert_eq!(text(&withheld), "it was done, but the rule `out` withholds what came back: ask for less");
    assert_eq!(text(&client.call("wipe", json!({ "text": "a hush b" })).await), "wiped a [redacted] b");
}

#[tokio::test]
async fn arguments_that_two_readers_could_read_differently_are_refused() {
    let reached = Reached::default();
    let client = TestClient::connect(guardrails("rules: []").build().layer().layer(server(&reached)));
    let frame = r#"{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{"name":"wipe","arguments":{"text":"a","text":"b"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    client.send_raw(frame).await;
    let answer = client.next_stray().await;
    assert!(answer.to_string().contains("no member stands twice"), "{answer}");
    assert_eq!(reached.count(), 0);
}

#[tokio::test]
async fn lists_leave_out_what_is_not_allowed_and_that_is_no_violation() {
    let rules = "
circuit: { violations: 2, within: 1h, open_for: 1h }
rules: [{ id: r, phase: list, tool: [wipe, say], then: block }]
";
    for version in REVISIONS {
        let client = TestClient::connect_as(
            version,
            guardrails(rules).build().layer().layer(server(&Reached::default())),
        )
        .await;
        for _ in 0..3 {
            let list = client.request("tools/list", json!({})).await.unwrap();
            let names: Vec<_> =
                list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()).collect();
            assert_eq!(names, ["paint"]);
        }
        assert!(!client.call("say", json!({})).await.is_error, "the circuit is closed");
    }
}

#[tokio::test]
async fn tools_that_changed_are_in_quarantine_until_somebody_approves_them() {
    let (reached, heard) = (Reached::default(), Arc::new(Heard::default()));
    let guardrails = guardrails("rules: []")
        .server("s")
        .pins(PinMode::Quarantine, Pins::default())
        .observer(heard.clone())
        .build();
    let client = TestClient::connect(guardrails.layer().layer(server(&reached)));
    let names = async || {
        let list = client.request("tools/list", json!({})).await.unwrap();
        list["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(client.call("say", json!({})).await.is_error, "nobody listed it");
    assert!(names().await.is_empty());
    assert_eq!(guardrails.unpinned().len(), 3);
    assert!(client.call("say", json!({})).await.is_error && reached.count() == 0);
    assert!(guardrails.approve_tool("say") && !guardrails.approve_tool("say"));
    assert_eq!(names().await, ["say"]);
    assert!(!client.call("say", json!({})).await.is_error);
    assert!(heard.0.lock().iter().any(|heard| heard == "list wipe pin block"));

    // Another server with the same pins, whose tool says something else.
    let other =
        Server::builder("s", "2").tool(tool("say", async || "x").description("new words")).build().unwrap();
    let again = Guardrails::builder(engine("rules: []"))
        .server("s")
        .pins(PinMode::Quarantine, guardrails.pins())
        .build();
    let client = TestClient::connect(again.layer().layer(other));
    client.request("tools/list", json!({})).await.unwrap();
    let changes: Vec<_> = again.unpinned()[0].changes.iter().map(|change| change.pointer.clone()).collect();
    assert!(changes.contains(&"/description".to_owned()), "{changes:?}");
    assert!(client.call("say", json!({})).await.is_error);
}

const APPROVAL: &str =
    "rules: [{ id: ask-first, tool: [wipe, paint], then: require_approval, message: 'it cannot be undone' }]";

#[tokio::test]
async fn a_person_approves_through_the_client_on_every_revision_that_can_ask() {
    for version in REVISIONS {
        for (approve, reaches) in [
            (json!({ "action": "accept", "content": { "approve": true } }), 1),
            (json!({ "action": "accept", "content": { "approve": false } }), 0),
            (json!({ "action": "decline" }), 0),
        ] {
            let reached = Reached::default();
            let client =
                TestClient::connect_as(version, guardrails(APPROVAL).build().layer().layer(server(&reached)))
                    .await;
            client.answer("elicitation/create", approve);
            let result = client.call("wipe", json!({ "text": "disk" })).await;
            assert_eq!((reached.count(), result.is_error), (reaches, reaches == 0), "{version}: {result:?}");
            let asked = client.questions();
            let message = asked[0].pointer("/params/message").and_then(Value::as_str).unwrap();
            assert!(
                message.contains("ask-first") && message.contains("disk") && message.contains("undone"),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn an_approval_is_for_one_call_of_one_caller() {
    let reached = Reached::default();
    let layer = guardrails(APPROVAL).build().layer();
    let as_user = |user: &str| {
        TestClient::builder().principal(Principal::new("org", user)).connect(layer.layer(server(&reached)))
    };
    let (ann, bob) = (as_user("ann").await, as_user("bob").await);
    let call = |text: &str| json!({ "name": "wipe", "arguments": { "text": text } });
    let question = ann.request("tools/call", call("disk")).await.unwrap();
    assert_eq!(question["resultType"], "input_required");
    let answered = |text: &str| {
        let mut call = call(text);
        call["requestState"] = question["requestState"].clone();
        call["inputResponses"] =
            json!({ "guardrails-approval": { "action": "accept", "content": { "approve": true } } });
        call
    };
    // Another call, another caller, and an answer to no question: each is asked anew.
    for refused in
        [ann.request("tools/call", answered("home")).await, bob.request("tools/call", answered("disk")).await]
    {
        assert_eq!(refused.unwrap()["resultType"], "input_required");
    }
    let mut unasked = answered("disk");
    unasked["requestState"] = json!("guardrails.00");
    assert_eq!(ann.request("tools/call", unasked).await.unwrap()["resultType"], "input_required");
    assert_eq!(reached.count(), 0);
    let done = ann.request("tools/call", answered("disk")).await.unwrap();
    assert_eq!((done["resultType"].as_str(), reached.count()), (Some("complete"), 1));
    // The same answer again is of no use.
    assert_eq!(ann.request("tools/call", answered("disk")).await.unwrap()["resultType"], "input_required");
    assert_eq!(reached.count(), 1);
}

#[tokio::test]
async fn a_tool_that_asks_itself_is_approved_once() {
    for version in REVISIONS {
        let reached = Reached::default();
        let client =
            TestClient::connect_as(version, guardrails(APPROVAL).build().layer().layer(server(&reached)))
                .await;
        client.answer("Which colour?", json!({ "action": "accept", "content": { "name": "red" } }));
        client.answer("elicitation/create", json!({ "action": "accept", "content": { "approve": true } }));
        let result = client.call("paint", json!({})).await;
        assert_eq!(text(&result), "painted red", "{version}");
        assert_eq!(client.questions().len(), 2, "{version}: {:?}", client.questions());
    }
}

#[tokio::test]
async fn who_cannot_be_asked_is_told_how_it_is_approved() {
    let reached = Reached::default();
    let guardrails = guardrails(APPROVAL).build();
    let connect = TestClient::builder().capabilities(ClientCapabilities::default());
    let client = connect.connect(guardrails.layer().layer(server(&reached))).await;
    let call = async || client.call("wipe", json!({ "text": "disk" })).await;
    let refused = call().await;
    let pending = guardrails.pending().unwrap();
    assert_eq!((&*pending[0].tool, &*pending[0].rule), ("wipe", "ask-first"));
    assert!(refused.is_error && text(&refused).contains(&pending[0].digest.to_string()), "{refused:?}");
    guardrails.approve(pending[0].digest).unwrap();
    assert!(guardrails.approve(pending[0].digest).is_err(), "once");
    assert!(!call().await.is_error);
    assert!(call().await.is_error);
    assert_eq!(reached.count(), 1);
}

#[tokio::test]
async fn resources_and_prompts_are_decided_over() {
    let rules = "
rules:
- { id: read, tool: resources/read, when: { /uri: 'note://secret' }, then: block, message: 'read note://today' }
- { id: hush, phase: result, tool: [resources/read, prompts/get], when: { detector: word }, then: redact }
- { id: ask, phase: prompt, when: { prompt: { contains: forbidden } }, then: block }
- { id: mail, phase: prompt, when: { prompt: { detector: pii } }, then: redact }
";
    for version in REVISIONS {
        let client = TestClient::connect_as(
            version,
            guardrails(rules).build().layer().layer(server(&Reached::default())),
        )
        .await;
        let read = async |uri: &str| client.request("resources/read", json!({ "uri": uri })).await;
        let refused = read("note://secret").await.unwrap_err();
        assert!(
            refused.code == ErrorCode::FORBIDDEN && refused.message.contains("read note://today"),
            "{refused:?}"
        );
        assert_eq!(read("note://today").await.unwrap()["contents"][0]["text"], "the word is [redacted]");
        let get = async |text: &str| {
            client.request("prompts/get", json!({ "name": "greet", "arguments": { "text": text } })).await
        };
        assert_eq!(get("forbidden fruit").await.unwrap_err().code, ErrorCode::FORBIDDEN);
        let said = |got: Value| got["messages"][0]["content"]["text"].as_str().unwrap().to_owned();
        assert_eq!(said(get("ann@example.org!").await.unwrap()), "Say hello to [redacted]!");
        assert_eq!(said(get("hush").await.unwrap()), "Say hello to [redacted]");
    }
}

#[tokio::test]
async fn sessions_of_callers_are_their_own() {
    let rules = "rules: [{ id: r, tool: wipe, then: block, when: { sequence: { within: 1h, steps: [{ tool: say }, { tool: wipe }] } } }]";
    let layer = guardrails(rules).build().layer();
    let as_user = |user: &str| {
        TestClient::builder()
            .principal(Principal::new("org", user))
            .connect(layer.layer(server(&Reached::default())))
    };
    let (ann, bob) = (as_user("ann").await, as_user("bob").await);
    ann.call("say", json!({})).await;
    assert!(!bob.call("wipe", json!({})).await.is_error);
    assert!(ann.call("wipe", json!({})).await.is_error);
}

#[tokio::test]
async fn what_leaves_before_the_answer_is_decided_over() {
    let rules = "
rules:
- { id: hush, phase: result, when: { detector: word }, then: redact }
- { id: stop, phase: result, when: { result/message: stop }, then: block }
";
    for version in REVISIONS {
        let work = tool("work", async |progress: Progress| {
            progress.report(1.0, None, Some("a hush b"));
            progress.report(2.0, None, Some("stop"));
            progress.report(3.0, None, Some("end"));
            tokio::task::yield_now().await;
            "done"
        });
        let server = Server::builder("s", "1").tool(work).build().unwrap();
        let client = TestClient::connect_as(version, guardrails(rules).build().layer().layer(server)).await;
        let params = json!({ "name": "work", "arguments": {}, "_meta": { "progressToken": "p" } });
        client.request("tools/call", params).await.unwrap();
        let said: Vec<Value> =
            client.notifications().iter().map(|seen| seen.params["message"].clone()).collect();
        assert_eq!(said, ["a [redacted] b", "end"], "{version}");
    }
}

#[tokio::test]
async fn skills_are_suggested() {
    let rules = "rules: [{ id: r, tool: say, then: { suggest: speaking }, message: speak softly }]";
    let client = TestClient::connect(guardrails(rules).build().layer().layer(server(&Reached::default())));
    let result = client.call("say", json!({})).await;
    assert_eq!(result.content[1].as_text(), Some("use the skill speaking: speak softly"));
}

/// A store that fails in one way or another.
#[derive(Debug)]
struct Broken(&'static str, MemoryStore, Mutex<Receiver<()>>);

impl Store for Broken {
    fn update(&self, session: &str, change: &mut dyn FnMut(&mut Session)) -> Result<(), StoreError> {
        match self.0 {
            "fails" => Err(StoreError::new("changed", "it is gone")),
            "panics" => panic!("a store that panics"),
            "hangs" => {
                // Until the test has seen what it looks for.
                self.2.lock().recv().ok();
                self.1.update(session, change)
            }
            _ => self.1.update(session, change),
        }
    }

    fn forget(&self, session: &str) -> Result<(), StoreError> {
        self.1.forget(session)
    }

    fn grant(&self, digest: Digest, until: u64) -> Result<(), StoreError> {
        self.1.grant(digest, until)
    }

    fn take(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        self.1.take(digest, now)
    }

    fn wait(&self, pending: &Pending) -> Result<(), StoreError> {
        self.1.wait(pending)
    }

    fn waiting(&self, now: u64) -> Result<Vec<Pending>, StoreError> {
        self.1.waiting(now)
    }

    fn settle(&self, digest: Digest, now: u64) -> Result<bool, StoreError> {
        self.1.settle(digest, now)
    }
}

#[tokio::test]
async fn a_guard_that_does_not_run_refuses_or_is_seen() {
    for how in ["fails", "panics", "hangs"] {
        for open in [false, true] {
            let (reached, heard) = (Reached::default(), Arc::new(Heard::default()));
            let (hold, held) = channel();
            let store = Arc::new(Broken(how, MemoryStore::default(), Mutex::new(held)));
            let builder = guardrails("rules: []")
                .store(store)
                .deadline(Duration::from_millis(20))
                .observer(heard.clone());
            let guardrails = if open { builder.fail_open() } else { builder }.build();
            let client = TestClient::connect(guardrails.layer().layer(server(&reached)));
            let result = client.call("say", json!({})).await;
            assert_eq!((result.is_error, reached.count()), (!open, usize::from(open)), "{how}: {result:?}");
            let verdict = if open { "unguarded" } else { "block" };
            assert_eq!(heard.0.lock()[0], format!("call say guard {verdict}"), "{how}");
            assert_eq!(client.request("tools/list", json!({})).await.is_err(), !open, "{how}");
            drop(hold);
        }
    }
}

/// A detector that breaks.
struct Boom;

impl Detector for Boom {
    fn name(&self) -> &str {
        "boom"
    }

    fn scan(&self, _: &Text<'_>, _: &mut Vec<Finding>) {
        panic!("a detector that panics")
    }
}

#[tokio::test]
async fn a_detector_that_breaks_refuses_or_is_seen() {
    let rules = "
rules:
- { id: sure, tool: wipe, then: block }
- { id: boom, when: { detector: boom }, then: flag }
";
    for (layer_open, engine_open) in [(false, false), (false, true), (true, false), (true, true)] {
        let (reached, heard) = (Reached::default(), Arc::new(Heard::default()));
        let engine = Engine::builder().detector(Arc::new(Boom));
        let engine = if engine_open { engine.fail_open() } else { engine };
        let rules = RuleSet::parse(rules, "rules", Format::Yaml).unwrap();
        let builder = Guardrails::builder(engine.build(rules).unwrap()).observer(heard.clone());
        let guardrails = if layer_open { builder.fail_open() } else { builder }.build();
        let client = TestClient::connect(guardrails.layer().layer(server(&reached)));
        let arguments = json!({ "text": "x" });
        assert_eq!(client.call("say", arguments.clone()).await.is_error, !layer_open, "{engine_open}");
        assert_eq!(reached.count(), usize::from(layer_open));
        let unguarded = heard.0.lock().iter().any(|heard| heard == "call say guard unguarded");
        assert_eq!(unguarded, layer_open, "{:?}", heard.0.lock());
        // What is sure is refused all the same.
        assert!(client.call("wipe", arguments).await.is_error);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rules_are_replaced_under_load_and_no_call_is_lost() {
    const CALLERS: usize = 8;
    const CALLS: usize = 200;
    let set = |id: &str| {
        RuleSet::parse(&format!("rules: [{{ id: {id}, tool: wipe, then: block }}]"), "r", Format::Yaml)
            .unwrap()
    };
    let reached = Reached::default();
    let guardrails = guardrails("rules: [{ id: a, tool: wipe, then: block }]").build();
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let client = TestClient::connect(guardrails.layer().layer(server(&reached)));
        callers.push(tokio::spawn(async move {
            let mut by = [0_usize; 2];
            for _ in 0..CALLS {
                assert!(!client.call("say", json!({ "text": "x" })).await.is_error);
                let refused = client.call("wipe", json!({})).await;
                assert!(refused.is_error);
                by[usize::from(text(&refused).contains("`b`"))] += 1;
            }
            by
        }));
    }
    let mut replaced = 0;
    while !callers.iter().all(tokio::task::JoinHandle::is_finished) {
        guardrails.engine().replace(set(if replaced % 2 == 0 { "b" } else { "a" })).unwrap();
        replaced += 1;
        tokio::task::yield_now().await;
    }
    let mut by = [0, 0];
    for caller in callers {
        let counted = caller.await.unwrap();
        by = [by[0] + counted[0], by[1] + counted[1]];
    }
    assert_eq!((by[0] + by[1], reached.count()), (CALLERS * CALLS, CALLERS * CALLS));
    assert!(replaced > 10 && by[0] > 0 && by[1] > 0, "{replaced} replacements, decided by {by:?}");
}
