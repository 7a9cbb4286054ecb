//! What to do with a server.

use mcp_core::protocol::SubscriptionFilter;
use serde::Deserialize;
use serde_json::{Map, Value};

/// How to connect, what to answer, and what to do.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// The only revision to speak; the client looks for the best one if absent.
    #[serde(default)]
    pub(crate) version: Option<String>,
    /// What to fill into forms; forms are not offered if absent.
    #[serde(default)]
    pub(crate) form: Option<Map<String, Value>>,
    /// Agrees to open addresses; they are not offered if false.
    #[serde(default)]
    pub(crate) url: bool,
    /// What the model says; sampling is not offered if absent.
    #[serde(default)]
    pub(crate) sample: Option<String>,
    /// URIs of roots; roots are not offered if absent.
    #[serde(default)]
    pub(crate) roots: Option<Vec<String>>,
    /// Takes log messages of this level.
    #[serde(default)]
    pub(crate) log: Option<String>,
    pub(crate) steps: Vec<Step>,
}

/// One thing to do.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    Tools,
    Resources,
    Templates,
    Prompts,
    /// Calls a tool and listens to its progress.
    Call {
        tool: String,
        #[serde(default)]
        arguments: Value,
        #[serde(default)]
        timeout_ms: Option<u64>,
    },
    /// Calls a tool, and gives up as soon as it reports progress.
    GiveUp {
        tool: String,
        #[serde(default)]
        arguments: Value,
    },
    /// Calls a tool again and again until it says this.
    Until {
        tool: String,
        says: String,
    },
    Read {
        uri: String,
    },
    Prompt {
        name: String,
        #[serde(default)]
        arguments: Map<String, Value>,
    },
    /// Completes an argument of the prompt or the template.
    Complete {
        #[serde(default)]
        prompt: Option<String>,
        #[serde(default)]
        template: Option<String>,
        argument: String,
        value: String,
    },
    /// Subscribes, does something, and waits for the change that it makes.
    Change {
        filter: SubscriptionFilter,
        by: Box<Self>,
    },
    Ping,
    /// Sends any request.
    Request {
        method: String,
        #[serde(default)]
        params: Value,
    },
    /// Closes the connection; what follows has to open another.
    Close,
}
