//! Tools whose schemas matter: kept word for word, mirrored in headers, promised for the output.

use mcp_core::Args;
use mcp_core::protocol::RawJson;
use mcp_core::server::{Context, Json, ToolEntry, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Echo {
    /// What to say back.
    message: String,
}

#[derive(Deserialize, JsonSchema)]
struct Add {
    /// The first number.
    a: f64,
    /// The second number.
    b: f64,
}

#[derive(Serialize, JsonSchema)]
struct Sum {
    /// The sum of both.
    sum: f64,
}

#[derive(Deserialize, JsonSchema)]
struct Regional {
    /// Where to run; also sent in the header `Mcp-Param-Region`.
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
}

pub(crate) fn tools() -> Vec<ToolEntry> {
    vec![
        tool("echo", async |Args(Echo { message }): Args<Echo>| message).description("Says back what it is told."),
        tool("add", async |Args(Add { a, b }): Args<Add>| Json(Sum { sum: a + b })).description("Adds two numbers."),
        tool("test_custom_header", async |Args(Regional { region }): Args<Regional>| format!("Region: {region}"))
            .description("Has an argument that is mirrored in a header."),
        tool("json_schema_2020_12_tool", async |context: Context| context.arguments().to_owned())
            .description("Tool with JSON Schema 2020-12 features")
            .input_schema(RawJson::from(json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "$defs": {
                    "address": {
                        "$anchor": "addressDef",
                        "type": "object",
                        "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
                    }
                },
                "properties": {
                    "name": { "type": "string" },
                    "address": { "$ref": "#/$defs/address" },
                    "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                    "phone": { "type": "string" },
                    "email": { "type": "string" }
                },
                "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
                "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
                "then": { "required": ["phone"] },
                "else": { "required": ["email"] },
                "additionalProperties": false
            }))),
    ]
}
