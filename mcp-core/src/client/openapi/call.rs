//! Calling an operation: from arguments to a request.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response};
use serde_json::{Map, Value};
use url::Url;

use super::answer;
use super::operation::{BodyKind, Operation};
use super::pages::Pages;
use super::parameter::{Parameter, Place, encode, text};
use crate::client::http::{Authorize, HttpClient, HttpError, Next};
use crate::protocol::{CallToolResult, decode};

/// How often credentials are got anew for one request.
const ATTEMPTS: u32 = 3;

/// What all operations share.
pub(super) struct Api {
    pub(super) http: HttpClient,
    pub(super) base: Url,
    pub(super) headers: HeaderMap,
    pub(super) query: Vec<(String, String)>,
    pub(super) authorize: Option<Arc<dyn Authorize>>,
    pub(super) max_response: usize,
    pub(super) timeout: Duration,
    pub(super) pages: Pages,
}

/// A request before credentials.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Api {
    /// Calls an operation. Whatever goes wrong is told to the model.
    pub(super) async fn call(&self, operation: &Operation, arguments: &str) -> CallToolResult {
        let answered = async {
            let prepared = self.prepare(operation, arguments)?;
            let answer = self.exchange(operation, &prepared, self.max_response).await?;
            if self.pages.most > 1 && operation.method == http::Method::GET && answer.status().is_success() {
                return self.all_pages(operation, prepared, answer).await;
            }
            Ok(answer::result(operation, &answer))
        };
        answered.await.unwrap_or_else(CallToolResult::error)
    }

    pub(super) fn prepare(&self, operation: &Operation, arguments: &str) -> Result<Prepared, String> {
        let mut arguments: Map<String, Value> =
            decode(arguments).map_err(|error| format!("invalid arguments: {error}"))?;
        // Absent and null are the same: a model writes null for what it leaves out.
        arguments.retain(|_, value| !value.is_null());
        let body = operation.body.as_ref();
        let known = |name: &String| {
            operation.parameters.iter().any(|p| p.argument == *name)
                || body.is_some_and(|b| b.argument == *name)
        };
        if let Some(unknown) = arguments.keys().find(|name| !known(name)) {
            return Err(format!("invalid arguments: `{}` is not known", crate::protocol::excerpt(unknown)));
        }
        let required = operation.parameters.iter().filter(|p| p.required).map(|p| &p.argument);
        let required = required.chain(body.filter(|body| body.required).map(|body| &body.argument));
        if let Some(missing) = required.into_iter().find(|name| !arguments.contains_key(*name)) {
            return Err(format!("invalid arguments: `{missing}` is missing"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
        let url = self.url(operation, &arguments)?;
        add_headers(operation, &arguments, &mut headers)?;
        let mut bytes = Bytes::new();
        if let Some((body, value)) = body.and_then(|body| Some((body, arguments.get(&body.argument)?))) {
            bytes = match body.kind {
                BodyKind::Json => value.to_string().into(),
                BodyKind::Form => form(value)?.into(),
            };
            let media_type = HeaderValue::try_from(&body.media_type);
            headers.insert(header::CONTENT_TYPE, media_type.map_err(|_| "the media type is odd".to_owned())?);
        }
        Ok(Prepared { url, headers, body: bytes })
    }

    fn url(&self, operation: &Operation, arguments: &Map<String, Value>) -> Result<Url, String> {
        let of = |place: Place| {
            let parameters = operation.parameters.iter().filter(move |p| p.place == place);
            parameters.filter_map(|p| Some((p, arguments.get(&p.argument)?)))
        };
        let mut path = self.base.path().trim_end_matches('/').to_owned();
        for segment in operation.path.split('/').skip(1) {
            path.push('/');
            path.push_str(&fill(segment, of(Place::Path))?);
        }
        let pairs = of(Place::Query).flat_map(|(parameter, value)| parameter.pairs(value));
        let given = self.query.iter().map(|(name, value)| (encode(name), encode(value)));
        let query: Vec<_> = pairs.chain(given).map(|(name, value)| format!("{name}={value}")).collect();
        let mut url = self.base.clone();
        url.set_path(&path);
        url.set_query(Some(&*query.join("&")).filter(|query| !query.is_empty()));
        Ok(url)
    }

    /// Sends a request, with credentials, and reads the answer.
    pub(super) async fn exchange(
        &self,
        operation: &Operation,
        prepared: &Prepared,
        limit: usize,
    ) -> Result<Response<Bytes>, String> {
        let mut attempt = 0;
        loop {
            let mut headers = prepared.headers.clone();
            for (name, value) in &self.headers {
                headers.insert(name, value.clone());
            }
            if let Some(authorize) = &self.authorize {
                let added = authorize.authorize(&operation.method, &prepared.url, &mut headers).await;
                added.map_err(|error| unauthorized(&error))?;
            }
            let mut request = Request::new(prepared.body.clone());
            *request.method_mut() = operation.method.clone();
            *request.uri_mut() =
                prepared.url.as_str().parse().map_err(|_| "the URL is too long or odd".to_owned())?;
            *request.headers_mut() = headers;
            let answer =
                self.http.fetch(request, limit, self.timeout).await.map_err(|error| broken(&error))?;
            let Some(authorize) = self.authorize.as_ref().filter(|_| attempt < ATTEMPTS) else {
                return Ok(answer);
            };
            let (status, headers) = (answer.status(), answer.headers());
            let next = authorize.answered(&operation.method, &prepared.url, status, headers, attempt).await;
            if next.map_err(|error| unauthorized(&error))? == Next::Accept {
                return Ok(answer);
            }
            attempt += 1;
        }
    }
}

fn unauthorized(error: &crate::client::http::AuthorizeError) -> String {
    tracing::warn!(error = error as &dyn std::error::Error, "an API wants credentials that cannot be had");
    error.to_string()
}

fn broken(error: &HttpError) -> String {
    tracing::warn!(error = error as &dyn std::error::Error, "an API could not be asked");
    match error {
        HttpError::Timeout { after, .. } => format!("the API did not answer within {after:?}"),
        HttpError::TooLarge { limit, .. } => {
            format!("the API's answer has more than {limit} bytes; ask for less")
        }
        HttpError::Connect { .. } => "the API cannot be reached".to_owned(),
        HttpError::Broken { .. } => "the connection to the API broke".to_owned(),
        HttpError::Redirect { status, why, .. } => {
            format!("the API answered {status}, which is not followed: {why}")
        }
        _ => "the API cannot be asked".to_owned(),
    }
}

/// A segment of the path with values for its variables.
fn fill<'a>(
    segment: &str,
    values: impl Iterator<Item = (&'a Parameter, &'a Value)>,
) -> Result<String, String> {
    let values: Vec<_> = values.collect();
    let (mut out, mut rest, mut argument) = (String::new(), segment, None);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        if let Some((parameter, value)) = values.iter().find(|(parameter, _)| parameter.name == name) {
            out.push_str(&parameter.in_path(value));
            argument = Some(&parameter.argument);
        }
        rest = after;
    }
    out.push_str(rest);
    // INVARIANT: values are encoded, so these are the only segments that lead to another path.
    if let Some(argument) = argument.filter(|_| matches!(out.as_str(), "" | "." | "..")) {
        return Err(format!("invalid arguments: `{argument}` must not be empty, `.` or `..`"));
    }
    Ok(out)
}

fn add_headers(
    operation: &Operation,
    arguments: &Map<String, Value>,
    headers: &mut HeaderMap,
) -> Result<(), String> {
    let mut cookies = Vec::new();
    for parameter in &operation.parameters {
        let Some(value) = arguments.get(&parameter.argument) else { continue };
        let invalid = || format!("invalid arguments: `{}` cannot be sent as a header", parameter.argument);
        match parameter.place {
            Place::Header => {
                let name = HeaderName::try_from(&parameter.name).map_err(|_| invalid())?;
                let value = HeaderValue::try_from(parameter.in_header(value)).map_err(|_| invalid())?;
                headers.insert(name, value);
            }
            Place::Cookie => {
                let pairs = parameter.pairs(value).into_iter().map(|(name, value)| format!("{name}={value}"));
                cookies.extend(pairs);
            }
            Place::Path | Place::Query => {}
        }
    }
    if !cookies.is_empty() {
        let cookies =
            HeaderValue::try_from(cookies.join("; ")).map_err(|_| "the cookies are odd".to_owned())?;
        headers.insert(header::COOKIE, cookies);
    }
    Ok(())
}

/// A form: arrays repeat their name, what is deeper is written as JSON.
fn form(value: &Value) -> Result<String, String> {
    let Value::Object(members) = value else {
        return Err("invalid arguments: `body` must be an object".to_owned());
    };
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let one = std::slice::from_ref(value);
        for item in value.as_array().map_or(one, Vec::as_slice) {
            out.append_pair(name, &text(item));
        }
    }
    Ok(out.finish())
}
