//! A server with tools of every kind, and ways to call it.

mod ending;
mod lifecycle;
mod listening;
mod ownership;
mod stores;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::protocol::{DEFAULT_DEPTH, Frame, LogLevel, ProtocolVersion, RpcError, meta};
use crate::server::{Elicit, Elicited, Server, ToolError, tool};
use crate::service::Principal;

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Name {
    name: String,
}

const MINUTE: Duration = Duration::from_secs(60);

async fn slow() -> &'static str {
    tokio::time::sleep(MINUTE).await;
    "done"
}

async fn fail() -> Result<String, ToolError> {
    Err(ToolError::new("out of paper"))
}

async fn refuse() -> Result<String, RpcError> {
    Err(RpcError::internal("no paper").with_data(json!({ "tray": 2 })))
}

async fn explode() -> String {
    panic!("paper everywhere")
}

async fn stuck() -> String {
    std::future::pending().await
}

async fn name(context: &Context, key: &str) -> Result<String, ToolError> {
    match context.ask(key, Elicit::form::<Name>("Who?")).await? {
        Elicited::Accepted(Name { name }) => Ok(name),
        _ => Err(ToolError::new("nobody")),
    }
}

async fn greet(context: Context) -> Result<String, ToolError> {
    context.progress(1.0, None, None);
    context.log(LogLevel::Error, None, "never seen");
    context.set_status("asking");
    let name = name(&context, "who").await?;
    context.set_status("greeting");
    tokio::time::sleep(MINUTE).await;
    Ok(format!("Hello, {name}!"))
}

async fn pair(context: Context) -> Result<String, ToolError> {
    let (left, right) = tokio::join!(name(&context, "left"), name(&context, "right"));
    Ok(format!("{} and {}", left?, right?))
}

async fn later(context: Context) -> Result<String, ToolError> {
    let first = name(&context, "who").await?;
    context.detach().await?;
    tokio::time::sleep(MINUTE).await;
    Ok(format!("{first}, at last"))
}

fn server_with(tasks: Tasks) -> Server {
    let optional = |entry: ToolEntry| entry.task(TaskSupport::Optional);
    Server::builder("t", "0")
        .tool(optional(tool("slow", slow)))
        .tool(tool("fail", fail).task(TaskSupport::Required))
        .tool(optional(tool("refuse", refuse)))
        .tool(optional(tool("explode", explode)))
        .tool(optional(tool("stuck", stuck)))
        .tool(optional(tool("greet", greet)))
        .tool(optional(tool("pair", pair)))
        .tool(tool("later", later).requires(Tasks::capability()))
        .extension(tasks)
        .build()
        .unwrap()
}

/// The parameters of a client that knows tasks.
fn declared(mut params: Value) -> Value {
    let capabilities = json!({ "elicitation": {}, "extensions": { ID: {} } });
    params["_meta"] = json!({
        meta::PROTOCOL_VERSION: ProtocolVersion::LATEST.as_str(),
        meta::CLIENT_CAPABILITIES: capabilities,
        meta::LOG_LEVEL: "debug",
        meta::PROGRESS_TOKEN: "p",
    });
    params
}

fn request(method: &str, params: Value) -> Request {
    let mut frame = json!({ "jsonrpc": "2.0", "id": 1, "method": method });
    frame["params"] = params;
    match Frame::parse(&Bytes::from(frame.to_string()), DEFAULT_DEPTH).unwrap() {
        Frame::Request { id, method, params } => Request::new(id, method, params),
        other => panic!("{other:?}"),
    }
}

async fn handle(server: &Server, request: Request) -> Result<Value, RpcError> {
    let result = server.handle(request).await.unwrap().into_result()?;
    Ok(serde_json::from_slice(&result).unwrap())
}

/// Asks as a caller who knows tasks.
async fn ask_as(who: Option<&str>, server: &Server, method: &str, params: Value) -> Result<Value, RpcError> {
    let mut request = request(method, declared(params));
    request.peer.principal = who.map(|user| Arc::new(Principal::new("org", user)));
    handle(server, request).await
}

async fn ask(server: &Server, method: &str, params: Value) -> Result<Value, RpcError> {
    ask_as(None, server, method, params).await
}

async fn start_as(who: Option<&str>, server: &Server, tool: &str) -> String {
    let created = ask_as(who, server, "tools/call", json!({ "name": tool })).await.unwrap();
    assert_eq!(
        (&created["resultType"], &created["status"]),
        (&json!("task"), &json!("working")),
        "{created}"
    );
    created["taskId"].as_str().unwrap().to_owned()
}

async fn start(server: &Server, tool: &str) -> String {
    start_as(None, server, tool).await
}

async fn get(server: &Server, id: &str) -> Result<Value, RpcError> {
    ask(server, "tasks/get", json!({ "taskId": id })).await
}

/// The task once it has a status. Time is paused: it passes when nothing else is to be done.
async fn until(server: &Server, id: &str, status: &str) -> Value {
    for _ in 0..1000 {
        let task = get(server, id).await.unwrap();
        if task["status"] == status {
            return task;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("the task never was {status}")
}

fn accept(name: &str) -> Value {
    json!({ "action": "accept", "content": { "name": name } })
}

async fn answer(server: &Server, id: &str, answers: Value) {
    let ack = ask(server, "tasks/update", json!({ "taskId": id, "inputResponses": answers })).await.unwrap();
    assert_ack(&ack);
}

/// An acknowledgement says nothing of the task.
fn assert_ack(ack: &Value) {
    let mut members: Vec<_> = ack.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["_meta", "resultType"]);
    assert_eq!(ack["resultType"], "complete");
}

fn keys(task: &Value) -> Vec<&str> {
    task["inputRequests"].as_object().unwrap().keys().map(String::as_str).collect()
}
