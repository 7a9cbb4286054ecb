//! The result of a handler, and how it is written.

use bytes::Bytes;
use serde::Serialize;

use crate::protocol::{CacheHint, CallToolResult, GetPromptResult, Meta, RawJson, ReadResourceResult, json};

/// What a handler produced.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Body {
    /// The result of a tool.
    Tool(CallToolResult),
    /// A rendered prompt.
    Prompt(GetPromptResult),
    /// What a resource holds.
    Resource(ReadResourceResult),
    /// Any other result: a JSON object.
    Object(RawJson),
    /// A result of another server, passed on member by member as it came.
    #[non_exhaustive]
    Relayed {
        /// A JSON object of all members but those that follow.
        members: RawJson,
        /// Metadata.
        meta: Option<Meta>,
        /// How long, and by whom, it may be cached, where that is told.
        cache: Option<CacheHint>,
    },
}

impl Body {
    /// The result as JSON without `resultType`: what a task keeps.
    #[must_use]
    pub fn to_json(&self) -> RawJson {
        match self {
            Self::Tool(result) => RawJson::from_serialize(result),
            Self::Prompt(result) => RawJson::from_serialize(result),
            Self::Resource(result) => RawJson::from_serialize(result),
            Self::Object(result) => Ok(result.clone()),
            Self::Relayed { members, meta: None, .. } => Ok(members.clone()),
            Self::Relayed { members, meta: Some(meta), .. } => {
                let mut all: indexmap::IndexMap<String, RawJson> = members.parse().unwrap_or_default();
                all.insert("_meta".to_owned(), RawJson::from_serialize(meta).unwrap_or_default());
                RawJson::from_serialize(&all)
            }
        }
        .unwrap_or_default()
    }

    /// The result object as the newest revision wants it.
    pub(crate) fn write(self, writer: &ResultWriter, cache: CacheHint) -> Bytes {
        match self {
            Self::Tool(mut result) => {
                let meta = result.meta.take();
                writer.complete(&result, meta, None)
            }
            Self::Prompt(mut result) => {
                let meta = result.meta.take();
                writer.complete(&result, meta, None)
            }
            Self::Resource(mut result) => {
                let meta = result.meta.take();
                let cache = result.cache.take().unwrap_or(cache);
                writer.complete(&result, meta, Some(cache))
            }
            Self::Object(result) => writer.complete(&result, None, None),
            Self::Relayed { members, meta, cache } => writer.complete(&members, meta, cache),
        }
    }
}

/// Writes results: adds what every result of the newest revision carries.
#[derive(Debug)]
pub(crate) struct ResultWriter {
    /// `"io.modelcontextprotocol/serverInfo":{…}`, ready to be put into `_meta`.
    identity: String,
}

impl ResultWriter {
    pub(crate) fn new(info: &crate::protocol::Implementation) -> Self {
        let mut identity = Vec::new();
        json::write_str(&mut identity, crate::protocol::meta::SERVER_INFO);
        identity.push(b':');
        json::write(&mut identity, info);
        Self { identity: String::from_utf8(identity).unwrap_or_default() }
    }

    /// A complete result: the members of `value`, and those that every result has.
    pub(crate) fn complete<T: Serialize + ?Sized>(
        &self,
        value: &T,
        meta: Option<Meta>,
        cache: Option<CacheHint>,
    ) -> Bytes {
        self.result("complete", value, meta, cache)
    }

    /// A result of any type. A `_meta` that `value` itself writes is kept as it is.
    pub(crate) fn result<T: Serialize + ?Sized>(
        &self,
        result_type: &str,
        value: &T,
        meta: Option<Meta>,
        cache: Option<CacheHint>,
    ) -> Bytes {
        let mut out = Vec::with_capacity(256 + self.identity.len());
        out.extend_from_slice(br#"{"resultType":"#);
        json::write_str(&mut out, result_type);
        let body = out.len();
        json::write(&mut out, value);
        // `{…}` of the value becomes `,…` of the result.
        out.pop();
        match out.len() - body {
            0 | 1 => out.truncate(body),
            _ => out[body] = b',',
        }
        if let Some(cache) = cache {
            out.extend_from_slice(br#","ttlMs":"#);
            json::write(&mut out, &cache.ttl_ms);
            out.extend_from_slice(br#","cacheScope":"#);
            json::write(&mut out, &cache.scope);
        }
        out.extend_from_slice(br#","_meta":{"#);
        if let Some(meta) = meta.filter(|meta| !meta.is_empty()) {
            let inner = out.len();
            json::write(&mut out, &meta);
            out.remove(inner);
            out.pop();
            out.push(b',');
        }
        out.extend_from_slice(self.identity.as_bytes());
        out.extend_from_slice(b"}}");
        Bytes::from(out)
    }
}
