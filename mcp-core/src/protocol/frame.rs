//! JSON-RPC frames: what came in, split into parts without being rebuilt.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::json::{Duplicate, Fault, Key, MAX_DEPTH, Members, Scanner, Span, unescape};
use super::{ErrorCode, Method, RequestId, RpcError};

/// How deep a frame may nest unless configured otherwise.
pub const DEFAULT_DEPTH: u32 = 64;

/// One JSON-RPC message and the bytes it came in.
#[derive(Debug, Clone)]
pub enum Frame {
    /// A request: it wants an answer.
    Request {
        /// Identifies the request among those in flight.
        id: RequestId,
        /// What to do.
        method: Method,
        /// With what.
        params: Params,
    },
    /// A notification: it wants none.
    Notification {
        /// What happened.
        method: Method,
        /// Details.
        params: Params,
    },
    /// An answer to a request of ours.
    Response {
        /// The request that is answered; absent when the peer could not read it.
        id: Option<RequestId>,
        /// The raw `result` or the decoded `error`.
        outcome: Result<Bytes, RpcError>,
    },
}

/// What one transport message holds.
#[derive(Debug)]
pub enum Incoming {
    /// A single message.
    One(Frame),
    /// A JSON-RPC batch: each element on its own, good or bad.
    Batch(Vec<Result<Frame, FrameError>>),
}

/// A frame that cannot be understood. It still may have an identifier to answer to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct FrameError {
    /// The identifier of the request, where it could be read.
    pub id: Option<RequestId>,
    /// What is wrong.
    pub problem: FrameProblem,
}

/// What is wrong with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameProblem {
    /// Not JSON.
    #[error("the message is not valid JSON: unexpected input at byte {0}")]
    Syntax(usize),
    /// Not UTF-8.
    #[error("the message is not valid UTF-8 from byte {0} on")]
    Utf8(usize),
    /// Nested too deep.
    #[error("the message nests deeper than allowed")]
    Depth,
    /// Longer than a frame can be.
    #[error("the message is too long")]
    Length,
    /// Neither an object nor an array.
    #[error("a message must be a JSON object")]
    NotAnObject,
    /// No `"jsonrpc": "2.0"`.
    #[error("`jsonrpc` must be \"2.0\"")]
    Version,
    /// `id` is null, a fraction, an object…
    #[error("`id` must be a string or an integer")]
    Id,
    /// `method` is missing or no string.
    #[error("`method` must be a string")]
    Method,
    /// `params` is no object.
    #[error("`params` must be an object")]
    Params,
    /// `params._meta` is no object.
    #[error("`params._meta` must be an object")]
    Meta,
    /// Both or neither of `result` and `error`, or a malformed `error`.
    #[error("a response must have either `result` or a well-formed `error`")]
    Response,
    /// A member occurs twice.
    #[error("a member of the message occurs twice")]
    Duplicate,
    /// `[]`.
    #[error("a batch must not be empty")]
    EmptyBatch,
}

impl FrameError {
    /// The protocol error to answer with.
    #[must_use]
    pub fn to_rpc_error(&self) -> RpcError {
        let code = match self.problem {
            FrameProblem::Syntax(_) | FrameProblem::Utf8(_) => ErrorCode::PARSE_ERROR,
            FrameProblem::Params | FrameProblem::Meta => ErrorCode::INVALID_PARAMS,
            FrameProblem::Depth | FrameProblem::Length => ErrorCode::TOO_LARGE,
            _ => ErrorCode::INVALID_REQUEST,
        };
        RpcError::new(code, self.problem.to_string())
    }
}

impl From<FrameProblem> for FrameError {
    fn from(problem: FrameProblem) -> Self {
        Self { id: None, problem }
    }
}

impl From<Fault> for FrameProblem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Syntax(at) => Self::Syntax(at),
            Fault::Utf8(at) => Self::Utf8(at),
            Fault::Depth => Self::Depth,
            Fault::Length => Self::Length,
        }
    }
}

impl From<Duplicate> for FrameProblem {
    fn from(_: Duplicate) -> Self {
        Self::Duplicate
    }
}

impl Incoming {
    /// Reads one transport message that nests at most `depth` levels.
    ///
    /// # Errors
    /// The message is no JSON-RPC message, or too deep.
    pub fn parse(bytes: &Bytes, depth: u32) -> Result<Self, FrameError> {
        let mut scanner = Scanner::new(bytes, depth).map_err(FrameProblem::from)?;
        match scanner.peek() {
            Some(b'{') => Frame::scan(bytes, &mut scanner).map(Self::One),
            Some(b'[') => Self::batch(bytes, scanner, depth),
            _ => {
                scanner.value().and_then(|_| scanner.end()).map_err(FrameProblem::from)?;
                Err(FrameProblem::NotAnObject.into())
            }
        }
    }

    fn batch(bytes: &Bytes, mut scanner: Scanner<'_>, depth: u32) -> Result<Self, FrameError> {
        let mut items = Vec::new();
        scanner
            .array::<Fault>(|scanner| {
                items.push(scanner.value()?);
                Ok(())
            })
            .and_then(|_| scanner.end())
            .map_err(FrameProblem::from)?;
        if items.is_empty() {
            return Err(FrameProblem::EmptyBatch.into());
        }
        let frames = items.into_iter().map(|item| Frame::parse(&bytes.slice(item.range()), depth));
        Ok(Self::Batch(frames.collect()))
    }
}

/// The members of the envelope, as found.
#[derive(Default)]
struct Envelope {
    version: Option<Span>,
    id: Option<Span>,
    method: Option<Span>,
    params: Option<(Members, Option<Members>)>,
    params_problem: Option<FrameProblem>,
    result: Option<Span>,
    error: Option<Span>,
}

impl Frame {
    /// Reads one message that nests at most `depth` levels; a batch is refused.
    ///
    /// # Errors
    /// The message is no JSON-RPC message, or too deep.
    pub fn parse(bytes: &Bytes, depth: u32) -> Result<Self, FrameError> {
        let mut scanner = Scanner::new(bytes, depth).map_err(FrameProblem::from)?;
        if scanner.peek() == Some(b'{') {
            return Self::scan(bytes, &mut scanner);
        }
        scanner.value().and_then(|_| scanner.end()).map_err(FrameProblem::from)?;
        Err(FrameProblem::NotAnObject.into())
    }

    fn scan(bytes: &Bytes, scanner: &mut Scanner<'_>) -> Result<Self, FrameError> {
        let mut envelope = Envelope::default();
        let scanned = scanner
            .object::<FrameProblem>(|scanner, key| envelope.member(bytes, scanner, key))
            .and_then(|_| Ok(scanner.end()?));
        let id = envelope.id.map(|span| parse_id(span.text(bytes)));
        let fail = |problem| FrameError { id: id.clone().flatten(), problem };
        scanned.map_err(|problem| match problem {
            // Which of two identifiers is meant cannot be known.
            FrameProblem::Duplicate => FrameError::from(problem),
            other => fail(other),
        })?;
        if envelope.version.map(|span| span.text(bytes)) != Some("\"2.0\"") {
            return Err(fail(FrameProblem::Version));
        }
        let id = match id {
            Some(Some(id)) => Some(id),
            None => None,
            // An error response to a frame that could not be read carries a null id in JSON-RPC 2.0.
            Some(None) if envelope.error.is_some() && envelope.method.is_none() => None,
            Some(None) => return Err(fail(FrameProblem::Id)),
        };
        let fail = |problem| FrameError { id: id.clone(), problem };
        let Some(method) = envelope.method else {
            let outcome = envelope.outcome(bytes).map_err(fail)?;
            return Ok(Self::Response { id, outcome });
        };
        let method = string(method.text(bytes)).ok_or_else(|| fail(FrameProblem::Method))?;
        if let Some(problem) = envelope.params_problem {
            return Err(fail(problem));
        }
        let method = Method::parse(&method);
        let params = Params::new(bytes, envelope.params);
        Ok(match id {
            Some(id) => Self::Request { id, method, params },
            None => Self::Notification { method, params },
        })
    }
}

impl Envelope {
    fn member(&mut self, bytes: &Bytes, scanner: &mut Scanner<'_>, key: Key) -> Result<(), FrameProblem> {
        let is = |name| key.is(bytes, name);
        let slot = if is("params") {
            return self.params(bytes, scanner);
        } else if is("jsonrpc") {
            &mut self.version
        } else if is("id") {
            &mut self.id
        } else if is("method") {
            &mut self.method
        } else if is("result") {
            &mut self.result
        } else if is("error") {
            &mut self.error
        } else {
            scanner.value()?;
            return Ok(());
        };
        if slot.replace(scanner.value()?).is_some() { Err(FrameProblem::Duplicate) } else { Ok(()) }
    }

    /// Scans `params`, remembering where its members and those of its `_meta` are.
    fn params(&mut self, bytes: &Bytes, scanner: &mut Scanner<'_>) -> Result<(), FrameProblem> {
        if self.params.is_some() || self.params_problem.is_some() {
            return Err(FrameProblem::Duplicate);
        }
        if scanner.peek() != Some(b'{') {
            scanner.value()?;
            self.params_problem = Some(FrameProblem::Params);
            return Ok(());
        }
        let (mut members, mut meta) = (Members::default(), None);
        let mut problem = None;
        let whole = scanner.object::<FrameProblem>(|scanner, key| {
            let is_meta = key.is(bytes, "_meta");
            let value = if is_meta && scanner.peek() == Some(b'{') {
                let mut inner = Members::default();
                let whole = scanner.object::<FrameProblem>(|scanner, key| {
                    let value = scanner.value()?;
                    Ok(inner.push(bytes, key, value)?)
                })?;
                inner.set_whole(whole);
                meta = Some(inner);
                whole
            } else {
                if is_meta {
                    problem = Some(FrameProblem::Meta);
                }
                scanner.value()?
            };
            Ok(members.push(bytes, key, value)?)
        })?;
        members.set_whole(whole);
        self.params = Some((members, meta));
        self.params_problem = problem;
        Ok(())
    }

    fn outcome(&self, bytes: &Bytes) -> Result<Result<Bytes, RpcError>, FrameProblem> {
        match (self.result, self.error) {
            (Some(result), None) => Ok(Ok(bytes.slice(result.range()))),
            (None, Some(error)) => {
                serde_json::from_slice(error.of(bytes)).map(Err).map_err(|_| FrameProblem::Response)
            }
            (None, None) => Err(FrameProblem::Method),
            (Some(_), Some(_)) => Err(FrameProblem::Response),
        }
    }
}

fn parse_id(raw: &str) -> Option<RequestId> {
    string(raw).map(|s| RequestId::String(s.into())).or_else(|| raw.parse().ok().map(RequestId::Number))
}

/// The text of a scanned value that is a string.
fn string(raw: &str) -> Option<std::borrow::Cow<'_, str>> {
    raw.strip_prefix('"')?.strip_suffix('"').map(unescape)
}

/// The parameters of a request or notification: raw bytes whose members are found without parsing.
#[derive(Debug, Clone, Default)]
pub struct Params {
    bytes: Bytes,
    members: Option<Box<(Members, Option<Members>)>>,
}

impl Params {
    fn new(bytes: &Bytes, members: Option<(Members, Option<Members>)>) -> Self {
        Self { bytes: bytes.clone(), members: members.map(Box::new) }
    }

    /// Parameters from JSON text; anything but an object is refused.
    ///
    /// # Errors
    /// The text is no JSON object, or nests too deep.
    pub fn from_json(bytes: &Bytes) -> Result<Self, FrameProblem> {
        Self::from_json_within(bytes, MAX_DEPTH)
    }

    /// The same for text that nests at most `depth` levels.
    ///
    /// # Errors
    /// The text is no JSON object, or nests too deep.
    pub fn from_json_within(bytes: &Bytes, depth: u32) -> Result<Self, FrameProblem> {
        let mut envelope = Envelope::default();
        let mut scanner = Scanner::new(bytes, depth)?;
        envelope.params(bytes, &mut scanner)?;
        scanner.end()?;
        envelope.params_problem.map_or_else(|| Ok(Self::new(bytes, envelope.params)), Err)
    }

    /// The whole object as it came, `{}` where the request had none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.members.as_ref().map_or("{}", |members| members.0.whole().text(&self.bytes))
    }

    /// The raw JSON of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let members = self.members.as_ref()?;
        members.0.get(&self.bytes, name).map(|span| span.text(&self.bytes))
    }

    /// A member that is a string.
    #[must_use]
    pub fn get_str(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.get(name).and_then(string)
    }

    /// The raw bytes of a member, sharing the buffer of the frame.
    #[must_use]
    pub fn get_bytes(&self, name: &str) -> Option<Bytes> {
        let members = self.members.as_ref()?;
        members.0.get(&self.bytes, name).map(|span| self.bytes.slice(span.range()))
    }

    /// The raw JSON of a member of `_meta`.
    #[must_use]
    pub fn meta(&self, name: &str) -> Option<&str> {
        let meta = self.members.as_ref()?.1.as_ref()?;
        meta.get(&self.bytes, name).map(|span| span.text(&self.bytes))
    }

    /// A member of `_meta` that is a string.
    #[must_use]
    pub fn meta_str(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.meta(name).and_then(string)
    }

    /// Whether there is a `_meta` object.
    #[must_use]
    pub fn has_meta(&self) -> bool {
        self.members.as_ref().is_some_and(|members| members.1.is_some())
    }

    /// Decodes the whole object.
    ///
    /// # Errors
    /// -32602 that names the member that does not fit.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, RpcError> {
        decode(self.as_str()).map_err(|problem| RpcError::invalid_params(problem.to_string()))
    }
}

/// JSON that does not fit a type, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", if field.is_empty() { String::new() } else { format!("`{field}`: ") })]
pub struct DecodeError {
    /// The path of the member, dotted; empty for the value itself.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Decodes JSON text, finding out the path of a member only when something is wrong.
///
/// # Errors
/// The text does not fit the type; the error names the member.
pub fn decode<T: DeserializeOwned>(text: &str) -> Result<T, DecodeError> {
    serde_json::from_str(text).or_else(|_| {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let field = error.path().to_string();
            let problem = error.into_inner().to_string();
            // Positions inside the fragment mean nothing to who sent the frame.
            let end = problem.rfind(" at line ").unwrap_or(problem.len());
            let field = if field == "." { String::new() } else { field };
            DecodeError { field, problem: problem.get(..end).unwrap_or_default().to_owned() }
        })
    })
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
