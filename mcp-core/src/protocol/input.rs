//! Questions that a server puts to the client in the middle of a request.

use indexmap::IndexMap;
use serde::ser::SerializeMap;

use super::{
    Capability, CreateMessage, Elicitation, RawJson,
    object::{EmptyObject, MemberError, Members, WireObject, Writer, wire_serde},
};

/// A question to the client.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "questions are few and short-lived")]
pub enum InputRequest {
    /// To its user.
    Elicit(Elicitation),
    /// To its model.
    Sample(CreateMessage),
    /// For its roots.
    Roots,
}

/// Questions by the keys that their answers will bear.
pub type InputRequests = IndexMap<String, InputRequest>;

/// Answers by the keys of their questions, to be read as the question demands.
pub type InputResponses = IndexMap<String, RawJson>;

impl InputRequest {
    /// The method that asks it.
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Elicit(_) => "elicitation/create",
            Self::Sample(_) => "sampling/createMessage",
            Self::Roots => "roots/list",
        }
    }

    /// What the client must be able to do.
    pub fn capability(&self) -> Capability {
        match self {
            Self::Elicit(Elicitation::Form { .. }) => Capability::ElicitationForm,
            Self::Elicit(Elicitation::Url { .. }) => Capability::ElicitationUrl,
            Self::Sample(request) if request.needs_tools() => Capability::SamplingTools,
            Self::Sample(_) => Capability::Sampling,
            Self::Roots => Capability::Roots,
        }
    }
}

impl WireObject for InputRequest {
    fn read(mut members: Members) -> Result<Self, MemberError> {
        match members.required::<String>("method")?.as_str() {
            "elicitation/create" => members.required("params").map(Self::Elicit),
            "sampling/createMessage" => members.required("params").map(Self::Sample),
            "roots/list" => Ok(Self::Roots),
            other => Err(MemberError::Unknown { name: "method", found: other.to_owned() }),
        }
    }

    fn write<M: SerializeMap>(&self, writer: &mut Writer<'_, M>) -> Result<(), M::Error> {
        writer.required("method", self.method())?;
        match self {
            Self::Elicit(params) => writer.required("params", params),
            Self::Sample(params) => writer.required("params", params),
            Self::Roots => writer.required("params", &EmptyObject {}),
        }
    }
}

wire_serde!(InputRequest);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_survive_the_wire_in_order() {
        let json = r#"{"z":{"method":"elicitation/create","params":{"mode":"url","message":"m","url":"https://a.b/"}},"a":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":5}},"r":{"method":"roots/list","params":{}}}"#;
        let requests: InputRequests = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&requests).unwrap(), json);
        assert_eq!(requests["z"].capability(), Capability::ElicitationUrl);
        assert_eq!(requests["a"].capability(), Capability::Sampling);
        let bare: InputRequest = serde_json::from_str(r#"{"method":"roots/list"}"#).unwrap();
        assert_eq!(bare, InputRequest::Roots);
        assert!(serde_json::from_str::<InputRequest>(r#"{"method":"ping"}"#).is_err());
    }
}
