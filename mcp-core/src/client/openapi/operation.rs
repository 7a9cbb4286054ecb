//! An operation of the document, as a tool.

use std::collections::{BTreeSet, HashMap, HashSet};

use http::header::{self, HeaderName};
use serde_json::{Map, Value, json};

use super::OpenApiError;
use super::document::{Document, Found};
use super::parameter::{Parameter, Place, Style};
use super::schema::{Bundle, Direction};
use crate::protocol::{RawJson, ToolAnnotations};

/// What a tool's name may have: more than one model's interface takes no more.
const LONGEST_NAME: usize = 64;
/// Headers that are not for callers to set.
const OURS: [HeaderName; 9] = [
    header::ACCEPT,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::HOST,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    Json,
    Form,
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) kind: BodyKind,
    pub(super) media_type: String,
    pub(super) argument: String,
    pub(super) required: bool,
}

/// An operation, ready to be called.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: String,
    pub(super) method: http::Method,
    pub(super) path: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Body>,
    pub(super) title: Option<String>,
    pub(super) description: String,
    pub(super) tags: BTreeSet<String>,
    pub(super) input: RawJson,
    pub(super) output: Option<RawJson>,
}

impl Found<'_> {
    fn text(&self, member: &str) -> Option<&str> {
        self.operation.get(member).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn tags(&self) -> impl Iterator<Item = &str> {
        self.operation.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// Whether a word of a filter means this operation.
    pub(super) fn is(&self, word: &str) -> bool {
        let whole = word.split_once(' ').is_some_and(|(method, path)| {
            method.eq_ignore_ascii_case(self.method) && path.trim() == self.path
        });
        whole || self.text("operationId") == Some(word) || self.tags().any(|tag| tag == word)
    }

    /// The name of the tool.
    pub(super) fn name(&self, taken: &mut HashSet<String>) -> String {
        let named = self.text("operationId").map(|id| plain(id, LONGEST_NAME)).filter(|id| !id.is_empty());
        let name = named.unwrap_or_else(|| plain(&format!("{}{}", self.method, self.path), LONGEST_NAME));
        unused(&name, taken)
    }
}

/// Letters, digits, `-` and `_`: one `_` for any run of others, none at the ends.
pub(super) fn plain(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '-' => out.push(c),
            _ if out.is_empty() || out.ends_with('_') => {}
            _ => out.push('_'),
        }
    }
    out.truncate(longest);
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// The name, with a number if it is taken.
pub(super) fn unused(name: &str, taken: &mut HashSet<String>) -> String {
    let (mut free, mut count) = (name.to_owned(), 1u32);
    while !taken.insert(free.clone()) {
        count += 1;
        let number = format!("_{count}");
        let room = LONGEST_NAME.saturating_sub(number.len());
        free = format!("{}{number}", name.get(..room).unwrap_or(name));
    }
    free
}

/// Reads an operation; none if its body is of a kind that cannot be written.
pub(super) fn compile(
    document: &Document,
    found: &Found<'_>,
    name: String,
    given: &HashSet<(Place, String)>,
) -> Result<Option<Operation>, OpenApiError> {
    let at = format!("{} {}", found.method.to_uppercase(), crate::protocol::excerpt(found.path));
    let mut bundle = Bundle::new(document, Direction::Request, &at);
    let (mut parameters, mut schemas) = parameters(document, found, given, &mut bundle, &at)?;
    let body = match body(document, found, &mut bundle, &at)? {
        Content::None => None,
        Content::Unknown => return Ok(None),
        Content::Body(body, schema) => {
            schemas.push(schema);
            Some(body)
        }
    };
    check_path(found.path, &parameters, &at)?;
    name_arguments(&mut parameters, body.as_ref());
    let names = parameters.iter().map(|p| (&p.argument, p.required));
    let names = names.chain(body.iter().map(|body| (&body.argument, body.required)));
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for ((name, needed), schema) in names.zip(schemas) {
        properties.insert(name.clone(), schema);
        if needed {
            required.push(name.clone());
        }
    }
    let mut input = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let definitions = bundle.definitions()?;
    if let Some(input) = input.as_object_mut() {
        if !required.is_empty() {
            input.insert("required".to_owned(), required.into());
        }
        if !definitions.is_empty() {
            input.insert("$defs".to_owned(), definitions.into());
        }
    }
    let title = found.text("summary").map(str::to_owned);
    let described = found.text("description").or(found.text("summary"));
    Ok(Some(Operation {
        name,
        method: http::Method::from_bytes(found.method.to_uppercase().as_bytes()).unwrap_or_default(),
        path: found.path.to_owned(),
        parameters,
        body,
        description: described.map_or_else(|| at.clone(), str::to_owned),
        title,
        tags: found.tags().map(str::to_owned).collect(),
        input: RawJson::from(input),
        output: output(document, found, &at)?.map(RawJson::from),
    }))
}

/// The parameters of an operation and its path, with a schema for each.
fn parameters(
    document: &Document,
    found: &Found<'_>,
    given: &HashSet<(Place, String)>,
    bundle: &mut Bundle<'_>,
    at: &str,
) -> Result<(Vec<Parameter>, Vec<Value>), OpenApiError> {
    // Those of the operation go before those of the path.
    let mut all: indexmap::IndexMap<(Place, String), &Value> = indexmap::IndexMap::new();
    for list in [found.shared, found.operation.get("parameters")].into_iter().flatten() {
        let list =
            list.as_array().ok_or_else(|| OpenApiError::malformed(at, "`parameters` is not an array"))?;
        for parameter in list {
            let parameter = document.resolve(parameter, at)?;
            let text = |member: &str| {
                parameter.get(member).and_then(Value::as_str).ok_or_else(|| {
                    OpenApiError::malformed(at, format!("a parameter has no member `{member}` that is text"))
                })
            };
            let (name, place) = (text("name")?, text("in")?);
            let place = Place::parse(place)
                .ok_or_else(|| OpenApiError::malformed(at, format!("`{name}`: `in` is `{place}`")))?;
            all.insert((place, name.to_owned()), parameter);
        }
    }
    let (mut parameters, mut schemas) = (Vec::new(), Vec::new());
    for ((place, name), value) in all {
        let key = (place, if place == Place::Header { name.to_ascii_lowercase() } else { name.clone() });
        if given.contains(&key) || place == Place::Header && is_ours(&name, at)? {
            continue;
        }
        let (parameter, schema) = parameter(place, name, value, at)?;
        let mut schema = bundle.convert(schema.unwrap_or(&json!({})))?;
        if let (Some(text), Some(schema)) = (value.get("description"), schema.as_object_mut()) {
            schema.entry("description").or_insert_with(|| text.clone());
        }
        parameters.push(parameter);
        schemas.push(schema);
    }
    Ok((parameters, schemas))
}

fn is_ours(name: &str, at: &str) -> Result<bool, OpenApiError> {
    let name = HeaderName::try_from(name)
        .map_err(|_| OpenApiError::malformed(at, "a parameter has a name that no header can have"))?;
    Ok(OURS.contains(&name))
}

fn parameter<'a>(
    place: Place,
    name: String,
    value: &'a Value,
    at: &str,
) -> Result<(Parameter, Option<&'a Value>), OpenApiError> {
    let flag = |member: &str| value.get(member).and_then(Value::as_bool);
    let style = value.get("style").and_then(Value::as_str);
    let content = value.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
    let (style, schema) = match content {
        Some(content) => (Style::Json, content.get("schema")),
        None => {
            let style = Style::parse(style, place).ok_or_else(|| {
                let (style, place) = (crate::protocol::excerpt(style.unwrap_or_default()), place.as_str());
                OpenApiError::malformed(at, format!("`{name}`: the style `{style}` is none for `{place}`"))
            })?;
            (style, value.get("schema"))
        }
    };
    let explode = flag("explode").unwrap_or(matches!(style, Style::Form | Style::Deep));
    let required = place == Place::Path || flag("required").unwrap_or(false);
    let reserved = place == Place::Query && flag("allowReserved").unwrap_or(false);
    Ok((Parameter { argument: name.clone(), name, place, style, explode, reserved, required }, schema))
}

/// The body of a request, as the document describes it.
enum Content {
    None,
    Body(Body, Value),
    Unknown,
}

fn body(
    document: &Document,
    found: &Found<'_>,
    bundle: &mut Bundle<'_>,
    at: &str,
) -> Result<Content, OpenApiError> {
    let Some(body) = found.operation.get("requestBody") else { return Ok(Content::None) };
    let body = document.resolve(body, at)?;
    let content = body
        .get("content")
        .and_then(Value::as_object)
        .ok_or_else(|| OpenApiError::malformed(at, "`requestBody` has no object `content`"))?;
    let kinds = content.iter().filter_map(|(name, media)| Some((body_kind(name)?, name, media)));
    // JSON goes before forms.
    let Some((kind, name, media)) = kinds.min_by_key(|(kind, ..)| *kind == BodyKind::Form) else {
        let required = body.get("required").and_then(Value::as_bool).unwrap_or(false);
        return Ok(if required { Content::Unknown } else { Content::None });
    };
    let mut schema = bundle.convert(media.get("schema").unwrap_or(&json!({})))?;
    if let (Some(text), Some(schema)) = (body.get("description"), schema.as_object_mut()) {
        schema.entry("description").or_insert_with(|| text.clone());
    }
    let required = body.get("required").and_then(Value::as_bool).unwrap_or(false);
    let (argument, media_type) = ("body".to_owned(), name.clone());
    Ok(Content::Body(Body { kind, media_type, argument, required }, schema))
}

/// What of JSON or forms a media type is.
fn body_kind(name: &str) -> Option<BodyKind> {
    let essence = name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => Some(BodyKind::Form),
        _ if is_json(&essence) => Some(BodyKind::Json),
        _ => None,
    }
}

pub(super) fn is_json(essence: &str) -> bool {
    essence == "application/json" || essence.ends_with("+json") && !essence.contains('*')
}

/// Every variable of the path must have a parameter, and the other way round.
fn check_path(path: &str, parameters: &[Parameter], at: &str) -> Result<(), OpenApiError> {
    let declared: HashSet<&str> =
        parameters.iter().filter(|p| p.place == Place::Path).map(|p| p.name.as_str()).collect();
    let used: HashSet<&str> = variables(path).collect();
    if let Some(missing) = used.difference(&declared).next() {
        return Err(OpenApiError::malformed(at, format!("`{{{missing}}}` has no parameter in `path`")));
    }
    if let Some(stray) = declared.difference(&used).next() {
        return Err(OpenApiError::malformed(at, format!("the path has no `{{{stray}}}`")));
    }
    if path.contains(['?', '#']) || path.bytes().any(|byte| !byte.is_ascii_graphic()) {
        return Err(OpenApiError::malformed(at, "a path holds neither `?`, `#` nor white space"));
    }
    Ok(())
}

/// The variables of a path.
fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name)
}

/// Gives every parameter an argument of its own: its name where that is plain and no other's, else its
/// name and its place.
fn name_arguments(parameters: &mut [Parameter], body: Option<&Body>) {
    let names: Vec<String> = parameters.iter().map(|p| argument(&p.name)).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    names.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    if body.is_some() {
        *counts.entry("body").or_default() += 1;
    }
    let mut taken: HashSet<String> = body.iter().map(|body| body.argument.clone()).collect();
    for (parameter, name) in parameters.iter_mut().zip(&names) {
        let alone = counts.get(name.as_str()) == Some(&1);
        let name = if alone { name.clone() } else { format!("{name}_{}", parameter.place.as_str()) };
        parameter.argument = unused(&name, &mut taken);
    }
}

fn argument(name: &str) -> String {
    if name.starts_with('_')
        && name.len() <= LONGEST_NAME
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        return name.to_owned();
    }
    let name = plain(name, LONGEST_NAME - 8);
    if name.is_empty() { "value".to_owned() } else { name }
}

/// The schema of what a success holds, where it is an object.
fn output(document: &Document, found: &Found<'_>, at: &str) -> Result<Option<Value>, OpenApiError> {
    let Some(responses) = found.operation.get("responses").and_then(Value::as_object) else {
        return Ok(None);
    };
    let mut successes = responses.iter().filter(|(code, _)| code.starts_with('2'));
    // Where successes differ, no schema fits them all.
    let (Some((_, success)), None) = (successes.next(), successes.next()) else { return Ok(None) };
    let success = document.resolve(success, at)?;
    let Some(content) = success.get("content").and_then(Value::as_object) else { return Ok(None) };
    let json = content.iter().find(|(name, _)| body_kind(name) == Some(BodyKind::Json));
    let Some(schema) = json.filter(|_| content.len() == 1).and_then(|(_, media)| media.get("schema")) else {
        return Ok(None);
    };
    if document.resolve(schema, at)?.get("type").is_none_or(|kind| kind != "object") {
        return Ok(None);
    }
    let mut bundle = Bundle::new(document, Direction::Response, at);
    let mut converted = bundle.convert(schema)?;
    let definitions = bundle.definitions()?;
    let Some(object) = converted.as_object_mut() else { return Ok(None) };
    object.entry("type").or_insert_with(|| "object".into());
    if !definitions.is_empty() {
        object.insert("$defs".to_owned(), definitions.into());
    }
    Ok((converted["type"] == "object").then_some(converted))
}

impl Operation {
    /// What a method says of an operation.
    pub(super) fn annotations(&self) -> ToolAnnotations {
        let safe = matches!(self.method.as_str(), "GET" | "HEAD");
        let idempotent = safe || matches!(self.method.as_str(), "PUT" | "DELETE");
        ToolAnnotations {
            read_only_hint: Some(safe),
            destructive_hint: (!safe).then_some(self.method != http::Method::POST),
            idempotent_hint: Some(idempotent),
            ..ToolAnnotations::default()
        }
    }
}
