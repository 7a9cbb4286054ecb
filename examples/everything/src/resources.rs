//! Resources, a template, and prompts.

use mcp_core::Args;
use mcp_core::protocol::{ContentBlock, GetPromptResult, PromptMessage, ResourceBody, ResourceContents};
use mcp_core::server::{
    Completing, Context, Elicit, PromptEntry, ResourceEntry, TemplateEntry, ToolError, Variables, prompt,
    resource, template,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::content::PNG;

pub(crate) fn resources() -> Vec<ResourceEntry> {
    vec![
        resource(
            "test://static-text",
            "Static Text Resource",
            async || "This is the content of the static text resource.",
        )
        .description("A text that never changes.")
        .mime_type("text/plain"),
        resource("test://static-binary", "Static Binary Resource", async |context: Context| {
            let uri = context.request().params.get_str("uri").unwrap_or_default().into_owned();
            ResourceContents { body: ResourceBody::Blob(PNG.into()), ..ResourceContents::text(uri, "") }
        })
        .description("An image that never changes.")
        .mime_type("image/png"),
        resource("test://watched-resource", "Watched Resource", async || "Watch me.")
            .description("A resource to subscribe to.")
            .mime_type("text/plain"),
    ]
}

pub(crate) fn data() -> TemplateEntry {
    template("test://template/{id}/data", "Resource Template", async |Variables(variables): Variables| {
        let id = variables.get("id").cloned().unwrap_or_default();
        json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") }).to_string()
    })
    .description("Data by identifier.")
    .mime_type("application/json")
    .complete("id", async |Completing { value, .. }: Completing| {
        ["1", "2", "10", "123"].into_iter().filter(|id| id.starts_with(&value)).collect::<Vec<_>>()
    })
}

#[derive(Deserialize, JsonSchema)]
struct Arguments {
    /// First test argument
    arg1: String,
    /// Second test argument
    arg2: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Embed {
    /// URI of the resource to embed
    resource_uri: String,
}

#[derive(Deserialize, JsonSchema)]
struct UserContext {
    context: String,
}

pub(crate) fn prompts() -> Vec<PromptEntry> {
    vec![
        prompt("test_simple_prompt", async || "This is a simple prompt for testing.")
            .description("A prompt."),
        prompt("test_prompt_with_arguments", async |Args(Arguments { arg1, arg2 }): Args<Arguments>| {
            format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")
        })
        .description("A prompt with arguments.")
        .complete("arg1", async |Completing { value, .. }: Completing| {
            ["paris", "park", "party"].into_iter().filter(|word| word.starts_with(&value)).collect::<Vec<_>>()
        }),
        prompt("test_prompt_with_embedded_resource", async |Args(Embed { resource_uri }): Args<Embed>| {
            let text = "Embedded resource content for testing.";
            let embedded = ResourceContents::text(resource_uri, text).mime_type("text/plain");
            vec![
                PromptMessage::user(ContentBlock::resource(embedded)),
                PromptMessage::user("Please process the embedded resource above."),
            ]
        })
        .description("A prompt with a resource."),
        prompt("test_prompt_with_image", async || {
            vec![
                PromptMessage::user(ContentBlock::image(PNG, "image/png")),
                PromptMessage::user("Please analyze the image above."),
            ]
        })
        .description("A prompt with an image."),
        prompt(
            "test_input_required_result_prompt",
            async |context: Context| -> Result<GetPromptResult, ToolError> {
                let question = Elicit::form::<UserContext>("What is the context?");
                let answer = context.ask("user_context", question).await?.accepted();
                let text = answer.map(|answer| answer.context).unwrap_or_default();
                Ok(GetPromptResult::new([PromptMessage::user(format!("Use this context: {text}"))]))
            },
        )
        .description("A prompt that asks."),
    ]
}
