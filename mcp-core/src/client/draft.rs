//! Requests before they have an identifier and a revision.

use bytes::Bytes;
use serde::Serialize;

use super::Error;
use crate::protocol::{InputResponses, Method, json, meta};

/// A request that can be sent once or, after questions or a broken connection, again.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    /// The members of `params` but `_meta`, without the braces around them.
    members: Vec<u8>,
    /// The members of `_meta` that the caller adds, without the braces.
    meta: Vec<u8>,
    /// What `Mcp-Name` says.
    pub(crate) name: Option<String>,
    /// Where the arguments stand among the members, if headers may have to repeat some.
    arguments: Option<std::ops::Range<usize>>,
    /// Asks for progress.
    pub(crate) progress: bool,
    /// What `_meta` of every request holds, if it is not the client's own that speaks.
    pub(crate) standard: Option<String>,
}

/// What a retry adds: answers to questions, and the state that came with them.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    pub(crate) answers: Option<InputResponses>,
    pub(crate) state: Option<String>,
}

impl Draft {
    /// A request with `params`, which must be written as an object.
    pub(crate) fn new(method: Method, params: &impl Serialize) -> Result<Self, Error> {
        let fail = |problem: String| Error::Params { method: method.clone(), problem };
        let text = serde_json::to_vec(params).map_err(|error| fail(error.to_string()))?;
        let members = match text.as_slice() {
            b"null" => Vec::new(),
            [b'{', members @ .., b'}'] => members.to_vec(),
            _ => return Err(fail("they are not an object".to_owned())),
        };
        Ok(Self {
            method,
            members,
            meta: Vec::new(),
            name: None,
            arguments: None,
            progress: false,
            standard: None,
        })
    }

    /// A request without parameters.
    pub(crate) const fn bare(method: Method) -> Self {
        Self {
            method,
            members: Vec::new(),
            meta: Vec::new(),
            name: None,
            arguments: None,
            progress: false,
            standard: None,
        }
    }

    /// The same, with room for some bytes of parameters.
    pub(crate) fn with_room(method: Method, bytes: usize) -> Self {
        Self { members: Vec::with_capacity(bytes), ..Self::bare(method) }
    }

    /// Adds a member to `params`.
    pub(crate) fn push(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        push(&mut self.members, name, value);
    }

    /// Adds the arguments: an object, or nothing.
    pub(crate) fn push_arguments(&mut self, arguments: &impl Serialize) -> Result<(), Error> {
        let before = self.members.len();
        separate(&mut self.members, 0);
        self.members.extend_from_slice(br#""arguments":"#);
        let start = self.members.len();
        let written = serde_json::to_writer(&mut self.members, arguments).map_err(|error| error.to_string());
        let problem = match (written, self.members.get(start)) {
            (Ok(()), Some(b'{')) => {
                self.arguments = Some(start..self.members.len());
                return Ok(());
            }
            (Ok(()), _) if self.members.get(start..) == Some(b"null") => {
                self.members.truncate(before);
                return Ok(());
            }
            (Ok(()), _) => "the arguments of a tool are an object, or nothing".to_owned(),
            (Err(problem), _) => problem,
        };
        Err(Error::Params { method: self.method.clone(), problem })
    }

    /// The arguments, as a tree.
    pub(crate) fn arguments(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(self.members.get(self.arguments.clone()?)?).ok()
    }

    /// Adds a member to `_meta`.
    pub(crate) fn push_meta(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        push(&mut self.meta, name, value);
    }

    /// The frame. `standard` holds the members of `_meta` that every request of the revision carries.
    pub(crate) fn frame(&self, id: i64, standard: &str, replies: &Replies) -> Bytes {
        // Older revisions have nothing of the kind.
        let standard = self.standard.as_deref().filter(|_| !standard.is_empty()).unwrap_or(standard);
        let room = 160 + self.members.len() + self.meta.len() + standard.len();
        let mut out = Vec::with_capacity(room);
        out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
        json::write_i64(&mut out, id);
        out.extend_from_slice(br#","method":"#);
        json::write_str(&mut out, self.method.as_str());
        out.extend_from_slice(br#","params":{"#);
        let params = out.len();
        out.extend_from_slice(&self.members);
        if let Some(answers) = &replies.answers {
            separate(&mut out, params);
            out.extend_from_slice(br#""inputResponses":"#);
            json::write(&mut out, answers);
        }
        if let Some(state) = &replies.state {
            separate(&mut out, params);
            out.extend_from_slice(br#""requestState":"#);
            json::write_str(&mut out, state);
        }
        if !standard.is_empty() || !self.meta.is_empty() || self.progress {
            separate(&mut out, params);
            out.extend_from_slice(br#""_meta":{"#);
            let start = out.len();
            out.extend_from_slice(standard.as_bytes());
            if !self.meta.is_empty() {
                separate(&mut out, start);
                out.extend_from_slice(&self.meta);
            }
            if self.progress {
                separate(&mut out, start);
                json::write_str(&mut out, meta::PROGRESS_TOKEN);
                out.push(b':');
                json::write_i64(&mut out, id);
            }
            out.push(b'}');
        }
        out.extend_from_slice(b"}}");
        out.into()
    }

    /// The frame of a notification.
    pub(crate) fn notification(&self, standard: &str) -> Bytes {
        let mut out = br#"{"jsonrpc":"2.0","method":"#.to_vec();
        json::write_str(&mut out, self.method.as_str());
        out.extend_from_slice(br#","params":{"#);
        let params = out.len();
        out.extend_from_slice(&self.members);
        if !standard.is_empty() {
            separate(&mut out, params);
            out.extend_from_slice(br#""_meta":{"#);
            out.extend_from_slice(standard.as_bytes());
            out.push(b'}');
        }
        out.extend_from_slice(b"}}");
        out.into()
    }
}

fn push(members: &mut Vec<u8>, name: &str, value: &(impl Serialize + ?Sized)) {
    separate(members, 0);
    json::write_str(members, name);
    members.push(b':');
    json::write(members, value);
}

/// A comma, unless nothing stands before it.
fn separate(out: &mut Vec<u8>, start: usize) {
    if out.len() > start {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::RawJson;

    fn text(frame: &Bytes) -> &str {
        std::str::from_utf8(frame).unwrap()
    }

    #[test]
    fn frames_hold_what_was_drafted_and_nothing_else() {
        let bare = Draft::bare(Method::Ping);
        assert_eq!(
            text(&bare.frame(1, "", &Replies::default())),
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}"#
        );
        let mut draft = Draft::new(Method::ToolsCall, &json!({"name": "t"})).unwrap();
        draft.push("arguments", &json!({"a": 1}));
        draft.push_meta("traceparent", "00");
        draft.progress = true;
        let replies = Replies {
            answers: Some([("k".to_owned(), RawJson::from(json!({})))].into_iter().collect()),
            state: Some("s".into()),
        };
        assert_eq!(
            text(&draft.frame(-7, r#""v":1"#, &replies)),
            r#"{"jsonrpc":"2.0","id":-7,"method":"tools/call","params":{"name":"t","arguments":{"a":1},"inputResponses":{"k":{}},"requestState":"s","_meta":{"v":1,"traceparent":"00","progressToken":-7}}}"#
        );
        assert_eq!(
            text(&Draft::bare(Method::Initialized).notification("")),
            r#"{"jsonrpc":"2.0","method":"notifications/initialized","params":{}}"#
        );
    }

    #[test]
    fn parameters_must_be_an_object() {
        assert!(Draft::new(Method::Ping, &[1]).is_err());
        assert!(Draft::new(Method::Ping, &()).is_ok());
        assert!(Draft::new(Method::Ping, &json!({})).is_ok());
    }
}
