//! Messages of a conversation with a model.

use super::*;

/// One message of the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingMessage {
    /// Who says it.
    pub role: Role,
    /// What is said. On the wire a single block stands alone and several are an array.
    pub content: Vec<SamplingContent>,
    /// Metadata.
    pub meta: Option<Meta>,
}

impl SamplingMessage {
    /// Said by the user.
    pub fn user(content: impl Into<SamplingContent>) -> Self {
        Self { role: Role::User, content: vec![content.into()], meta: None }
    }

    /// Said by the model.
    pub fn assistant(content: impl Into<SamplingContent>) -> Self {
        Self { role: Role::Assistant, content: vec![content.into()], meta: None }
    }
}

wire_object!(SamplingMessage {
    required role = "role",
    one_or_many content = "content",
    optional meta = "_meta",
});

/// A piece of a message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SamplingContent {
    /// Text.
    Text(TextContent),
    /// A picture.
    Image(ImageContent),
    /// Sound.
    Audio(AudioContent),
    /// The model wants a tool to be called.
    ToolUse(ToolUse),
    /// What the tool gave.
    ToolResult(ToolResult),
    /// A type of content that this model does not know, kept as it came.
    Other(RawJson),
}

impl SamplingContent {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextContent::new(text))
    }

    /// The text, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(content) => Some(&content.text),
            _ => None,
        }
    }
}

impl From<&str> for SamplingContent {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for SamplingContent {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl WireObject for SamplingContent {
    fn read(mut members: Members) -> Result<Self, MemberError> {
        let kind: String = members.peek("type")?;
        if !matches!(kind.as_str(), "text" | "image" | "audio" | "tool_use" | "tool_result") {
            return Ok(Self::Other(members.into_raw()));
        }
        members.remove("type");
        Ok(match kind.as_str() {
            "text" => Self::Text(WireObject::read(members)?),
            "image" => Self::Image(WireObject::read(members)?),
            "audio" => Self::Audio(WireObject::read(members)?),
            "tool_use" => Self::ToolUse(WireObject::read(members)?),
            _ => Self::ToolResult(WireObject::read(members)?),
        })
    }

    fn write<M: SerializeMap>(&self, writer: &mut Writer<'_, M>) -> Result<(), M::Error> {
        match self {
            Self::Text(content) => writer.tagged("text", content),
            Self::Image(content) => writer.tagged("image", content),
            Self::Audio(content) => writer.tagged("audio", content),
            Self::ToolUse(content) => writer.tagged("tool_use", content),
            Self::ToolResult(content) => writer.tagged("tool_result", content),
            Self::Other(raw) => writer.spread(raw),
        }
    }
}

wire_serde!(SamplingContent);

/// A model's wish to call a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolUse {
    /// What the result will be matched by.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments, an object.
    pub input: RawJson,
    /// Metadata.
    pub meta: Option<Meta>,
}

wire_object!(ToolUse {
    required id = "id",
    required name = "name",
    required input = "input",
    optional meta = "_meta",
});

/// What a tool gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolResult {
    /// The [`ToolUse::id`] it answers.
    pub tool_use_id: String,
    /// What the model reads.
    pub content: Vec<ContentBlock>,
    /// What programs read.
    pub structured_content: Option<RawJson>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// Metadata.
    pub meta: Option<Meta>,
}

wire_object!(ToolResult {
    required tool_use_id = "toolUseId",
    required content = "content",
    any structured_content = "structuredContent",
    default is_error = "isError",
    optional meta = "_meta",
});
