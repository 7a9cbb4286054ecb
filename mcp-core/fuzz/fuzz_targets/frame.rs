//! Frames: whatever comes in, reading it ends well, and agrees with another reader of JSON.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mcp_core::protocol::{DEFAULT_DEPTH, Frame, FrameProblem, Incoming};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

fuzz_target!(|data: &[u8]| {
    let bytes = Bytes::copy_from_slice(data);
    let is_json =
        std::str::from_utf8(data).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
    match Incoming::parse(&bytes, DEFAULT_DEPTH) {
        Ok(incoming) => {
            assert!(is_json, "accepted, and is not JSON");
            match incoming {
                Incoming::One(frame) => check(&frame),
                Incoming::Batch(items) => items.iter().flatten().for_each(check),
            }
        }
        Err(error) => {
            let broken = matches!(error.problem, FrameProblem::Syntax(_) | FrameProblem::Utf8(_));
            assert!(!(broken && is_json), "refused as broken, and is JSON: {error}");
            assert!(!error.to_rpc_error().message.is_empty());
        }
    }
});

/// What was understood can be written and is understood again.
fn check(frame: &Frame) {
    let text = match frame {
        Frame::Request { id, method, params } => {
            check_params(params);
            let (id, method) = (json(id), json(method.as_str()));
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method},"params":{}}}"#, params.as_str())
        }
        Frame::Notification { method, params } => {
            check_params(params);
            format!(r#"{{"jsonrpc":"2.0","method":{},"params":{}}}"#, json(method.as_str()), params.as_str())
        }
        Frame::Response { id, outcome } => {
            let id = id.as_ref().map(|id| format!(r#""id":{},"#, json(id))).unwrap_or_default();
            let outcome = match outcome {
                Ok(result) => {
                    format!(r#""result":{}"#, std::str::from_utf8(result).expect("a part of UTF-8"))
                }
                Err(error) => format!(r#""error":{}"#, json(error)),
            };
            format!(r#"{{"jsonrpc":"2.0",{id}{outcome}}}"#)
        }
    };
    let again = Frame::parse(&Bytes::from(text.clone()), DEFAULT_DEPTH);
    let again = again.unwrap_or_else(|error| panic!("not understood again: {error}: {text}"));
    match (frame, &again) {
        (
            Frame::Request { id, method, params },
            Frame::Request { id: other_id, method: other_method, params: other },
        ) => {
            assert_eq!((id, method, params.as_str()), (other_id, other_method, other.as_str()));
        }
        (
            Frame::Notification { method, params },
            Frame::Notification { method: other_method, params: other },
        ) => {
            assert_eq!((method, params.as_str()), (other_method, other.as_str()));
        }
        (Frame::Response { id, outcome }, Frame::Response { id: other_id, outcome: other }) => {
            assert_eq!(id, other_id);
            match (outcome, other) {
                // `data` is a tree, and a tree rounds fractions: the last digit may differ.
                (Err(error), Err(other)) => {
                    assert_eq!((error.code, &error.message), (other.code, &other.message));
                    assert_eq!(error.data.is_some(), other.data.is_some());
                }
                _ => assert_eq!(outcome, other),
            }
        }
        _ => panic!("another kind of frame: {text}"),
    }
}

/// Members are found where another reader finds them.
fn check_params(params: &mcp_core::protocol::Params) {
    let Ok(whole) = serde_json::from_str::<Map<String, Value>>(params.as_str()) else {
        // The tree refuses halves of surrogate pairs and numbers beyond a double; the frame passes them on.
        return;
    };
    for (name, value) in &whole {
        let found = params.get(name).and_then(|raw| serde_json::from_str::<Value>(raw).ok());
        assert_eq!(found.as_ref(), Some(value), "member `{name}`");
        assert_eq!(params.get_str(name).as_deref(), value.as_str(), "member `{name}` as text");
    }
    let meta = whole.get("_meta").and_then(Value::as_object);
    assert_eq!(params.has_meta(), meta.is_some());
    for (name, value) in meta.into_iter().flatten() {
        let found = params.meta(name).and_then(|raw| serde_json::from_str::<Value>(raw).ok());
        assert_eq!(found.as_ref(), Some(value), "member `{name}` of `_meta`");
    }
}

fn json(value: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(value).expect("it can be written")
}
