//! What follows from a rule, and chains of actions by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a rule does to what happens, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing; where the default is to block, it lets through.
    Allow,
    /// A skill is suggested.
    Suggest,
    /// It is marked in the audit.
    Flag,
    /// What the condition found is taken out.
    Redact,
    /// Somebody has to approve it first.
    RequireApproval,
    /// It does not happen.
    Block,
}

impl Effect {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("allow", Self::Allow),
        ("suggest", Self::Suggest),
        ("flag", Self::Flag),
        ("redact", Self::Redact),
        ("require_approval", Self::RequireApproval),
        ("block", Self::Block),
    ];

    /// What rule files call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, effect)| *effect == self).map_or("", |(name, _)| name)
    }
}

/// One thing that follows from a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// An effect on what happens.
    Effect(Effect),
    /// A skill is suggested.
    Suggest(String),
    /// The session gets a label.
    Label(String),
    /// The session loses a label.
    Unlabel(String),
    /// What stands under a name follows.
    Run(String),
}

impl From<Effect> for Action {
    fn from(effect: Effect) -> Self {
        Self::Effect(effect)
    }
}

/// Actions by name.
pub type Actions = BTreeMap<String, Vec<Action>>;

/// What rules and chains come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) effect: Option<Effect>,
    pub(crate) skills: Vec<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) unlabels: Vec<String>,
}

/// Why a chain cannot be followed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    Unknown(String),
    Cycle(Vec<String>),
}

impl Outcome {
    /// Follows actions and the chains that they name. Each chain counts once.
    pub(crate) fn of(actions: &[Action], chains: &Actions) -> Result<Self, Broken> {
        let mut outcome = Self::default();
        outcome.follow(actions, chains, &mut Vec::new(), &mut Vec::new())?;
        Ok(outcome)
    }

    fn follow(
        &mut self,
        actions: &[Action],
        chains: &Actions,
        open: &mut Vec<String>,
        done: &mut Vec<String>,
    ) -> Result<(), Broken> {
        for action in actions {
            match action {
                Action::Effect(effect) => self.effect = self.effect.max(Some(*effect)),
                Action::Suggest(skill) => {
                    self.effect = self.effect.max(Some(Effect::Suggest));
                    self.skills.push(skill.clone());
                }
                Action::Label(label) => self.labels.push(label.clone()),
                Action::Unlabel(label) => self.unlabels.push(label.clone()),
                Action::Run(name) => {
                    if let Some(from) = open.iter().position(|other| other == name) {
                        let mut circle: Vec<String> = open.iter().skip(from).cloned().collect();
                        circle.push(name.clone());
                        return Err(Broken::Cycle(circle));
                    }
                    if done.contains(name) {
                        continue;
                    }
                    let next = chains.get(name).ok_or_else(|| Broken::Unknown(name.clone()))?;
                    open.push(name.clone());
                    self.follow(next, chains, open, done)?;
                    open.pop();
                    done.push(name.clone());
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_followed_once_and_circles_are_named() {
        let run = |name: &str| Action::Run(name.into());
        let chains = Actions::from([
            ("a".into(), vec![run("b"), run("c"), Effect::Flag.into()]),
            ("b".into(), vec![run("c")]),
            ("c".into(), vec![Action::Label("x".into()), Effect::Block.into()]),
            ("d".into(), vec![run("e")]),
            ("e".into(), vec![run("d")]),
        ]);
        let outcome = Outcome::of(&[run("a")], &chains).unwrap();
        assert_eq!((outcome.effect, outcome.labels), (Some(Effect::Block), vec!["x".to_owned()]));
        assert_eq!(
            Outcome::of(&[run("d")], &chains),
            Err(Broken::Cycle(vec!["d".into(), "e".into(), "d".into()]))
        );
        assert_eq!(Outcome::of(&[run("f")], &chains), Err(Broken::Unknown("f".into())));
    }

    #[test]
    fn effects_are_written_as_rule_files_call_them() {
        for (name, effect) in Effect::ALL {
            assert_eq!(serde_json::to_value(effect).unwrap(), name);
            assert_eq!(serde_json::from_value::<Effect>(name.into()).unwrap(), effect);
        }
    }
}
