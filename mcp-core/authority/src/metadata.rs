//! What this server can do (RFC 8414; OpenID Connect Discovery has the same fields, and two more that it wants).

use serde_json::{Map, Value, json};

use crate::authority::Inner;
use crate::jose::ALGORITHMS;
use crate::reply::{self, Reply};

pub(crate) fn answer(inner: &Inner) -> Reply {
    reply::cacheable(&Value::Object(document(inner)))
}

fn document(inner: &Inner) -> Map<String, Value> {
    let confidential = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
    let public = inner.settings.public_clients.then_some("none");
    let methods: Vec<_> = public.into_iter().chain(confidential).collect();
    let endpoint = |path: &str| Value::from(inner.endpoint(path));
    let mut all = Map::new();
    let mut set = |name: &str, value: Value| _ = all.insert(name.to_owned(), value);
    set("issuer", inner.issuer.as_str().into());
    set("authorization_endpoint", endpoint("/authorize"));
    set("token_endpoint", endpoint("/token"));
    set("jwks_uri", endpoint("/jwks"));
    if inner.settings.registration {
        set("registration_endpoint", endpoint("/register"));
    }
    set("revocation_endpoint", endpoint("/revoke"));
    set("introspection_endpoint", endpoint("/introspect"));
    set("scopes_supported", inner.settings.scopes.keys().cloned().collect());
    set("response_types_supported", json!(["code"]));
    set("response_modes_supported", json!(["query"]));
    set("grant_types_supported", json!(["authorization_code", "refresh_token", "client_credentials"]));
    set("code_challenge_methods_supported", json!(["S256"]));
    set("token_endpoint_auth_methods_supported", json!(methods));
    set("token_endpoint_auth_signing_alg_values_supported", json!(ALGORITHMS));
    set("revocation_endpoint_auth_methods_supported", json!(methods));
    set("introspection_endpoint_auth_methods_supported", json!(confidential));
    set("authorization_response_iss_parameter_supported", true.into());
    set("client_id_metadata_document_supported", true.into());
    set("dpop_signing_alg_values_supported", json!(ALGORITHMS));
    set("protected_resources", json!(inner.settings.resources));
    set("subject_types_supported", json!(["public"]));
    // There are no ID tokens; readers of OpenID Connect want the field.
    set("id_token_signing_alg_values_supported", json!([inner.settings.algorithm.name()]));
    all
}
