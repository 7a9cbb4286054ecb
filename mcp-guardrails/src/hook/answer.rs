//! From a hook's input to its answer.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::{Reason, Verdict};
use crate::event::{Event, FileEdit};
use crate::rule::Effect;
use crate::skill::{Priority, SkillRules, USED};
use crate::state::{Checked, Guard, StoreError};

/// The code by which a hook blocks; what it writes on standard error goes to the model.
const BLOCK: i32 = 2;
/// The code of a hook that failed; it blocks nothing.
const FAILED: i32 = 1;
/// What stands instead of what a rule took out.
pub const MASK: &str = "[redacted]";

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

#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Input {
    session_id: String,
    hook_event_name: String,
    prompt: String,
    tool_name: String,
    tool_input: Value,
    tool_response: Value,
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
        let input: Input = match serde_json::from_str(input) {
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
                let skills = checked.skills();
                let mut stdout = note(&checked);
                if !skills.is_empty() {
                    stdout += &self.suggestion(&skills);
                }
                Ok(refusal(&checked).unwrap_or(Answer { stdout, ..Answer::default() }))
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
                Ok(changed(&checked, &input.tool_input).or_else(|| refusal(&checked)).unwrap_or_default())
            }
            "PostToolUse" => {
                let checked = told(Event::result(&input.tool_name, &input.tool_input, &input.tool_response))?;
                Ok(refusal(&checked).unwrap_or_default())
            }
            "SessionEnd" => told(Event::end()).map(|_| Answer::default()),
            _ => Ok(Answer::default()),
        }
    }

    /// What a tool that writes a file is told.
    fn file(
        &self,
        input: &Input,
        told: &dyn Fn(Event<'_>) -> Result<Checked, StoreError>,
        read: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<Answer>, StoreError> {
        if !["Edit", "MultiEdit", "Write", "NotebookEdit"].contains(&input.tool_name.as_str()) {
            return Ok(None);
        }
        let named =
            ["file_path", "notebook_path"].iter().find_map(|name| input.tool_input.get(name)?.as_str());
        let Some(path) = named else { return Ok(None) };
        let now = read(path);
        let written = input.tool_input.get("content").and_then(Value::as_str);
        let edit = FileEdit { path, content: now.as_deref().or(written), exists: now.is_some() };
        let checked = told(Event::file(edit))?;
        if self.blocks_once && checked.effect() == Effect::Block {
            for skill in checked.skills() {
                self.guard.label(&input.session_id, &format!("{USED}{skill}"))?;
            }
        }
        Ok(refusal(&checked))
    }

    /// The skills by how urgent they are.
    fn suggestion(&self, names: &[&str]) -> String {
        const GROUPS: [(Priority, &str); 4] = [
            (Priority::Critical, "Use these skills before you answer"),
            (Priority::High, "Recommended skills"),
            (Priority::Medium, "Skills that may fit"),
            (Priority::Low, "Optional skills"),
        ];
        let priority = |name: &str| {
            let known = self.skills.iter().flat_map(|skills| &skills.skills).find(|skill| skill.name == name);
            known.map_or(Priority::Medium, |skill| skill.priority)
        };
        let mut out = String::new();
        for (group, title) in GROUPS {
            let members: Vec<&str> = names.iter().copied().filter(|name| priority(name) == group).collect();
            if !members.is_empty() {
                // Writing to a text cannot fail.
                _ = writeln!(out, "{title} (tool `Skill`): {}", members.join(", "));
            }
        }
        out
    }
}

/// What a prompt that goes on is marked with, for the model to read beside it.
fn note(checked: &Checked) -> String {
    match checked.verdict() {
        Verdict::Flag(reason) if !reason.message.is_empty() => format!("{}\n", reason.message),
        _ => String::new(),
    }
}

/// What a rule says, or that it does something where it says nothing.
fn said(reason: &Reason, does: &str) -> String {
    match &*reason.message {
        "" => format!("rule `{}` {does}", reason.rule),
        message => message.to_owned(),
    }
}

/// A call goes on without what a rule takes out of it once the person who asked for it agrees: another call than the model wanted is nobody's choice.
fn changed(checked: &Checked, arguments: &Value) -> Option<Answer> {
    let reason = match checked.verdict() {
        Verdict::Redact(reason) => said(reason, "takes something out of this call"),
        Verdict::RequireApproval(reason) if !checked.redactions().is_empty() => {
            said(reason, "does not allow this")
        }
        _ => return None,
    };
    let mut changed = arguments.clone();
    checked.redact("arguments", &mut changed, MASK);
    Some(Answer::ask_about(&reason, Some(changed)))
}

/// How a verdict that stops something is said; none where it goes on. Of prompts, files and results nothing can be taken out.
fn refusal(checked: &Checked) -> Option<Answer> {
    match checked.verdict() {
        Verdict::Block(reason) => Some(Answer::block(&said(reason, "does not allow this"))),
        Verdict::RequireApproval(reason) => Some(Answer::ask(&said(reason, "does not allow this"))),
        Verdict::Redact(reason) => {
            Some(Answer::block(&said(reason, "takes something out of this, which no hook can")))
        }
        _ => None,
    }
}
