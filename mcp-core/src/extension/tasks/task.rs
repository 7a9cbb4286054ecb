//! What is known about a task, and how it looks on the wire.

use serde::Serialize;

use super::Timestamp;
use crate::protocol::{InputRequests, RawJson, RpcError};
use crate::service::Principal;

/// Whom a task belongs to. Only they can read, answer or cancel it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Owner {
    /// Everybody, on a server without authentication.
    Anonymous,
    /// One caller, whatever role or scopes their credentials carry.
    Caller {
        /// Who vouches for the caller.
        issuer: String,
        /// The organisation.
        org: String,
        /// The person or service.
        user: String,
    },
}

impl Owner {
    /// The owner of what this caller creates.
    #[must_use]
    pub fn of(principal: Option<&Principal>) -> Self {
        principal.map_or(Self::Anonymous, |p| Self::Caller {
            issuer: p.issuer.clone(),
            org: p.org.clone(),
            user: p.user.clone(),
        })
    }
}

/// A task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// The identifier: whoever is its owner and knows it has the task.
    pub id: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// When it was created.
    pub created: Timestamp,
    /// When something about it last changed.
    pub updated: Timestamp,
    /// Milliseconds after its creation at which it is gone; never, if absent.
    pub ttl_ms: Option<u64>,
    /// Milliseconds that a client should wait between two looks.
    pub poll_interval_ms: u64,
    /// How things stand, in words.
    pub message: Option<String>,
    /// How things stand.
    pub state: TaskState,
}

/// How things stand with a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskState {
    /// It runs.
    Working,
    /// It waits for answers to these questions.
    InputRequired(InputRequests),
    /// It has its result, which may be the failure of a tool.
    Completed(RawJson),
    /// It could not be carried out.
    Failed(RpcError),
    /// It was given up.
    Cancelled,
}

impl TaskState {
    /// The name on the wire.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired(_) => "input_required",
            Self::Completed(_) => "completed",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::Failed(_) | Self::Cancelled)
    }
}

/// A task as clients see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    task_id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_message: Option<&'a str>,
    created_at: Timestamp,
    last_updated_at: Timestamp,
    // `null` says that the task is kept for ever, so it is never left out.
    ttl_ms: Option<u64>,
    poll_interval_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_requests: Option<&'a InputRequests>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RpcError>,
}

impl Task {
    /// When it is gone.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        match self.ttl_ms {
            Some(ttl) => Some(self.created.plus(ttl)),
            None => None,
        }
    }

    /// Whether it should be gone.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires().is_some_and(|expires| expires <= now)
    }

    fn wire(&self) -> Wire<'_> {
        Wire {
            task_id: &self.id,
            status: self.state.as_str(),
            status_message: self.message.as_deref(),
            created_at: self.created,
            last_updated_at: self.updated,
            ttl_ms: self.ttl_ms,
            poll_interval_ms: self.poll_interval_ms,
            input_requests: None,
            result: None,
            error: None,
        }
    }

    /// What answers the call that became a task.
    pub(super) fn to_handle(&self) -> RawJson {
        RawJson::from_serialize(&self.wire()).unwrap_or_default()
    }

    /// All there is to know.
    pub(super) fn to_details(&self) -> RawJson {
        let mut wire = self.wire();
        match &self.state {
            TaskState::InputRequired(questions) => wire.input_requests = Some(questions),
            TaskState::Completed(result) => wire.result = Some(result),
            TaskState::Failed(error) => wire.error = Some(error),
            TaskState::Working | TaskState::Cancelled => {}
        }
        RawJson::from_serialize(&wire).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(state: TaskState) -> Task {
        Task {
            id: "t".into(),
            owner: Owner::Anonymous,
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(1),
            ttl_ms: Some(5),
            poll_interval_ms: 7,
            message: None,
            state,
        }
    }

    #[test]
    fn each_status_has_its_own_member() {
        let head = |status: &str| {
            format!(
                r#"{{"taskId":"t","status":"{status}","createdAt":"1970-01-01T00:00:00.000Z","lastUpdatedAt":"1970-01-01T00:00:00.001Z","ttlMs":5,"pollIntervalMs":7"#
            )
        };
        let check = |state: TaskState, more: &str| {
            let task = task(state);
            let head = head(task.state.as_str());
            assert_eq!(task.to_details().get(), format!("{head}{more}}}"));
            assert_eq!(task.to_handle().get(), format!("{head}}}"));
        };
        check(TaskState::Working, "");
        check(TaskState::Cancelled, "");
        let result = RawJson::from_string(r#"{"content": [1.0]}"#.into()).unwrap();
        check(TaskState::Completed(result), r#","result":{"content": [1.0]}"#);
        check(TaskState::Failed(RpcError::internal("no")), r#","error":{"code":-32603,"message":"no"}"#);
        let questions = [("q".to_owned(), crate::protocol::InputRequest::Roots)].into_iter().collect();
        check(
            TaskState::InputRequired(questions),
            r#","inputRequests":{"q":{"method":"roots/list","params":{}}}"#,
        );
    }

    #[test]
    fn a_task_without_end_says_null() {
        let task = Task { ttl_ms: None, message: Some("m".into()), ..task(TaskState::Working) };
        let wire = task.to_handle().to_value().unwrap();
        assert!(wire["ttlMs"].is_null() && wire.get("ttlMs").is_some());
        assert_eq!(wire["statusMessage"], "m");
        assert!(!task.is_expired(Timestamp::from_millis(u64::MAX)));
    }
}
