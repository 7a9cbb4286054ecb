//! Who may come in: every route asks, but for those that are open on purpose.

use std::sync::Arc;

use http::request::Parts;
use http::{Method, StatusCode};

use super::correlation::Correlation;
use super::reply::{self, HttpResponse, NeededScopes};
use crate::auth::server::{Reason, Refused, Rejection, ResourceServer};
use crate::protocol::{ErrorCode, RpcError};

/// Lets a request in, with its caller among its extensions; or answers it.
pub(crate) async fn admit(guard: &ResourceServer, parts: &mut Parts) -> Option<HttpResponse> {
    // Browsers ask without credentials whether they may send some; nothing is done for them.
    if parts.method == Method::OPTIONS && parts.headers.contains_key(http::header::ORIGIN) {
        return None;
    }
    let path = parts.uri.path();
    if matches!(path, "/health" | "/ready") {
        return None;
    }
    if let Some(document) = guard.metadata(path) {
        return Some(if parts.method == Method::GET {
            reply::json(StatusCode::OK, document)
        } else {
            reply::not_allowed("GET", "the metadata is read with GET")
        });
    }
    match guard.admit(parts).await {
        Ok(principal) => {
            // Layers in front have no say: what was not established here is not known.
            parts.extensions.insert(principal);
            None
        }
        Err(rejection) => {
            let correlation =
                parts.extensions.get::<Correlation>().map(|correlation| Arc::clone(&correlation.0));
            guard.tell(&Refused {
                rejection: &rejection,
                method: &parts.method,
                path,
                correlation: correlation.as_deref(),
            });
            Some(refuse(guard, &rejection))
        }
    }
}

fn refuse(guard: &ResourceServer, rejection: &Rejection) -> HttpResponse {
    let code = match &rejection.reason {
        Reason::Scope(_) => ErrorCode::FORBIDDEN,
        Reason::Unavailable { .. } => ErrorCode::OVERLOADED,
        _ => ErrorCode::UNAUTHENTICATED,
    };
    let mut error = RpcError::new(code, rejection.to_string());
    if let Reason::Scope(needed) = &rejection.reason {
        error = error.with_data(serde_json::json!({ "requiredScopes": needed }));
    }
    let mut response = reply::error(rejection.status(), None, &error);
    response.headers_mut().extend(guard.challenge(rejection));
    response
}

/// Says where better credentials come from, where a layer or handler asked for more scopes.
pub(crate) fn explain(guard: &ResourceServer, response: &mut HttpResponse) {
    if let Some(NeededScopes(needed)) = response.extensions_mut().remove::<NeededScopes>()
        && response.status() == StatusCode::FORBIDDEN
    {
        response.headers_mut().extend(guard.challenge(&Rejection::new(Reason::Scope(needed))));
    }
}
