//! What leaves before the answer does: progress and log messages hold what results hold.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mcp_core::service::{Event as Sent, Notification, Outbound, SharedOutbound};
use serde_json::Value;

use super::Guardrails;
use super::caller::Caller;
use super::judge::{Failure, Ruling, about};
use crate::Decision;
use crate::event::{Event, Phase};

/// The way out of one call. A notification is decided over as a `result` event of its tool, with the parameters as the result. It is no step
/// of the session: sending must not wait for a store.
pub(super) struct Leaving {
    pub(super) guardrails: Guardrails,
    pub(super) caller: Arc<Caller>,
    pub(super) tool: String,
    pub(super) arguments: Arc<Value>,
    pub(super) outbound: SharedOutbound,
}

impl Leaving {
    /// A notification as it may leave, if it may.
    fn allowed(&self, mut notification: Notification) -> Option<Notification> {
        let mut params: Value = serde_json::from_slice(&notification.params).ok()?;
        let (inner, caller) = (&*self.guardrails.0, &*self.caller);
        let decide = || {
            let roles = caller.roles();
            let event =
                about(inner, caller, Event::result(&self.tool, &self.arguments, &params)).roles(&roles);
            inner.guard.engine().decide(&event)
        };
        let ruling = match catch_unwind(AssertUnwindSafe(decide)) {
            Ok(decision) => {
                self.guardrails.rule(Decision::clone(&decision), caller, Phase::Result, &self.tool)
            }
            Err(_) => self.guardrails.failed(&Failure::Panicked, caller, Phase::Result, &self.tool),
        };
        match ruling {
            Ruling::Refuse(_) | Ruling::Approve(..) => return None,
            Ruling::Pass(decision) if !decision.redactions().is_empty() => {
                decision.redact("result", &mut params, &inner.mask);
                notification.params = params.to_string().into();
            }
            Ruling::Pass(_) | Ruling::Unguarded => {}
        }
        Some(notification)
    }
}

impl Outbound for Leaving {
    fn send(&self, event: Sent) {
        match event {
            Sent::Notification(notification) => {
                if let Some(notification) = self.allowed(notification) {
                    self.outbound.send(Sent::Notification(notification));
                }
            }
            other => self.outbound.send(other),
        }
    }
}
