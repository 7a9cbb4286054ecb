//! Blocks of content in results, prompts and messages.

use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{
    Extra, Meta, RawJson, Resource, ResourceContents,
    object::{MemberError, Members, WireObject, Writer, wire_object, wire_serde},
};

/// One side of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person, or the program that speaks for them.
    User,
    /// The model.
    Assistant,
}

/// Hints for a client on whom content is for and how much it matters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Annotations {
    /// Whom it is for.
    pub audience: Option<Vec<Role>>,
    /// From 0, optional, to 1, required.
    pub priority: Option<f64>,
    /// ISO 8601 time of the last change.
    pub last_modified: Option<String>,
    /// Members this model does not know.
    pub extra: Extra,
}

wire_object!(Annotations {
    optional audience = "audience",
    optional priority = "priority",
    optional last_modified = "lastModified",
} rest extra);

/// A piece of content.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ContentBlock {
    /// Text.
    Text(TextContent),
    /// A picture.
    Image(ImageContent),
    /// Sound.
    Audio(AudioContent),
    /// The address of a resource.
    ResourceLink(Resource),
    /// A resource, contents included.
    Resource(EmbeddedResource),
    /// A type of content that this model does not know, kept as it came.
    Other(RawJson),
}

impl ContentBlock {
    /// Text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextContent::new(text))
    }

    /// A picture, as Base64.
    pub fn image(data: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Image(ImageContent { data: data.into(), mime_type: mime_type.into(), ..Default::default() })
    }

    /// Sound, as Base64.
    pub fn audio(data: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self::Audio(AudioContent { data: data.into(), mime_type: mime_type.into(), ..Default::default() })
    }

    /// The address of a resource.
    pub fn resource_link(resource: Resource) -> Self {
        Self::ResourceLink(resource)
    }

    /// A resource, contents included.
    pub fn resource(contents: ResourceContents) -> Self {
        Self::Resource(EmbeddedResource {
            resource: contents,
            annotations: None,
            meta: None,
            extra: Extra::default(),
        })
    }

    /// The text, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(content) => Some(&content.text),
            _ => None,
        }
    }
}

impl From<&str> for ContentBlock {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for ContentBlock {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// Text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextContent {
    /// The text.
    pub text: String,
    /// Hints for the client.
    pub annotations: Option<Annotations>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

impl TextContent {
    /// Plain text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

wire_object!(TextContent {
    required text = "text",
    optional annotations = "annotations",
    optional meta = "_meta",
} rest extra);

/// A picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageContent {
    /// The picture as Base64.
    pub data: String,
    /// Its MIME type.
    pub mime_type: String,
    /// Hints for the client.
    pub annotations: Option<Annotations>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

wire_object!(ImageContent {
    required data = "data",
    required mime_type = "mimeType",
    optional annotations = "annotations",
    optional meta = "_meta",
} rest extra);

/// Sound.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AudioContent {
    /// The sound as Base64.
    pub data: String,
    /// Its MIME type.
    pub mime_type: String,
    /// Hints for the client.
    pub annotations: Option<Annotations>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

wire_object!(AudioContent {
    required data = "data",
    required mime_type = "mimeType",
    optional annotations = "annotations",
    optional meta = "_meta",
} rest extra);

/// A resource, contents included.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddedResource {
    /// The contents.
    pub resource: ResourceContents,
    /// Hints for the client.
    pub annotations: Option<Annotations>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

wire_object!(EmbeddedResource {
    required resource = "resource",
    optional annotations = "annotations",
    optional meta = "_meta",
} rest extra);

impl WireObject for ContentBlock {
    fn read(mut members: Members) -> Result<Self, MemberError> {
        let kind: String = members.peek("type")?;
        if !matches!(kind.as_str(), "text" | "image" | "audio" | "resource_link" | "resource") {
            return Ok(Self::Other(members.into_raw()));
        }
        members.remove("type");
        Ok(match kind.as_str() {
            "text" => Self::Text(WireObject::read(members)?),
            "image" => Self::Image(WireObject::read(members)?),
            "audio" => Self::Audio(WireObject::read(members)?),
            "resource_link" => Self::ResourceLink(WireObject::read(members)?),
            _ => Self::Resource(WireObject::read(members)?),
        })
    }

    fn write<M: SerializeMap>(&self, writer: &mut Writer<'_, M>) -> Result<(), M::Error> {
        match self {
            Self::Text(content) => writer.tagged("text", content),
            Self::Image(content) => writer.tagged("image", content),
            Self::Audio(content) => writer.tagged("audio", content),
            Self::ResourceLink(content) => writer.tagged("resource_link", content),
            Self::Resource(content) => writer.tagged("resource", content),
            Self::Other(raw) => writer.spread(raw),
        }
    }
}

wire_serde!(ContentBlock);

#[cfg(test)]
mod tests;
