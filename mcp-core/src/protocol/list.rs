//! Answers that list definitions, page by page.

use super::{CacheHint, Meta, Prompt, Resource, ResourceTemplate, Tool, object::wire_object};

macro_rules! list_result {
    ($(#[$doc:meta])* $type:ident, $item:ident, $field:ident = $name:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $type {
            /// This page.
            pub $field: Vec<$item>,
            /// Where the next page begins, if there is one.
            pub next_cursor: Option<String>,
            /// How long this may be kept.
            pub cache: Option<CacheHint>,
            /// Metadata.
            pub meta: Option<Meta>,
        }

        wire_object!($type {
            required $field = $name,
            optional next_cursor = "nextCursor",
            hint cache = "ttlMs",
            optional meta = "_meta",
        });
    };
}

list_result! {
    /// The answer to `tools/list`.
    ListToolsResult, Tool, tools = "tools"
}
list_result! {
    /// The answer to `resources/list`.
    ListResourcesResult, Resource, resources = "resources"
}
list_result! {
    /// The answer to `resources/templates/list`.
    ListResourceTemplatesResult, ResourceTemplate, resource_templates = "resourceTemplates"
}
list_result! {
    /// The answer to `prompts/list`.
    ListPromptsResult, Prompt, prompts = "prompts"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_survive_the_wire() {
        let json = r#"{"tools":[{"name":"t","inputSchema":{"type":"object"}}],"nextCursor":"c","ttlMs":0,"cacheScope":"public"}"#;
        let page: ListToolsResult = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&page).unwrap(), json);
        let old: ListPromptsResult = serde_json::from_str(r#"{"prompts":[]}"#).unwrap();
        assert_eq!(old, ListPromptsResult::default());
    }
}
