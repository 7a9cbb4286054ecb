//! Tasks that run in this process, and what runs them.

use std::collections::HashMap;
use std::fmt;
use std::future::{pending, poll_fn};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::JoinSet;

use super::live::Live;
use super::time::Clock;
use super::{TaskState, TaskStore};
use crate::protocol::{ErrorCode, RpcError};
use crate::server::{RunningCall, Server, Step};

/// How often what expired is removed, at least.
const SWEEP: Duration = Duration::from_secs(60);

/// The tasks that run here. Dropping it ends them.
#[derive(Default)]
pub(super) struct Running {
    live: Mutex<HashMap<String, Arc<Live>>>,
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    runners: JoinSet<()>,
    sweeping: bool,
}

impl Running {
    pub(super) fn get(&self, id: &str) -> Option<Arc<Live>> {
        self.live.lock().get(id).cloned()
    }

    /// Runs a call as a task from now on.
    pub(super) fn start(self: &Arc<Self>, call: RunningCall, live: Arc<Live>, runner: Runner) {
        let entry = Entry { running: Arc::downgrade(self), id: live.created().id.clone() };
        self.live.lock().insert(entry.id.clone(), Arc::clone(&live));
        let mut work = self.work.lock();
        while work.runners.try_join_next().is_some() {}
        if let (false, Some(ttl_ms)) = (work.sweeping, live.created().ttl_ms) {
            work.sweeping = true;
            let every = Duration::from_millis(ttl_ms.max(1000)).min(SWEEP);
            work.runners.spawn(sweep(Arc::downgrade(self), runner.clone(), every));
        }
        work.runners.spawn(runner.run(call, live, entry));
    }
}

/// A place among the running tasks, freed when the runner ends, however it ends: a task that is
/// not there and not finished counts as lost.
struct Entry {
    running: Weak<Running>,
    id: String,
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Some(running) = self.running.upgrade() {
            running.live.lock().remove(&self.id);
        }
    }
}

/// What a runner needs besides its call.
#[derive(Clone)]
pub(super) struct Runner {
    pub(super) store: Arc<dyn TaskStore>,
    pub(super) clock: Clock,
}

impl Runner {
    async fn run(self, mut call: RunningCall, live: Arc<Live>, entry: Entry) {
        let server = call.context().server().clone();
        let task = live.created();
        let expiry = async {
            match task.expires() {
                Some(expires) => tokio::time::sleep(self.clock.now().until(expires)).await,
                None => pending().await,
            }
        };
        let shutdown = server.shutdown_token();
        let ended = tokio::select! {
            biased;
            () = live.stopped() => Some(TaskState::Cancelled),
            () = shutdown.cancelled() => {
                let message = "the server shut down before the task was done";
                Some(TaskState::Failed(RpcError::new(ErrorCode::SHUTTING_DOWN, message)))
            }
            () = expiry => None,
            state = drive(&mut call, &live, &server) => Some(state),
        };
        drop(call);
        let Some(state) = ended else {
            live.end(TaskState::Failed(RpcError::new(ErrorCode::DEADLINE_EXCEEDED, "the task expired")));
            live.reveal(&server);
            if let Err(error) = self.store.remove(&task.owner, &task.id).await {
                tracing::error!(%error, task = task.id, "an expired task could not be removed");
            }
            return;
        };
        let stored = self.store.finish(&live.end(state)).await;
        live.reveal(&server);
        if let Err(error) = stored {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, task = task.id, "the end of a task could not be stored");
            // Better known here until it expires than taken for lost.
            match task.expires() {
                Some(expires) => tokio::time::sleep(self.clock.now().until(expires)).await,
                None => shutdown.cancelled().await,
            }
        }
        drop(entry);
    }
}

/// Runs the handler to its end.
async fn drive(call: &mut RunningCall, live: &Live, server: &Server) -> TaskState {
    loop {
        match poll_fn(|cx| call.poll_step(cx)).await {
            Step::Done(Ok(body)) => return TaskState::Completed(body.to_json()),
            Step::Done(Err(error)) => return TaskState::Failed(error),
            Step::Asked(_) => live.asked(server),
            Step::Detach => call.mark_detached(),
        }
    }
}

async fn sweep(running: Weak<Running>, runner: Runner, every: Duration) {
    while running.strong_count() > 0 {
        tokio::time::sleep(every).await;
        if let Err(error) = runner.store.remove_expired(runner.clock.now()).await {
            tracing::error!(%error, "expired tasks could not be removed");
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("tasks", &self.live.lock().len()).finish_non_exhaustive()
    }
}
