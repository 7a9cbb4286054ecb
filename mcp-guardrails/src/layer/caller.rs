//! Who asks, as rules see it.

use std::sync::Arc;

use mcp_core::service::{Principal, Request};

use super::builder::Inner;

/// Who asks, and in which session.
pub(super) struct Caller {
    pub(super) principal: Option<Arc<Principal>>,
    pub(super) correlation: Option<Arc<str>>,
    /// A name that no other caller's session can have.
    pub(super) session: String,
}

impl Caller {
    pub(super) fn of(inner: &Inner, request: &Request) -> Self {
        let principal = request.peer.principal.clone();
        let session = match &inner.session {
            Some(name) => name(request).unwrap_or_default(),
            None => request.peer.session.as_ref().map_or_else(String::new, |session| session.id.to_string()),
        };
        let who = principal.as_deref().map(|who| [&*who.issuer, &*who.org, &*who.user]).unwrap_or_default();
        // Text in quotes, so that no name can be read as two.
        let session = serde_json::json!([who, session]).to_string();
        Self { principal, correlation: request.peer.correlation.clone(), session }
    }

    pub(super) fn roles(&self) -> Vec<&str> {
        self.principal.as_deref().and_then(|who| who.role.as_deref()).into_iter().collect()
    }
}
