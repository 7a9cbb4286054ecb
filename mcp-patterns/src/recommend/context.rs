//! What is known besides the task: what it says of entries at once, and as features to learn from.

use super::{Context, Request};
use crate::Entry;
use crate::catalog::Snapshot;
use crate::text::number;

/// What each is worth, in log-odds.
const TRIGGER: f32 = 2.5;
const EXTENSION: f32 = 0.8;
const TOOL: f32 = 0.5;
const TAG: f32 = 0.8;

/// Adds what the context and the expressions of entries say to the scores of entries. Returns the places of those that are triggered.
pub(super) fn add(request: &Request<'_>, snapshot: &Snapshot, scores: &mut [f32]) -> Vec<u32> {
    let mut triggered = snapshot.intents.meant(request.task);
    let context = &request.context;
    if *context != Context::default() {
        let extensions: Vec<&str> = context.files.iter().filter_map(|path| extension(path)).collect();
        for (place, (score, entry)) in scores.iter_mut().zip(&snapshot.entries).enumerate() {
            *score += of(context, &extensions, entry);
            let named = |name: &String| *name == entry.id || name.eq_ignore_ascii_case(&entry.name);
            if context.triggers.iter().any(named) {
                triggered.push(place as u32);
            }
        }
        triggered.sort_unstable();
        triggered.dedup();
    }
    for place in &triggered {
        if let Some(score) = scores.get_mut(*place as usize) {
            *score += TRIGGER;
        }
    }
    triggered
}

fn of(context: &Context, extensions: &[&str], entry: &Entry) -> f32 {
    let same = |list: &[String], name: &str| list.iter().any(|known| known.eq_ignore_ascii_case(name));
    let mut score = 0.0;
    if extensions.iter().any(|extension| same(&entry.triggers.extensions, extension)) {
        score += EXTENSION;
    }
    if context.tools.iter().any(|tool| same(&entry.allowed_tools, tool)) {
        score += TOOL;
    }
    if context.tags.iter().any(|tag| same(&entry.tags, tag)) {
        score += TAG;
    }
    score
}

/// The context as features.
pub(super) fn features(context: &Context) -> Vec<u64> {
    let mut features: Vec<u64> = Vec::new();
    let mut put = |kind: &str, name: &str| features.push(number(&format!("{kind}:{}", name.to_lowercase())));
    context.files.iter().filter_map(|path| extension(path)).for_each(|name| put("file", name));
    context.tools.iter().for_each(|name| put("tool", name));
    context.tags.iter().for_each(|name| put("tag", name));
    context.recent.iter().for_each(|name| put("recent", name));
    context.triggers.iter().for_each(|name| put("trigger", name));
    features.sort_unstable();
    features.dedup();
    features
}

fn extension(path: &str) -> Option<&str> {
    let name = path.rsplit(['/', '\\']).next()?;
    name.rsplit_once('.').map(|(_, extension)| extension).filter(|extension| !extension.is_empty())
}
