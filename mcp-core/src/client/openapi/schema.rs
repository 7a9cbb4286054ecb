//! Schemas of a document, as JSON Schema 2020-12 that stands alone.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::OpenApiError;
use super::document::Document;

/// Values that the schema of one tool may hold.
const MAX_NODES: usize = 50_000;

/// Who a schema is for: members that the other side alone may set are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Response,
}

/// Collects what schemas refer to.
pub(super) struct Bundle<'a> {
    document: &'a Document,
    direction: Direction,
    at: &'a str,
    /// Names of what was referred to, by reference.
    names: IndexMap<String, String>,
    taken: HashSet<String>,
    nodes: usize,
}

impl<'a> Bundle<'a> {
    pub(super) fn new(document: &'a Document, direction: Direction, at: &'a str) -> Self {
        Self { document, direction, at, names: IndexMap::new(), taken: HashSet::new(), nodes: 0 }
    }

    /// A schema in the dialect of tools. What it refers to is left for [`definitions`](Self::definitions).
    pub(super) fn convert(&mut self, schema: &Value) -> Result<Value, OpenApiError> {
        self.count(1)?;
        let Value::Object(members) = schema else {
            return match schema {
                Value::Bool(_) => Ok(schema.clone()),
                _ => Err(OpenApiError::malformed(self.at, "a schema is neither an object nor a boolean")),
            };
        };
        if let Some(reference) = members.get("$ref") {
            let mut out = Map::new();
            out.insert("$ref".to_owned(), self.refer(reference)?.into());
            if !self.document.old {
                let beside = members.iter().filter(|(key, _)| *key != "$ref");
                self.members(beside, &mut out)?;
            }
            return Ok(out.into());
        }
        let mut out = Map::new();
        self.members(members.iter(), &mut out)?;
        self.leave_out(&mut out, members);
        Ok(if self.document.old { modern(out, members) } else { out.into() })
    }

    /// Everything that was referred to, and what that refers to.
    pub(super) fn definitions(&mut self) -> Result<Map<String, Value>, OpenApiError> {
        let (mut out, mut done) = (Map::new(), 0);
        while let Some((reference, name)) = self.names.get_index(done).map(|(r, n)| (r.clone(), n.clone())) {
            done += 1;
            let target = self.document.target(&Value::from(reference), self.at)?;
            out.insert(name, self.convert(target)?);
        }
        Ok(out)
    }

    /// What a reference is called here.
    fn refer(&mut self, reference: &Value) -> Result<String, OpenApiError> {
        self.document.target(reference, self.at)?;
        let reference = reference.as_str().unwrap_or_default();
        if let Some(name) = self.names.get(reference) {
            return Ok(format!("#/$defs/{name}"));
        }
        let last = reference.rsplit('/').next().unwrap_or_default();
        let base = super::operation::plain(last, 64);
        let base = if base.is_empty() { "schema" } else { &base };
        let name = super::operation::unused(base, &mut self.taken);
        self.names.insert(reference.to_owned(), name.clone());
        Ok(format!("#/$defs/{name}"))
    }

    fn members<'m>(
        &mut self,
        members: impl Iterator<Item = (&'m String, &'m Value)>,
        out: &mut Map<String, Value>,
    ) -> Result<(), OpenApiError> {
        for (key, value) in members {
            let converted = match key.as_str() {
                "not"
                | "items"
                | "additionalProperties"
                | "contains"
                | "propertyNames"
                | "if"
                | "then"
                | "else"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                    if !value.is_array() =>
                {
                    self.convert(value)?
                }
                "items" | "allOf" | "anyOf" | "oneOf" | "prefixItems" => self.list(value)?,
                "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => {
                    self.map(value)?
                }
                "example" if !out.contains_key("examples") => {
                    self.count(nodes(value))?;
                    out.insert("examples".to_owned(), json!([value]));
                    continue;
                }
                // For other readers, or of another document.
                "example" | "discriminator" | "xml" | "externalDocs" | "nullable" | "$id" | "$anchor"
                | "$dynamicAnchor" | "$dynamicRef" | "$schema" => continue,
                extension if extension.starts_with("x-") => continue,
                _ => {
                    self.count(nodes(value))?;
                    value.clone()
                }
            };
            out.insert(key.clone(), converted);
        }
        Ok(())
    }

    fn list(&mut self, value: &Value) -> Result<Value, OpenApiError> {
        let Value::Array(schemas) = value else {
            return Err(OpenApiError::malformed(self.at, "a list of schemas is not an array"));
        };
        schemas.iter().map(|schema| self.convert(schema)).collect::<Result<Vec<_>, _>>().map(Value::from)
    }

    fn map(&mut self, value: &Value) -> Result<Value, OpenApiError> {
        let Value::Object(schemas) = value else {
            return Err(OpenApiError::malformed(self.at, "`properties` or the like is not an object"));
        };
        let converted = schemas.iter().map(|(name, schema)| Ok((name.clone(), self.convert(schema)?)));
        converted.collect::<Result<Map<_, _>, OpenApiError>>().map(Value::from)
    }

    /// Takes members out that this side must not set, or does not get.
    fn leave_out(&self, out: &mut Map<String, Value>, members: &Map<String, Value>) {
        let mark = if self.direction == Direction::Request { "readOnly" } else { "writeOnly" };
        let Some(Value::Object(properties)) = members.get("properties") else { return };
        let marked = |(_, schema): &(&String, &Value)| schema.get(mark) == Some(&Value::Bool(true));
        for (name, _) in properties.iter().filter(marked) {
            if let Some(Value::Object(kept)) = out.get_mut("properties") {
                kept.shift_remove(name);
            }
            if let Some(Value::Array(required)) = out.get_mut("required") {
                required.retain(|other| other != name);
            }
        }
    }

    fn count(&mut self, nodes: usize) -> Result<(), OpenApiError> {
        self.nodes += nodes;
        if self.nodes > MAX_NODES {
            let problem = format!("its schema has more than {MAX_NODES} values; leave the operation out");
            return Err(OpenApiError::malformed(self.at, problem));
        }
        Ok(())
    }
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(nodes).sum(),
        Value::Object(members) => members.values().map(nodes).sum(),
        _ => 0,
    }
}

/// A schema of 3.0 in today's words.
fn modern(mut out: Map<String, Value>, members: &Map<String, Value>) -> Value {
    for (flag, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        match out.get(flag) {
            Some(Value::Bool(true)) => {
                out.shift_remove(flag);
                if let Some(limit) = out.shift_remove(bound) {
                    out.insert(flag.to_owned(), limit);
                }
            }
            Some(Value::Bool(false)) => drop(out.shift_remove(flag)),
            _ => {}
        }
    }
    if members.get("nullable") != Some(&Value::Bool(true)) {
        return out.into();
    }
    match out.get_mut("type") {
        Some(kind @ Value::String(_)) => *kind = json!([kind.take(), "null"]),
        Some(_) => {}
        None => return json!({ "anyOf": [out, { "type": "null" }] }),
    }
    if let Some(Value::Array(choices)) = out.get_mut("enum")
        && !choices.contains(&Value::Null)
    {
        choices.push(Value::Null);
    }
    out.into()
}
