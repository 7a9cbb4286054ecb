//! All that a client can ask for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mcp_core::client::{Change, Client, Error};
use mcp_core::protocol::{
    CompletionArgument, CompletionReference, ErrorCode, ProtocolVersion, Resource, SubscriptionFilter,
};
use mcp_core::tool;
use serde_json::json;

use super::{Place, Way, builder, ways, within};

#[tokio::test]
async fn every_way_and_revision_offers_the_same() {
    for (way, version) in ways() {
        let place = Place::new(way).await;
        let client = place.connect(version, builder()).await;
        let spoken = client.server().await.unwrap().version;
        let expected = match (way, version) {
            (_, Some(version)) => version,
            (Way::OldSse, None) => ProtocolVersion::LATEST_LEGACY,
            (_, None) => ProtocolVersion::LATEST,
        };
        assert_eq!(spoken, expected, "{way:?}");
        let what = format!("{way:?} {spoken}");
        within(identity(&client, &what)).await;
        within(tools(&client, &what)).await;
        within(others(&client, &what)).await;
        within(client.close()).await;
        // A closed client connects again.
        let again: String =
            within(client.call("echo", json!({ "text": "again" })).into_future()).await.unwrap();
        assert_eq!(again, "again", "{what}");
    }
}

async fn identity(client: &Client, what: &str) {
    let server = client.server().await.unwrap();
    let info = server.info.clone().unwrap();
    assert_eq!((info.name.as_str(), info.version.as_str()), ("wire", "1.2.3"), "{what}");
    assert_eq!(server.instructions.as_deref(), Some("Ask for anything."), "{what}");
    assert!(server.capabilities.tools.is_some(), "{what}");
    client.ping().await.unwrap();
}

async fn tools(client: &Client, what: &str) {
    let names: Vec<_> = client.tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
    assert_eq!(names, ["echo", "count", "greet", "wait", "whoami", "fail"], "{what}: two pages");
    let echoed: String = client.call("echo", json!({ "text": "hi" })).await.unwrap();
    assert_eq!(echoed, "hi", "{what}");
    let steps = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&steps);
    let counted: String = client
        .call("count", ())
        .progress(move |progress| {
            assert_eq!(progress.total, Some(3.0));
            counter.fetch_add(1, Ordering::Relaxed);
        })
        .await
        .unwrap();
    assert_eq!((counted.as_str(), steps.load(Ordering::Relaxed)), ("counted", 3), "{what}");
    let Err(Error::Tool(failed)) = client.call::<String>("fail", ()).await else { panic!("{what}") };
    assert!(failed.is_error && failed.content[0].as_text() == Some("it broke"), "{what}");
    assert!(client.call_tool("fail", ()).await.unwrap().is_error, "{what}");
    let unknown = client.call::<String>("nothing", ()).await.unwrap_err();
    assert_eq!(unknown.code(), Some(ErrorCode::INVALID_PARAMS), "{what}: {unknown}");
}

async fn others(client: &Client, what: &str) {
    let mut resources = client.list::<Resource>();
    let first = resources.next().await.unwrap().unwrap();
    assert_eq!(first.uri, "text://motd", "{what}");
    assert!(resources.next().await.is_none(), "{what}");
    assert_eq!(client.resource_templates().await.unwrap()[0].uri_template, "lang://{name}", "{what}");
    let read = client.read("lang://rust").await.unwrap();
    assert_eq!(read.contents.len(), 1, "{what}");
    let unknown = client.read("text://nowhere").await.unwrap_err();
    assert_eq!(unknown.code(), Some(ErrorCode::INVALID_PARAMS), "{what}: {unknown}");
    let prompt = client.prompt("review", [("text", "code")]).await.unwrap();
    assert_eq!(prompt.messages.len(), 1, "{what}");
    let reference = CompletionReference::Prompt { name: "review".into(), title: None };
    let argument = CompletionArgument { name: "text".into(), value: "ru".into() };
    let context = [("a".to_owned(), "b".to_owned())].into_iter().collect();
    let completed = client.complete(reference, argument, context).await.unwrap();
    assert_eq!(completed.completion.values, ["rust", "ruby"], "{what}");
}

#[tokio::test]
async fn many_callers_share_one_client() {
    for (way, version) in ways() {
        let place = Place::new(way).await;
        let client = place.connect(version, builder()).await;
        let calls = (0..100).map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                let text: String = client.call("echo", json!({ "text": format!("n{n}") })).await.unwrap();
                assert_eq!(text, format!("n{n}"));
            })
        });
        for call in calls.collect::<Vec<_>>() {
            within(call).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_is_cancelled_on_the_server() {
    for (way, version) in ways() {
        let mut place = Place::new(way).await;
        let client = place.connect(version, builder()).await;
        let waiting = tokio::spawn(client.call::<String>("wait", ()).into_future());
        assert_eq!(within(place.said.recv()).await.unwrap(), "wait runs", "{way:?} {version:?}");
        waiting.abort();
        assert_eq!(within(place.said.recv()).await.unwrap(), "wait is gone", "{way:?} {version:?}");
        let after: String = within(client.call("echo", json!({ "text": "x" })).into_future()).await.unwrap();
        assert_eq!(after, "x");
    }
}

#[tokio::test]
async fn silence_ends_in_a_named_error() {
    for (way, version) in ways() {
        let mut place = Place::new(way).await;
        let client = place.connect(version, builder()).await;
        let patience = std::time::Duration::from_millis(50);
        let error =
            within(client.call::<String>("wait", ()).timeout(patience).into_future()).await.unwrap_err();
        assert!(error.is_timeout(), "{way:?} {version:?}: {error}");
        let said = [within(place.said.recv()).await.unwrap(), within(place.said.recv()).await.unwrap()];
        assert_eq!(said, ["wait runs", "wait is gone"], "{way:?} {version:?}");
    }
}

#[tokio::test]
async fn changes_are_told_and_make_lists_stale() {
    for (way, version) in ways() {
        let place = Place::new(way).await;
        let client = place.connect(version, builder()).await;
        let filter = SubscriptionFilter { tools_list_changed: true, ..SubscriptionFilter::default() };
        let mut changes = within(client.listen(filter)).await.unwrap();
        assert!(changes.honoured().tools_list_changed, "{way:?} {version:?}");
        let before = client.tools().await.unwrap().len();
        // A session's stream opens beside its requests: until it is there, changes are not told.
        let added = loop {
            let name = format!("new{}", client.tools().await.unwrap().len());
            place.server.add_tool(tool(name.clone(), async || "new")).unwrap();
            let told = tokio::time::timeout(std::time::Duration::from_millis(200), changes.next()).await;
            if told.is_ok_and(|change| change == Some(Change::Tools)) {
                break name;
            }
        };
        let tools = within(client.tools()).await.unwrap();
        assert!(tools.len() > before && tools.iter().any(|tool| tool.name == added), "{way:?} {version:?}");
    }
}
