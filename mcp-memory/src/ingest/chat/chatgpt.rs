//! The export of ChatGPT: a tree of messages for each conversation. The branch that was current is read.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use crate::ingest::document::{Builder, Document, Turn};
use crate::ingest::error::IngestError;

#[derive(Deserialize)]
struct Conversation {
    title: Option<String>,
    conversation_id: Option<String>,
    id: Option<String>,
    mapping: HashMap<String, Node>,
    current_node: Option<String>,
}

#[derive(Deserialize)]
struct Node {
    message: Option<Message>,
    parent: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    author: Author,
    create_time: Option<f64>,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    metadata: Value,
}

#[derive(Deserialize)]
struct Author {
    role: String,
}

pub(in crate::ingest) fn is(items: &[Value]) -> bool {
    items.first().is_some_and(|item| item["mapping"].is_object() && item.get("current_node").is_some())
}

pub(in crate::ingest) fn read(items: &[Value]) -> Result<Document, IngestError> {
    let mut builder = Builder::default();
    for (number, item) in items.iter().enumerate() {
        let conversation = Conversation::deserialize(item).map_err(|error| {
            IngestError::broken("a ChatGPT export")(format!("conversation {}: {error}", number + 1))
        })?;
        let name = conversation.conversation_id.as_ref().or(conversation.id.as_ref());
        let name = name.or(conversation.current_node.as_ref()).cloned().unwrap_or_default();
        for message in branch(&conversation) {
            let hidden = message.metadata["is_visually_hidden_from_conversation"] == true;
            if hidden || !matches!(message.author.role.as_str(), "user" | "assistant") {
                continue;
            }
            let turn = Turn {
                conversation: name.clone(),
                title: conversation.title.clone(),
                speaker: message.author.role.clone(),
                time: message.create_time.map(|seconds| (seconds * 1_000.0).round() as i64),
            };
            builder.say(turn, &said(&message.content))?;
        }
    }
    builder.finish()
}

/// The messages that lead to the current one.
fn branch(conversation: &Conversation) -> Vec<&Message> {
    let (mut messages, mut seen) = (Vec::new(), HashSet::new());
    let mut at = conversation.current_node.as_ref();
    while let Some(name) = at.filter(|name| seen.insert(*name)) {
        let Some(node) = conversation.mapping.get(name) else { break };
        messages.extend(&node.message);
        at = node.parent.as_ref();
    }
    messages.reverse();
    messages
}

/// The texts of a message, without what it only points to.
fn said(content: &Value) -> String {
    if let Some(text) = content["text"].as_str() {
        return text.to_owned();
    }
    let parts = content["parts"].as_array().into_iter().flatten();
    let texts = parts.filter_map(|part| part.as_str().or_else(|| part["text"].as_str()));
    texts.filter(|text| !text.trim().is_empty()).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_branch_that_was_current_is_read_once() {
        let message = |role: &str, text: &str, time: f64| json!({ "author": { "role": role }, "create_time": time, "content": { "content_type": "text", "parts": [text] } });
        let export = [json!({
            "title": "Stores", "conversation_id": "c", "current_node": "4",
            "mapping": {
                // The root leads back to the end: no export does.
                "0": { "message": null, "parent": "4", "children": ["1"] },
                "1": { "message": message("system", "rules", 1.0), "parent": "0" },
                "2": { "message": message("user", "Which?", 1_700_000_000.25), "parent": "1" },
                "3": { "message": message("assistant", "The other branch", 2.0), "parent": "2" },
                "4": { "message": { "author": { "role": "assistant" }, "content": { "parts": [{ "asset": 1 }, "SQLite"] } }, "parent": "2" },
            },
        })];
        assert!(is(&export));
        let sections = read(&export).unwrap().sections;
        let found: Vec<_> = sections
            .iter()
            .map(|it| (it.turn.as_ref().unwrap(), it.text.as_str()))
            .map(|(turn, text)| (turn.speaker.as_str(), turn.time, turn.title.as_deref(), text))
            .collect();
        let title = Some("Stores");
        assert_eq!(
            found,
            [("user", Some(1_700_000_000_250), title, "Which?"), ("assistant", None, title, "SQLite")]
        );
        assert!(read(&[json!({ "mapping": 1 })]).is_err());
        assert!(!is(&[json!({ "mapping": {} })]) && !is(&[]));
    }
}
