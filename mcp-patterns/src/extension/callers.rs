//! Who is served which skill.

use std::fmt;
use std::sync::Arc;

use mcp_core::server::{ComponentKind, ServerBuilder};
use mcp_core::service::Request;

use super::entry::SkillEntry;
use super::serve::Skills;
use super::set::SkillSet;
use crate::skill::SKILL_MD;

type May = dyn Fn(&Request, &SkillEntry) -> bool + Send + Sync;

/// Says whether the caller of a request may read a skill.
#[derive(Clone)]
pub(super) struct Rule(Arc<May>);

impl Rule {
    pub(super) fn new(rule: impl Fn(&Request, &SkillEntry) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(rule))
    }

    pub(super) fn allows(&self, request: &Request, entry: &SkillEntry) -> bool {
        (self.0)(request, entry)
    }

    /// A file, or all of a directory: whoever may read one of the skills that it belongs to.
    fn belongs(&self, request: &Request, set: &SkillSet, uri: &str) -> bool {
        let mut directory = Some(uri);
        while let Some(of) = directory {
            if set.entries.get(&format!("{of}/{SKILL_MD}")).is_some_and(|entry| self.allows(request, entry)) {
                return true;
            }
            directory = of.rsplit_once('/').map(|(parent, _)| parent);
        }
        false
    }

    /// A file, or a directory that something may be read in.
    pub(super) fn shows(&self, request: &Request, set: &SkillSet, uri: &str) -> bool {
        let below = || {
            let inside = format!("{uri}/");
            let mut entries =
                set.entries.range(inside.clone()..).take_while(|(uri, _)| uri.starts_with(&inside));
            entries.any(|(_, entry)| self.allows(request, entry))
        };
        self.belongs(request, set, uri) || set.directories.contains_key(uri) && below()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rule")
    }
}

impl Skills {
    /// Whether a caller may read what is served at a URI; what is not served here is nobody's secret.
    fn shows(&self, rule: &Rule, request: &Request, uri: &str) -> bool {
        let set = self.set();
        let served = set.files.contains_key(uri) || set.directories.contains_key(uri);
        !served || rule.shows(request, &set, uri)
    }

    /// Hides the resources of skills that a caller may not read.
    pub(super) fn hide(&self, builder: ServerBuilder) -> ServerBuilder {
        let Some(rule) = self.rule.clone() else { return builder };
        let skills = self.clone();
        builder.visibility(move |request, shown| {
            shown.kind != ComponentKind::Resource || skills.shows(&rule, request, shown.name)
        })
    }
}
