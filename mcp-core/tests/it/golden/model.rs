//! One of everything, as rich as the newest revision allows.

use mcp_core::protocol::{
    Annotations, AudioContent, ContentBlock, CreateMessage, FormSchema, Icon, IconTheme, Implementation,
    ListCapability, Meta, Prompt, PromptArgument, RawJson, Resource, ResourceContents, ResourceTemplate,
    ResourcesCapability, Role, SamplingContent, SamplingMessage, ServerCapabilities, SubscriptionFilter,
    TextFormat, Tool, ToolAnnotations, ToolChoice, ToolResult, ToolUse,
};
use serde_json::json;

pub(super) fn server() -> Implementation {
    let mut server = Implementation::new("weather", "1.2.3")
        .title("Weather")
        .description("Tells the weather.")
        .website_url("https://weather.example/");
    server.icons.push(icon());
    server
}

pub(super) fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        logging: true,
        completions: true,
        prompts: Some(ListCapability { list_changed: true }),
        resources: Some(ResourcesCapability { subscribe: true, list_changed: true }),
        tools: Some(ListCapability { list_changed: true }),
        ..Default::default()
    }
}

pub(super) fn icon() -> Icon {
    Icon::new("https://weather.example/icon.svg").mime_type("image/svg+xml").theme(IconTheme::Dark)
}

pub(super) fn some_meta() -> Meta {
    let mut meta = Meta::new();
    meta.insert("com.example/note", "kept");
    meta
}

pub(super) fn annotations() -> Annotations {
    Annotations {
        audience: Some(vec![Role::User, Role::Assistant]),
        priority: Some(0.5),
        last_modified: Some("2026-07-28T09:00:00Z".to_owned()),
        ..Default::default()
    }
}

pub(super) fn tools() -> Vec<Tool> {
    let input = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    let hints = ToolAnnotations {
        read_only_hint: Some(true),
        destructive_hint: Some(false),
        idempotent_hint: Some(true),
        open_world_hint: Some(true),
        ..Default::default()
    };
    let rich = Tool::new("forecast", RawJson::from(input))
        .title("Forecast")
        .description("Tells the weather of the next days.")
        .output_schema(RawJson::from(json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "array", "items": {"$ref": "#/$defs/day"}, "$defs": {"day": {"type": "number"}},
        })))
        .annotations(hints)
        .icon(icon())
        .meta(some_meta());
    let any = RawJson::from(json!({"type": "object", "properties": {"anything": true}}));
    let loose =
        Tool::new("loose", any).output_schema(RawJson::from(json!({"oneOf": [{"type": "string"}, {}]})));
    vec![rich, loose]
}

pub(super) fn resource() -> Resource {
    Resource::new("file:///a.txt", "a.txt")
        .title("A")
        .description("A file.")
        .mime_type("text/plain")
        .size(4)
        .annotations(annotations())
        .icon(icon())
        .meta(some_meta())
}

pub(super) fn template() -> ResourceTemplate {
    ResourceTemplate::new("file:///{+path}", "files")
        .title("Files")
        .description("All files.")
        .mime_type("text/plain")
        .annotations(annotations())
        .icon(icon())
        .meta(some_meta())
}

pub(super) fn prompt() -> Prompt {
    Prompt::new("greet")
        .title("Greet")
        .description("Greets someone.")
        .argument(PromptArgument::new("who").title("Who").description("Whom to greet.").required(true))
        .icon(icon())
        .meta(some_meta())
}

pub(super) fn blocks() -> Vec<ContentBlock> {
    let embedded = ResourceContents::text("file:///a.txt", "text").meta(some_meta());
    let mut blocks = vec![
        ContentBlock::text("words"),
        ContentBlock::image("AAEC", "image/png"),
        ContentBlock::audio("AAEC", "audio/wav"),
        ContentBlock::resource_link(resource()),
        ContentBlock::resource(embedded),
    ];
    for block in &mut blocks {
        match block {
            ContentBlock::Text(content) => {
                (content.annotations, content.meta) = (Some(annotations()), Some(some_meta()));
            }
            ContentBlock::Audio(content) => {
                (content.annotations, content.meta) = (Some(annotations()), Some(some_meta()));
            }
            _ => {}
        }
    }
    blocks
}

pub(super) fn form() -> FormSchema {
    FormSchema::new()
        .string("name", |f| f.title("Name").min_length(1).max_length(80).default("Ada").required())
        .string("mail", |f| f.format(TextFormat::Email))
        .number("ratio", |f| f.minimum(0.0).maximum(2.0).default(1.0))
        .integer("seats", |f| f.minimum(1).maximum(8).default(2))
        .boolean("sure", |f| f.default(false).required())
        .choice("size", |f| f.options(["s", "l"]).default("s"))
        .choice("plan", |f| f.titled("free", "Free").titled("pro", "Professional"))
        .choices("tags", |f| f.options(["a", "b"]).min_items(1).max_items(2))
        .choices("days", |f| f.titled("mo", "Monday").titled("tu", "Tuesday"))
}

pub(super) fn filter() -> SubscriptionFilter {
    SubscriptionFilter {
        tools_list_changed: true,
        resource_subscriptions: vec!["file:///a.txt".to_owned()],
        ..Default::default()
    }
}

pub(super) fn sampling() -> CreateMessage {
    let input = RawJson::from(json!({"city": "Paris"}));
    let call = ToolUse { id: "1".to_owned(), name: "forecast".to_owned(), input, meta: None };
    let given = ToolResult {
        tool_use_id: "1".to_owned(),
        content: vec![ContentBlock::text("sunny")],
        structured_content: Some(RawJson::from(json!([21.5]))),
        ..Default::default()
    };
    let audio =
        AudioContent { data: "AAEC".to_owned(), mime_type: "audio/wav".to_owned(), ..Default::default() };
    let mut calling = SamplingMessage::assistant("Let me see.");
    calling.content.push(SamplingContent::ToolUse(call));
    let mut given =
        SamplingMessage { content: vec![SamplingContent::ToolResult(given)], ..SamplingMessage::user("") };
    given.meta = Some(some_meta());
    let heard = SamplingMessage { content: vec![SamplingContent::Audio(audio)], ..SamplingMessage::user("") };
    let mut request = CreateMessage::new([SamplingMessage::user("Weather?"), calling, given, heard], 100)
        .system_prompt("Be brief.")
        .temperature(0.5)
        .tool_choice(ToolChoice::Auto);
    request.tools = tools();
    request
}
