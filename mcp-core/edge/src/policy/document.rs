//! The file as it is written.

use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use mcp_core::service::Principal;

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Lets the call through, unless another rule denies it.
    Allow,
    /// Refuses the call.
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Allow { "allow" } else { "deny" })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default = "first_version")]
    pub(super) version: u32,
    #[serde(default = "deny")]
    pub(super) default: Effect,
    pub(super) roles: Option<Vec<String>>,
    pub(super) plans: Option<Vec<String>>,
    #[serde(default)]
    pub(super) rules: Vec<RuleDocument>,
    #[serde(default)]
    pub(super) tests: Vec<TestDocument>,
}

const fn first_version() -> u32 {
    1
}

const fn deny() -> Effect {
    Effect::Deny
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleDocument {
    pub(super) id: String,
    pub(super) effect: Effect,
    pub(super) roles: Option<Vec<String>>,
    pub(super) plans: Option<Vec<String>>,
    pub(super) orgs: Option<Vec<String>>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) tools: Vec<String>,
    #[serde(default)]
    pub(super) prompts: Vec<String>,
    #[serde(default)]
    pub(super) resources: Vec<String>,
    #[serde(default)]
    pub(super) methods: Vec<String>,
    #[serde(default)]
    pub(super) when: Conditions,
}

/// Conditions by pointer, in order. A pointer that occurs twice is refused.
#[derive(Debug, Default)]
pub(super) struct Conditions(pub(super) Vec<(String, Operators)>);

impl<'de> Deserialize<'de> for Conditions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Conditions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from JSON pointers to conditions")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Conditions, A::Error> {
                let mut pairs: Vec<(String, Operators)> = Vec::new();
                while let Some(pair) = map.next_entry::<String, Operators>()? {
                    if pairs.iter().any(|(pointer, _)| *pointer == pair.0) {
                        return Err(A::Error::custom(format_args!("`{}` occurs twice", pair.0)));
                    }
                    pairs.push(pair);
                }
                Ok(Conditions(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

/// What an argument must be. All that is given must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operators {
    pub(super) eq: Option<Value>,
    #[serde(rename = "in")]
    pub(super) one_of: Option<Vec<Value>>,
    pub(super) glob: Option<OneOrMany>,
    pub(super) prefix: Option<OneOrMany>,
    pub(super) path_within: Option<OneOrMany>,
    pub(super) host: Option<OneOrMany>,
    pub(super) schema: Option<OneOrMany>,
    pub(super) range: Option<Bounds<f64>>,
    pub(super) length: Option<Bounds<u64>>,
}

/// A text, or several of which one has to fit.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or a list of texts")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounds<T> {
    pub(super) min: Option<T>,
    pub(super) max: Option<T>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestDocument {
    pub(super) name: Option<String>,
    /// Absent: a caller that is not known.
    #[serde(rename = "as")]
    pub(super) caller: Option<Caller>,
    pub(super) call: TestCall,
    pub(super) expect: Effect,
    /// The rule that has to decide.
    pub(super) rule: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Caller {
    org: String,
    user: String,
    pub(super) role: Option<String>,
    pub(super) plan: Option<String>,
    scopes: Vec<String>,
}

impl Caller {
    pub(super) fn principal(&self) -> Principal {
        let mut principal = Principal::new(self.org.clone(), self.user.clone());
        principal.role.clone_from(&self.role);
        principal.plan.clone_from(&self.plan);
        principal.scopes = self.scopes.iter().cloned().collect();
        principal
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TestCall {
    pub(super) tool: Option<String>,
    pub(super) prompt: Option<String>,
    pub(super) resource: Option<String>,
    pub(super) method: Option<String>,
    pub(super) arguments: Option<Value>,
}
