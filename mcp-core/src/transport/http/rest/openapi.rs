//! The OpenAPI document: what there is to call, and the names of the tools.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::Inner;
use super::{TWINS, call, schemas};
use crate::protocol::{ErrorCode, Method, Params, RpcError, meta};
use crate::service::Peer;

/// Pages of tools that are read for the document.
const PAGES: usize = 1000;

/// What a page of tools is read for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    tools: Vec<Named>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// Writes the document, as the caller may see it.
pub(super) async fn document(inner: &Inner, peer: &Peer) -> Result<Bytes, RpcError> {
    let discovered = call(inner, Method::Discover, Params::default(), peer).await?;
    let discovered: Value = serde_json::from_slice(&discovered).unwrap_or_default();
    let about = discovered.get("_meta").and_then(|meta| meta.get(meta::SERVER_INFO));
    let of = |member: &str| about.and_then(|about| about.get(member)).cloned();
    let mut info = Map::new();
    info.insert("title".into(), of("title").or_else(|| of("name")).unwrap_or_else(|| "MCP server".into()));
    info.insert("version".into(), of("version").unwrap_or_else(|| "0".into()));
    if let Some(description) = of("description").or_else(|| discovered.get("instructions").cloned()) {
        info.insert("description".into(), description);
    }
    let tools = tool_names(inner, peer).await?;
    let paths: Map<String, Value> =
        TWINS.iter().map(|method| (format!("/{method}"), json!({ "post": operation(method) }))).collect();
    let document = json!({
        "openapi": "3.1.0",
        "info": info,
        "servers": [{ "url": inner.config.rest.as_deref().filter(|prefix| !prefix.is_empty()).unwrap_or("/") }],
        "paths": paths,
        "components": { "schemas": schemas::all(&tools) },
    });
    Ok(document.to_string().into())
}

fn operation(method: &Method) -> Value {
    let (summary, body_required) = match method {
        Method::Initialize => ("What the server is and can do. Opens no session.", false),
        Method::ToolsList => ("The tools, page by page.", false),
        Method::ToolsCall => ("Calls a tool.", true),
        Method::ResourcesList => ("The resources, page by page.", false),
        Method::ResourceTemplatesList => ("The resource templates, page by page.", false),
        Method::ResourcesRead => ("Reads a resource.", true),
        Method::PromptsList => ("The prompts, page by page.", false),
        Method::PromptsGet => ("Renders a prompt.", true),
        _ => ("Suggests values for an argument.", true),
    };
    let content = |schema: &str| json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{schema}") } } });
    let name = schemas::name_of(method);
    json!({
        "operationId": method.as_str().replace('/', "_"),
        "summary": summary,
        "requestBody": { "required": body_required, "content": content(&format!("{name}Params")) },
        "responses": {
            "200": { "description": "The result.", "content": content(&format!("{name}Result")) },
            "default": { "description": "The request could not be served.", "content": content("Error") },
        },
    })
}

/// The tools that the caller may see, in the order they are listed.
async fn tool_names(inner: &Inner, peer: &Peer) -> Result<Vec<String>, RpcError> {
    let mut names = Vec::new();
    let mut params = Params::default();
    for _ in 0..PAGES {
        let listed = match call(inner, Method::ToolsList, params, peer).await {
            // A server without tools does not know the method.
            Err(error) if error.code == ErrorCode::METHOD_NOT_FOUND => break,
            listed => listed?,
        };
        let page: Page = serde_json::from_slice(&listed).map_err(|error| {
            tracing::error!(%error, "a list of tools cannot be read");
            RpcError::internal("the tools could not be listed")
        })?;
        names.extend(page.tools.into_iter().map(|tool| tool.name));
        let Some(cursor) = page.next_cursor else { break };
        params = Params::from_json(&json!({ "cursor": cursor }).to_string().into()).unwrap_or_default();
    }
    Ok(names)
}
