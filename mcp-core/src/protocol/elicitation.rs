//! Elicitation: a server asks the client's user.

use serde::{Deserialize, Serialize, ser::SerializeMap};
use serde_json::{Map, Value};

use super::{
    RawJson,
    object::{MemberError, Members, WireObject, Writer, wire_object, wire_serde},
};

mod answer;
mod form;
mod format;
pub use answer::{FieldError, FieldProblem, validate_answer};
pub use form::{
    BooleanField, ChoiceField, ChoicesField, FormSchema, IntegerField, NumberField, StringField, TextFormat,
};

/// The params of `elicitation/create`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Elicitation {
    /// Fill in a form. Never for secrets: the answer passes through the client.
    Form {
        /// What is asked, for the user.
        message: String,
        /// A flat schema of the answer; [`FormSchema`] builds one.
        requested_schema: RawJson,
    },
    /// Go to an address, out of the client's sight.
    Url {
        /// Why, for the user.
        message: String,
        /// Where to go.
        url: String,
    },
}

impl Elicitation {
    /// Fill in a form.
    pub fn form(message: impl Into<String>, requested_schema: impl Into<RawJson>) -> Self {
        Self::Form { message: message.into(), requested_schema: requested_schema.into() }
    }

    /// Go to an address.
    pub fn url(message: impl Into<String>, url: impl Into<String>) -> Self {
        Self::Url { message: message.into(), url: url.into() }
    }

    /// What the user reads.
    pub fn message(&self) -> &str {
        match self {
            Self::Form { message, .. } | Self::Url { message, .. } => message,
        }
    }
}

impl WireObject for Elicitation {
    fn read(mut members: Members) -> Result<Self, MemberError> {
        let message = members.required("message")?;
        match members.optional::<String>("mode")?.as_deref() {
            None | Some("form") => {
                Ok(Self::Form { message, requested_schema: members.required("requestedSchema")? })
            }
            Some("url") => Ok(Self::Url { message, url: members.required("url")? }),
            Some(other) => Err(MemberError::Unknown { name: "mode", found: other.to_owned() }),
        }
    }

    fn write<M: SerializeMap>(&self, writer: &mut Writer<'_, M>) -> Result<(), M::Error> {
        match self {
            Self::Form { message, requested_schema } => {
                writer.required("mode", "form")?;
                writer.required("message", message)?;
                writer.required("requestedSchema", requested_schema)
            }
            Self::Url { message, url } => {
                writer.required("mode", "url")?;
                writer.required("message", message)?;
                writer.required("url", url)
            }
        }
    }
}

wire_serde!(Elicitation);

/// What the user did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElicitAction {
    /// Answered, or agreed.
    Accept,
    /// Said no.
    Decline,
    /// Went away without an answer.
    Cancel,
}

/// The client's answer to `elicitation/create`.
#[derive(Debug, Clone, PartialEq)]
pub struct ElicitResult {
    /// What the user did.
    pub action: ElicitAction,
    /// The form as filled in, where one was accepted.
    pub content: Option<Map<String, Value>>,
}

impl ElicitResult {
    /// Answered with `content`.
    pub fn accept(content: Map<String, Value>) -> Self {
        Self { action: ElicitAction::Accept, content: Some(content) }
    }

    /// Agreed to go to the address, or one of the two refusals.
    pub fn bare(action: ElicitAction) -> Self {
        Self { action, content: None }
    }
}

wire_object!(ElicitResult {
    required action = "action",
    optional content = "content",
});

#[cfg(test)]
mod tests;
