//! What a client wants to be told of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The `notifications` of `subscriptions/listen`, and of the server's acknowledgement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SubscriptionFilter {
    /// Changes to the list of tools.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tools_list_changed: bool,
    /// Changes to the list of prompts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub prompts_list_changed: bool,
    /// Changes to the list of resources.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub resources_list_changed: bool,
    /// Changes to these resources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_subscriptions: Vec<String>,
    /// What extensions add.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl SubscriptionFilter {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_survive_the_wire() {
        for json in ["{}", r#"{"toolsListChanged":true,"resourceSubscriptions":["a:b"],"taskIds":["t"]}"#] {
            let filter: SubscriptionFilter = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&filter).unwrap(), json);
        }
        let refused = r#"{"promptsListChanged":false,"resourceSubscriptions":[]}"#;
        assert!(serde_json::from_str::<SubscriptionFilter>(refused).unwrap().is_empty());
    }
}
