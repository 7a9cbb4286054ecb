//! Who searches and calls.

use mcp_core::service::Request;
use serde_json::json;

/// The caller, as far as learning and lists go.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Whose feedback counts: the organisation.
    pub(crate) tenant: String,
    /// Who gives it.
    pub(crate) principal: String,
    /// What lists belong to: the caller and all that the credential allows. Never the connection.
    pub(crate) key: String,
}

impl Caller {
    pub(crate) fn of(request: &Request) -> Self {
        let Some(who) = request.peer.principal.as_deref() else {
            // No organisation has this name: theirs are in quotes.
            return Self {
                tenant: "anonymous".into(),
                principal: "anonymous".into(),
                key: "anonymous".into(),
            };
        };
        Self {
            tenant: json!([who.issuer, who.org]).to_string(),
            principal: json!([who.issuer, who.org, who.user]).to_string(),
            key: json!([who.issuer, who.org, who.user, who.role, who.plan, who.scopes]).to_string(),
        }
    }
}
