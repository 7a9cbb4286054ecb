//! The component schemas of the OpenAPI document: what goes in and what comes out, method by method.

use serde_json::{Map, Value, json};

use crate::protocol::Method;

/// What the schemas of a method begin with.
pub(super) const fn name_of(method: &Method) -> &'static str {
    match method {
        Method::Initialize => "Initialize",
        Method::ToolsList => "ToolsList",
        Method::ToolsCall => "ToolsCall",
        Method::ResourcesList => "ResourcesList",
        Method::ResourceTemplatesList => "ResourceTemplatesList",
        Method::ResourcesRead => "ResourcesRead",
        Method::PromptsList => "PromptsList",
        Method::PromptsGet => "PromptsGet",
        _ => "Complete",
    }
}

/// All schemas; a call may name these tools.
pub(super) fn all(tools: &[String]) -> Map<String, Value> {
    let mut all = Map::new();
    let mut add = |name: &str, schema: Value| {
        all.insert(name.to_owned(), schema);
    };
    for (name, member, item) in [
        ("ToolsList", "tools", "Tool"),
        ("ResourcesList", "resources", "Resource"),
        ("ResourceTemplatesList", "resourceTemplates", "ResourceTemplate"),
        ("PromptsList", "prompts", "Prompt"),
    ] {
        add(&format!("{name}Params"), object(&[], json!({ "cursor": { "type": "string" } })));
        add(&format!("{name}Result"), page(member, item));
    }
    add("InitializeParams", object(&[], json!({ "protocolVersion": { "type": "string" } })));
    add("InitializeResult", initialize_result());
    add("ToolsCallParams", call_params(tools));
    add(
        "ToolsCallResult",
        may_ask(
            &["content"],
            json!({
                "content": list("ContentBlock"), "structuredContent": {}, "isError": { "type": "boolean" },
            }),
        ),
    );
    add("ResourcesReadParams", resumable(&["uri"], json!({ "uri": { "type": "string", "format": "uri" } })));
    add("ResourcesReadResult", may_ask(&["contents"], json!({ "contents": list("ResourceContents") })));
    add(
        "PromptsGetParams",
        resumable(
            &["name"],
            json!({
                "name": { "type": "string" },
                "arguments": { "type": "object", "additionalProperties": { "type": "string" } },
            }),
        ),
    );
    add(
        "PromptsGetResult",
        may_ask(
            &["messages"],
            json!({
                "description": { "type": "string" }, "messages": list("PromptMessage"),
            }),
        ),
    );
    add("CompleteParams", complete_params());
    add("CompleteResult", complete_result());
    add("InputRequired", input_required());
    add(
        "Error",
        json!({
            "type": "object",
            "description": "A JSON-RPC error object.",
            "properties": { "code": { "type": "integer" }, "message": { "type": "string" }, "data": {} },
            "required": ["code", "message"],
        }),
    );
    add("Meta", json!({ "type": "object", "description": "Who asks, and what it can do." }));
    parts(&mut all);
    all
}

/// What lists and results are made of; their details are those of the protocol.
fn parts(all: &mut Map<String, Value>) {
    let text = || json!({ "type": "string" });
    let parts = [
        (
            "Tool",
            json!({ "name": text(), "inputSchema": { "type": "object" } }),
            &["name", "inputSchema"][..],
        ),
        ("Resource", json!({ "name": text(), "uri": text() }), &["name", "uri"]),
        ("ResourceTemplate", json!({ "name": text(), "uriTemplate": text() }), &["name", "uriTemplate"]),
        ("Prompt", json!({ "name": text(), "arguments": { "type": "array" } }), &["name"]),
        ("ContentBlock", json!({ "type": text() }), &["type"]),
        ("ResourceContents", json!({ "uri": text(), "text": text(), "blob": text() }), &["uri"]),
        (
            "PromptMessage",
            json!({ "role": text(), "content": reference("ContentBlock") }),
            &["role", "content"],
        ),
    ];
    for (name, properties, required) in parts {
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        all.insert(name.to_owned(), schema);
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn list(of: &str) -> Value {
    json!({ "type": "array", "items": reference(of) })
}

/// Parameters.
fn object(required: &[&str], mut properties: Value) -> Value {
    properties["_meta"] = reference("Meta");
    json!({ "type": "object", "properties": properties, "required": required })
}

/// Parameters of a request that may come again, with answers.
fn resumable(required: &[&str], mut properties: Value) -> Value {
    properties["inputResponses"] = json!({ "type": "object" });
    properties["requestState"] = json!({ "type": "string" });
    object(required, properties)
}

fn call_params(tools: &[String]) -> Value {
    let mut name = json!({ "type": "string" });
    if !tools.is_empty() {
        name["enum"] = json!(tools);
    }
    resumable(&["name"], json!({ "name": name, "arguments": { "type": "object" } }))
}

fn page(member: &str, item: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "resultType": { "const": "complete" },
            member: list(item),
            "nextCursor": { "type": "string" },
            "ttlMs": { "type": "integer", "minimum": 0 },
            "cacheScope": { "enum": ["public", "private"] },
        },
        "required": ["resultType", member, "ttlMs", "cacheScope"],
    })
}

/// A result, or a question in its place, or what an extension answers.
fn may_ask(required: &[&str], mut properties: Value) -> Value {
    properties["resultType"] = json!({ "const": "complete" });
    let known = ["complete", "input_required"];
    let required = [required, &["resultType"]].concat();
    json!({ "anyOf": [
        { "type": "object", "properties": properties, "required": required },
        reference("InputRequired"),
        {
            "type": "object",
            "properties": { "resultType": { "type": "string", "not": { "enum": known } } },
            "required": ["resultType"],
        },
    ]})
}

fn input_required() -> Value {
    json!({
        "type": "object",
        "description": "Send the request again with `requestState` and an answer to each question in `inputResponses`.",
        "properties": {
            "resultType": { "const": "input_required" },
            "inputRequests": { "type": "object", "additionalProperties": { "type": "object" } },
            "requestState": { "type": "string" },
        },
        "required": ["resultType"],
    })
}

fn initialize_result() -> Value {
    let info = json!({
        "type": "object",
        "properties": { "name": { "type": "string" }, "version": { "type": "string" } },
        "required": ["name", "version"],
    });
    json!({
        "type": "object",
        "properties": {
            "protocolVersion": { "type": "string" },
            "capabilities": { "type": "object" },
            "serverInfo": info,
            "instructions": { "type": "string" },
        },
        "required": ["protocolVersion", "capabilities", "serverInfo"],
    })
}

fn complete_params() -> Value {
    let argument = json!({
        "type": "object",
        "properties": { "name": { "type": "string" }, "value": { "type": "string" } },
        "required": ["name", "value"],
    });
    let reference = json!({
        "type": "object",
        "properties": { "type": { "enum": ["ref/prompt", "ref/resource"] } },
        "required": ["type"],
    });
    let properties = json!({ "ref": reference, "argument": argument, "context": { "type": "object" } });
    object(&["ref", "argument"], properties)
}

fn complete_result() -> Value {
    let values = json!({ "type": "array", "items": { "type": "string" }, "maxItems": 100 });
    json!({
        "type": "object",
        "properties": {
            "resultType": { "const": "complete" },
            "completion": {
                "type": "object",
                "properties": { "values": values, "total": { "type": "integer" }, "hasMore": { "type": "boolean" } },
                "required": ["values"],
            },
        },
        "required": ["resultType", "completion"],
    })
}
