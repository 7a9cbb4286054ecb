//! The host's side: skills of servers that nobody has to trust.
//!
//! Nothing is fetched before it is needed. What is fetched is compared with what the server declared and a person approved: digest,
//! size, and each member of the frontmatter. While a skill is in use only its listed files are read, and only from its own server.

mod check;
mod error;
mod fetch;
mod loaded;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use mcp_core::Client;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::ID;
use super::entry::{Manifest, SkillEntry};
use crate::skill::Limits;
pub use error::{HostError, Verification};
pub use loaded::Loaded;

/// Which skill: the host's own label of its server, and its URI there. Neither alone tells it from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SkillId {
    /// What the host calls the server.
    pub server: String,
    /// The URI of its `SKILL.md`.
    pub uri: String,
}

impl fmt::Display for SkillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.uri, self.server)
    }
}

/// What a person allows a skill beyond being read by the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Grant {
    /// The tools of its `allowed-tools` are used without asking.
    pub allowed_tools: bool,
    /// Programs run while the model acts on it: its scripts, and commands that it names.
    pub execution: bool,
}

/// What a person approved, bound to the content that it had then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Which skill.
    pub id: SkillId,
    /// All of its files and its frontmatter, in one number.
    pub fingerprint: String,
    /// What beyond being read.
    #[serde(default)]
    pub grant: Grant,
}

/// What the host accepts.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Settings {
    /// Skills are loaded only after a person approved them (default). Without it, the model may read any of them; nothing more is
    /// granted by that.
    pub approval: bool,
    /// Skills whose files cannot be verified are loaded, each time after a new approval (default: never).
    pub dynamic: bool,
    /// How much one skill may hold: 512 files and 16 MiB.
    pub limits: Limits,
    /// Pages of one server's list (default 1,000).
    pub pages: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { approval: true, dynamic: false, limits: Limits::default(), pages: 1_000 }
    }
}

/// A skill as it is shown to a person or a model.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Which one.
    pub id: SkillId,
    /// A name that no other skill has: the server's label and the path of the skill there.
    pub qualified: String,
    /// The name that it has itself; others may have it, too.
    pub name: String,
    /// What it does, in the words of its server.
    pub description: String,
    /// Whether another skill of any origin has the same name.
    pub collides: bool,
    /// Whether it may be loaded as it is now.
    pub approved: bool,
}

/// A skill that is not loaded, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its URI, as far as there is one.
    pub uri: String,
    /// Why.
    pub problem: String,
}

/// What a server offers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Listing {
    /// Its skills.
    pub skills: Vec<Summary>,
    /// Entries that no host loads.
    pub refused: Vec<Refused>,
    /// Skills whose approval ended, since they are not what was approved.
    pub revoked: Vec<SkillId>,
}

/// A skill in use: the entry that it was loaded with, and what was read.
struct Acting {
    entry: Arc<SkillEntry>,
    read: HashMap<String, bytes::Bytes>,
    total: u64,
}

#[derive(Default)]
struct State {
    clients: BTreeMap<String, Client>,
    entries: BTreeMap<SkillId, Arc<SkillEntry>>,
    approvals: HashMap<SkillId, Approval>,
    /// Good for one load: what cannot be verified cannot be approved for longer.
    once: HashMap<SkillId, Grant>,
    acting: HashMap<SkillId, Acting>,
    local: std::collections::BTreeSet<String>,
}

/// Loads skills of connected servers.
#[derive(Default)]
pub struct SkillHost {
    settings: Settings,
    state: Mutex<State>,
}

impl SkillHost {
    /// A host that asks a person for everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A host with other settings.
    #[must_use]
    pub fn with_settings(settings: Settings) -> Self {
        Self { settings, state: Mutex::default() }
    }

    /// Names of skills in the host's own files: no skill of a server takes their place.
    pub fn reserve(&self, names: impl IntoIterator<Item = String>) {
        self.state.lock().local.extend(names);
    }

    /// Knows a server under the host's own label, never under what it calls itself. Nothing is fetched.
    ///
    /// # Errors
    /// The label is taken, or holds a character that would not be seen.
    pub fn connect(&self, label: impl Into<String>, client: Client) -> Result<(), HostError> {
        let label = label.into();
        if label.is_empty() || label.contains(['`', ':', '\n']) || label.chars().any(char::is_control) {
            return Err(HostError::Label { label });
        }
        let mut state = self.state.lock();
        if state.clients.contains_key(&label) {
            return Err(HostError::Label { label });
        }
        state.clients.insert(label, client);
        Ok(())
    }

    /// Forgets a server, its skills and their approvals.
    pub fn disconnect(&self, label: &str) {
        let mut state = self.state.lock();
        state.clients.remove(label);
        state.entries.retain(|id, _| id.server != label);
        state.approvals.retain(|id, _| id.server != label);
        state.once.retain(|id, _| id.server != label);
        state.acting.retain(|id, _| id.server != label);
    }

    /// All known skills.
    #[must_use]
    pub fn skills(&self) -> Vec<Summary> {
        let state = self.state.lock();
        state.entries.keys().filter_map(|id| state.summary(id, self.settings)).collect()
    }

    /// The skill of a name, qualified or not.
    ///
    /// # Errors
    /// There is none, or several: none of them is preferred.
    pub fn resolve(&self, name: &str) -> Result<SkillId, HostError> {
        let skills = self.skills();
        if let Some(skill) = skills.iter().find(|skill| skill.qualified == name) {
            return Ok(skill.id.clone());
        }
        let named: Vec<&Summary> = skills.iter().filter(|skill| skill.name == name).collect();
        let local = self.state.lock().local.contains(name);
        match named.as_slice() {
            [] => Err(HostError::Unknown { skill: name.to_owned() }),
            [skill] if !local => Ok(skill.id.clone()),
            several => Err(HostError::Ambiguous {
                name: name.to_owned(),
                among: several.iter().map(|skill| skill.qualified.clone()).collect(),
                local,
            }),
        }
    }

    /// What a server declared of a skill: for a person who is to approve it.
    #[must_use]
    pub fn entry(&self, id: &SkillId) -> Option<Arc<SkillEntry>> {
        self.state.lock().entries.get(id).cloned()
    }

    /// A person approved a skill as its entry is now.
    ///
    /// # Errors
    /// It is not known, or is never loaded here.
    pub fn approve(&self, id: &SkillId, grant: Grant) -> Result<(), HostError> {
        let mut state = self.state.lock();
        let entry = state.entries.get(id).ok_or_else(|| HostError::unknown(id))?;
        match entry.fingerprint() {
            Some(fingerprint) => {
                let approval = Approval { id: id.clone(), fingerprint, grant };
                state.approvals.insert(id.clone(), approval);
            }
            None if self.settings.dynamic => _ = state.once.insert(id.clone(), grant),
            None => return Err(HostError::Dynamic { id: id.clone() }),
        }
        Ok(())
    }

    /// Takes an approval back. The skill is not in use any more.
    pub fn revoke(&self, id: &SkillId) {
        let mut state = self.state.lock();
        state.approvals.remove(id);
        state.once.remove(id);
        state.acting.remove(id);
    }

    /// The approvals, to be kept.
    #[must_use]
    pub fn approvals(&self) -> Vec<Approval> {
        let mut all: Vec<Approval> = self.state.lock().approvals.values().cloned().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// Approvals that were kept. They count only for the content that they were given for.
    pub fn restore(&self, approvals: impl IntoIterator<Item = Approval>) {
        let mut state = self.state.lock();
        for approval in approvals {
            state.approvals.insert(approval.id.clone(), approval);
        }
    }

    /// Ends the use of a skill, when its text has left the model's context.
    pub fn unload(&self, id: &SkillId) {
        self.state.lock().acting.remove(id);
    }

    /// Whether programs may run on behalf of the skills that are in use: each of them must be allowed to.
    #[must_use]
    pub fn may_execute(&self) -> bool {
        let state = self.state.lock();
        state.acting.keys().all(|id| state.grant(id).is_some_and(|grant| grant.execution))
    }
}

impl State {
    /// What was approved of a skill as it is now.
    fn grant(&self, id: &SkillId) -> Option<Grant> {
        if let Some(grant) = self.once.get(id) {
            return Some(*grant);
        }
        let approval = self.approvals.get(id)?;
        let fingerprint = self.entries.get(id)?.fingerprint()?;
        (approval.fingerprint == fingerprint).then_some(approval.grant)
    }

    fn summary(&self, id: &SkillId, settings: Settings) -> Option<Summary> {
        let entry = self.entries.get(id)?;
        let name = entry.name();
        let same = self.entries.iter().any(|(other, entry)| other != id && entry.name() == name);
        let path = entry
            .root()
            .split_once("://")
            .map_or(entry.root(), |(scheme, path)| if scheme == "skill" { path } else { entry.root() });
        let loadable = settings.dynamic || entry.resources != Manifest::Dynamic;
        Some(Summary {
            id: id.clone(),
            qualified: format!("{}:{path}", id.server),
            name: name.to_owned(),
            description: entry.description().to_owned(),
            collides: same || self.local.contains(name),
            approved: loadable && (!settings.approval || self.grant(id).is_some()),
        })
    }

    /// Takes over a fresh entry. Whether an approval ended.
    fn take(&mut self, id: &SkillId, entry: SkillEntry) -> bool {
        let fresh = entry.fingerprint();
        let ended =
            self.approvals.get(id).is_some_and(|approval| Some(&approval.fingerprint) != fresh.as_ref());
        if ended {
            self.approvals.remove(id);
        }
        if self.acting.get(id).is_some_and(|acting| acting.entry.as_ref() != &entry) {
            self.acting.remove(id);
        }
        self.entries.insert(id.clone(), Arc::new(entry));
        ended
    }
}

impl fmt::Debug for SkillHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SkillHost").field("settings", &self.settings).finish_non_exhaustive()
    }
}
