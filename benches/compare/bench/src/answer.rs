//! Whether an answer is the right one. Every answer is read: a fast wrong answer must not win.

use std::borrow::Cow;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

#[derive(Deserialize)]
struct Message<'a> {
    id: Option<u64>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    result: Option<CallResult<'a>>,
}

#[derive(Deserialize)]
struct CallResult<'a> {
    #[serde(borrow)]
    content: Vec<Content<'a>>,
    #[serde(default, rename = "isError")]
    is_error: bool,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// What the answer to a call must hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    /// The id of the request.
    pub(crate) id: u64,
    /// The text that was sent.
    pub(crate) message: &'a [u8],
    /// Whether the server echoes at all.
    pub(crate) echoes: bool,
}

impl Expected<'_> {
    /// Checks one JSON message; true if it is the answer, false if a progress note.
    pub(crate) fn check(&self, json: &[u8]) -> Result<bool> {
        let message: Message<'_> = serde_json::from_slice(json)
            .with_context(|| format!("odd answer: {}", String::from_utf8_lossy(json)))?;
        if let Some(method) = message.method {
            ensure!(method == "notifications/progress", "unexpected `{method}`");
            return Ok(false);
        }
        let Some(result) = message.result else {
            bail!("no result in {}", String::from_utf8_lossy(json));
        };
        ensure!(
            !result.is_error && result.content.len() == 1,
            "odd result: {}",
            String::from_utf8_lossy(json)
        );
        if self.echoes {
            ensure!(
                message.id == Some(self.id),
                "answer to another request: {:?}",
                message.id
            );
            ensure!(
                result.content[0].text.as_bytes() == self.message,
                "not the message that was sent"
            );
        }
        Ok(true)
    }

    /// Checks the events of a stream and counts the progress notes before the answer.
    pub(crate) fn check_events(&self, body: &[u8]) -> Result<u64> {
        let mut notes = 0;
        let mut answered = false;
        for line in body.split(|&byte| byte == b'\n') {
            let Some(data) = line
                .strip_prefix(b"data:")
                .map(<[u8]>::trim_ascii)
                .filter(|data| !data.is_empty())
            else {
                continue;
            };
            ensure!(!answered, "an event after the answer");
            answered = self.check(data)?;
            notes += u64::from(!answered);
        }
        ensure!(
            answered,
            "a stream without an answer: {}",
            String::from_utf8_lossy(body)
        );
        Ok(notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPECTED: Expected<'static> = Expected {
        id: 7,
        message: b"hi",
        echoes: true,
    };

    #[test]
    fn only_the_right_answer_passes() {
        let cases: [(&str, Option<bool>); 6] = [
            (
                r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"hi"}]}}"#,
                Some(true),
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#,
                Some(false),
            ),
            (
                r#"{"jsonrpc":"2.0","id":8,"result":{"content":[{"type":"text","text":"hi"}]}}"#,
                None,
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"ho"}]}}"#,
                None,
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"result":{"isError":true,"content":[{"type":"text","text":"hi"}]}}"#,
                None,
            ),
            (
                r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"no"}}"#,
                None,
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(EXPECTED.check(json.as_bytes()).ok(), expected, "{json}");
        }
    }

    #[test]
    fn a_stream_needs_exactly_one_answer_at_its_end() {
        let note = "data: {\"method\":\"notifications/progress\"}\n\n";
        let answer = "data: {\"id\":7,\"result\":{\"content\":[{\"text\":\"hi\"}]}}\r\n\r\n";
        let check = |body: &str| EXPECTED.check_events(body.as_bytes()).ok();
        assert_eq!(
            check(&format!("id: 0\nretry: 3000\ndata:\n\n{note}{answer}")),
            Some(1)
        );
        assert_eq!(check(answer), Some(0));
        assert_eq!(check(note), None);
        assert_eq!(check(&format!("{answer}{note}")), None);
    }
}
