//! Sampling: a server asks the client's model. Deprecated by the newest revision: call a model provider's API
//! instead.

use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{
    AudioContent, ContentBlock, ImageContent, Meta, RawJson, Role, TextContent, Tool,
    object::{MemberError, Members, WireObject, Writer, wire_object, wire_serde},
};

mod message;
pub use message::{SamplingContent, SamplingMessage, ToolResult, ToolUse};

/// The params of `sampling/createMessage`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateMessage {
    /// The conversation so far.
    pub messages: Vec<SamplingMessage>,
    /// Which model to take.
    pub model_preferences: Option<ModelPreferences>,
    /// A system prompt; the client may change it.
    pub system_prompt: Option<String>,
    /// Which servers' context to add.
    pub include_context: Option<IncludeContext>,
    /// How much chance decides.
    pub temperature: Option<f64>,
    /// The most tokens to produce.
    pub max_tokens: u64,
    /// Texts that end the answer.
    pub stop_sequences: Vec<String>,
    /// Settings for the model's provider.
    pub metadata: Option<RawJson>,
    /// Tools that the model may call; the server runs them.
    pub tools: Vec<Tool>,
    /// Whether the model has to call one.
    pub tool_choice: Option<ToolChoice>,
    /// Metadata.
    pub meta: Option<Meta>,
}

impl CreateMessage {
    /// Asks for at most `max_tokens` that continue `messages`.
    pub fn new(messages: impl IntoIterator<Item = SamplingMessage>, max_tokens: u64) -> Self {
        Self { messages: messages.into_iter().collect(), max_tokens, ..Self::default() }
    }

    /// Sets the system prompt.
    #[must_use]
    pub fn system_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.system_prompt = Some(prompt.into());
        self
    }

    /// Sets how much chance decides.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Sets which model to take.
    #[must_use]
    pub fn model_preferences(mut self, preferences: ModelPreferences) -> Self {
        self.model_preferences = Some(preferences);
        self
    }

    /// Adds a tool that the model may call.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Sets whether the model has to call a tool.
    #[must_use]
    pub fn tool_choice(mut self, choice: ToolChoice) -> Self {
        self.tool_choice = Some(choice);
        self
    }

    /// Whether it needs a client whose model can call tools.
    pub fn needs_tools(&self) -> bool {
        !self.tools.is_empty() || self.tool_choice.is_some()
    }
}

wire_object!(CreateMessage {
    required messages = "messages",
    optional model_preferences = "modelPreferences",
    optional system_prompt = "systemPrompt",
    optional include_context = "includeContext",
    optional_number temperature = "temperature",
    required max_tokens = "maxTokens",
    default stop_sequences = "stopSequences",
    optional metadata = "metadata",
    default tools = "tools",
    optional tool_choice = "toolChoice",
    optional meta = "_meta",
});

/// Which servers' context a client adds to a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum IncludeContext {
    /// None.
    None,
    /// That of the asking server.
    ThisServer,
    /// That of every server.
    AllServers,
}

/// What matters in the choice of a model, each from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelPreferences {
    /// Names or parts of names, best first.
    pub hints: Vec<ModelHint>,
    /// How much the price matters.
    pub cost_priority: Option<f64>,
    /// How much speed matters.
    pub speed_priority: Option<f64>,
    /// How much ability matters.
    pub intelligence_priority: Option<f64>,
}

wire_object!(ModelPreferences {
    default hints = "hints",
    optional_number cost_priority = "costPriority",
    optional_number speed_priority = "speedPriority",
    optional_number intelligence_priority = "intelligencePriority",
});

/// A name, or part of a name, of a model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelHint {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Whether a model has to call a tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "mode")]
pub enum ToolChoice {
    /// As it likes.
    #[default]
    Auto,
    /// It calls at least one.
    Required,
    /// It calls none.
    None,
}

/// The client's answer to `sampling/createMessage`.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateMessageResult {
    /// Who speaks, normally the model.
    pub role: Role,
    /// What was said.
    pub content: Vec<SamplingContent>,
    /// The model that answered.
    pub model: String,
    /// Why it stopped.
    pub stop_reason: Option<StopReason>,
    /// Metadata.
    pub meta: Option<Meta>,
}

impl CreateMessageResult {
    /// The text of the answer, its blocks joined.
    pub fn text(&self) -> String {
        self.content.iter().filter_map(SamplingContent::as_text).collect()
    }
}

wire_object!(CreateMessageResult {
    required role = "role",
    one_or_many content = "content",
    required model = "model",
    optional stop_reason = "stopReason",
    optional meta = "_meta",
});

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum StopReason {
    /// It had said all.
    EndTurn,
    /// It wrote one of the stop sequences.
    StopSequence,
    /// It reached the most tokens allowed.
    MaxTokens,
    /// It wants tools to be called.
    ToolUse,
    /// A reason of the provider's own.
    Other(String),
}

impl From<String> for StopReason {
    fn from(word: String) -> Self {
        match word.as_str() {
            "endTurn" => Self::EndTurn,
            "stopSequence" => Self::StopSequence,
            "maxTokens" => Self::MaxTokens,
            "toolUse" => Self::ToolUse,
            _ => Self::Other(word),
        }
    }
}

impl From<StopReason> for String {
    fn from(reason: StopReason) -> Self {
        match reason {
            StopReason::EndTurn => "endTurn".to_owned(),
            StopReason::StopSequence => "stopSequence".to_owned(),
            StopReason::MaxTokens => "maxTokens".to_owned(),
            StopReason::ToolUse => "toolUse".to_owned(),
            StopReason::Other(word) => word,
        }
    }
}

#[cfg(test)]
mod tests;
