//! Calls that became tasks, followed to their end.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::connection::{Link, Watch};
use super::draft::Replies;
use super::{Draft, Error};
use crate::protocol::{Method, RawJson, RpcError, decode};

/// How often to look unless the server says so.
const INTERVAL: u64 = 1_000;
/// The bounds of what a server may say.
const INTERVALS: std::ops::RangeInclusive<u64> = 10..=60_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    task_id: String,
    status: String,
    #[serde(default)]
    status_message: Option<String>,
    #[serde(default)]
    poll_interval_ms: Option<u64>,
    #[serde(default)]
    input_requests: Option<RawJson>,
    #[serde(default)]
    result: Option<RawJson>,
    #[serde(default)]
    error: Option<RpcError>,
}

/// Looks after a task until it ends, answering what it asks. Dropping the future cancels nothing: the
/// task lives on the server.
pub(crate) async fn follow(
    link: &Link,
    draft: &Draft,
    created: &Bytes,
    watch: &Watch,
) -> Result<Bytes, Error> {
    let mut state = read(draft, created)?;
    let mut asked = std::collections::HashSet::new();
    loop {
        match state.status.as_str() {
            "working" => {}
            "input_required" => answer(link, draft, &state, &mut asked, watch).await?,
            "completed" => {
                let result = state.result.as_ref().map(|raw| Bytes::copy_from_slice(raw.get().as_bytes()));
                return result.ok_or_else(|| malformed(draft, "a completed task without a result".into()));
            }
            "failed" => {
                let unknown = || RpcError::internal("the task failed and does not say why");
                return Err(Error::Rpc(state.error.unwrap_or_else(unknown)));
            }
            "cancelled" => return Err(Error::TaskCancelled(state.task_id)),
            other => return Err(malformed(draft, format!("a task that is `{other}`"))),
        }
        if let Some(message) = &state.status_message {
            tracing::debug!(task = state.task_id, message, "a task is under way");
        }
        let interval = state.poll_interval_ms.unwrap_or(INTERVAL);
        tokio::time::sleep(Duration::from_millis(interval.clamp(*INTERVALS.start(), *INTERVALS.end()))).await;
        let look = request("tasks/get", &state.task_id)?;
        let watch = Watch { route: None, patience: watch.patience };
        state = read(draft, &link.exchange(&look, &Replies::default(), &watch).await?)?;
    }
}

/// Answers the questions of a task that were not answered yet.
async fn answer(
    link: &Link,
    draft: &Draft,
    state: &State,
    asked: &mut std::collections::HashSet<String>,
    watch: &Watch,
) -> Result<(), Error> {
    let Some(questions) = &state.input_requests else { return Ok(()) };
    let mut open: indexmap::IndexMap<String, RawJson> =
        decode(questions.get()).map_err(|error| malformed(draft, format!("`inputRequests`: {error}")))?;
    open.retain(|key, _| !asked.contains(key));
    if open.is_empty() {
        return Ok(());
    }
    let questions = RawJson::from_serialize(&open).unwrap_or_default();
    let answers = link.answers(draft, questions.get()).await?;
    asked.extend(open.into_keys());
    let update = request("tasks/update", &state.task_id)?;
    let replies = Replies { answers: Some(answers), state: None };
    link.exchange(&update, &replies, &Watch { route: None, patience: watch.patience }).await?;
    Ok(())
}

/// A request about a task.
pub(crate) fn request(method: &str, id: &str) -> Result<Draft, Error> {
    let mut draft = Draft::new(Method::parse(method), &json!({ "taskId": id }))?;
    draft.name = Some(id.to_owned());
    Ok(draft)
}

fn read(draft: &Draft, state: &Bytes) -> Result<State, Error> {
    let text = std::str::from_utf8(state).unwrap_or_default();
    decode(text).map_err(|error| malformed(draft, error.to_string()))
}

fn malformed(draft: &Draft, problem: String) -> Error {
    Error::Malformed { method: draft.method.clone(), problem }
}
