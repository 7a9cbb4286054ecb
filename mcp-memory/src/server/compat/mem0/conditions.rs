//! Their filters as ours: `AND`, `OR`, `NOT`, comparisons, and `*` for anything.

use serde_json::{Map, Value, json};

use super::entities::prefix;
use crate::MemoryError;
use crate::filter::Filter;

/// Reads a filter of theirs.
///
/// # Errors
/// It is none. The error names the place in what was given.
pub(super) fn read(filters: &Value) -> Result<Filter, MemoryError> {
    let ours = node(filters, "filters")?;
    Filter::parse(&ours).map_err(|error| MemoryError::invalid("filters", error.to_string()))
}

fn wrong(path: &str, problem: &str) -> MemoryError {
    MemoryError::invalid("filters", format!("{path}: {problem}"))
}

/// A condition, of which all members hold.
fn node(json: &Value, path: &str) -> Result<Value, MemoryError> {
    let Value::Object(members) = json else {
        return Err(wrong(path, "must be an object such as `{\"user_id\": \"ann\"}`"));
    };
    let mut all = Vec::new();
    for (name, value) in members {
        let path = format!("{path}.{name}");
        all.push(match name.as_str() {
            "AND" => json!({ "all": nodes(value, &path)? }),
            "OR" => json!({ "any": nodes(value, &path)? }),
            "NOT" => json!({ "not": { "any": nodes(value, &path)? } }),
            _ => field(name, value, &path)?,
        });
    }
    Ok(json!({ "all": all }))
}

fn nodes(json: &Value, path: &str) -> Result<Vec<Value>, MemoryError> {
    match json {
        Value::Array(items) => {
            let each = items.iter().enumerate();
            each.map(|(at, item)| node(item, &format!("{path}[{at}]"))).collect()
        }
        Value::Object(_) => Ok(vec![node(json, path)?]),
        _ => Err(wrong(path, "must be a list of conditions")),
    }
}

fn field(name: &str, value: &Value, path: &str) -> Result<Value, MemoryError> {
    match name {
        "user_id" | "agent_id" | "app_id" | "run_id" => entity(name, value, path),
        "categories" | "category" => named("category:", value, path),
        "created_at" | "timestamp" => Ok(json!({ "created": value })),
        "updated_at" => Ok(json!({ "updated": value })),
        "expiration_date" => Ok(json!({ "expires": value })),
        "id" => Ok(json!({ "id": value })),
        "memory_ids" => Ok(json!({ "id": { "in": value } })),
        "memory_type" => Ok(json!({ "type": value })),
        "keywords" | "memory" if value.is_string() => Ok(json!({ "content": { "icontains": value } })),
        "keywords" | "memory" => Ok(json!({ "content": value })),
        "tags" if value.is_object() => Ok(json!({ "tags": value })),
        "tags" => Ok(json!({ "tags": { "any": list(value) } })),
        "metadata" => metadata(value, path),
        other => Ok(json!({ format!("metadata.{}", escaped(other)): value })),
    }
}

/// Users, agents, apps and runs are tags; agents and runs may also stand in their fields.
fn entity(name: &str, value: &Value, path: &str) -> Result<Value, MemoryError> {
    let tagged = named(prefix(name).unwrap_or_default(), value, path)?;
    let field = match name {
        "agent_id" => "agent",
        "run_id" => "run",
        _ => return Ok(tagged),
    };
    // What is excluded must be in neither.
    let negated = value.get("ne").is_some() || value.get("nin").is_some();
    let both = if negated { "all" } else { "any" };
    Ok(json!({ both: [tagged, { field: value }] }))
}

/// Names that stand in tags behind a prefix.
fn named(prefix: &str, value: &Value, path: &str) -> Result<Value, MemoryError> {
    let tag = |value: &Value| match value {
        Value::String(name) => Ok(format!("{prefix}{name}")),
        Value::Number(number) => Ok(format!("{prefix}{number}")),
        _ => Err(wrong(path, "must be a name, `*`, or `{\"in\": […]}`")),
    };
    let tags = |value: &Value| list(value).iter().map(tag).collect::<Result<Vec<_>, _>>();
    let exists = json!({ "tags": { "prefix": prefix } });
    let Value::Object(operators) = value else {
        return Ok(if value == "*" { exists } else { json!({ "tags": { "any": tags(value)? } }) });
    };
    let mut all = Vec::new();
    for (operator, value) in operators {
        all.push(match operator.as_str() {
            "eq" | "in" | "contains" if value == "*" => exists.clone(),
            "eq" | "in" | "contains" => json!({ "tags": { "any": tags(value)? } }),
            "ne" | "nin" if value == "*" => json!({ "not": exists }),
            "ne" | "nin" => json!({ "tags": { "none": tags(value)? } }),
            _ => {
                return Err(wrong(
                    path,
                    &format!("`{operator}` is no operator here: use `eq`, `ne`, `in`, `nin` or `contains`"),
                ));
            }
        });
    }
    if all.is_empty() {
        return Err(wrong(path, "needs an operator: use `eq`, `ne`, `in`, `nin` or `contains`"));
    }
    Ok(json!({ "all": all }))
}

/// Members of the metadata, each a value or operators.
fn metadata(value: &Value, path: &str) -> Result<Value, MemoryError> {
    let Value::Object(members) = value else {
        return Err(wrong(path, "must be an object such as `{\"topic\": \"food\"}`"));
    };
    let each = members.iter().map(|(name, value)| match value {
        // `{"contains": {"topic": "food"}}`, `{"eq": {…}}`
        Value::Object(inner) if matches!(name.as_str(), "contains" | "eq") => {
            metadata(&Value::Object(inner.clone()), path)
        }
        _ => Ok(Value::Object(Map::from_iter([(format!("metadata.{}", escaped(name)), value.clone())]))),
    });
    Ok(json!({ "all": each.collect::<Result<Vec<_>, _>>()? }))
}

fn escaped(name: &str) -> String {
    name.replace('\\', r"\\").replace('.', r"\.")
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    #[test]
    fn filters_mean_the_same() {
        for (theirs, ours) in [
            (json!({}), json!({})),
            (json!({ "user_id": "ann" }), json!({ "tags": { "any": ["user:ann"] } })),
            (json!({ "user_id": "*" }), json!({ "tags": { "prefix": "user:" } })),
            (json!({ "app_id": { "in": ["a", "b"] } }), json!({ "tags": { "any": ["app:a", "app:b"] } })),
            (json!({ "user_id": { "ne": "ann" } }), json!({ "not": { "tags": { "any": ["user:ann"] } } })),
            (
                json!({ "agent_id": "x" }),
                json!({ "any": [{ "tags": { "any": ["agent:x"] } }, { "agent": "x" }] }),
            ),
            (
                json!({ "run_id": { "nin": ["r"] } }),
                json!({ "all": [{ "tags": { "none": ["run:r"] } }, { "run": { "nin": ["r"] } }] }),
            ),
            (
                json!({ "categories": { "contains": "food" } }),
                json!({ "tags": { "any": ["category:food"] } }),
            ),
            (json!({ "created_at": { "gte": "2024-01-01" } }), json!({ "created": { "gte": "2024-01-01" } })),
            (json!({ "keywords": { "icontains": "tea" } }), json!({ "content": { "icontains": "tea" } })),
            (json!({ "metadata": { "a.b": 1 } }), json!({ r"metadata.a\.b": 1 })),
            (json!({ "metadata": { "contains": { "a": 1 } } }), json!({ "metadata.a": 1 })),
            (json!({ "score": { "gt": 3 } }), json!({ "metadata.score": { "gt": 3 } })),
            (
                json!({ "AND": [{ "user_id": "a" }, { "OR": [{ "x": 1 }, { "NOT": [{ "y": "*" }] }] }] }),
                json!({ "all": [{ "tags": { "any": ["user:a"] } },
                { "any": [{ "metadata.x": 1 }, { "not": { "metadata.y": "*" } }] }] }),
            ),
        ] {
            let expect = Filter::parse(&ours).unwrap();
            assert_eq!(read(&theirs).unwrap().to_json(), expect.to_json(), "{theirs}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused_with_its_place() {
        for (theirs, expect) in [
            (json!([]), "filters: filters: must be an object such as `{\"user_id\": \"ann\"}`"),
            (json!({ "AND": "x" }), "filters: filters.AND: must be a list of conditions"),
            (
                json!({ "OR": [{ "user_id": { "gt": "a" } }] }),
                "filters: filters.OR[0].user_id: `gt` is no operator here: use `eq`, `ne`, `in`, `nin` or `contains`",
            ),
            (
                json!({ "user_id": {} }),
                "filters: filters.user_id: needs an operator: use `eq`, `ne`, `in`, `nin` or `contains`",
            ),
            (json!({ "user_id": true }), "filters: filters.user_id: must be a name, `*`, or `{\"in\": […]}`"),
            (
                json!({ "metadata": 1 }),
                "filters: filters.metadata: must be an object such as `{\"topic\": \"food\"}`",
            ),
        ] {
            assert_eq!(read(&theirs).unwrap_err().to_string(), expect);
        }
        let unknown = read(&json!({ "x": { "like": 1 } })).unwrap_err().to_string();
        assert!(unknown.contains("is no operator of `metadata.x`"), "{unknown}");
    }
}
