//! A task while it runs in this process.

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::time::Clock;
use super::{Task, TaskState, Timestamp};
use crate::protocol::{InputResponses, Method};
use crate::server::{Change, Context, Questions, Server};
use crate::service::Notification;

/// A task whose call runs here, shared by the runner and by whoever looks at it.
#[derive(Debug)]
pub(super) struct Live {
    /// The task as it was created.
    task: Task,
    questions: Questions,
    clock: Clock,
    stop: CancellationToken,
    progress: Mutex<Progress>,
}

#[derive(Debug)]
struct Progress {
    message: Option<String>,
    updated: Timestamp,
    /// The task as it ended. The first end is the only one.
    end: Option<Task>,
    /// Whether the end may be seen.
    revealed: bool,
}

impl Live {
    pub(super) fn new(task: Task, questions: Questions, clock: Clock) -> Self {
        let progress =
            Progress { message: task.message.clone(), updated: task.updated, end: None, revealed: false };
        Self { task, questions, clock, stop: CancellationToken::new(), progress: Mutex::new(progress) }
    }

    /// The task as it was created: identifier, owner and times are for good.
    pub(super) const fn created(&self) -> &Task {
        &self.task
    }

    /// The task as it is now.
    pub(super) fn snapshot(&self) -> Task {
        self.look(&self.progress.lock())
    }

    fn look(&self, progress: &Progress) -> Task {
        let state = match &progress.end {
            Some(end) if progress.revealed => return end.clone(),
            // The end is being stored: nothing is asked any more.
            Some(_) => TaskState::Working,
            None => {
                let questions = self.questions.open();
                if questions.is_empty() { TaskState::Working } else { TaskState::InputRequired(questions) }
            }
        };
        Task { message: progress.message.clone(), updated: progress.updated, state, ..self.task.clone() }
    }

    /// Tells who listens how things stand. The lock is held meanwhile, so that what is told last is
    /// how things are.
    fn publish(&self, progress: &Progress, server: &Server) {
        let task = self.look(progress);
        server.publish(&Change::Topic { topic: topic(&task.id), notification: notification(&task) });
    }

    /// Says in words how things stand, unless the task is over.
    pub(super) fn set_message(&self, message: String, server: &Server) {
        self.change(server, |progress| progress.message = Some(message));
    }

    /// New questions are open.
    pub(super) fn asked(&self, server: &Server) {
        self.change(server, |_| {});
    }

    /// Takes answers. Those to questions that are not open are ignored.
    pub(super) fn answer(&self, answers: InputResponses, server: &Server) {
        let mut delivered = false;
        for (name, answer) in answers {
            delivered |= self.questions.answer(&name, answer);
        }
        if delivered {
            self.change(server, |_| {});
        }
    }

    fn change(&self, server: &Server, change: impl FnOnce(&mut Progress)) {
        let mut progress = self.progress.lock();
        if progress.end.is_none() {
            change(&mut progress);
            progress.updated = self.clock.now();
            self.publish(&progress, server);
        }
    }

    /// Gives the task up, unless it is over.
    pub(super) fn cancel(&self, server: &Server) {
        if self.end(TaskState::Cancelled).state == TaskState::Cancelled {
            self.reveal(server);
            self.stop.cancel();
        }
    }

    /// Done when the task was given up.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// Decides how the task ends, unless that is decided; returns what is to be stored.
    pub(super) fn end(&self, state: TaskState) -> Task {
        let message = match &state {
            TaskState::Failed(error) => Some(error.message.to_string()),
            TaskState::Cancelled => Some("cancelled by the client".to_owned()),
            _ => None,
        };
        let end = || Task { message, updated: self.clock.now(), state, ..self.task.clone() };
        self.progress.lock().end.get_or_insert_with(end).clone()
    }

    /// Shows the end, and tells who listens.
    pub(super) fn reveal(&self, server: &Server) {
        let mut progress = self.progress.lock();
        if progress.end.is_some() && !std::mem::replace(&mut progress.revealed, true) {
            self.publish(&progress, server);
        }
    }
}

/// What subscriptions call a task.
pub(super) fn topic(id: &str) -> String {
    format!("{TOPIC}{id}")
}

/// What the topics of tasks begin with.
pub(super) const TOPIC: &str = "tasks/";

/// A task as those see it who listen for it.
pub(super) fn notification(task: &Task) -> Notification {
    let params = task.to_details().get().to_owned();
    Notification { method: Method::parse("notifications/tasks"), params: params.into() }
}

/// What a handler whose call is a task can do with it.
pub trait TaskContext {
    /// Says in words how the task stands; clients show it to people and models. Does nothing in a
    /// call that is no task.
    fn set_status(&self, message: impl Into<String>);
}

/// The task of a call, attached to its context.
#[derive(Clone)]
pub(super) struct Attached(pub(super) std::sync::Arc<Live>);

impl TaskContext for Context {
    fn set_status(&self, message: impl Into<String>) {
        if let Some(Attached(live)) = self.attached() {
            live.set_message(message.into(), self.server());
        }
    }
}
