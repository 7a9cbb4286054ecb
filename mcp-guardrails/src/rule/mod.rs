//! What a rule is: when it applies, what must hold, what follows.

mod action;
mod condition;
mod field;
mod glob;
mod net;
mod path;
mod template;
mod test;
mod value;

pub use self::action::{Action, Actions, Effect};
pub(crate) use self::action::{Broken, Outcome};
pub use self::condition::{
    Condition, Every, Sequence, Step as SequenceStep, TimeOfDay, Tracked, Trigger, Window,
};
pub use self::field::Field;
pub(crate) use self::field::{Node, Step, escaped};
pub use self::glob::Glob;
pub use self::net::{Host, Network};
pub use self::path::Folder;
pub use self::template::Template;
pub(crate) use self::test::Truth;
pub use self::test::{Bounds, Detect, Pattern, Test};
pub(crate) use self::value::{canonical, number, same};

use crate::event::Phase;

/// Whether a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It does.
    #[default]
    Enforce,
    /// It is evaluated and reported, and changes nothing.
    Shadow,
    /// It is not evaluated.
    Off,
}

/// A rule. What is left empty restricts nothing.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What reports call it.
    pub id: String,
    /// What it is for.
    pub description: String,
    /// In which phases it applies; in `call` if there are none.
    pub phases: Vec<Phase>,
    /// To which tools.
    pub tools: Vec<Glob>,
    /// Of which servers.
    pub servers: Vec<Glob>,
    /// In which environments.
    pub environments: Vec<String>,
    /// What must hold.
    pub when: Condition,
    /// What must not hold.
    pub unless: Option<Condition>,
    /// What follows.
    pub then: Vec<Action>,
    /// What is said, with placeholders such as `{tool}` and `{/path}`.
    pub message: Option<Template>,
    /// Which of several rules speaks; an `allow` also silences rules of lower priority.
    pub priority: i32,
    /// Whether it counts.
    pub mode: Mode,
}

impl Rule {
    /// A rule for calls that does nothing yet.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            description: String::new(),
            phases: Vec::new(),
            tools: Vec::new(),
            servers: Vec::new(),
            environments: Vec::new(),
            when: Condition::All(Vec::new()),
            unless: None,
            then: Vec::new(),
            message: None,
            priority: 0,
            mode: Mode::Enforce,
        }
    }

    /// Lets it apply in one more phase.
    #[must_use]
    pub fn phase(mut self, phase: Phase) -> Self {
        self.phases.push(phase);
        self
    }

    /// Lets it apply to these tools, too.
    #[must_use]
    pub fn tool(mut self, tool: Glob) -> Self {
        self.tools.push(tool);
        self
    }

    /// What must hold.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.when = condition;
        self
    }

    /// What follows; several actions may.
    #[must_use]
    pub fn then(mut self, action: impl Into<Action>) -> Self {
        self.then.push(action.into());
        self
    }

    /// What is said.
    #[must_use]
    pub fn message(mut self, message: Template) -> Self {
        self.message = Some(message);
        self
    }

    /// Which of several rules speaks.
    #[must_use]
    pub const fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }
}
