//! What is read again while services run.

use mcp_guardrails::layer::Guardrails;

use super::{Config, Patterns, StackError};

/// What of some services can be read again. Clones are the same services.
#[derive(Debug, Clone, Default)]
pub struct Changing {
    pub(super) guardrails: Option<Guardrails>,
    pub(super) patterns: Option<Patterns>,
}

impl Changing {
    /// Reads the rules again, and takes them if all of them pass their tests; those that were added while it ran stay beside them. How many there are;
    /// none where no guardrails are served.
    ///
    /// # Errors
    /// They cannot be read or fail a test, or one of them has the id of one that was added. Then the old ones stay.
    pub fn reload_rules(&self, config: &Config) -> Result<Option<usize>, StackError> {
        let Some(guardrails) = &self.guardrails else { return Ok(None) };
        guardrails.engine().reload(config.rule_set()?)?;
        Ok(Some(guardrails.engine().rules().len()))
    }

    /// Reads the skills again. A folder that was not there when the stack began is served, and recommended from the next start on. How many entries there
    /// are; none where no patterns are served.
    ///
    /// # Errors
    /// One cannot be served. Then the old ones stay.
    pub fn reload_skills(&self, config: &Config) -> Result<Option<usize>, StackError> {
        let Some(patterns) = &self.patterns else { return Ok(None) };
        patterns.skills.replace(config.skill_set(), &patterns.server)?;
        Ok(Some(patterns.catalog.reload().entries))
    }
}
