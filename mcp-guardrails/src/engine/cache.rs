//! Decisions that are known already. The key is what deciding would look at, and nothing else of the event.

use std::sync::Arc;

use quick_cache::sync::Cache as Map;

use super::compiled::Compiled;
use super::decision::Decision;
use super::index::Reads;
use crate::event::Event;
use crate::rule::Node;

/// Larger keys cost more than deciding.
const LONGEST: usize = 4096;

pub(crate) struct Cache(Option<Map<Box<[u8]>, Arc<Decision>>>);

impl Cache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self((capacity > 0).then(|| Map::new(capacity)))
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Arc<Decision>> {
        self.0.as_ref()?.get(key)
    }

    pub(crate) fn put(&self, key: Vec<u8>, decision: &Arc<Decision>) {
        if let Some(map) = &self.0 {
            map.insert(key.into(), Arc::clone(decision));
        }
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.0.is_some()
    }
}

/// The key of an event; none if deciding looks at more than the event, or at too much of it.
pub(crate) fn key(set: &Compiled, event: &Event<'_>) -> Option<Vec<u8>> {
    let (first, _, any) = set.index.candidates(event.phase, event.tool)?;
    if first.reads.moment || any.reads.moment {
        return None;
    }
    let mut key = Vec::with_capacity(256);
    key.extend_from_slice(&set.version.to_le_bytes());
    key.push(event.phase as u8);
    for text in [event.tool, event.server, event.environment] {
        put(&mut key, text.as_bytes());
    }
    read(set, event, &first.reads, &mut key)?;
    read(set, event, &any.reads, &mut key)?;
    Some(key)
}

fn read(set: &Compiled, event: &Event<'_>, reads: &Reads, key: &mut Vec<u8>) -> Option<()> {
    let names = [(reads.roles, event.roles), (reads.labels, event.labels)];
    for (_, list) in names.iter().filter(|(is_read, _)| *is_read) {
        key.extend_from_slice(&list.len().to_le_bytes());
        list.iter().for_each(|name| put(key, name.as_bytes()));
    }
    if reads.variables {
        key.extend_from_slice(&event.variables.len().to_le_bytes());
        for (name, value) in event.variables {
            put(key, name.as_bytes());
            put(key, value.as_bytes());
        }
    }
    let mut nodes = Vec::new();
    let text = reads.texts.then_some(&set.text);
    for field in reads.slots.iter().filter_map(|slot| set.slots.get(*slot)).chain(text) {
        nodes.clear();
        field.find(event, &mut nodes);
        key.extend_from_slice(&nodes.len().to_le_bytes());
        // Where a value stands is part of the decision, where a wildcard led to it.
        if !nodes.is_empty() && field.single(event).is_none() {
            if nodes.len() * 8 > LONGEST {
                return None;
            }
            field.places(event, &nodes).iter().for_each(|place| put(key, place.as_bytes()));
        }
        for node in &nodes {
            match node {
                Node::Text(text) => put(key, text.as_bytes()),
                Node::Bool(value) => key.push(u8::from(*value)),
                Node::Json(value) => crate::rule::canonical(value, key),
            }
            if key.len() > LONGEST {
                return None;
            }
        }
    }
    Some(())
}

fn put(key: &mut Vec<u8>, bytes: &[u8]) {
    key.extend_from_slice(&bytes.len().to_le_bytes());
    key.extend_from_slice(bytes);
}
