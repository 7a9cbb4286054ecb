//! A call that is over, in the words of metrics, log and audit.

use std::fmt;

use serde::{Deserialize, Serialize};

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
