//! Older revisions: what their peers send, turned into the newest model, and back.
//!
//! Each file holds the one step between a revision and the next newer one; this one chains the steps. They work
//! on JSON trees and change nothing else: who may send what, and when, is decided elsewhere.
//!
//! ```
//! use mcp_core::protocol::{ProtocolVersion, compat::downgrade_result};
//! use serde_json::json;
//!
//! let newest = json!({"resultType": "complete", "content": [], "structuredContent": [1, 2]});
//! let old = downgrade_result(ProtocolVersion::V2025_06_18, "tools/call", newest);
//! assert_eq!(old["structuredContent"], json!({"result": [1, 2]}));
//! ```

use serde_json::Value;

use super::ProtocolVersion;

mod parts;
mod v2024_11_05;
mod v2025_03_26;
mod v2025_06_18;
mod v2025_11_25;

/// A revision's way to and from the next newer one.
struct Step {
    revision: ProtocolVersion,
    downgrade_result: fn(&str, &mut Value),
    downgrade_notification: fn(&str, &mut Value),
    downgrade_input_request: fn(&Question<'_>, &mut Value),
    upgrade_params: fn(&str, &mut Value),
    upgrade_input_response: fn(&Question<'_>, &mut Value),
}

/// A question to the client, in the newest form.
struct Question<'a> {
    method: &'a str,
    params: &'a Value,
    id: &'a str,
}

/// Newest first.
const STEPS: [Step; 4] = [v2025_11_25::STEP, v2025_06_18::STEP, v2025_03_26::STEP, v2024_11_05::STEP];

/// The steps that lie between the newest revision and `version`, newest first.
fn steps(version: ProtocolVersion) -> impl DoubleEndedIterator<Item = &'static Step> {
    STEPS.iter().filter(move |step| version <= step.revision)
}

/// Turns a result of the newest revision into one of `version`.
pub fn downgrade_result(version: ProtocolVersion, method: &str, mut result: Value) -> Value {
    steps(version).for_each(|step| (step.downgrade_result)(method, &mut result));
    result
}

/// Turns the params of a notification of the newest revision into those of `version`.
pub fn downgrade_notification(version: ProtocolVersion, method: &str, mut params: Value) -> Value {
    steps(version).for_each(|step| (step.downgrade_notification)(method, &mut params));
    params
}

/// Turns the params of a question to the client into those of a request that `version` sends.
///
/// `id` names the question where a revision wants a name for it.
pub fn downgrade_input_request(version: ProtocolVersion, method: &str, params: Value, id: &str) -> Value {
    let newest = params;
    let mut old = newest.clone();
    let question = Question { method, params: &newest, id };
    steps(version).for_each(|step| (step.downgrade_input_request)(&question, &mut old));
    old
}

/// Turns the params of a request or notification of `version` into those of the newest revision.
pub fn upgrade_params(version: ProtocolVersion, method: &str, mut params: Value) -> Value {
    steps(version).rev().for_each(|step| (step.upgrade_params)(method, &mut params));
    params
}

/// Turns the answer that a client of `version` gave to a question into one of the newest revision.
///
/// `params` are those of the question before [`downgrade_input_request`].
pub fn upgrade_input_response(
    version: ProtocolVersion,
    method: &str,
    params: &Value,
    mut result: Value,
) -> Value {
    let question = Question { method, params, id: "" };
    steps(version).rev().for_each(|step| (step.upgrade_input_response)(&question, &mut result));
    result
}

/// Turns an error code of the newest revision into one of `version`.
///
/// A resource that cannot be found is told by -32602 today and was told by -32002; call it for that error only.
pub fn downgrade_error(version: ProtocolVersion, method: &str, code: i32) -> i32 {
    let old = version <= v2025_11_25::STEP.revision;
    if old && code == INVALID_PARAMS && names_resource(method) { RESOURCE_NOT_FOUND } else { code }
}

/// Turns an error code of `version` into one of the newest revision.
pub fn upgrade_error(version: ProtocolVersion, method: &str, code: i32) -> i32 {
    let old = version <= v2025_11_25::STEP.revision;
    if old && code == RESOURCE_NOT_FOUND && names_resource(method) { INVALID_PARAMS } else { code }
}

const INVALID_PARAMS: i32 = -32602;
const RESOURCE_NOT_FOUND: i32 = -32002;

fn names_resource(method: &str) -> bool {
    matches!(method, "resources/read" | "resources/subscribe" | "resources/unsubscribe")
}

fn nothing(_: &str, _: &mut Value) {}

fn no_question(_: &Question<'_>, _: &mut Value) {}

#[cfg(test)]
mod tests;
