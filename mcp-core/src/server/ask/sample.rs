//! Questions to the client's model, and for its roots.
//!
//! Both features are deprecated since 2026-07-28 and stay for the clients that have them.

use super::Inquiry;
use crate::protocol::{
    Capability, CreateMessage, CreateMessageResult, InputRequest, ListRootsResult, RawJson,
};

/// A request to the client's model.
///
/// Deprecated by the protocol since 2026-07-28: call a model's own interface where you can.
#[derive(Debug, Clone)]
pub struct Sample(pub CreateMessage);

impl Inquiry for Sample {
    type Answer = CreateMessageResult;

    fn capability(&self) -> Capability {
        if self.0.tools.is_empty() { Capability::Sampling } else { Capability::SamplingTools }
    }

    fn request(&self) -> InputRequest {
        InputRequest::Sample(self.0.clone())
    }

    fn read(&self, answer: &RawJson) -> Result<CreateMessageResult, String> {
        answer.parse().map_err(|error| error.to_string())
    }
}

/// A request for the directories that the client works in.
///
/// Deprecated by the protocol since 2026-07-28: take directories as arguments of tools instead.
#[derive(Debug, Clone, Copy)]
pub struct ListRoots;

impl Inquiry for ListRoots {
    type Answer = ListRootsResult;

    fn capability(&self) -> Capability {
        Capability::Roots
    }

    fn request(&self) -> InputRequest {
        InputRequest::Roots
    }

    fn read(&self, answer: &RawJson) -> Result<ListRootsResult, String> {
        answer.parse().map_err(|error| error.to_string())
    }
}
