//! What happens, as rules see it: borrowed, so that looking costs no copy.

use std::fmt;

use serde_json::Value;

/// When in the life of a session something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// A person's prompt, before the model reads it.
    Prompt,
    /// A tool as a server describes it.
    List,
    /// A tool is about to be called.
    Call,
    /// What a tool gave back.
    Result,
    /// A file is about to be written.
    File,
    /// The session ends.
    End,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [Self::Prompt, Self::List, Self::Call, Self::Result, Self::File, Self::End];

    /// What rule files call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::List => "list",
            Self::Call => "call",
            Self::Result => "result",
            Self::File => "file",
            Self::End => "end",
        }
    }

    /// The phase of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A file that is about to be written.
#[derive(Debug, Clone, Copy)]
pub struct FileEdit<'a> {
    /// Where it is.
    pub path: &'a str,
    /// What it holds now, or will hold.
    pub content: Option<&'a str>,
    /// Whether it is there already.
    pub exists: bool,
}

/// Something that happens. Make one with [`Event::call`] and its like, and say more by its setters.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Event<'a> {
    /// When.
    pub phase: Phase,
    /// In which session; what is remembered is remembered of it.
    pub session: &'a str,
    /// Who acts.
    pub user: &'a str,
    /// For which organisation.
    pub tenant: &'a str,
    /// Who vouched for the user. Rules do not see it; approvals are bound to it.
    pub issuer: &'a str,
    /// As what.
    pub roles: &'a [&'a str],
    /// Where it runs: `production`, `staging`.
    pub environment: &'a str,
    /// Whose tool.
    pub server: &'a str,
    /// Which tool.
    pub tool: &'a str,
    /// What the tool is called with.
    pub arguments: Option<&'a Value>,
    /// What it gave back.
    pub result: Option<&'a Value>,
    /// How its server describes it.
    pub definition: Option<&'a Value>,
    /// What the person wrote.
    pub prompt: Option<&'a str>,
    /// What is written to.
    pub file: Option<FileEdit<'a>>,
    /// What is known of it beside what its session remembers.
    pub labels: &'a [&'a str],
    /// Settings that rules may ask for by name.
    pub variables: &'a [(&'a str, &'a str)],
    /// When, in milliseconds since 1970.
    pub time: u64,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $($(#[$doc])* #[must_use] pub const fn $name(mut self, $name: $type) -> Self { self.$name = $name; self })*
    };
}

impl<'a> Event<'a> {
    const fn new(phase: Phase) -> Self {
        Self {
            phase,
            session: "",
            user: "",
            tenant: "",
            issuer: "",
            roles: &[],
            environment: "",
            server: "",
            tool: "",
            arguments: None,
            result: None,
            definition: None,
            prompt: None,
            file: None,
            labels: &[],
            variables: &[],
            time: 0,
        }
    }

    /// A person's prompt.
    #[must_use]
    pub const fn prompt(text: &'a str) -> Self {
        let mut event = Self::new(Phase::Prompt);
        event.prompt = Some(text);
        event
    }

    /// A tool in a list: its whole definition.
    #[must_use]
    pub const fn list(tool: &'a str, definition: &'a Value) -> Self {
        let mut event = Self::new(Phase::List);
        event.tool = tool;
        event.definition = Some(definition);
        event
    }

    /// A call of a tool.
    #[must_use]
    pub const fn call(tool: &'a str, arguments: &'a Value) -> Self {
        let mut event = Self::new(Phase::Call);
        event.tool = tool;
        event.arguments = Some(arguments);
        event
    }

    /// What a call gave back.
    #[must_use]
    pub const fn result(tool: &'a str, arguments: &'a Value, result: &'a Value) -> Self {
        let mut event = Self::call(tool, arguments);
        event.phase = Phase::Result;
        event.result = Some(result);
        event
    }

    /// A file that is about to be written.
    #[must_use]
    pub const fn file(edit: FileEdit<'a>) -> Self {
        let mut event = Self::new(Phase::File);
        event.file = Some(edit);
        event
    }

    /// The end of a session.
    #[must_use]
    pub const fn end() -> Self {
        Self::new(Phase::End)
    }

    setters! {
        /// Says in which session it happens.
        session: &'a str;
        /// Says who acts.
        user: &'a str;
        /// Says for which organisation.
        tenant: &'a str;
        /// Says who vouched for the user.
        issuer: &'a str;
        /// Says as what.
        roles: &'a [&'a str];
        /// Says where it runs.
        environment: &'a str;
        /// Says whose tool it is.
        server: &'a str;
        /// Says what is known of it.
        labels: &'a [&'a str];
        /// Gives settings that rules may ask for.
        variables: &'a [(&'a str, &'a str)];
    }

    /// Says when, in milliseconds since 1970.
    #[must_use]
    pub const fn at(mut self, time: u64) -> Self {
        self.time = time;
        self
    }
}
