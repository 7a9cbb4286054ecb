//! Prompts: messages that a server prepares for a user to send.

use serde::{Deserialize, Serialize};

use super::{ContentBlock, Extra, Icon, Meta, Role, object::wire_object};

/// A prepared prompt.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prompt {
    /// The name it is asked for by.
    pub name: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it can be filled with.
    pub arguments: Vec<PromptArgument>,
    /// Pictures of it.
    pub icons: Vec<Icon>,
    /// Metadata.
    pub meta: Option<Meta>,
    /// Members this model does not know.
    pub extra: Extra,
}

impl Prompt {
    /// A prompt called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets the name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets what it is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Adds something it can be filled with.
    #[must_use]
    pub fn argument(mut self, argument: PromptArgument) -> Self {
        self.arguments.push(argument);
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

wire_object!(Prompt {
    required name = "name",
    optional title = "title",
    optional description = "description",
    default arguments = "arguments",
    default icons = "icons",
    optional meta = "_meta",
} rest extra);

/// Something that a prompt can be filled with.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromptArgument {
    /// The name it is given by.
    pub name: String,
    /// The name for people.
    pub title: Option<String>,
    /// What to give.
    pub description: Option<String>,
    /// Whether the prompt cannot do without it (assumed false).
    pub required: Option<bool>,
    /// Members this model does not know.
    pub extra: Extra,
}

impl PromptArgument {
    /// An optional argument called `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets the name for people.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets what to give.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets whether the prompt cannot do without it.
    #[must_use]
    pub fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self
    }
}

wire_object!(PromptArgument {
    required name = "name",
    optional title = "title",
    optional description = "description",
    optional required = "required",
} rest extra);

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptMessage {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: ContentBlock,
}

impl PromptMessage {
    /// Said by the user.
    pub fn user(content: impl Into<ContentBlock>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// Said by the model.
    pub fn assistant(content: impl Into<ContentBlock>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// The answer to `prompts/get`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GetPromptResult {
    /// What the prompt is for.
    pub description: Option<String>,
    /// The messages to send.
    pub messages: Vec<PromptMessage>,
    /// Metadata.
    pub meta: Option<Meta>,
}

impl GetPromptResult {
    /// These messages.
    pub fn new(messages: impl IntoIterator<Item = PromptMessage>) -> Self {
        Self { messages: messages.into_iter().collect(), ..Self::default() }
    }

    /// Sets what the prompt is for.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

wire_object!(GetPromptResult {
    optional description = "description",
    required messages = "messages",
    optional meta = "_meta",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_survives_the_wire() {
        let json = r#"{"name":"p","arguments":[{"name":"a","required":false},{"name":"b","later":1.0}],"later":[1, 2]}"#;
        let prompt: Prompt = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&prompt).unwrap(), json);
    }

    #[test]
    fn messages_survive_the_wire() {
        let result = GetPromptResult::new([PromptMessage::user("hi"), PromptMessage::assistant("there")])
            .description("greeting");
        let json = r#"{"description":"greeting","messages":[{"role":"user","content":{"type":"text","text":"hi"}},{"role":"assistant","content":{"type":"text","text":"there"}}]}"#;
        assert_eq!(serde_json::to_string(&result).unwrap(), json);
        assert_eq!(serde_json::from_str::<GetPromptResult>(json).unwrap(), result);
    }
}
