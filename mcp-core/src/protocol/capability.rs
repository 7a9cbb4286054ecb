//! What clients and servers can do.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{Extra, RawJson, object::wire_object};

/// What the client of one request (of one session, in older revisions) can do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClientCapabilities {
    /// It names directories to work in. Deprecated by the newest revision.
    pub roots: Option<RootsCapability>,
    /// It lets servers ask its model. Deprecated by the newest revision.
    pub sampling: Option<SamplingCapability>,
    /// It lets servers ask its user.
    pub elicitation: Option<ElicitationCapability>,
    /// Capabilities outside the protocol.
    pub experimental: IndexMap<String, RawJson>,
    /// Extensions by identifier, each with its settings.
    pub extensions: IndexMap<String, RawJson>,
    /// Members this model does not know.
    pub extra: Extra,
}

wire_object!(ClientCapabilities {
    optional roots = "roots",
    optional sampling = "sampling",
    optional elicitation = "elicitation",
    default experimental = "experimental",
    default extensions = "extensions",
} rest extra);

/// How a client offers roots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RootsCapability {
    /// It tells of changes; revisions before 2026-07-28 only.
    pub list_changed: bool,
}

wire_object!(RootsCapability { default list_changed = "listChanged" });

/// How a client offers sampling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SamplingCapability {
    /// It can add context of other servers. Deprecated by the newest revision.
    pub context: bool,
    /// Its model can call tools.
    pub tools: bool,
}

wire_object!(SamplingCapability { marker context = "context", marker tools = "tools" });

/// How a client offers elicitation. With neither mode named it shows forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ElicitationCapability {
    /// It shows forms.
    pub form: bool,
    /// It opens addresses.
    pub url: bool,
}

wire_object!(ElicitationCapability { marker form = "form", marker url = "url" });

/// One thing that a client may be able to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// Naming directories to work in.
    Roots,
    /// Asking its model.
    Sampling,
    /// Asking its model, which may call tools.
    SamplingTools,
    /// Asking its user with a form.
    ElicitationForm,
    /// Sending its user to an address.
    ElicitationUrl,
    /// An extension, by identifier.
    Extension(Cow<'static, str>),
}

impl Capability {
    /// The capabilities object that holds this one alone, as error -32021 lists it.
    pub fn required(&self) -> Value {
        match self {
            Self::Roots => json!({ "roots": {} }),
            Self::Sampling => json!({ "sampling": {} }),
            Self::SamplingTools => json!({ "sampling": { "tools": {} } }),
            Self::ElicitationForm => json!({ "elicitation": { "form": {} } }),
            Self::ElicitationUrl => json!({ "elicitation": { "url": {} } }),
            Self::Extension(id) => json!({ "extensions": { id.as_ref(): {} } }),
        }
    }
}

impl ClientCapabilities {
    /// Whether the client can do `capability`.
    pub fn has(&self, capability: &Capability) -> bool {
        match capability {
            Capability::Roots => self.roots.is_some(),
            Capability::Sampling => self.sampling.is_some(),
            Capability::SamplingTools => self.sampling.is_some_and(|sampling| sampling.tools),
            Capability::ElicitationForm => self.elicitation.is_some_and(|modes| modes.form || !modes.url),
            Capability::ElicitationUrl => self.elicitation.is_some_and(|modes| modes.url),
            Capability::Extension(id) => self.extensions.contains_key(id.as_ref()),
        }
    }

    /// The same client with `capability` as well.
    #[must_use]
    pub fn with(mut self, capability: &Capability) -> Self {
        match capability {
            Capability::Roots => {
                self.roots.get_or_insert_default();
            }
            Capability::Sampling => {
                self.sampling.get_or_insert_default();
            }
            Capability::SamplingTools => self.sampling.get_or_insert_default().tools = true,
            Capability::ElicitationForm => self.elicitation.get_or_insert_default().form = true,
            Capability::ElicitationUrl => {
                let form = self.has(&Capability::ElicitationForm);
                self.elicitation = Some(ElicitationCapability { form, url: true });
            }
            Capability::Extension(id) => {
                let settings = || RawJson::from(json!({}));
                self.extensions.entry(id.clone().into_owned()).or_insert_with(settings);
            }
        }
        self
    }
}

impl FromIterator<Capability> for ClientCapabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        capabilities.into_iter().fold(Self::default(), |all, one| all.with(&one))
    }
}

/// What a server can do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerCapabilities {
    /// It sends log messages. Deprecated by the newest revision.
    pub logging: bool,
    /// It completes arguments.
    pub completions: bool,
    /// It has prompts.
    pub prompts: Option<ListCapability>,
    /// It has resources.
    pub resources: Option<ResourcesCapability>,
    /// It has tools.
    pub tools: Option<ListCapability>,
    /// Capabilities outside the protocol.
    pub experimental: IndexMap<String, RawJson>,
    /// Extensions by identifier, each with its settings.
    pub extensions: IndexMap<String, RawJson>,
    /// Members this model does not know.
    pub extra: Extra,
}

wire_object!(ServerCapabilities {
    marker logging = "logging",
    marker completions = "completions",
    optional prompts = "prompts",
    optional resources = "resources",
    optional tools = "tools",
    default experimental = "experimental",
    default extensions = "extensions",
} rest extra);

/// How a server offers tools or prompts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListCapability {
    /// It tells of changes to the list.
    pub list_changed: bool,
}

wire_object!(ListCapability { default list_changed = "listChanged" });

/// How a server offers resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourcesCapability {
    /// It tells of changes to a resource.
    pub subscribe: bool,
    /// It tells of changes to the list.
    pub list_changed: bool,
}

wire_object!(ResourcesCapability { default subscribe = "subscribe", default list_changed = "listChanged" });

#[cfg(test)]
mod tests;
