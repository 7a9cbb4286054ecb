//! Sessions of Claude Code: an entry a line. What is said is kept; what tools were asked and answered is not, nor what was thought, nor
//! what helpers said among themselves.

use serde::Deserialize;
use serde_json::Value;

use crate::ingest::document::{Builder, Document, Turn};
use crate::ingest::error::IngestError;

/// Lines that tell whether it is a session.
const HEAD: usize = 20;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    #[serde(rename = "type")]
    kind: Value,
    session_id: Option<String>,
    timestamp: Option<String>,
    is_meta: bool,
    is_sidechain: bool,
    message: Option<Message>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    id: Option<String>,
    role: Option<String>,
    content: Value,
}

pub(in crate::ingest) fn is(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(HEAD);
    lines
        .filter_map(|line| serde_json::from_str::<Entry>(line).ok())
        .any(|entry| entry.session_id.is_some() && entry.message.is_some())
}

pub(in crate::ingest) fn read(text: &str) -> Result<Document, IngestError> {
    let mut builder = Builder::default();
    let mut last: Option<(Option<String>, Turn, String)> = None;
    // The last line may be half written, and other versions may write other entries.
    for entry in text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok()) {
        if entry.is_meta || entry.is_sidechain {
            continue;
        }
        let (Some(message), Some(conversation)) = (entry.message, entry.session_id) else { continue };
        let said = said(&message.content);
        if said.trim().is_empty() {
            continue;
        }
        let speaker = message.role.or_else(|| entry.kind.as_str().map(str::to_owned)).unwrap_or_default();
        let time = entry.timestamp.and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let time = time.map(jiff::Timestamp::as_millisecond);
        if let Some((id, turn, text)) = &mut last
            && id.is_some()
            && *id == message.id
            && turn.conversation == conversation
        {
            // One answer is written a part a line.
            text.push_str("\n\n");
            text.push_str(&said);
            continue;
        }
        let turn = Turn { conversation, title: None, speaker, time };
        if let Some((_, turn, text)) = last.replace((message.id, turn, said)) {
            builder.say(turn, &text)?;
        }
    }
    if let Some((_, turn, text)) = last {
        builder.say(turn, &text)?;
    }
    builder.finish()
}

/// The texts of a message.
fn said(content: &Value) -> String {
    if let Value::String(text) = content {
        return text.clone();
    }
    let parts = content.as_array().into_iter().flatten().filter(|part| part["type"] == "text");
    parts.filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_what_was_said_in_it() {
        let text = r#"{"type":"summary","summary":"x","leafUuid":"1"}
{"type":"user","sessionId":"s","timestamp":"2025-03-01T10:00:00.000Z","message":{"role":"user","content":"Which store?"}}
{"type":"user","sessionId":"s","isMeta":true,"message":{"role":"user","content":"caveat"}}
{"type":"assistant","sessionId":"s","timestamp":"2025-03-01T10:00:05Z","message":{"id":"m","role":"assistant","content":[{"type":"thinking","thinking":"hm"}]}}
{"type":"assistant","sessionId":"s","timestamp":"2025-03-01T10:00:06Z","message":{"id":"m","role":"assistant","content":[{"type":"text","text":"SQLite."}]}}
{"type":"assistant","sessionId":"s","timestamp":"2025-03-01T10:00:07Z","message":{"id":"m","role":"assistant","content":[{"type":"tool_use","name":"x","input":{}},{"type":"text","text":"It is small."}]}}
{"type":"user","sessionId":"s","message":{"role":"user","content":[{"type":"tool_result","content":"secret"}]}}
{"type":"user","sessionId":"s","isSidechain":true,"message":{"role":"user","content":"aside"}}
{"type":"user","sessionId":"s","message":{"role":"user","content":"Tha"#;
        assert!(is(text));
        let sections = read(text).unwrap().sections;
        let found: Vec<_> = sections
            .iter()
            .map(|it| (it.turn.as_ref().unwrap(), it.text.as_str()))
            .map(|(turn, text)| (turn.conversation.as_str(), turn.speaker.as_str(), turn.time, text))
            .collect();
        assert_eq!(
            found,
            [
                ("s", "user", Some(1_740_823_200_000), "Which store?"),
                ("s", "assistant", Some(1_740_823_206_000), "SQLite.\n\nIt is small."),
            ]
        );
        assert!(!is("{\"sessionId\":\"s\"}\n{\"message\":\"x\"}"));
    }
}
