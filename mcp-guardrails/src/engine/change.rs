//! Other rules while the engine runs.

use std::mem;
use std::sync::Arc;

use super::{Engine, Live, prepared};
use crate::parse::{RuleError, RuleSet};
use crate::rule::Rule;

/// A rule that was added while the engine ran.
#[derive(Debug, Clone)]
pub(super) struct Added {
    id: String,
    /// What the rule says that it stands for, where there was one of its id.
    over: Option<String>,
}

/// INVARIANT: rules that say the same read the same.
fn print(rule: &Rule) -> String {
    format!("{rule:?}")
}

impl Engine {
    /// Puts other rules in force, once they have passed their tests, and keeps none that were added before. Those in force stay if these
    /// cannot be used.
    ///
    /// # Errors
    /// The rules cannot be used, or one of their tests fails.
    pub fn replace(&self, rules: RuleSet) -> Result<(), RuleError> {
        let _guard = self.changing.lock();
        self.put(rules, Vec::new())
    }

    /// Puts rules in force that were read again, and keeps those that were [added](Self::add) since the engine was built: new ones, and
    /// those that stand for one of the read rules as long as that has not changed. What was [removed](Self::remove) is back. Those in force
    /// stay if these cannot be used.
    ///
    /// # Errors
    /// The rules cannot be used, or one of their tests fails; or one of them has the id of an added rule that does not stand for it.
    pub fn reload(&self, mut rules: RuleSet) -> Result<(), RuleError> {
        let _guard = self.changing.lock();
        let live = self.live.load();
        let mut all = Vec::new();
        for Added { id, over } in &live.added {
            let Some(rule) = live.source.rules.iter().find(|rule| rule.id == *id) else { continue };
            rules.forget_text();
            let over = match rules.rules.iter_mut().find(|read| read.id == *id) {
                None => {
                    rules.rules.push(rule.clone());
                    None
                }
                Some(read) if over.as_ref() == Some(&print(read)) => {
                    *read = rule.clone();
                    over.clone()
                }
                Some(_) => return Err(RuleError::Added { id: id.clone(), stands_for: over.is_some() }),
            };
            all.push(Added { id: id.clone(), over });
        }
        self.put(rules, all)
    }

    fn put(&self, rules: RuleSet, added: Vec<Added>) -> Result<(), RuleError> {
        let set = prepared(&rules, &self.detectors)?;
        self.live.store(Arc::new(Live { source: rules, added, set }));
        Ok(())
    }

    /// Adds a rule, or replaces the one with its id. It stays when rules are [read again](Self::reload).
    ///
    /// # Errors
    /// The rule cannot be used, or a test of the rules fails with it.
    pub fn add(&self, rule: Rule) -> Result<(), RuleError> {
        let _guard = self.changing.lock();
        let (mut rules, mut added) = self.source();
        let (id, mut over) = (rule.id.clone(), None);
        match rules.rules.iter_mut().find(|known| known.id == id) {
            Some(known) => over = Some(print(&mem::replace(known, rule))),
            None => rules.rules.push(rule),
        }
        if !added.iter().any(|known| known.id == id) {
            added.push(Added { id, over });
        }
        self.put(rules, added)
    }

    /// Removes a rule; tells whether there was one. One that was read from a file is back when that is [read again](Self::reload).
    ///
    /// # Errors
    /// A test of the rules fails without it.
    pub fn remove(&self, id: &str) -> Result<bool, RuleError> {
        let _guard = self.changing.lock();
        let (mut rules, mut added) = self.source();
        let before = rules.rules.len();
        rules.rules.retain(|rule| rule.id != id);
        let removed = rules.rules.len() < before;
        if removed {
            added.retain(|known| known.id != id);
            self.put(rules, added)?;
        }
        Ok(removed)
    }

    /// The rules in force, to be changed.
    fn source(&self) -> (RuleSet, Vec<Added>) {
        let live = self.live.load();
        let mut rules = live.source.clone();
        rules.forget_text();
        (rules, live.added.clone())
    }
}
