//! What a server offers.

use mcp_core::protocol::{Prompt, Resource, ResourceTemplate, Tool, UriTemplate};
use mcp_workbench::form::Form;
use serde_json::{Map, Value};

use super::sheet::Sheet;

/// A sort of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Tools,
    Resources,
    Prompts,
}

impl Tab {
    pub(crate) const ALL: [Self; 3] = [Self::Tools, Self::Resources, Self::Prompts];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tools => "Tools",
            Self::Resources => "Resources",
            Self::Prompts => "Prompts",
        }
    }
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Tool(Box<Tool>),
    Resource(Box<Resource>),
    Template(Box<ResourceTemplate>),
    Prompt(Box<Prompt>),
}

impl Item {
    /// What it is called by.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Tool(of) => &of.name,
            Self::Resource(of) => &of.uri,
            Self::Template(of) => &of.uri_template,
            Self::Prompt(of) => &of.name,
        }
    }

    /// What people call it, where that is something else.
    pub(crate) fn title(&self) -> Option<&str> {
        match self {
            Self::Tool(of) => of.title.as_deref(),
            Self::Resource(of) => Some(of.title.as_deref().unwrap_or(&of.name)),
            Self::Template(of) => Some(of.title.as_deref().unwrap_or(&of.name)),
            Self::Prompt(of) => of.title.as_deref(),
        }
    }

    pub(crate) fn description(&self) -> Option<&str> {
        match self {
            Self::Tool(of) => of.description.as_deref(),
            Self::Resource(of) => of.description.as_deref(),
            Self::Template(of) => of.description.as_deref(),
            Self::Prompt(of) => of.description.as_deref(),
        }
    }

    /// Whether all words stand somewhere in what it says of itself.
    pub(crate) fn has(&self, words: &str) -> bool {
        let all = [Some(self.name()), self.title(), self.description()];
        let all = all.into_iter().flatten().collect::<Vec<_>>().join(" ").to_lowercase();
        words.to_lowercase().split_whitespace().all(|word| all.contains(word))
    }

    /// The form to fill in before it is used.
    pub(crate) fn sheet(&self) -> Sheet {
        let (form, buttons): (_, &[&str]) = match self {
            Self::Tool(of) => (Form::of(&of.input_schema.to_value().unwrap_or_default()), &["Call"]),
            Self::Resource(_) => (Form::default(), &["Read"]),
            Self::Template(of) => {
                // What is no template is read as it stands.
                let template = UriTemplate::parse(&of.uri_template).ok();
                let names: Vec<String> =
                    template.iter().flat_map(UriTemplate::variables).map(str::to_owned).collect();
                (Form::of_names(names.iter().map(String::as_str)), &["Read"])
            }
            Self::Prompt(of) => (Form::of_prompt(&of.arguments), &["Get"]),
        };
        let text = self.description().or_else(|| self.title()).unwrap_or_default();
        Sheet::new(self.name().to_owned(), text.to_owned(), form, buttons)
    }

    /// What is asked of the server.
    pub(crate) fn work(&self, arguments: Map<String, Value>) -> Work {
        let texts = |arguments: Map<String, Value>| {
            arguments.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
        };
        match self {
            Self::Tool(of) => Work::Tool { name: of.name.clone(), arguments },
            Self::Resource(of) => Work::Resource { uri: of.uri.clone() },
            Self::Template(of) => {
                let template = UriTemplate::parse(&of.uri_template);
                let filled = template.map(|template| template.expand(&texts(arguments).collect()));
                Work::Resource { uri: filled.unwrap_or_else(|_| of.uri_template.clone()) }
            }
            Self::Prompt(of) => Work::Prompt { name: of.name.clone(), arguments: texts(arguments).collect() },
        }
    }
}

/// What a server is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Work {
    Tool { name: String, arguments: Map<String, Value> },
    Resource { uri: String },
    Prompt { name: String, arguments: Vec<(String, String)> },
}

/// A server, and all that it offers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog {
    /// Its name and version.
    pub(crate) name: String,
    /// The revision of the protocol that is spoken.
    pub(crate) revision: String,
    pub(crate) tools: Vec<Item>,
    pub(crate) resources: Vec<Item>,
    pub(crate) prompts: Vec<Item>,
}

impl Catalog {
    pub(crate) fn of(&self, tab: Tab) -> &[Item] {
        match tab {
            Tab::Tools => &self.tools,
            Tab::Resources => &self.resources,
            Tab::Prompts => &self.prompts,
        }
    }
}
