//! Whether a request may go on.

use mcp_core::protocol::{CompletionReference, Method, RpcError, SubscriptionFilter};
use mcp_core::service::{Principal, Request};
use serde::Deserialize;

use crate::call::shortened;
use crate::policy::{Call, Policy, Verdict};

/// Why not: what the caller learns, and the rule for the books.
pub(super) struct Refusal {
    pub(super) error: RpcError,
    pub(super) rule: Option<Box<str>>,
}

#[derive(Deserialize)]
struct Completion {
    #[serde(rename = "ref")]
    reference: CompletionReference,
}

#[derive(Deserialize)]
struct Subscription {
    #[serde(default)]
    notifications: SubscriptionFilter,
}

/// What a policy says to a request: to what it is about, and to its method.
pub(super) fn judge(policy: &Policy, who: Option<&Principal>, request: &Request) -> Result<(), Refusal> {
    let params = &request.params;
    let method = request.method.as_str();
    let arguments = params.get("arguments").unwrap_or("{}");
    match &request.method {
        Method::ToolsCall => {
            if let Some(name) = params.get_str("name") {
                return one(policy, who, &Call::tool(&name, arguments), "tool", &name);
            }
        }
        Method::PromptsGet => {
            if let Some(name) = params.get_str("name") {
                return one(policy, who, &Call::prompt(&name, arguments), "prompt", &name);
            }
        }
        Method::ResourcesRead | Method::ResourcesSubscribe => {
            if let Some(uri) = params.get_str("uri") {
                return one(policy, who, &Call::resource(&uri).by(method), "resource", &uri);
            }
        }
        Method::Complete => {
            // What cannot be read is refused by the server with the reason.
            if let Ok(Completion { reference }) = params.parse() {
                match reference {
                    CompletionReference::Prompt { name, .. } => {
                        one(policy, who, &Call::prompt(&name, "{}").by(method), "prompt", &name)?;
                    }
                    CompletionReference::Resource { uri } => {
                        one(policy, who, &Call::resource_template(&uri).by(method), "resource", &uri)?;
                    }
                    _ => {
                        let error = RpcError::forbidden("this kind of completion is not allowed");
                        return Err(Refusal { error, rule: None });
                    }
                }
            }
        }
        Method::Listen => {
            if let Ok(Subscription { notifications }) = params.parse() {
                for uri in &notifications.resource_subscriptions {
                    one(policy, who, &Call::resource(uri).by(method), "resource", uri)?;
                }
            }
        }
        _ => {}
    }
    one(policy, who, &Call::method(method, params.as_str()), "method", method)
}

fn one(
    policy: &Policy,
    who: Option<&Principal>,
    call: &Call<'_>,
    what: &str,
    name: &str,
) -> Result<(), Refusal> {
    match policy.decide(who, call) {
        Verdict::Allow { .. } => Ok(()),
        Verdict::Deny { rule } => {
            let message = format!("{what} `{}` is not allowed for this caller", shortened(name));
            Err(Refusal { error: RpcError::forbidden(message), rule: rule.map(Into::into) })
        }
        Verdict::MissingScope { rule, scopes } => {
            let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
            Err(Refusal { error: RpcError::insufficient_scope(&scopes), rule: Some(rule.into()) })
        }
    }
}
