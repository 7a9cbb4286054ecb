//! From a hook's input to its answer.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Input;
use crate::engine::{Decision, MASK, Place};
use crate::event::Event;
use crate::rule::Effect;
use crate::skill::{Priority, SkillRules, USED};
use crate::state::{Checked, Guard, StoreError};

/// The code by which a hook blocks; what it writes on standard error goes to the model.
const BLOCK: i32 = 2;
/// The code of a hook that failed; it blocks nothing.
const FAILED: i32 = 1;

/// What a hook process writes and how it exits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// The exit code.
    pub code: i32,
}

/// What rules decided about what a hook tells of.
#[derive(Debug, Clone)]
pub struct Ruling<'a> {
    /// What is to happen.
    pub effect: Effect,
    /// The rule that says so.
    pub rule: &'a str,
    /// What it says.
    pub message: &'a str,
    /// What is to be taken out.
    pub redactions: &'a [Place],
    /// What is suggested, and how urgent that is.
    pub skills: Vec<(&'a str, Priority)>,
}

impl<'a> Ruling<'a> {
    fn new(decision: &'a Decision, skills: Option<&SkillRules>) -> Self {
        let reason = decision.verdict().reason();
        let priority = |name: &str| {
            let known = skills.iter().flat_map(|skills| &skills.skills).find(|skill| skill.name == name);
            known.map_or(Priority::Medium, |skill| skill.priority)
        };
        Self {
            effect: decision.effect(),
            rule: reason.map_or("", |reason| &reason.rule),
            message: reason.map_or("", |reason| &reason.message),
            redactions: decision.redactions(),
            skills: decision.skills().into_iter().map(|name| (name, priority(name))).collect(),
        }
    }

    /// What the rule says, or that it does something where it says nothing.
    fn because(&self, does: &str) -> String {
        match self.message {
            "" => format!("rule `{}` {does}", self.rule),
            message => message.to_owned(),
        }
    }

    /// What the model reads beside a prompt that goes on.
    fn beside(&self) -> String {
        const GROUPS: [(Priority, &str); 4] = [
            (Priority::Critical, "Use these skills before you answer"),
            (Priority::High, "Recommended skills"),
            (Priority::Medium, "Skills that may fit"),
            (Priority::Low, "Optional skills"),
        ];
        let mut out = String::new();
        if self.effect == Effect::Flag && !self.message.is_empty() {
            out = format!("{}\n", self.message);
        }
        for (group, title) in GROUPS {
            let members = self.skills.iter().filter(|(_, priority)| *priority == group);
            let members: Vec<&str> = members.map(|(name, _)| *name).collect();
            if !members.is_empty() {
                // Writing to a text cannot fail.
                _ = writeln!(out, "{title} (tool `Skill`): {}", members.join(", "));
            }
        }
        out
    }
}

impl Answer {
    /// What was to be done is not done; the model reads why.
    #[must_use]
    pub fn block(reason: &str) -> Self {
        Self { stderr: format!("{reason}\n"), code: BLOCK, ..Self::default() }
    }

    /// The person is asked whether the tool may be called.
    #[must_use]
    pub fn ask(reason: &str) -> Self {
        Self::ask_about(reason, None)
    }

    /// The same, with other arguments for the tool: the person is shown those.
    #[must_use]
    pub fn ask_about(reason: &str, arguments: Option<Value>) -> Self {
        let mut decision = json!({ "hookEventName": "PreToolUse", "permissionDecision": "ask", "permissionDecisionReason": reason });
        if let Some((members, arguments)) = decision.as_object_mut().zip(arguments) {
            members.insert("updatedInput".to_owned(), arguments);
        }
        Self { stdout: format!("{}\n", json!({ "hookSpecificOutput": decision })), ..Self::default() }
    }

    /// How a hook says what rules decided; none where it goes on without a word.
    ///
    /// Claude Code asks a person about calls alone, and of these alone something can be taken out. That is asked about, never done in silence: another call than the model
    /// wanted is nobody's choice. What needs approval and cannot be asked about, and what something should be taken out of that cannot be, is blocked.
    #[must_use]
    pub fn of(ruling: &Ruling<'_>, input: &Input) -> Option<Self> {
        const REFUSES: &str = "does not allow this";
        let is_call = input.hook_event_name == "PreToolUse";
        match ruling.effect {
            Effect::Block => Some(Self::block(&ruling.because(REFUSES))),
            Effect::RequireApproval if !is_call => {
                Some(Self::block(&ruling.because("wants this approved, which no hook can")))
            }
            Effect::RequireApproval if ruling.redactions.is_empty() => {
                Some(Self::ask(&ruling.because(REFUSES)))
            }
            Effect::RequireApproval | Effect::Redact => {
                let mut arguments = input.tool_input.clone();
                let out = is_call
                    && !ruling.redactions.is_empty()
                    && Place::redact(ruling.redactions, "arguments", &mut arguments, MASK);
                Some(match (out, ruling.effect) {
                    (false, _) => {
                        Self::block(&ruling.because("takes something out of this, which no hook can"))
                    }
                    (true, Effect::Redact) => {
                        Self::ask_about(&ruling.because("takes something out of this call"), Some(arguments))
                    }
                    (true, _) => Self::ask_about(&ruling.because(REFUSES), Some(arguments)),
                })
            }
            Effect::Allow | Effect::Suggest | Effect::Flag => {
                let stdout =
                    if input.hook_event_name == "UserPromptSubmit" { ruling.beside() } else { String::new() };
                (!stdout.is_empty()).then(|| Self { stdout, ..Self::default() })
            }
        }
    }
}

/// Answers hooks.
#[derive(Debug, Clone)]
pub struct Hook {
    guard: Guard,
    skills: Option<SkillRules>,
    environment: String,
    variables: Vec<(String, String)>,
    blocks_once: bool,
}

impl Hook {
    /// Answers by what a guard says.
    #[must_use]
    pub const fn new(guard: Guard) -> Self {
        Self { guard, skills: None, environment: String::new(), variables: Vec::new(), blocks_once: false }
    }

    /// Groups suggested skills by the priorities of their file.
    #[must_use]
    pub fn skills(mut self, skills: SkillRules) -> Self {
        self.skills = Some(skills);
        self
    }

    /// Says where it runs.
    #[must_use]
    pub fn environment(mut self, environment: impl Into<String>) -> Self {
        self.environment = environment.into();
        self
    }

    /// Gives a variable that rules may ask for, such as a skill's switch.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Takes a skill for used once it has blocked, as the original hook has it: the second try goes through. Otherwise a skill is used when
    /// the model calls the tool `Skill` for it.
    #[must_use]
    pub const fn blocks_once(mut self) -> Self {
        self.blocks_once = true;
        self
    }

    /// Answers one hook. `time` is in milliseconds since 1970; `read` gives what a file holds now.
    #[must_use]
    pub fn answer(&self, input: &str, time: u64, read: &dyn Fn(&str) -> Option<String>) -> Answer {
        let input = match Input::parse(input) {
            Ok(input) => input,
            Err(error) => {
                return Answer {
                    stderr: format!("the hook's input is no JSON it knows: {error}\n"),
                    code: FAILED,
                    ..Answer::default()
                };
            }
        };
        match self.decide(&input, time, read) {
            Ok(answer) => answer,
            // What happened before is not known, so nobody knows whether this is safe.
            Err(error) => Answer::block(&error.to_string()),
        }
    }

    fn decide(
        &self,
        input: &Input,
        time: u64,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Answer, StoreError> {
        let variables: Vec<(&str, &str)> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let told = |event: Event<'_>| {
            self.guard.check(
                &event
                    .session(&input.session_id)
                    .environment(&self.environment)
                    .variables(&variables)
                    .at(time),
            )
        };
        match input.hook_event_name.as_str() {
            "UserPromptSubmit" => {
                let checked = told(Event::prompt(&input.prompt))?;
                Ok(self.said(&checked, input).unwrap_or_default())
            }
            "PreToolUse" => {
                if let Some(refused) = self.file(input, &told, read)? {
                    return Ok(refused);
                }
                let checked = told(Event::call(&input.tool_name, &input.tool_input))?;
                if input.tool_name == "Skill" && !checked.is_blocked() {
                    let names = ["skill", "command", "name"]
                        .iter()
                        .filter_map(|name| input.tool_input.get(name)?.as_str());
                    for name in names {
                        self.guard.label(&input.session_id, &format!("{USED}{name}"))?;
                    }
                }
                Ok(self.said(&checked, input).unwrap_or_default())
            }
            "PostToolUse" => {
                let checked = told(Event::result(&input.tool_name, &input.tool_input, &input.tool_response))?;
                Ok(self.said(&checked, input).unwrap_or_default())
            }
            "SessionEnd" => told(Event::end()).map(|_| Answer::default()),
            _ => Ok(Answer::default()),
        }
    }

    fn said(&self, decision: &Decision, input: &Input) -> Option<Answer> {
        Answer::of(&Ruling::new(decision, self.skills.as_ref()), input)
    }

    /// What a tool that writes a file is told.
    fn file(
        &self,
        input: &Input,
        told: &dyn Fn(Event<'_>) -> Result<Checked, StoreError>,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Answer>, StoreError> {
        let Some(written) = input.file(read) else { return Ok(None) };
        let checked = told(Event::file(written.as_edit()))?;
        if self.blocks_once && checked.effect() == Effect::Block {
            for skill in checked.skills() {
                self.guard.label(&input.session_id, &format!("{USED}{skill}"))?;
            }
        }
        Ok(self.said(&checked, input))
    }
}
