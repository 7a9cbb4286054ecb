//! What is asked for, as a policy sees it.

use std::cell::OnceCell;

use super::node::Node;

/// What a rule can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tool,
    Prompt,
    Resource,
    Template,
    Method,
}

/// A request: what it is about, and its arguments, which are read only if a rule looks at them.
#[derive(Debug)]
pub struct Call<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) method: &'a str,
    raw: &'a str,
    parsed: OnceCell<Option<Node>>,
}

impl<'a> Call<'a> {
    /// A call of a tool with its arguments, as the JSON they came in.
    #[must_use]
    pub const fn tool(name: &'a str, arguments: &'a str) -> Self {
        Self::new(Kind::Tool, name, "tools/call", arguments)
    }

    /// A prompt with its arguments, as the JSON they came in.
    #[must_use]
    pub const fn prompt(name: &'a str, arguments: &'a str) -> Self {
        Self::new(Kind::Prompt, name, "prompts/get", arguments)
    }

    /// Reading a resource.
    #[must_use]
    pub const fn resource(uri: &'a str) -> Self {
        Self::new(Kind::Resource, uri, "resources/read", "{}")
    }

    /// Something about a resource template.
    #[must_use]
    pub const fn resource_template(template: &'a str) -> Self {
        Self::new(Kind::Template, template, "resources/read", "{}")
    }

    /// Any other method with its parameters, as the JSON they came in.
    #[must_use]
    pub const fn method(method: &'a str, params: &'a str) -> Self {
        Self::new(Kind::Method, method, method, params)
    }

    /// The same about the same, by another method.
    #[must_use]
    pub const fn by(mut self, method: &'a str) -> Self {
        self.method = method;
        self
    }

    const fn new(kind: Kind, name: &'a str, method: &'a str, raw: &'a str) -> Self {
        Self { kind, name, method, raw, parsed: OnceCell::new() }
    }

    /// The arguments; none where they are no JSON.
    pub(super) fn arguments(&self) -> Option<&Node> {
        self.parsed.get_or_init(|| serde_json::from_str(self.raw).ok()).as_ref()
    }

    /// Whether the policy's default applies. What the protocol itself needs is open unless a rule denies it: handshake,
    /// ping and lists, whose contents are filtered.
    pub(super) fn is_guarded(&self) -> bool {
        !matches!(
            (self.kind, self.name),
            (
                Kind::Method,
                "server/discover"
                    | "initialize"
                    | "ping"
                    | "tools/list"
                    | "resources/list"
                    | "resources/templates/list"
                    | "prompts/list"
                    | "logging/setLevel"
                    | "subscriptions/listen"
                    | "completion/complete"
                    | "resources/unsubscribe"
            )
        )
    }
}
