//! Request state: no token but the one that was given, for the call that it was given for, is ever taken. An input is
//! a recipe (how to change a real token) in its first bytes, and a token of its own making.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mcp_core::protocol::{Method, Params};
use mcp_core::server::{RequestStateStore, SealedState};
use mcp_core::service::{Outcome, Request};
use mcp_core_fuzz::{KEY, run, server};
use serde_json::{Value, json};

const INVALID_PARAMS: i32 = -32602;

fuzz_target!(|data: &[u8]| {
    let (recipe, own) = data.split_at(data.len().min(4));
    let own = String::from_utf8_lossy(own);
    check_store(recipe, &own);
    run(check_server(recipe, &own));
});

/// The store alone, with a payload and binding of the input's choice.
fn check_store(recipe: &[u8], own: &str) {
    let store = SealedState::new(&KEY);
    assert_eq!(store.open(own, b"binding"), None, "a token of someone else's making was opened");
    let real = store.seal(own.as_bytes(), recipe).expect("sealed");
    assert_eq!(store.open(&real, recipe).as_deref(), Some(own.as_bytes()), "the real token");
    assert_eq!(store.open(&real, &[recipe, b"."].concat()), None, "another binding");
    assert_eq!(SealedState::new(&[0; 32]).open(&real, recipe), None, "another key");
    let rotated = SealedState::new(&[0; 32]).with_previous(&KEY);
    assert_eq!(rotated.open(&real, recipe).as_deref(), Some(own.as_bytes()), "an older key");
    if let Some(changed) = change(&real, recipe, own) {
        assert_eq!(store.open(&changed, recipe), None, "a changed token was opened: {changed}");
    }
}

/// A token that is not `real`, and how it differs is up to the recipe.
fn change(real: &str, recipe: &[u8], own: &str) -> Option<String> {
    let [kind, at, by, length] = *recipe.first_chunk::<4>()?;
    let mut bytes = real.as_bytes().to_vec();
    let at = usize::from(at) % bytes.len();
    let length = usize::from(length);
    match kind % 6 {
        0 => {
            bytes[at] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ \0"
                [usize::from(by) % 69]
        }
        1 => bytes.truncate(at),
        2 => bytes.insert(at, by),
        3 => bytes.extend(own.bytes().take(length)),
        4 => drop(bytes.drain(at..(at + length).min(real.len()))),
        _ => bytes.rotate_left(at),
    }
    String::from_utf8(bytes).ok().filter(|changed| changed != real)
}

async fn check_server(recipe: &[u8], own: &str) {
    let asked = call("greet", own, None).await.expect("a question");
    let real = asked.get("requestState").and_then(Value::as_str).expect("state").to_owned();
    let again = call("greet", own, Some(&real)).await.expect("the real token is taken");
    assert_eq!(again["resultType"], "input_required");
    refused(&call("greet", own, Some(own)).await);
    refused(&call("greet", &format!("{own}."), Some(&real)).await);
    if let Some(changed) = change(&real, recipe, own) {
        refused(&call("greet", own, Some(&changed)).await);
    }
}

fn refused(answer: &Result<Value, i32>) {
    assert_eq!(answer, &Err(INVALID_PARAMS), "a token that is not ours was taken");
}

async fn call(name: &str, argument: &str, state: Option<&str>) -> Result<Value, i32> {
    let mut params = json!({
        "name": name,
        "arguments": { "any": argument },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": { "elicitation": {}, "roots": {} },
        },
    });
    if let Some(state) = state {
        params["requestState"] = state.into();
    }
    let params = Params::from_json(&Bytes::from(params.to_string())).expect("an object");
    let response = server().handle(Request::new(1, Method::ToolsCall, params)).await.expect("an answer");
    match response.outcome {
        Outcome::Result(result) => Ok(serde_json::from_slice(&result).expect("JSON")),
        Outcome::Error(error) => Err(error.code.0),
        _ => panic!("a call is no notification"),
    }
}
