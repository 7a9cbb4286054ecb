//! What clients do with tasks.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::live::{Attached, Live, TOPIC, notification, topic};
use super::{Owner, StoreError, Task, TaskState, Tasks};
use crate::extension::Topics;
use crate::protocol::{ErrorCode, InputResponses, RawJson, RpcError, decode};
use crate::server::{Body, Context, RunningCall, random_token};
use crate::service::{Notification, Request};

/// Tasks that one subscription may name.
const SUBSCRIBED: usize = 1000;

/// A task, where it is.
enum Found {
    /// It runs here.
    Live(Arc<Live>),
    /// It is over.
    Stored(Box<Task>),
}

impl Found {
    fn task(self) -> Task {
        match self {
            Self::Live(live) => live.snapshot(),
            Self::Stored(task) => *task,
        }
    }
}

pub(super) fn owner(request: &Request) -> Owner {
    Owner::of(request.peer.principal.as_deref())
}

/// The same for tasks that never were, that are gone, and that are somebody else's.
fn unknown() -> RpcError {
    RpcError::invalid_params("there is no such task")
}

fn store_error(error: &StoreError) -> RpcError {
    match error {
        StoreError::Full | StoreError::OwnerFull => RpcError::new(ErrorCode::OVERLOADED, error.to_string()),
        StoreError::Failed(cause) => {
            tracing::error!(%cause, "the store of tasks failed");
            RpcError::internal("the tasks cannot be reached")
        }
    }
}

fn empty() -> Body {
    Body::Object(RawJson::from(json!({})))
}

impl Tasks {
    /// Makes a task of a call. The task can be found before the client knows of it.
    pub(super) async fn create(&self, call: RunningCall) -> Result<(String, RawJson), RpcError> {
        let now = self.clock.now();
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let task = Task {
            id: random_token()?,
            owner: owner(call.context().request()),
            created: now,
            updated: now,
            ttl_ms: self.ttl.map(millis),
            poll_interval_ms: millis(self.poll_interval).max(1),
            message: None,
            state: TaskState::Working,
        };
        self.store.create(&task, self.limits).await.map_err(|error| store_error(&error))?;
        let handle = task.to_handle();
        let live = Arc::new(Live::new(task, call.questions(), self.clock));
        call.context().attach(Attached(Arc::clone(&live)));
        call.mark_detached();
        self.running.start(call, live, self.runner());
        Ok(("task".to_owned(), handle))
    }

    pub(super) async fn get(&self, context: &Context) -> Result<Body, RpcError> {
        let found = self.find_named(context).await?;
        Ok(Body::Object(found.task().to_details()))
    }

    pub(super) async fn update(&self, context: &Context) -> Result<Body, RpcError> {
        let answers = context.request().params.get("inputResponses").unwrap_or("null");
        let answers: InputResponses = decode(answers)
            .map_err(|error| RpcError::invalid_params(format!("`inputResponses`: {error}")))?;
        if let Found::Live(live) = self.find_named(context).await? {
            live.answer(answers, context.server());
        }
        Ok(empty())
    }

    pub(super) async fn cancel(&self, context: &Context) -> Result<Body, RpcError> {
        if let Found::Live(live) = self.find_named(context).await? {
            live.cancel(context.server());
        }
        Ok(empty())
    }

    async fn find_named(&self, context: &Context) -> Result<Found, RpcError> {
        let request = context.request();
        let id = request.params.get_str("taskId");
        let id = id.ok_or_else(|| RpcError::invalid_params("`taskId` must be a string"))?;
        self.find(&owner(request), &id).await
    }

    async fn find(&self, owner: &Owner, id: &str) -> Result<Found, RpcError> {
        let now = self.clock.now();
        if let Some(live) = self.running.get(id) {
            let task = live.created();
            return if task.owner == *owner && !task.is_expired(now) {
                Ok(Found::Live(live))
            } else {
                Err(unknown())
            };
        }
        let stored = self.store.get(owner, id).await.map_err(|error| store_error(&error))?;
        let mut task = stored.filter(|task| !task.is_expired(now)).ok_or_else(unknown)?;
        if !task.state.is_final() {
            // Nobody runs it: the process that did is gone.
            let message = "the server stopped before the task was done";
            task.message = Some(message.to_owned());
            task.updated = now;
            task.state = TaskState::Failed(RpcError::internal(message));
            self.store.finish(&task).await.map_err(|error| store_error(&error))?;
        }
        Ok(Found::Stored(Box::new(task)))
    }

    /// Which tasks of a filter the caller can listen for.
    pub(super) async fn topics(&self, ids: Value, owner: &Owner) -> Result<Topics, RpcError> {
        let ids: Vec<String> = serde_json::from_value(ids)
            .map_err(|error| RpcError::invalid_params(format!("`notifications.taskIds`: {error}")))?;
        if ids.len() > SUBSCRIBED {
            let message = format!("`notifications.taskIds` names more than {SUBSCRIBED} tasks");
            return Err(RpcError::invalid_params(message));
        }
        let mut known = Vec::new();
        for id in ids {
            match self.find(owner, &id).await {
                Ok(_) => known.push(id),
                Err(error) if error.code == ErrorCode::INVALID_PARAMS => {}
                Err(error) => return Err(error),
            }
        }
        let topics = known.iter().map(|id| topic(id)).collect();
        let honoured = Map::from_iter([("taskIds".to_owned(), known.into())]);
        Ok(Topics { honoured, topics })
    }

    pub(super) async fn current_of(
        &self,
        topics: Vec<String>,
        owner: &Owner,
    ) -> Result<Vec<Notification>, RpcError> {
        let mut all = Vec::with_capacity(topics.len());
        for id in topics.iter().filter_map(|topic| topic.strip_prefix(TOPIC)) {
            if let Ok(found) = self.find(owner, id).await {
                all.push(notification(&found.task()));
            }
        }
        Ok(all)
    }
}
