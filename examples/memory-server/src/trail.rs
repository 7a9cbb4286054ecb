//! What the memory tells of, in a log that shows what was done to it (`mcp-edge`).

use std::error::Error;
use std::time::Duration;

use mcp_core::service::Principal;
use mcp_edge::audit::AuditLog;
use mcp_edge::{CallRecord, Outcome};
use mcp_memory::audit::{self, Event};
use tokio::runtime::Handle;

/// Takes entries to the log.
pub(crate) struct Trail(pub(crate) AuditLog);

impl audit::Audit for Trail {
    fn record(&self, event: &Event<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let who = Principal::new(event.org, event.user);
        let action = serde_json::to_value(event.action)?;
        let method = format!("memory/{}", action.as_str().unwrap_or_default());
        let at = Duration::from_millis(u64::try_from(event.at).unwrap_or_default());
        let target = event.id.map(|id| id.to_string()).or_else(|| event.scope.clone());
        let arguments = serde_json::json!({ "memories": event.memories }).to_string();
        let mut record = CallRecord::new(at, &method);
        record.principal = Some(&who);
        record.target = target.as_deref();
        record.arguments = Some(&arguments);
        record.outcome = if event.outcome == audit::Outcome::Denied { Outcome::Denied } else { Outcome::Ok };
        // The memory is called from threads that may wait.
        Ok(Handle::try_current()?.block_on(self.0.append(&record))?)
    }
}
