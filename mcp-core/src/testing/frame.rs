//! Comparing JSON.

use serde_json::Value;

/// Stands for any value in what is expected.
pub const ANY: &str = "<any>";

/// Fails the test where two frames differ, and says in which members.
///
/// [`ANY`] in `expected` matches every value.
///
/// ```
/// use mcp_core::testing::{ANY, assert_frame};
/// use serde_json::json;
///
/// let frame = json!({ "jsonrpc": "2.0", "id": 7, "result": { "tools": [] } });
/// assert_frame(&frame, &json!({ "jsonrpc": "2.0", "id": ANY, "result": { "tools": [] } }));
/// ```
///
/// # Panics
/// The frames differ.
#[track_caller]
pub fn assert_frame(actual: &Value, expected: &Value) {
    if let Some(diff) = frame_diff(actual, expected) {
        super::fail(format!("the frame is not as expected (- expected, + actual):\n{diff}\nframe: {actual}"));
    }
}

/// Where a value differs from what is expected, a line per member: its JSON pointer and both
/// values. None where nothing differs.
///
/// ```
/// use mcp_core::testing::frame_diff;
/// use serde_json::json;
///
/// let diff = frame_diff(&json!({ "a": [1, 2] }), &json!({ "a": [1, 3], "b": null }));
/// assert_eq!(diff.as_deref(), Some("/a/1\n  - 3\n  + 2\n/b\n  - null\n  + nothing"));
/// ```
#[must_use]
pub fn frame_diff(actual: &Value, expected: &Value) -> Option<String> {
    let mut lines = Vec::new();
    compare("", Some(actual), Some(expected), &mut lines);
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn compare(path: &str, actual: Option<&Value>, expected: Option<&Value>, lines: &mut Vec<String>) {
    match (actual, expected) {
        (Some(_), Some(Value::String(any))) if any == ANY => {}
        (Some(Value::Object(actual)), Some(Value::Object(expected))) => {
            for (key, value) in expected {
                compare(&format!("{path}/{}", escape(key)), actual.get(key), Some(value), lines);
            }
            for (key, value) in actual.iter().filter(|(key, _)| !expected.contains_key(*key)) {
                compare(&format!("{path}/{}", escape(key)), Some(value), None, lines);
            }
        }
        (Some(Value::Array(actual)), Some(Value::Array(expected))) => {
            for i in 0..actual.len().max(expected.len()) {
                compare(&format!("{path}/{i}"), actual.get(i), expected.get(i), lines);
            }
        }
        (actual, expected) if actual == expected => {}
        (actual, expected) => {
            let path = if path.is_empty() { "the whole" } else { path };
            lines.push(format!("{path}\n  - {}\n  + {}", shown(expected), shown(actual)));
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), Value::to_string)
}

/// A key as JSON pointers write it.
fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
