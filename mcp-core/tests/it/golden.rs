//! Frames of every revision, written from one model and held against the official schemas.
//!
//! The schemas let unknown members pass. Here they do not: every object whose members are listed is closed, so that
//! a frame of an old revision holds nothing that came later.

use std::{io::Write, path::PathBuf};

use mcp_core::protocol::{
    CacheHint, CallToolResult, CompleteParams, CompleteResult, Completion, CompletionArgument,
    CompletionReference, CreateMessageResult, DiscoverResult, ElicitAction, ElicitResult, Elicitation,
    GetPromptResult, Implementation, InputRequest, InputRequests, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListRootsResult, ListToolsResult, LogLevel, LogMessage,
    Progress, ProgressParams, PromptMessage, ProtocolVersion, RawJson, ReadResourceResult, ResourceContents,
    Role, Root, SamplingContent, StopReason,
    compat::{downgrade_input_request, downgrade_notification, downgrade_result},
    meta,
};
use serde::Serialize;
use serde_json::{Value, json};

mod model;

use model::{
    blocks, capabilities, filter, form, prompt, resource, sampling, server, some_meta, template, tools,
};

const NEWEST: &str = "2026-07-28";
const ALL: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", NEWEST];

/// A frame and the definition of the schema that it is.
struct Golden {
    definition: &'static str,
    frame: Value,
}

/// The revision of a date.
fn v(date: &str) -> ProtocolVersion {
    date.parse().unwrap()
}

#[test]
fn frames_of_every_revision_are_what_the_schemas_say() {
    let Some(folder) = spec_folder() else {
        // Past the test harness, which would swallow it.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: golden frames were NOT held against the official schemas; set MCP_SPEC_DIR"
        );
        return;
    };
    for version in ALL {
        let text = std::fs::read_to_string(folder.join(format!("{version}.schema.json"))).unwrap();
        let mut schema: Value = serde_json::from_str(&text).unwrap();
        close(&mut schema);
        for Golden { definition, frame } in frames(version) {
            let group = if schema.get("$defs").is_some() { "$defs" } else { "definitions" };
            assert!(schema[group].get(definition).is_some(), "{version} has no {definition}");
            schema["$ref"] = json!(format!("#/{group}/{definition}"));
            let validator = jsonschema::validator_for(&schema).unwrap();
            let body = body(&schema[group][definition], &frame);
            let errors: Vec<String> = validator
                .iter_errors(&body)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{version} {definition}\n{body:#}\n{}", errors.join("\n"));
        }
    }
}

#[test]
fn frames_of_every_revision_stay_what_they_are() {
    for version in ALL {
        let frames: Vec<Value> = frames(version).into_iter().map(|golden| golden.frame).collect();
        insta::assert_json_snapshot!(format!("frames_{version}"), frames);
    }
}

fn spec_folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/spec"));
    let folder = std::env::var_os("MCP_SPEC_DIR").map_or_else(beside, PathBuf::from);
    folder.is_dir().then_some(folder)
}

/// Forbids unlisted members wherever members are listed, but for metadata and for schemas within the schema.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(keywords) => {
            if keywords.contains_key("properties") && keywords.get("type") == Some(&json!("object")) {
                keywords.entry("additionalProperties").or_insert(json!(false));
            }
            for (name, value) in keywords {
                if !matches!(name.as_str(), "inputSchema" | "outputSchema") && !name.ends_with("MetaObject") {
                    close(value);
                }
            }
        }
        Value::Array(schemas) => schemas.iter_mut().for_each(close),
        _ => {}
    }
}

/// The part of a frame that a definition speaks of: a result, params with their method, or the whole.
fn body(definition: &Value, frame: &Value) -> Value {
    if let Some(result) = frame.get("result") {
        return result.clone();
    }
    let mut body = frame.clone();
    if definition["properties"].get("jsonrpc").is_none() {
        body.as_object_mut().unwrap().retain(|name, _| matches!(name.as_str(), "method" | "params"));
    }
    body
}

/// Everything that is said in `version`.
fn frames(version: &str) -> Vec<Golden> {
    let mut frames = results(version);
    frames.extend(notifications(version));
    frames.extend(questions(version));
    frames.extend(requests(version));
    frames.extend(answers(version));
    frames
}

fn result(version: &str, method: &str, definition: &'static str, value: impl Serialize) -> Golden {
    let mut value = serde_json::to_value(value).unwrap();
    value["resultType"] = json!("complete");
    value["_meta"][meta::SERVER_INFO] = json!(server());
    let result = downgrade_result(v(version), method, value);
    Golden { definition, frame: json!({"jsonrpc": "2.0", "id": 1, "result": result}) }
}

fn results(version: &str) -> Vec<Golden> {
    let cache = Some(CacheHint::public(60_000));
    let next_cursor = Some("next".to_owned());
    let tools = ListToolsResult { tools: tools(), next_cursor: next_cursor.clone(), cache, meta: None };
    let resources = ListResourcesResult { resources: vec![resource()], next_cursor, cache, meta: None };
    let templates =
        ListResourceTemplatesResult { resource_templates: vec![template()], cache, ..Default::default() };
    let prompts = ListPromptsResult { prompts: vec![prompt()], cache, ..Default::default() };
    let completion = CompleteResult { completion: Completion::new(["alpha", "beta"]), meta: None };
    let contents = [
        ResourceContents::text("file:///a.txt", "text").mime_type("text/plain").meta(some_meta()),
        ResourceContents::blob("file:///a.bin", "AAEC"),
    ];
    let read = ReadResourceResult::new(contents).cache(CacheHint::private(0));
    let structured = |value: Value| CallToolResult::structured(&value).unwrap();
    let messages = blocks().into_iter().map(PromptMessage::user);
    let prompt = GetPromptResult::new(messages).description("All kinds of content.");
    let mut all = vec![
        result(version, "tools/list", "ListToolsResult", tools),
        result(version, "tools/call", "CallToolResult", CallToolResult::new(blocks())),
        result(version, "tools/call", "CallToolResult", structured(json!({"sum": 3}))),
        result(version, "tools/call", "CallToolResult", structured(json!([1, 2]))),
        result(version, "tools/call", "CallToolResult", CallToolResult::error("no such city")),
        result(version, "resources/list", "ListResourcesResult", resources),
        result(version, "resources/templates/list", "ListResourceTemplatesResult", templates),
        result(version, "resources/read", "ReadResourceResult", read),
        result(version, "prompts/list", "ListPromptsResult", prompts),
        result(version, "prompts/get", "GetPromptResult", prompt),
        result(version, "completion/complete", "CompleteResult", completion),
    ];
    all.push(if version == NEWEST {
        let discover = DiscoverResult {
            supported_versions: ALL.map(str::to_owned).to_vec(),
            capabilities: capabilities(),
            instructions: Some("Ask for the weather.".to_owned()),
            cache,
            meta: None,
        };
        result(version, "server/discover", "DiscoverResult", discover)
    } else {
        let initialize = json!({
            "protocolVersion": version, "capabilities": capabilities(), "serverInfo": server(),
            "instructions": "Ask for the weather.",
        });
        result(version, "initialize", "InitializeResult", initialize)
    });
    all
}

fn notification(version: &str, method: &str, definition: &'static str, params: impl Serialize) -> Golden {
    let params = downgrade_notification(v(version), method, serde_json::to_value(params).unwrap());
    Golden { definition, frame: json!({"jsonrpc": "2.0", "method": method, "params": params}) }
}

fn notifications(version: &str) -> Vec<Golden> {
    let progress = Progress::new(3.0).total(10.0).message("a third");
    let progress = ProgressParams::new("token".into(), progress);
    let logged = LogMessage {
        level: LogLevel::Warning,
        logger: Some("db".to_owned()),
        data: RawJson::from(json!({"slow": true})),
    };
    let subscribed = json!({"uri": "file:///a.txt", "_meta": {meta::SUBSCRIPTION_ID: 7}});
    let mut all = vec![
        notification(version, "notifications/progress", "ProgressNotification", progress),
        notification(version, "notifications/message", "LoggingMessageNotification", logged),
        notification(version, "notifications/resources/updated", "ResourceUpdatedNotification", subscribed),
    ];
    if version == NEWEST {
        let method = "notifications/subscriptions/acknowledged";
        let params = json!({"notifications": filter(), "_meta": {meta::SUBSCRIPTION_ID: "s-1"}});
        all.push(notification(version, method, "SubscriptionsAcknowledgedNotification", params));
    }
    all
}

fn questions(version: &str) -> Vec<Golden> {
    let asked = [
        (
            "form",
            "ElicitRequest",
            "2025-06-18",
            InputRequest::Elicit(Elicitation::form("Who are you?", form())),
        ),
        (
            "url",
            "ElicitRequest",
            "2025-11-25",
            InputRequest::Elicit(Elicitation::url("Log in.", "https://a.example/")),
        ),
        ("model", "CreateMessageRequest", "2024-11-05", InputRequest::Sample(sampling())),
        ("roots", "ListRootsRequest", "2024-11-05", InputRequest::Roots),
    ];
    if version == NEWEST {
        let requests: InputRequests =
            asked.iter().map(|(key, _, _, request)| ((*key).to_owned(), request.clone())).collect();
        let result = json!({
            "resultType": "input_required", "inputRequests": requests, "requestState": "sealed",
            "_meta": {meta::SERVER_INFO: server()},
        });
        let frame = json!({"jsonrpc": "2.0", "id": 1, "result": result});
        return vec![Golden { definition: "InputRequiredResult", frame }];
    }
    let old = asked.into_iter().filter(|(_, _, since, _)| version >= *since);
    old.map(|(key, definition, _, request)| {
        let newest = serde_json::to_value(&request).unwrap()["params"].clone();
        let params = downgrade_input_request(v(version), request.method(), newest, key);
        let frame = json!({"jsonrpc": "2.0", "id": key, "method": request.method(), "params": params});
        Golden { definition, frame }
    })
    .collect()
}

fn requests(version: &str) -> Vec<Golden> {
    let modern = json!({
        meta::PROTOCOL_VERSION: version, meta::CLIENT_INFO: Implementation::new("client", "1"),
        meta::CLIENT_CAPABILITIES: {"elicitation": {}}, meta::LOG_LEVEL: LogLevel::Info,
        meta::PROGRESS_TOKEN: 1, meta::TRACEPARENT: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    });
    let request = |method: &str, definition: &'static str, mut params: Value| {
        if version == NEWEST {
            params["_meta"] = modern.clone();
        }
        Golden { definition, frame: json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params}) }
    };
    let complete = |reference: CompletionReference, context: bool| {
        let argument = CompletionArgument { name: "city".to_owned(), value: "Pa".to_owned() };
        let context = context.then(|| ("country".to_owned(), "fr".to_owned())).into_iter().collect();
        serde_json::to_value(CompleteParams { reference, argument, context }).unwrap()
    };
    let of_prompt = CompletionReference::Prompt { name: "p".to_owned(), title: None };
    let of_resource = CompletionReference::Resource { uri: "w://{city}".to_owned() };
    let mut all = vec![
        request("completion/complete", "CompleteRequest", complete(of_prompt, version >= "2025-06-18")),
        request("completion/complete", "CompleteRequest", complete(of_resource, false)),
        request("tools/call", "CallToolRequest", json!({"name": "t", "arguments": {"a": 1}})),
    ];
    if version == NEWEST {
        let params = json!({"notifications": filter()});
        all.push(request("subscriptions/listen", "SubscriptionsListenRequest", params));
    }
    all
}

fn answers(version: &str) -> Vec<Golden> {
    let answer = |definition: &'static str, value: Value| Golden {
        definition,
        frame: json!({"jsonrpc": "2.0", "id": 3, "result": value}),
    };
    let roots = ListRootsResult { roots: vec![Root::new("file:///home/a").name("a")], meta: None };
    let said = CreateMessageResult {
        role: Role::Assistant,
        content: vec![SamplingContent::text("Paris")],
        model: "m-1".to_owned(),
        stop_reason: Some(StopReason::EndTurn),
        meta: None,
    };
    let mut all = vec![answer("ListRootsResult", json!(roots)), answer("CreateMessageResult", json!(said))];
    if version >= "2025-06-18" {
        let content = json!({"name": "Ada", "seats": 2, "sure": true}).as_object().unwrap().clone();
        all.push(answer("ElicitResult", json!(ElicitResult::accept(content))));
        all.push(answer("ElicitResult", json!(ElicitResult::bare(ElicitAction::Decline))));
    }
    all
}
