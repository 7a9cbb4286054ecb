//! What every answer must look like.

use serde_json::Value;

/// Checks that `bytes` are one JSON-RPC message, and returns it.
///
/// # Panics
/// When they are not.
pub fn check_frame(bytes: &[u8]) -> Value {
    let text = || String::from_utf8_lossy(bytes);
    let frame: Value =
        serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("not JSON ({error}): {}", text()));
    assert_eq!(frame.get("jsonrpc"), Some(&Value::from("2.0")), "not JSON-RPC: {}", text());
    let parts = ["method", "result", "error"].map(|name| usize::from(frame.get(name).is_some()));
    assert_eq!(parts.iter().sum::<usize>(), 1, "neither or several of method, result and error: {}", text());
    if let Some(error) = frame.get("error") {
        assert!(error.get("code").is_some_and(Value::is_i64), "an error without code: {}", text());
        assert!(error.get("message").is_some_and(Value::is_string), "an error without message: {}", text());
    }
    assert!(frame.get("result").is_none_or(Value::is_object), "a result that is no object: {}", text());
    frame
}

/// Checks that `bytes` are a JSON-RPC error, and returns its code.
///
/// # Panics
/// When they are not.
pub fn check_error(bytes: &[u8]) -> i64 {
    let frame = check_frame(bytes);
    let code = frame.get("error").and_then(|error| error.get("code")).and_then(Value::as_i64);
    code.unwrap_or_else(|| panic!("not an error: {frame}"))
}
