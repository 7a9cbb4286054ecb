//! Resources: what a server lets clients read.

use serde::ser::SerializeMap;

use super::{
    Annotations, CacheHint, Extra, Icon, Meta,
    object::{MemberError, Members, WireObject, Writer, wire_object, wire_serde},
};

/// Something that can be read at a URI.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Resource {
    /// Where it is read.
    pub uri: String,
    /// The name for programs.
    pub name: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it holds, for the model.
    pub description: Option<String>,
    /// Its MIME type, if known.
    pub mime_type: Option<String>,
    /// Hints for the client.
    pub annotations: Option<Annotations>,
    /// Bytes before any encoding, if known.
    pub size: Option<u64>,
    /// Pictures of it.
    pub icons: Vec<Icon>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

impl Resource {
    /// A resource called `name` at `uri`.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self { uri: uri.into(), name: name.into(), ..Self::default() }
    }

    /// Sets the name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets what it holds, for the model.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets its MIME type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Sets its size in bytes.
    #[must_use]
    pub fn size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Sets hints for the client.
    #[must_use]
    pub fn annotations(mut self, annotations: Annotations) -> Self {
        self.annotations = Some(annotations);
        self
    }

    /// Adds a picture.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn meta(mut self, meta: Meta) -> Self {
        self.meta = Some(meta);
        self
    }
}

wire_object!(Resource {
    required uri = "uri",
    required name = "name",
    optional title = "title",
    optional description = "description",
    optional mime_type = "mimeType",
    optional annotations = "annotations",
    optional size = "size",
    default icons = "icons",
    optional meta = "_meta",
} rest extra);

/// A family of resources whose URIs follow one template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceTemplate {
    /// The RFC 6570 template.
    pub uri_template: String,
    /// The name for programs.
    pub name: String,
    /// The name for people.
    pub title: Option<String>,
    /// What they hold, for the model.
    pub description: Option<String>,
    /// The MIME type, where all of them share it.
    pub mime_type: Option<String>,
    /// Hints for the client.
    pub annotations: Option<Annotations>,
    /// Pictures of them.
    pub icons: Vec<Icon>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

impl ResourceTemplate {
    /// A family called `name` whose URIs follow `uri_template`.
    pub fn new(uri_template: impl Into<String>, name: impl Into<String>) -> Self {
        Self { uri_template: uri_template.into(), name: name.into(), ..Self::default() }
    }

    /// Sets the name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets what they hold, for the model.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the MIME type that all of them share.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Sets hints for the client.
    #[must_use]
    pub fn annotations(mut self, annotations: Annotations) -> Self {
        self.annotations = Some(annotations);
        self
    }

    /// Adds a picture.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icons.push(icon);
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn meta(mut self, meta: Meta) -> Self {
        self.meta = Some(meta);
        self
    }
}

wire_object!(ResourceTemplate {
    required uri_template = "uriTemplate",
    required name = "name",
    optional title = "title",
    optional description = "description",
    optional mime_type = "mimeType",
    optional annotations = "annotations",
    default icons = "icons",
    optional meta = "_meta",
} rest extra);

/// What was read at one URI.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceContents {
    /// Where it was read.
    pub uri: String,
    /// Its MIME type, if known.
    pub mime_type: Option<String>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Text or bytes.
    pub body: ResourceBody,
}

/// Text or bytes of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceBody {
    /// Text.
    Text(String),
    /// Bytes, as Base64.
    Blob(String),
}

impl ResourceContents {
    /// Text read at `uri`.
    pub fn text(uri: impl Into<String>, text: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: None, meta: None, body: ResourceBody::Text(text.into()) }
    }

    /// Bytes read at `uri`, as Base64.
    pub fn blob(uri: impl Into<String>, base64: impl Into<String>) -> Self {
        Self { uri: uri.into(), mime_type: None, meta: None, body: ResourceBody::Blob(base64.into()) }
    }

    /// Sets the MIME type.
    #[must_use]
    pub fn mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn meta(mut self, meta: Meta) -> Self {
        self.meta = Some(meta);
        self
    }
}

impl WireObject for ResourceContents {
    fn read(mut members: Members) -> Result<Self, MemberError> {
        let uri = members.required("uri")?;
        let mime_type = members.optional("mimeType")?;
        let body = if members.has("blob") && !members.has("text") {
            ResourceBody::Blob(members.required("blob")?)
        } else {
            ResourceBody::Text(members.required("text")?)
        };
        Ok(Self { uri, mime_type, meta: members.optional("_meta")?, body })
    }

    fn write<M: SerializeMap>(&self, writer: &mut Writer<'_, M>) -> Result<(), M::Error> {
        writer.required("uri", &self.uri)?;
        writer.optional("mimeType", &self.mime_type)?;
        match &self.body {
            ResourceBody::Text(text) => writer.required("text", text)?,
            ResourceBody::Blob(base64) => writer.required("blob", base64)?,
        }
        writer.optional("_meta", &self.meta)
    }
}

wire_serde!(ResourceContents);

/// The answer to `resources/read`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadResourceResult {
    /// What was read; a directory gives several.
    pub contents: Vec<ResourceContents>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// How long it may be kept; servers of the newest revision always say so.
    pub cache: Option<CacheHint>,
}

impl ReadResourceResult {
    /// What was read, without a cache hint.
    pub fn new(contents: impl IntoIterator<Item = ResourceContents>) -> Self {
        Self { contents: contents.into_iter().collect(), meta: None, cache: None }
    }

    /// Sets how long it may be kept.
    #[must_use]
    pub fn cache(mut self, hint: CacheHint) -> Self {
        self.cache = Some(hint);
        self
    }
}

impl From<ResourceContents> for ReadResourceResult {
    fn from(contents: ResourceContents) -> Self {
        Self::new([contents])
    }
}

wire_object!(ReadResourceResult {
    required contents = "contents",
    hint cache = "ttlMs",
    optional meta = "_meta",
});

#[cfg(test)]
mod tests {
    use super::*;

    fn round<T: serde::Serialize + serde::de::DeserializeOwned>(json: &str) -> T {
        let value: T = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        value
    }

    #[test]
    fn definitions_survive_the_wire() {
        let resource: Resource = round(
            r#"{"uri":"file:///a","name":"a","title":"A","mimeType":"text/plain","annotations":{"priority":1.0},"size":3,"_meta":{"x/y":[1]},"zeta":1.0,"alpha":{"b": 1}}"#,
        );
        assert_eq!(resource.extra.get("zeta").unwrap().get(), "1.0");
        round::<ResourceTemplate>(r#"{"uriTemplate":"file:///{+p}","name":"a","later":null}"#);
    }

    #[test]
    fn the_body_is_told_by_its_key() {
        let text: ResourceContents = round(r#"{"uri":"a:b","mimeType":"text/plain","text":"x"}"#);
        assert_eq!(text.body, ResourceBody::Text("x".into()));
        let blob: ResourceContents = round(r#"{"uri":"a:b","blob":"AA==","_meta":{"k":1}}"#);
        assert_eq!(blob.body, ResourceBody::Blob("AA==".into()));
    }

    #[test]
    fn a_cache_hint_lies_flat_in_the_result() {
        let result: ReadResourceResult = round(r#"{"contents":[],"ttlMs":5,"cacheScope":"private"}"#);
        assert_eq!(result.cache, Some(CacheHint::private(5)));
        let result: ReadResourceResult = round(r#"{"contents":[]}"#);
        assert_eq!(result.cache, None);
    }
}
