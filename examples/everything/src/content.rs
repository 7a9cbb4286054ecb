//! Tools that return each kind of content.

use mcp_core::protocol::{ContentBlock, ResourceContents};
use mcp_core::server::{ToolEntry, ToolError, tool};

/// A red dot: one pixel.
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// Silence: a sound file without samples.
const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

pub(crate) fn tools() -> Vec<ToolEntry> {
    vec![
        tool("test_simple_text", async || "This is a simple text response for testing.")
            .description("Returns text."),
        tool("test_image_content", async || ContentBlock::image(PNG, "image/png"))
            .description("Returns an image."),
        tool("test_audio_content", async || ContentBlock::audio(WAV, "audio/wav"))
            .description("Returns a sound."),
        tool("test_embedded_resource", async || {
            let text = "This is an embedded resource content.";
            ContentBlock::resource(
                ResourceContents::text("test://embedded-resource", text).mime_type("text/plain"),
            )
        })
        .description("Returns a resource."),
        tool("test_multiple_content_types", async || {
            let text = r#"{"test":"data","value":123}"#;
            let resource =
                ResourceContents::text("test://mixed-content-resource", text).mime_type("application/json");
            vec![
                ContentBlock::text("Multiple content types test:"),
                ContentBlock::image(PNG, "image/png"),
                ContentBlock::resource(resource),
            ]
        })
        .description("Returns text, an image and a resource."),
        tool("test_error_handling", async || {
            Err::<(), _>(ToolError::new("This tool intentionally returns an error for testing"))
        })
        .description("Fails."),
    ]
}
