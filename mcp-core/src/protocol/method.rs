//! Method names.

use std::fmt;
use std::sync::Arc;

macro_rules! methods {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A method or notification name. Names the core does not know belong to extensions.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Method {
            $($(#[$doc])* $variant,)*
            /// A name that the core does not know.
            Other(Arc<str>),
        }

        impl Method {
            /// Recognises a name.
            #[must_use]
            pub fn parse(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    other => Self::Other(other.into()),
                }
            }

            /// The name on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

methods! {
    /// The server's versions, capabilities and identity (2026-07-28).
    Discover = "server/discover",
    /// Lists tools.
    ToolsList = "tools/list",
    /// Calls a tool.
    ToolsCall = "tools/call",
    /// Lists resources.
    ResourcesList = "resources/list",
    /// Lists resource templates.
    ResourceTemplatesList = "resources/templates/list",
    /// Reads a resource.
    ResourcesRead = "resources/read",
    /// Lists prompts.
    PromptsList = "prompts/list",
    /// Renders a prompt.
    PromptsGet = "prompts/get",
    /// Completes an argument.
    Complete = "completion/complete",
    /// Opens a stream of change notifications (2026-07-28).
    Listen = "subscriptions/listen",
    /// Opens a session (until 2025-11-25).
    Initialize = "initialize",
    /// Checks that the peer is alive (until 2025-11-25).
    Ping = "ping",
    /// Sets a session's log level (until 2025-11-25).
    SetLogLevel = "logging/setLevel",
    /// Subscribes a session to a resource (until 2025-11-25).
    ResourcesSubscribe = "resources/subscribe",
    /// Ends a subscription of a session (until 2025-11-25).
    ResourcesUnsubscribe = "resources/unsubscribe",
    /// The client finished its handshake (until 2025-11-25).
    Initialized = "notifications/initialized",
    /// A request was given up.
    Cancelled = "notifications/cancelled",
    /// Progress of a request.
    Progress = "notifications/progress",
    /// The client's roots changed (until 2025-11-25).
    RootsListChanged = "notifications/roots/list_changed",
    /// A log message.
    LogMessage = "notifications/message",
    /// Asks the person at the client.
    Elicit = "elicitation/create",
    /// Asks the client's model.
    Sample = "sampling/createMessage",
    /// Asks for the client's roots.
    RootsList = "roots/list",
}

impl Method {
    /// Whether the name is a notification's.
    #[must_use]
    pub fn is_notification(&self) -> bool {
        self.as_str().starts_with("notifications/")
    }

    /// Whether only sessions of revisions until 2025-11-25 know this method.
    #[must_use]
    pub const fn is_legacy_only(&self) -> bool {
        matches!(
            self,
            Self::Initialize
                | Self::Ping
                | Self::SetLogLevel
                | Self::ResourcesSubscribe
                | Self::ResourcesUnsubscribe
                | Self::Initialized
                | Self::RootsListChanged
        )
    }

    /// Whether a handler of this method may ask the client for input.
    #[must_use]
    pub const fn may_ask(&self) -> bool {
        matches!(self, Self::ToolsCall | Self::PromptsGet | Self::ResourcesRead)
    }

    /// The member of `params` that the `Mcp-Name` header mirrors, if any.
    #[must_use]
    pub fn mirrored_member(&self) -> Option<&'static str> {
        match self {
            Self::ToolsCall | Self::PromptsGet => Some("name"),
            Self::ResourcesRead => Some("uri"),
            Self::Other(name) if matches!(&**name, "tasks/get" | "tasks/update" | "tasks/cancel") => {
                Some("taskId")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
