//! JSON-RPC 2.0 and the Model Context Protocol: frames, and types of the newest revision. No I/O, no async.

mod cache;
mod capability;
pub mod compat;
mod completion;
mod content;
mod discover;
mod elicitation;
mod error;
mod frame;
pub mod header;
mod icon;
mod id;
mod implementation;
mod input;
pub(crate) mod json;
mod list;
mod logging;
pub mod meta;
mod method;
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
mod version;

pub(crate) use self::error::excerpt;
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
    error::{ErrorCode, RpcError},
    frame::{DEFAULT_DEPTH, DecodeError, Frame, FrameError, FrameProblem, Incoming, Params, decode},
    icon::{Icon, IconTheme},
    id::RequestId,
    implementation::Implementation,
    input::{InputRequest, InputRequests, InputResponses},
    list::{ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult},
    logging::{LogLevel, LogMessage, UnknownLogLevel},
    meta::Meta,
    method::Method,
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
    version::{ProtocolVersion, UnknownVersion},
};
