//! A call that is over, in the words of metrics, log and audit.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use mcp_core::protocol::ErrorCode;
use mcp_core::service::Principal;
use serde::{Deserialize, Serialize};

use crate::json;

/// What a call came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was served.
    Ok,
    /// The tool ran and says that it failed.
    ToolError,
    /// It was answered with a protocol error.
    Error,
    /// Policy or authentication refused it.
    Denied,
    /// A limit refused it.
    Limited,
    /// The client gave it up.
    Cancelled,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Ok, Self::ToolError, Self::Error, Self::Denied, Self::Limited, Self::Cancelled];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ToolError => "tool_error",
            Self::Error => "error",
            Self::Denied => "denied",
            Self::Limited => "limited",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Identifies one execution of one call, here and in no other process: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExecutionId([u8; 32]);

impl ExecutionId {
    /// An identifier that nothing else has. It is no secret.
    #[must_use]
    pub fn generate() -> Self {
        static PROCESS: LazyLock<[u8; 16]> =
            LazyLock::new(|| json::hex16(getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()))));
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut id = [0; 32];
        let (process, count) = id.split_at_mut(16);
        process.copy_from_slice(&*PROCESS);
        count.copy_from_slice(&json::hex16(COUNT.fetch_add(1, Relaxed)));
        Self(id)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A call that is over.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct CallRecord<'a> {
    /// When it came, since 1970.
    pub at: Duration,
    /// Which execution.
    pub execution: ExecutionId,
    /// Who called.
    pub principal: Option<&'a Principal>,
    /// What was to be done.
    pub method: &'a str,
    /// The tool.
    pub tool: Option<&'a str>,
    /// Prompt or resource; of a URI only what is no secret.
    pub target: Option<&'a str>,
    /// The arguments, as the JSON they came in.
    pub arguments: Option<&'a str>,
    /// What it came to.
    pub outcome: Outcome,
    /// The code of the protocol error.
    pub code: Option<ErrorCode>,
    /// The rule or limit that refused it.
    pub rule: Option<&'a str>,
    /// How long it took.
    pub duration: Duration,
    /// What the client calls the request.
    pub correlation: Option<&'a str>,
    /// The trace it belongs to, as 32 hexadecimal digits.
    pub trace: Option<&'a str>,
}

impl<'a> CallRecord<'a> {
    /// A record of a call by a method, served without error.
    #[must_use]
    pub fn new(at: Duration, method: &'a str) -> Self {
        Self {
            at,
            execution: ExecutionId::generate(),
            principal: None,
            method,
            tool: None,
            target: None,
            arguments: None,
            outcome: Outcome::Ok,
            code: None,
            rule: None,
            duration: Duration::ZERO,
            correlation: None,
            trace: None,
        }
    }
}

/// The longest name that is written down; names of what is not there come from callers.
const LONGEST: usize = 256;

/// At most so much of a text as is written down.
pub(crate) fn shortened(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// A URI without user information, query and fragment: they may hold secrets.
pub(crate) fn without_secrets(uri: &str) -> Cow<'_, str> {
    let end = uri.find(['?', '#']).unwrap_or(uri.len());
    let plain = uri.get(..end).unwrap_or_default();
    let Some((scheme, rest)) = plain.split_once("://") else { return Cow::Borrowed(plain) };
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rfind('@') {
        Some(at) => Cow::Owned(format!("{scheme}://{}", rest.get(at + 1..).unwrap_or_default())),
        None => Cow::Borrowed(plain),
    }
}
