//! Which tools are listed because a caller uses them often.

use std::collections::HashMap;

/// How often a tool must have been called with success.
const OFTEN: f32 = 2.0;
/// What a use counts after another revision.
const FADE: f32 = 0.8;
/// Callers who are remembered.
const CALLERS: usize = 10_000;

/// Uses, and the lists that were published.
#[derive(Debug)]
pub(super) struct Usage {
    most: usize,
    uses: HashMap<String, HashMap<String, f32>>,
    published: HashMap<String, Vec<String>>,
}

impl Usage {
    pub(super) fn new(most: usize) -> Self {
        Self { most, uses: HashMap::new(), published: HashMap::new() }
    }

    pub(super) fn note(&mut self, caller: &str, tool: &str) {
        if self.uses.len() >= CALLERS && !self.uses.contains_key(caller) {
            return;
        }
        let uses = self.uses.entry(caller.to_owned()).or_default();
        *uses.entry(tool.to_owned()).or_default() += 1.0;
    }

    /// The list that was published last, by name.
    pub(super) fn shown(&self, caller: &str) -> Vec<String> {
        self.published.get(caller).cloned().unwrap_or_default()
    }

    /// Makes the next revision of all lists; whether one differs.
    pub(super) fn publish(&mut self) -> bool {
        let mut next = HashMap::new();
        for (caller, uses) in &self.uses {
            let mut often: Vec<(&String, f32)> = uses
                .iter()
                .filter(|(_, count)| **count >= OFTEN)
                .map(|(tool, count)| (tool, *count))
                .collect();
            often.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
            let mut names: Vec<String> =
                often.into_iter().take(self.most).map(|(tool, _)| tool.clone()).collect();
            names.sort();
            if !names.is_empty() {
                next.insert(caller.clone(), names);
            }
        }
        for uses in self.uses.values_mut() {
            uses.values_mut().for_each(|count| *count *= FADE);
            uses.retain(|_, count| *count >= 0.1);
        }
        self.uses.retain(|_, uses| !uses.is_empty());
        let changed = next != self.published;
        self.published = next;
        changed
    }
}
