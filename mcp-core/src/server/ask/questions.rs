//! The questions of a call, as seen from outside of it.

use std::fmt;
use std::sync::Weak;

use crate::protocol::{InputRequests, RawJson};
use crate::server::Context;
use crate::server::context::Call;

/// The open questions of a running call, and the way in for their answers. Does not keep the call
/// alive: a call that is gone has no questions.
#[derive(Clone)]
pub struct Questions(Weak<Call>);

impl Questions {
    pub(crate) fn of(context: &Context) -> Self {
        Self(context.downgrade())
    }

    /// The questions that wait for answers.
    #[must_use]
    pub fn open(&self) -> InputRequests {
        self.0.upgrade().map(|call| call.board.unanswered()).unwrap_or_default()
    }

    /// Delivers the answer to a question; returns whether it was open.
    pub fn answer(&self, name: &str, answer: RawJson) -> bool {
        self.0.upgrade().is_some_and(|call| call.board.deliver(name, Ok(answer)))
    }
}

impl fmt::Debug for Questions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Questions")
    }
}
