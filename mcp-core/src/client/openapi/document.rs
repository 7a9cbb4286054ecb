//! The document, and finding one's way in it.

use serde_json::Value;

use super::OpenApiError;

/// Bytes of a document.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// References that lead to references.
const MAX_HOPS: usize = 16;
/// Methods that become tools.
const METHODS: [&str; 6] = ["get", "put", "post", "delete", "patch", "head"];

/// A document that was read.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Value,
    /// Whether schemas are of 3.0, which has a dialect of its own.
    pub(super) old: bool,
}

/// An operation as the document has it.
pub(super) struct Found<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) operation: &'a Value,
    /// Parameters of all operations of the path.
    pub(super) shared: Option<&'a Value>,
}

impl Document {
    pub(super) fn parse(text: &str) -> Result<Self, OpenApiError> {
        if text.len() > MAX_BYTES {
            return Err(OpenApiError::TooLarge { what: "bytes", limit: MAX_BYTES, hint: "split it" });
        }
        let root: Value = serde_json::from_str(text)?;
        let found = root.get("openapi").and_then(Value::as_str);
        let old = match found.map(|version| version.split('.').take(2).collect::<Vec<_>>()).as_deref() {
            Some(["3", "0"]) => true,
            Some(["3", "1" | "2"]) => false,
            _ => {
                let swagger = root.get("swagger").and_then(Value::as_str);
                let found = found.or(swagger).map_or_else(
                    || "it has no member `openapi`".to_owned(),
                    |version| format!("it says `{}`", crate::protocol::excerpt(version)),
                );
                return Err(OpenApiError::Version(found));
            }
        };
        Ok(Self { root, old })
    }

    /// What a value is, where it may be a reference.
    pub(super) fn resolve<'a>(&'a self, mut value: &'a Value, at: &str) -> Result<&'a Value, OpenApiError> {
        for _ in 0..MAX_HOPS {
            let Some(reference) = value.get("$ref") else { return Ok(value) };
            value = self.target(reference, at)?;
        }
        Err(OpenApiError::malformed(at, "its references lead in a circle"))
    }

    /// What a reference refers to.
    pub(super) fn target(&self, reference: &Value, at: &str) -> Result<&Value, OpenApiError> {
        let text = reference.as_str().ok_or_else(|| OpenApiError::malformed(at, "`$ref` is not a string"))?;
        let Some(pointer) = text.strip_prefix('#') else {
            let reference = crate::protocol::excerpt(text).to_owned();
            return Err(OpenApiError::Outside { at: at.to_owned(), reference });
        };
        let pointer = percent_decoded(pointer);
        self.root.pointer(&pointer).ok_or_else(|| {
            let text = crate::protocol::excerpt(text);
            OpenApiError::malformed(at, format!("`$ref` names `{text}`, which is not there"))
        })
    }

    /// All operations, in the order of the document.
    pub(super) fn operations(&self) -> Result<Vec<Found<'_>>, OpenApiError> {
        let paths = match self.root.get("paths") {
            Some(Value::Object(paths)) => paths,
            Some(_) => return Err(OpenApiError::malformed("paths", "it is not an object")),
            None => return Ok(Vec::new()),
        };
        let mut all = Vec::new();
        for (path, item) in paths {
            let at = format!("paths.{}", crate::protocol::excerpt(path));
            if path.starts_with("x-") {
                continue;
            }
            if !path.starts_with('/') {
                return Err(OpenApiError::malformed(at, "a path begins with `/`"));
            }
            let item = self.resolve(item, &at)?;
            let members =
                item.as_object().ok_or_else(|| OpenApiError::malformed(&at, "it is not an object"))?;
            for (key, operation) in members {
                let Some(method) = METHODS.into_iter().find(|method| method == key) else { continue };
                if !operation.is_object() {
                    return Err(OpenApiError::malformed(format!("{at}.{method}"), "it is not an object"));
                }
                all.push(Found { method, path, operation, shared: members.get("parameters") });
            }
        }
        Ok(all)
    }
}

/// References are URIs: their fragments may be percent-encoded.
fn percent_decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let decoded = hex.filter(|_| *byte == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(decoded.unwrap_or(*byte));
        rest = if decoded.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}
