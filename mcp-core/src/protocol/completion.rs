//! Completion of prompt and template arguments while a user types.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize, ser::SerializeMap};

use super::{
    Meta,
    object::{MemberError, Members, WireObject, Writer, wire_object, wire_serde},
};

/// What an argument belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompletionReference {
    /// A prompt.
    Prompt {
        /// The name it is asked for by.
        name: String,
        /// The name for people.
        title: Option<String>,
    },
    /// A resource or a template of resources.
    Resource {
        /// The URI or URI template.
        uri: String,
    },
}

impl WireObject for CompletionReference {
    fn read(mut members: Members) -> Result<Self, MemberError> {
        match members.required::<String>("type")?.as_str() {
            "ref/prompt" => {
                Ok(Self::Prompt { name: members.required("name")?, title: members.optional("title")? })
            }
            "ref/resource" => Ok(Self::Resource { uri: members.required("uri")? }),
            other => Err(MemberError::Unknown { name: "type", found: other.to_owned() }),
        }
    }

    fn write<M: SerializeMap>(&self, writer: &mut Writer<'_, M>) -> Result<(), M::Error> {
        match self {
            Self::Prompt { name, title } => {
                writer.required("type", "ref/prompt")?;
                writer.required("name", name)?;
                writer.optional("title", title)
            }
            Self::Resource { uri } => {
                writer.required("type", "ref/resource")?;
                writer.required("uri", uri)
            }
        }
    }
}

wire_serde!(CompletionReference);

/// The argument being typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionArgument {
    /// Its name.
    pub name: String,
    /// What was typed so far.
    pub value: String,
}

/// The params of `completion/complete`.
#[derive(Debug, Clone, PartialEq)]
pub struct CompleteParams {
    /// What the argument belongs to.
    pub reference: CompletionReference,
    /// The argument being typed.
    pub argument: CompletionArgument,
    /// Arguments that were settled before.
    pub context: IndexMap<String, String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Context {
    #[serde(default)]
    arguments: IndexMap<String, String>,
}

impl WireObject for CompleteParams {
    fn read(mut members: Members) -> Result<Self, MemberError> {
        Ok(Self {
            reference: members.required("ref")?,
            argument: members.required("argument")?,
            context: members.default::<Context>("context")?.arguments,
        })
    }

    fn write<M: SerializeMap>(&self, writer: &mut Writer<'_, M>) -> Result<(), M::Error> {
        writer.required("ref", &self.reference)?;
        writer.required("argument", &self.argument)?;
        writer.default("context", &Context { arguments: self.context.clone() })
    }
}

wire_serde!(CompleteParams);

/// What an argument could become.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// At most [`Completion::MAX_VALUES`] proposals, best first.
    pub values: Vec<String>,
    /// How many there are in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Whether there are more than these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_more: Option<bool>,
}

impl Completion {
    /// The most proposals that one answer may hold.
    pub const MAX_VALUES: usize = 100;

    /// The first hundred of `values`, and how many there were.
    pub fn new(values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut values: Vec<String> = values.into_iter().map(Into::into).collect();
        let total = values.len();
        values.truncate(Self::MAX_VALUES);
        Self { has_more: Some(total > values.len()), total: u64::try_from(total).ok(), values }
    }
}

/// The answer to `completion/complete`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompleteResult {
    /// The proposals.
    pub completion: Completion,
    /// Metadata.
    pub meta: Option<Meta>,
}

wire_object!(CompleteResult { required completion = "completion", optional meta = "_meta" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_survive_the_wire() {
        for json in [
            r#"{"ref":{"type":"ref/prompt","name":"p","title":"P"},"argument":{"name":"a","value":"v"},"context":{"arguments":{"z":"1","b":"2"}}}"#,
            r#"{"ref":{"type":"ref/resource","uri":"x:{y}"},"argument":{"name":"y","value":""}}"#,
        ] {
            let params: CompleteParams = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&params).unwrap(), json);
        }
        let unknown = r#"{"ref":{"type":"ref/tool"},"argument":{"name":"a","value":"v"}}"#;
        let error = serde_json::from_str::<CompleteParams>(unknown).unwrap_err().to_string();
        assert!(error.contains("`type` is `ref/tool`"), "{error}");
    }

    #[test]
    fn proposals_are_capped() {
        let many = Completion::new((0..250).map(|n| n.to_string()));
        assert_eq!((many.values.len(), many.total, many.has_more), (100, Some(250), Some(true)));
        let few = Completion::new(["a"]);
        assert_eq!((few.values.len(), few.total, few.has_more), (1, Some(1), Some(false)));
    }
}
