//! A server on the official Rust SDK, with the tools that all servers of `interop/servers.d` have.

#![expect(deprecated, reason = "sampling, roots and logging stay until their revisions do")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, GetPromptRequestParams,
    GetPromptResponse, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, ServerInfo,
};
use rmcp::service::{RequestContext, RoleServer};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const TOOLS: [&str; 9] = ["echo", "add", "fail", "steps", "slow", "cancelled", "say", "think", "ask"];
const RESOURCES: [&str; 5] = ["greeting", "one", "two", "three", "four"];

type Context = RequestContext<RoleServer>;

/// The server; clones share what they count.
#[derive(Clone, Default)]
pub(crate) struct Probe {
    given_up: Arc<AtomicUsize>,
}

/// The SDK's types as they are written on the wire.
fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

fn text(text: impl Into<String>) -> Value {
    json!({ "content": [{ "type": "text", "text": text.into() }] })
}

/// A page of two items.
fn page(member: &str, items: &[Value], request: Option<&PaginatedRequestParams>) -> Value {
    let cursor = request.and_then(|request| request.cursor.as_deref());
    let start = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let more = (start + 2 < items.len()).then(|| (start + 2).to_string());
    let items: Vec<_> = items.iter().skip(start).take(2).collect();
    json!({ member: items, "nextCursor": more })
}

impl ServerHandler for Probe {
    fn get_info(&self) -> ServerInfo {
        let capabilities =
            json!({ "tools": {}, "resources": {}, "prompts": {}, "logging": {}, "completions": {} });
        let mut info = ServerInfo::default();
        info.capabilities = serde_json::from_value(capabilities).unwrap_or_default();
        info
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = TOOLS.map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }));
        typed(page("tools", &tools, request.as_ref()))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        let resources = RESOURCES.map(|name| json!({ "name": name, "uri": format!("test://{name}") }));
        typed(page("resources", &resources, request.as_ref()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        typed(json!({ "resourceTemplates": [{ "name": "item", "uriTemplate": "test://items/{id}" }] }))
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        typed(
            json!({ "prompts": [{ "name": "greet", "arguments": [{ "name": "name", "required": true }] }] }),
        )
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let text = match (uri.as_str(), uri.strip_prefix("test://items/")) {
            (_, Some(id)) => format!("item {id}"),
            ("test://greeting", _) => "hello from a resource".to_owned(),
            _ => return Err(ErrorData::resource_not_found("no such resource", None)),
        };
        typed(json!({ "contents": [{ "uri": uri, "text": text }] })).map(ReadResourceResponse::Complete)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        let name = request.arguments.and_then(|arguments| arguments.get("name").cloned()).unwrap_or_default();
        let text = format!("Please greet {}.", name.as_str().unwrap_or_default());
        let message = json!({ "role": "user", "content": { "type": "text", "text": text } });
        typed(json!({ "messages": [message] })).map(GetPromptResponse::Complete)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: Context,
    ) -> Result<CompleteResult, ErrorData> {
        let typed_so_far = request.argument.value;
        let names: Vec<_> =
            ["Ada", "Alan", "Grace"].into_iter().filter(|name| name.starts_with(&typed_so_far)).collect();
        typed(json!({ "completion": { "values": names } }))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let answers = json!(request.input_responses);
        let result = match request.name.as_ref() {
            "echo" => text(arguments["message"].as_str().unwrap_or_default()),
            "add" => {
                let sum = arguments["a"].as_i64().unwrap_or(0) + arguments["b"].as_i64().unwrap_or(0);
                json!({ "content": [], "structuredContent": { "sum": sum } })
            }
            "fail" => json!({ "content": text("this tool always fails")["content"], "isError": true }),
            "steps" => {
                for done in 1..=3 {
                    report(&context, done).await?;
                }
                text("done")
            }
            "slow" => self.slow(&context).await?,
            "cancelled" => text(self.given_up.load(Ordering::SeqCst).to_string()),
            "say" => {
                let message = typed(json!({ "level": "info", "data": "said aloud" }))?;
                // Whoever does not listen does not hear it.
                _ = context.peer.notify_logging_message(message).await;
                text("said")
            }
            "think" | "ask" => return ask(&request.name, &answers, &context).await,
            _ => return Err(ErrorData::invalid_params("no such tool", None)),
        };
        typed(result).map(CallToolResponse::Complete)
    }
}

impl Probe {
    async fn slow(&self, context: &Context) -> Result<Value, ErrorData> {
        report(context, 1).await?;
        tokio::select! {
            () = context.ct.cancelled() => {
                self.given_up.fetch_add(1, Ordering::SeqCst);
            }
            () = tokio::time::sleep(Duration::from_secs(30)) => {}
        }
        Ok(text("awake"))
    }
}

async fn report(context: &Context, done: u32) -> Result<(), ErrorData> {
    let Some(token) = context.meta.get_progress_token() else { return Ok(()) };
    let progress = typed(json!({ "progressToken": token, "progress": done, "total": 3 }))?;
    let told = context.peer.notify_progress(progress).await;
    told.map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// Asks as the revision wants it: with an answer that asks, or with a request of our own.
async fn ask(tool: &str, answers: &Value, context: &Context) -> Result<CallToolResponse, ErrorData> {
    let failed = |error: rmcp::ServiceError| ErrorData::internal_error(error.to_string(), None);
    let (method, params) = if tool == "think" {
        let message = json!({ "role": "user", "content": { "type": "text", "text": "Who?" } });
        ("sampling/createMessage", json!({ "messages": [message], "maxTokens": 10 }))
    } else {
        let form =
            json!({ "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] });
        ("elicitation/create", json!({ "mode": "form", "message": "Who are you?", "requestedSchema": form }))
    };
    let modern = context.protocol_version().is_some_and(|version| version.as_str() >= "2026-07-28");
    let answer = match (modern, tool, answers.get("q")) {
        (true, _, Some(answer)) => answer.clone(),
        (true, _, None) => {
            let questions = json!({ "q": { "method": method, "params": params } });
            let question = json!({ "resultType": "input_required", "inputRequests": questions });
            return typed(question).map(CallToolResponse::InputRequired);
        }
        (false, "think", _) => json!(context.peer.create_message(typed(params)?).await.map_err(failed)?),
        (false, _, _) => json!(context.peer.create_elicitation(typed(params)?).await.map_err(failed)?),
    };
    let said = match answer["action"].as_str() {
        Some(action) => format!("{action}: {}", answer["content"]["name"].as_str().unwrap_or_default()),
        None => answer["content"]["text"].as_str().unwrap_or_default().to_owned(),
    };
    typed(text(said)).map(CallToolResponse::Complete)
}
