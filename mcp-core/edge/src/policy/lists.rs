//! Lists without what a caller may not use.

use std::borrow::Cow;

use bytes::Bytes;
use mcp_core::protocol::Method;
use mcp_core::service::Principal;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Policy;
use super::call::Kind;

/// What a list holds: its member, and what names an item.
struct List {
    kind: Kind,
    member: &'static str,
    used_by: &'static str,
}

const fn list_of(method: &Method) -> Option<List> {
    let (kind, member, used_by) = match method {
        Method::ToolsList => (Kind::Tool, "tools", "tools/call"),
        Method::PromptsList => (Kind::Prompt, "prompts", "prompts/get"),
        Method::ResourcesList => (Kind::Resource, "resources", "resources/read"),
        Method::ResourceTemplatesList => (Kind::Resource, "resourceTemplates", "resources/read"),
        _ => return None,
    };
    Some(List { kind, member, used_by })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    uri: Option<Cow<'a, str>>,
    #[serde(borrow)]
    uri_template: Option<Cow<'a, str>>,
}

/// The members of an object in their order, as text.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> serde::de::Visitor<'de> for Pairs {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::with_capacity(8);
                while let Some(key) = map.next_key::<String>()? {
                    pairs.push((Cow::Owned(key), map.next_value()?));
                }
                Ok(Members(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl Policy {
    /// A list as a caller may see it; nothing where the method is no list. What cannot be read is left out.
    #[must_use]
    pub fn filter(&self, who: Option<&Principal>, method: &Method, result: &Bytes) -> Option<Bytes> {
        let list = list_of(method)?;
        let members: Members<'_> = serde_json::from_slice(result).unwrap_or(Members(Vec::new()));
        let mut out = Vec::with_capacity(result.len() + 32);
        out.push(b'{');
        let mut scoped = false;
        for (name, value) in &members.0 {
            push_member(&mut out, name);
            if name == list.member {
                self.write_items(who, &list, value, &mut out);
            } else if name == "cacheScope" && self.varies {
                scoped = true;
                out.extend_from_slice(br#""private""#);
            } else {
                out.extend_from_slice(value.get().as_bytes());
            }
        }
        if !members.0.iter().any(|(name, _)| name == list.member) {
            push_member(&mut out, list.member);
            out.extend_from_slice(b"[]");
        }
        if self.varies && !scoped && members.0.iter().any(|(name, _)| name == "ttlMs") {
            push_member(&mut out, "cacheScope");
            out.extend_from_slice(br#""private""#);
        }
        out.push(b'}');
        Some(out.into())
    }

    fn write_items(&self, who: Option<&Principal>, list: &List, items: &RawValue, out: &mut Vec<u8>) {
        let items: Vec<&RawValue> = serde_json::from_str(items.get()).unwrap_or_default();
        out.push(b'[');
        let start = out.len();
        for raw in items {
            let Ok(item) = serde_json::from_str::<Item<'_>>(raw.get()) else { continue };
            let name = if list.kind == Kind::Resource { item.uri_template.or(item.uri) } else { item.name };
            if name.is_some_and(|name| self.shows(who, list.kind, list.used_by, &name)) {
                if out.len() > start {
                    out.push(b',');
                }
                out.extend_from_slice(raw.get().as_bytes());
            }
        }
        out.push(b']');
    }
}

fn push_member(out: &mut Vec<u8>, name: &str) {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut *out, name);
    out.push(b':');
}
