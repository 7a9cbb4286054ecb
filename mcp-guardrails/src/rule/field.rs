//! Where in an event a condition looks.

use std::collections::HashMap;
use std::fmt;

use serde_json::Value;

use crate::event::{Event, Phase};

/// More values than these are not looked at: an event is not a database.
const MOST_NODES: usize = 10_000;

/// The part of an event that a path starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Root {
    Arguments,
    Result,
    Definition,
    Prompt,
    FilePath,
    FileContent,
    FileExists,
    Tool,
    Server,
    Session,
    User,
    Tenant,
    Environment,
    /// All texts of what the phase is about.
    Text,
}

const ROOTS: [(&str, Root); 14] = [
    ("arguments", Root::Arguments),
    ("result", Root::Result),
    ("definition", Root::Definition),
    ("prompt", Root::Prompt),
    ("file/path", Root::FilePath),
    ("file/content", Root::FileContent),
    ("file/exists", Root::FileExists),
    ("tool", Root::Tool),
    ("server", Root::Server),
    ("session", Root::Session),
    ("user", Root::User),
    ("tenant", Root::Tenant),
    ("environment", Root::Environment),
    ("text", Root::Text),
];

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A member, or an element by its number.
    Name(Box<str>),
    /// Each member or element: `*`.
    Each,
    /// All below, at any depth: `**`.
    Deep,
}

/// Where in an event to look: `/path` is an argument, `result/content/*/text`, `prompt`, `file/path`, `user`, … and `text` all
/// texts of what the event is about. `*` stands for each member or element, `**` for any depth.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    root: Root,
    steps: Box<[Step]>,
}

/// A value of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node<'e> {
    Text(&'e str),
    Bool(bool),
    Json(&'e Value),
}

impl<'e> Node<'e> {
    pub(crate) fn as_str(self) -> Option<&'e str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) const fn type_name(self) -> &'static str {
        match self {
            Self::Text(_) | Self::Json(Value::String(_)) => "a text",
            Self::Bool(_) | Self::Json(Value::Bool(_)) => "a boolean",
            Self::Json(Value::Number(_)) => "a number",
            Self::Json(Value::Array(_)) => "a list",
            Self::Json(Value::Object(_)) => "an object",
            Self::Json(Value::Null) => "null",
        }
    }
}

impl Field {
    /// Reads a field.
    ///
    /// # Errors
    /// What is wrong with it, and what may have been meant.
    pub fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        let found = if text.starts_with('/') {
            Some((Root::Arguments, text))
        } else {
            ROOTS.iter().find_map(|(name, root)| {
                let rest = text.strip_prefix(name)?;
                (rest.is_empty() || rest.starts_with('/')).then_some((*root, rest))
            })
        };
        let Some((root, rest)) = found else {
            let names = ROOTS.iter().map(|(name, _)| *name);
            return Err((
                format!(
                    "`{text}` is no field: write `/name` for an argument, or one of `prompt`, `result/…`, `text`, …"
                ),
                crate::nearest(text.split('/').next().unwrap_or_default(), names).map(str::to_owned),
            ));
        };
        if !rest.is_empty() && !matches!(root, Root::Arguments | Root::Result | Root::Definition) {
            return Err((format!("nothing stands below `{}`", text.trim_end_matches(rest)), None));
        }
        let steps: Box<[Step]> = rest
            .split('/')
            .skip(1)
            .map(|step| match step {
                "*" => Step::Each,
                "**" => Step::Deep,
                name if name.contains('~') => Step::Name(name.replace("~1", "/").replace("~0", "~").into()),
                name => Step::Name(name.into()),
            })
            .collect();
        if steps.iter().filter(|step| **step == Step::Deep).count() > 1 {
            return Err(("`**` may occur once in a field".to_owned(), None));
        }
        Ok(Self { root, steps })
    }

    /// All texts of an event.
    pub(crate) fn text() -> Self {
        Self { root: Root::Text, steps: Box::default() }
    }

    /// The names that lead to an argument; none where it is no argument.
    pub(crate) fn argument(&self) -> Option<&[Step]> {
        (self.root == Root::Arguments).then_some(&*self.steps)
    }

    /// Whether an event of this phase can have it.
    pub(crate) const fn occurs_in(&self, phase: Phase) -> bool {
        match self.root {
            Root::Arguments => matches!(phase, Phase::Call | Phase::Result),
            Root::Result => matches!(phase, Phase::Result),
            Root::Definition => matches!(phase, Phase::List),
            Root::Prompt => matches!(phase, Phase::Prompt),
            Root::FilePath | Root::FileContent | Root::FileExists => matches!(phase, Phase::File),
            Root::Tool | Root::Server => matches!(phase, Phase::List | Phase::Call | Phase::Result),
            Root::Session | Root::User | Root::Tenant | Root::Environment => true,
            Root::Text => !matches!(phase, Phase::End),
        }
    }

    /// All values there, in the order of the event.
    pub(crate) fn find<'e>(&self, event: &Event<'e>, found: &mut Vec<Node<'e>>) {
        let text = |text: &'e str, found: &mut Vec<Node<'e>>| {
            if !text.is_empty() {
                found.push(Node::Text(text));
            }
        };
        match self.root {
            Root::Arguments | Root::Result | Root::Definition => {
                if let Some(value) = self.document(event) {
                    walk(value, &self.steps, found);
                }
            }
            Root::Prompt => found.extend(event.prompt.map(Node::Text)),
            Root::FilePath => found.extend(event.file.map(|file| Node::Text(file.path))),
            Root::FileContent => found.extend(event.file.and_then(|file| file.content).map(Node::Text)),
            Root::FileExists => found.extend(event.file.map(|file| Node::Bool(file.exists))),
            Root::Tool => text(event.tool, found),
            Root::Server => text(event.server, found),
            Root::Session => text(event.session, found),
            Root::User => text(event.user, found),
            Root::Tenant => text(event.tenant, found),
            Root::Environment => text(event.environment, found),
            Root::Text => match event.phase {
                Phase::Prompt => found.extend(event.prompt.map(Node::Text)),
                Phase::File => found.extend(event.file.and_then(|file| file.content).map(Node::Text)),
                _ => {
                    if let Some(value) = self.document(event) {
                        descend(value, found, |value, found| {
                            if value.is_string() {
                                found.push(Node::Json(value));
                            }
                        });
                    }
                }
            },
        }
    }

    /// The one value there, where the field has no wildcard and its root is JSON.
    pub(crate) fn single<'e>(&self, event: &Event<'e>) -> Option<Option<&'e Value>> {
        if !matches!(self.root, Root::Arguments | Root::Result | Root::Definition) {
            return None;
        }
        let mut value = self.document(event);
        for step in &self.steps {
            let Step::Name(name) = step else { return None };
            value = value.and_then(|value| child(value, name));
        }
        Some(value)
    }

    fn document<'e>(&self, event: &Event<'e>) -> Option<&'e Value> {
        match (self.root, event.phase) {
            (Root::Arguments, _) | (Root::Text, Phase::Call) => event.arguments,
            (Root::Result, _) | (Root::Text, Phase::Result) => event.result,
            (Root::Definition, _) | (Root::Text, Phase::List) => event.definition,
            _ => None,
        }
    }

    /// Where values stand that this field led to: their pointers below the root, in their order.
    pub(crate) fn places(&self, event: &Event<'_>, nodes: &[Node<'_>]) -> Vec<String> {
        let name = match (self.root, event.phase) {
            (Root::Text, Phase::Call) => "arguments",
            (Root::Text, Phase::Result) => "result",
            (Root::Text, Phase::List) => "definition",
            (Root::Text, Phase::Prompt) => "prompt",
            (Root::Text, Phase::File) => "file/content",
            (root, _) => ROOTS.iter().find(|(_, other)| *other == root).map_or("", |(name, _)| name),
        };
        let plain = self.steps.iter().all(|step| matches!(step, Step::Name(_)));
        if plain && self.root != Root::Text {
            let steps = self.steps.iter().map(ToString::to_string).collect::<String>();
            return nodes.iter().map(|_| format!("{name}{steps}")).collect();
        }
        let tree = self.document(event).map(Tree::new);
        let below = |node: &Node<'_>| match (node, &tree) {
            (Node::Json(value), Some(tree)) => tree.pointer(value),
            _ => String::new(),
        };
        nodes.iter().map(|node| format!("{name}{}", below(node))).collect()
    }
}

/// All values of a document with the way to them, so that one can be found by identity.
struct Tree<'v> {
    /// A value's name and the number of what it is in.
    ways: Vec<(Name<'v>, usize)>,
    numbers: HashMap<*const Value, usize>,
}

enum Name<'v> {
    Top,
    Member(&'v str),
    Element(usize),
}

impl<'v> Tree<'v> {
    fn new(top: &'v Value) -> Self {
        let mut tree = Self { ways: vec![(Name::Top, 0)], numbers: HashMap::new() };
        let mut open = vec![(top, 0)];
        while let Some((value, number)) = open.pop() {
            tree.numbers.insert(std::ptr::from_ref(value), number);
            let mut add = |name, value: &'v Value| {
                open.push((value, tree.ways.len()));
                tree.ways.push((name, number));
            };
            match value {
                Value::Array(items) => {
                    items.iter().enumerate().for_each(|(at, item)| add(Name::Element(at), item))
                }
                Value::Object(members) => {
                    members.iter().for_each(|(name, member)| add(Name::Member(name), member))
                }
                _ => {}
            }
        }
        tree
    }

    fn pointer(&self, value: &Value) -> String {
        let mut names = Vec::new();
        let mut at = self.numbers.get(&std::ptr::from_ref(value)).and_then(|number| self.ways.get(*number));
        while let Some((name, above)) = at {
            match name {
                Name::Top => break,
                Name::Member(name) => names.push(escaped(name)),
                Name::Element(at) => names.push(at.to_string()),
            }
            at = self.ways.get(*above);
        }
        names.iter().rev().map(|name| format!("/{name}")).collect()
    }
}

/// A name as pointers write it.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn child<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        // Comparing a few names is faster than hashing one.
        Value::Object(members) if members.len() <= 8 => {
            members.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
        }
        Value::Object(members) => members.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    }
}

fn walk<'e>(value: &'e Value, steps: &[Step], found: &mut Vec<Node<'e>>) {
    if found.len() >= MOST_NODES {
        return;
    }
    let Some((step, rest)) = steps.split_first() else {
        found.push(Node::Json(value));
        return;
    };
    match (step, value) {
        (Step::Name(name), _) => {
            if let Some(value) = child(value, name) {
                walk(value, rest, found);
            }
        }
        (Step::Each, Value::Array(items)) => items.iter().for_each(|item| walk(item, rest, found)),
        (Step::Each, Value::Object(members)) => members.values().for_each(|value| walk(value, rest, found)),
        (Step::Each, _) => {}
        (Step::Deep, _) => descend(value, found, |value, found| walk(value, rest, found)),
    }
}

/// Visits a value and all below it, without recursion: values are as deep as whoever made them pleases.
fn descend<'e>(
    value: &'e Value,
    found: &mut Vec<Node<'e>>,
    mut visit: impl FnMut(&'e Value, &mut Vec<Node<'e>>),
) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        if found.len() >= MOST_NODES {
            return;
        }
        visit(value, found);
        match value {
            Value::Array(items) => open.extend(items.iter().rev()),
            Value::Object(members) => open.extend(members.values().rev()),
            _ => {}
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.root != Root::Arguments || self.steps.is_empty() {
            f.write_str(ROOTS.iter().find(|(_, root)| *root == self.root).map_or("", |(name, _)| name))?;
        }
        self.steps.iter().try_for_each(|step| step.fmt(f))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "/{}", escaped(name)),
            Self::Each => f.write_str("/*"),
            Self::Deep => f.write_str("/**"),
        }
    }
}
