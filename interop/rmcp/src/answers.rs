//! What the client answers when it is asked, and what it is told.

#![expect(deprecated, reason = "sampling stays until its revisions do")]

use std::sync::{Arc, Mutex};

use rmcp::ErrorData;
use rmcp::handler::client::ClientHandler;
use rmcp::model::{
    ClientConfig, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult,
    ElicitationAction, Implementation, ProgressNotificationParam, ProtocolVersion, SamplingMessage,
};
use rmcp::service::{NotificationContext, RequestContext, RoleClient};
use serde_json::json;

/// What is answered to every question.
pub(crate) const ANSWER: &str = "Ada";

/// Progress as it was told: how far, and of how much.
type Steps = Vec<(f64, Option<f64>)>;

/// A client that always says the same.
#[derive(Clone)]
pub(crate) struct Answers {
    version: ProtocolVersion,
    progress: Arc<Mutex<Steps>>,
}

impl Answers {
    /// A client that asks for a revision.
    pub(crate) fn new(version: ProtocolVersion) -> Self {
        Self { version, progress: Arc::default() }
    }

    /// The progress that was told since this was last asked.
    pub(crate) fn take_progress(&self) -> Steps {
        std::mem::take(&mut *self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl ClientHandler for Answers {
    fn get_info(&self) -> ClientConfig {
        let capabilities = serde_json::from_value(json!({ "sampling": {}, "elicitation": { "form": {} } }));
        let capabilities = capabilities.expect("these are capabilities");
        ClientConfig::new(capabilities, Implementation::new("interop", "1"))
            .with_protocol_version(self.version.clone())
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        Ok(CreateMessageResult::new(SamplingMessage::assistant_text(ANSWER), "none".to_owned()))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { requested_schema, .. } = request else {
            return Err(ErrorData::invalid_params("only forms are filled in", None));
        };
        let field = requested_schema.properties.keys().next();
        let field = field.ok_or_else(|| ErrorData::invalid_params("the form is empty", None))?;
        let mut answer = ElicitResult::new(ElicitationAction::Accept);
        answer.content = Some(json!({ field: ANSWER }));
        Ok(answer)
    }

    async fn on_progress(&self, step: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        let mut progress = self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        progress.push((step.progress, step.total));
    }
}
