//! The Model Context Protocol as types: the newest revision, without I/O.

mod cache;
mod capability;
pub mod compat;
mod completion;
mod content;
mod discover;
mod elicitation;
pub mod header;
mod icon;
mod implementation;
mod input;
mod list;
mod logging;
pub mod meta;
mod object;
mod progress;
mod prompt;
mod raw;
mod resource;
mod root;
mod sampling;
mod subscription;
mod tool;
mod uri_template;

pub use self::{
    cache::{CacheHint, CacheScope},
    capability::{
        Capability, ClientCapabilities, ElicitationCapability, ListCapability, ResourcesCapability,
        RootsCapability, SamplingCapability, ServerCapabilities,
    },
    completion::{CompleteParams, CompleteResult, Completion, CompletionArgument, CompletionReference},
    content::{Annotations, AudioContent, ContentBlock, EmbeddedResource, ImageContent, Role, TextContent},
    discover::DiscoverResult,
    elicitation::{
        BooleanField, ChoiceField, ChoicesField, ElicitAction, ElicitResult, Elicitation, FieldError,
        FieldProblem, FormSchema, IntegerField, NumberField, StringField, TextFormat, validate_answer,
    },
    icon::{Icon, IconTheme},
    implementation::Implementation,
    input::{InputRequest, InputRequests, InputResponses},
    list::{ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult},
    logging::{LogLevel, LogMessage, UnknownLogLevel},
    meta::Meta,
    object::Extra,
    progress::{Progress, ProgressParams, ProgressToken},
    prompt::{GetPromptResult, Prompt, PromptArgument, PromptMessage},
    raw::RawJson,
    resource::{ReadResourceResult, Resource, ResourceBody, ResourceContents, ResourceTemplate},
    root::{ListRootsResult, Root},
    sampling::{
        CreateMessage, CreateMessageResult, IncludeContext, ModelHint, ModelPreferences, SamplingContent,
        SamplingMessage, StopReason, ToolChoice, ToolResult, ToolUse,
    },
    subscription::SubscriptionFilter,
    tool::{CallToolResult, Tool, ToolAnnotations},
    uri_template::{UriTemplate, UriTemplateError},
};
