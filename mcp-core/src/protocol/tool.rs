//! Tools: what a server lets a model do.

use serde::Serialize;

use super::{ContentBlock, Extra, Icon, Meta, RawJson, object::wire_object};

/// A function that a model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// The name it is called by.
    pub name: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it does, for the model.
    pub description: Option<String>,
    /// JSON Schema of the arguments, an object.
    pub input_schema: RawJson,
    /// JSON Schema of the structured result.
    pub output_schema: Option<RawJson>,
    /// Hints on how it behaves.
    pub annotations: Option<ToolAnnotations>,
    /// Pictures of it.
    pub icons: Vec<Icon>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

impl Tool {
    /// A tool called `name` that takes arguments of `input_schema`.
    pub fn new(name: impl Into<String>, input_schema: RawJson) -> Self {
        Self {
            name: name.into(),
            title: None,
            description: None,
            input_schema,
            output_schema: None,
            annotations: None,
            icons: Vec::new(),
            meta: None,
            extra: Extra::default(),
        }
    }

    /// Sets the name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets what it does, for the model.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the schema of the structured result.
    #[must_use]
    pub fn output_schema(mut self, schema: RawJson) -> Self {
        self.output_schema = Some(schema);
        self
    }

    /// Sets hints on how it behaves.
    #[must_use]
    pub fn annotations(mut self, annotations: ToolAnnotations) -> Self {
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

wire_object!(Tool {
    required name = "name",
    optional title = "title",
    optional description = "description",
    required input_schema = "inputSchema",
    optional output_schema = "outputSchema",
    optional annotations = "annotations",
    default icons = "icons",
    optional meta = "_meta",
} rest extra);

/// Hints on how a tool behaves. A client must not trust those of a server it does not trust.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolAnnotations {
    /// The name for people; `Tool::title` goes before it.
    pub title: Option<String>,
    /// It changes nothing (assumed false).
    pub read_only_hint: Option<bool>,
    /// It may destroy something (assumed true).
    pub destructive_hint: Option<bool>,
    /// Calling it again with the same arguments changes nothing more (assumed false).
    pub idempotent_hint: Option<bool>,
    /// It deals with the world outside (assumed true).
    pub open_world_hint: Option<bool>,
    /// Members this model does not know.
    pub extra: Extra,
}

wire_object!(ToolAnnotations {
    optional title = "title",
    optional read_only_hint = "readOnlyHint",
    optional destructive_hint = "destructiveHint",
    optional idempotent_hint = "idempotentHint",
    optional open_world_hint = "openWorldHint",
} rest extra);

/// The answer to `tools/call`, a failure of the tool included.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallToolResult {
    /// What the model reads.
    pub content: Vec<ContentBlock>,
    /// What programs read: any JSON value, `null` too.
    pub structured_content: Option<RawJson>,
    /// Whether the tool failed.
    pub is_error: bool,
    /// Metadata.
    pub meta: Option<Meta>,
}

impl CallToolResult {
    /// Success, told in blocks of content.
    pub fn new(content: impl IntoIterator<Item = ContentBlock>) -> Self {
        Self { content: content.into_iter().collect(), ..Self::default() }
    }

    /// Success, told in words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new([ContentBlock::text(text)])
    }

    /// Failure, told in words that let the model mend its call.
    pub fn error(text: impl Into<String>) -> Self {
        Self { is_error: true, ..Self::text(text) }
    }

    /// Success as data, and the same data as text for clients that read only text.
    ///
    /// # Errors
    /// When `value` cannot be written as JSON.
    pub fn structured<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        let raw = RawJson::from_serialize(value)?;
        Ok(Self { structured_content: Some(raw.clone()), ..Self::text(raw.get()) })
    }

    /// Sets the metadata.
    #[must_use]
    pub fn meta(mut self, meta: Meta) -> Self {
        self.meta = Some(meta);
        self
    }
}

wire_object!(CallToolResult {
    required content = "content",
    any structured_content = "structuredContent",
    default is_error = "isError",
    optional meta = "_meta",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_survives_byte_for_byte() {
        let json = r#"{"name":"t","title":"T","inputSchema":{"type":"object", "properties":{"z":{"default":1.0},"a":{}}},"outputSchema":{"type":"array"},"annotations":{"readOnlyHint":true,"x":1e1},"icons":[{"src":"data:,","sizes":["any"],"theme":"dark"}],"_meta":{"a/b":{}},"execution":{"taskSupport" : "optional"}}"#;
        let tool: Tool = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&tool).unwrap(), json);
        assert_eq!(tool.extra.get("execution").unwrap().get(), r#"{"taskSupport" : "optional"}"#);
    }

    #[test]
    fn an_added_member_cannot_shadow_a_known_one() {
        let mut tool = Tool::new("t", RawJson::from(serde_json::json!({"type": "object"})));
        tool.extra.insert("name", RawJson::from(serde_json::json!("u")));
        tool.extra.insert("more", RawJson::from(serde_json::json!(1)));
        assert_eq!(
            serde_json::to_string(&tool).unwrap(),
            r#"{"name":"t","inputSchema":{"type":"object"},"more":1}"#
        );
    }

    #[test]
    fn null_is_structured_content() {
        let json = r#"{"content":[],"structuredContent":null}"#;
        let result: CallToolResult = serde_json::from_str(json).unwrap();
        assert!(result.structured_content.as_ref().unwrap().is_null());
        assert_eq!(serde_json::to_string(&result).unwrap(), json);
    }

    #[test]
    fn results_say_only_what_matters() {
        let check = |result: CallToolResult, expect: &str| {
            assert_eq!(serde_json::to_string(&result).unwrap(), expect);
            assert_eq!(serde_json::from_str::<CallToolResult>(expect).unwrap(), result);
        };
        check(CallToolResult::text("a"), r#"{"content":[{"type":"text","text":"a"}]}"#);
        check(CallToolResult::error("a"), r#"{"content":[{"type":"text","text":"a"}],"isError":true}"#);
        check(
            CallToolResult::structured(&[1]).unwrap(),
            r#"{"content":[{"type":"text","text":"[1]"}],"structuredContent":[1]}"#,
        );
    }
}
