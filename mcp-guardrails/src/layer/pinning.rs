//! Tools that are not as they were approved.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::pin::{Change, Like, Pinned, Pins};

/// What happens to tools that are not as they were approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PinMode {
    /// Nothing.
    #[default]
    Off,
    /// Observers hear of them, and rules know them by a label: `tool-new`, `tool-changed`, `tool-renamed`, `tool-shadowed`.
    Warn,
    /// They are in no list and are not called until [`approve_tool`](super::Guardrails::approve_tool). What was never listed is not known, and
    /// is not called either.
    Quarantine,
}

/// A tool that is not as it was approved.
#[derive(Debug, Clone, PartialEq)]
pub struct Unpinned {
    /// Its name.
    pub tool: String,
    /// What of it changed; nothing where it is new.
    pub changes: Vec<Change>,
    /// Approved tools that a new one may be mistaken for.
    pub like: Vec<Like>,
}

#[derive(Clone)]
pub(super) struct PinState {
    pub(super) pins: Pins,
    /// Each tool as it was last listed: whether it is the approved one, or what is to be approved.
    listed: BTreeMap<String, Option<(Value, Unpinned)>>,
}

impl PinState {
    pub(super) const fn new(pins: Pins) -> Self {
        Self { pins, listed: BTreeMap::new() }
    }

    /// Compares a definition with the approved one; its label if it is another.
    pub(super) fn check(&mut self, server: &str, tool: &str, definition: &Value) -> Option<&'static str> {
        let pinned = self.pins.check(server, tool, definition);
        let label = pinned.label();
        let (changes, like) = match pinned {
            Pinned::Same => (Vec::new(), Vec::new()),
            Pinned::Changed(changes) => (changes, Vec::new()),
            Pinned::New { like } => (Vec::new(), like),
        };
        let entry = label.map(|_| (definition.clone(), Unpinned { tool: tool.to_owned(), changes, like }));
        self.listed.insert(tool.to_owned(), entry);
        label
    }

    /// Whether a tool is known to be as it was approved.
    pub(super) fn permits(&self, tool: &str) -> bool {
        matches!(self.listed.get(tool), Some(None))
    }

    pub(super) fn unpinned(&self) -> Vec<Unpinned> {
        self.listed.values().flatten().map(|(_, unpinned)| unpinned.clone()).collect()
    }

    pub(super) fn approve(&mut self, server: &str, tool: &str) -> bool {
        let Some((definition, _)) = self.listed.get_mut(tool).and_then(Option::take) else { return false };
        self.pins.approve(server, tool, &definition);
        true
    }
}
