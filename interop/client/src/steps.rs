//! The steps of a plan.

use std::sync::Arc;
use std::time::Duration;

use mcp_core::client::{Change, Client};
use mcp_core::protocol::{CompletionArgument, CompletionReference, SubscriptionFilter};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::outcome;
use crate::plan::Step;

/// How long to wait for a change that was provoked.
const CHANGE: Duration = Duration::from_secs(10);

/// How often to look whether something has happened, and how long to wait in between.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

/// Takes a step, and tells what came of it.
pub(crate) async fn take(client: &Client, step: Step) -> Value {
    match step {
        Step::Tools => outcome::of(client.tools().await),
        Step::Resources => outcome::of(client.resources().await),
        Step::Templates => outcome::of(client.resource_templates().await),
        Step::Prompts => outcome::of(client.prompts().await),
        Step::Call { tool, arguments, timeout_ms } => call(client, &tool, arguments, timeout_ms).await,
        Step::GiveUp { tool, arguments } => give_up(client, &tool, arguments).await,
        Step::Until { tool, says } => until(client, &tool, &says).await,
        Step::Read { uri } => outcome::of(client.read(&uri).await),
        Step::Prompt { name, arguments } => {
            let arguments = arguments.iter().map(|(key, value)| (key, value.as_str().unwrap_or_default()));
            outcome::of(client.prompt(&name, arguments).await)
        }
        Step::Complete { prompt, template, argument, value } => {
            complete(client, prompt, template, CompletionArgument { name: argument, value }).await
        }
        Step::Change { filter, by } => change(client, filter, *by).await,
        Step::Ping => outcome::of(client.ping().await),
        Step::Request { method, params } => outcome::of(client.request(&method, params).await),
        Step::Close => {
            client.close().await;
            json!({ "ok": null })
        }
    }
}

/// Calls a tool, and collects what it reports.
async fn call(client: &Client, tool: &str, arguments: Value, timeout_ms: Option<u64>) -> Value {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let reports = Arc::clone(&reported);
    let mut call = client.call_tool(tool, arguments).progress(move |progress| {
        let progress =
            json!({ "progress": progress.progress, "total": progress.total, "message": progress.message });
        reports.lock().push(progress);
    });
    if let Some(timeout) = timeout_ms {
        call = call.timeout(Duration::from_millis(timeout));
    }
    let mut told = outcome::of(call.await);
    told["progress"] = json!(*reported.lock());
    told
}

/// Calls a tool, and drops the call when its first progress comes.
async fn give_up(client: &Client, tool: &str, arguments: Value) -> Value {
    let begun = Arc::new(Notify::new());
    let reported = Arc::clone(&begun);
    let call = client.call_tool(tool, arguments).progress(move |_| reported.notify_one());
    tokio::select! {
        answered = call => json!({ "error": { "kind": "other", "text": format!("it ended before: {answered:?}") } }),
        () = begun.notified() => json!({ "ok": "given up" }),
    }
}

/// Calls a tool until it says what it should: the news that a call was given up takes its time.
async fn until(client: &Client, tool: &str, says: &str) -> Value {
    let mut said = Value::Null;
    for _ in 0..TRIES {
        said = outcome::of(client.call_tool(tool, ()).await);
        if said["ok"]["content"][0]["text"] == says {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    said
}

async fn complete(
    client: &Client,
    prompt: Option<String>,
    template: Option<String>,
    argument: CompletionArgument,
) -> Value {
    let reference = match (prompt, template) {
        (Some(name), _) => json!({ "type": "ref/prompt", "name": name }),
        (None, uri) => json!({ "type": "ref/resource", "uri": uri }),
    };
    match serde_json::from_value::<CompletionReference>(reference) {
        Ok(reference) => {
            let completed = client.complete(reference, argument, [].into_iter().collect()).await;
            outcome::of(completed.map(|completed| completed.completion))
        }
        Err(error) => json!({ "error": { "kind": "plan", "text": error.to_string() } }),
    }
}

/// Subscribes, takes a step, and waits for the first change.
async fn change(client: &Client, filter: SubscriptionFilter, by: Step) -> Value {
    let mut subscription = match client.listen(filter).await {
        Ok(subscription) => subscription,
        Err(error) => return outcome::error(&error),
    };
    let made = Box::pin(take(client, by)).await;
    let change = tokio::time::timeout(CHANGE, subscription.next()).await;
    let change = match change {
        Ok(Some(Change::Tools)) => json!("tools"),
        Ok(Some(Change::Prompts)) => json!("prompts"),
        Ok(Some(Change::Resources)) => json!("resources"),
        Ok(Some(Change::Resource(uri))) => json!({ "resource": uri }),
        Ok(Some(other)) => json!(format!("{other:?}")),
        Ok(None) => json!("the end"),
        Err(_) => json!("nothing"),
    };
    json!({ "ok": change, "made": made })
}
