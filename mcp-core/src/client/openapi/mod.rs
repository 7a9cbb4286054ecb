//! Tools from an OpenAPI document: one for each operation.
//!
//! ```no_run
//! use mcp_core::{Server, client::OpenApi};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let document = std::fs::read_to_string("petstore.json")?;
//! let pets = OpenApi::parse(&document)?.base_url("https://pets.example.com/v1")?.bearer("token")?;
//! let server = Server::builder("pets", "1.0.0");
//! let server = pets.include(["pets", "GET /owners"]).tools()?.into_iter().fold(server, |s, tool| s.tool(tool));
//! # Ok(())
//! # }
//! ```

mod answer;
mod call;
mod document;
mod error;
mod operation;
mod pages;
mod parameter;
mod schema;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

pub use error::OpenApiError;

use self::call::Api;
use self::document::Document;
use self::pages::Pages;
use self::parameter::Place;
use super::http::{Authorize, HttpClient};
use crate::server::{Context, ToolEntry, tool};

/// Operations that become tools.
const MAX_TOOLS: usize = 2_000;
/// Operations of a document.
const MAX_OPERATIONS: usize = 20_000;
/// Bytes of all schemas together.
const MAX_SCHEMAS: usize = 64 * 1024 * 1024;

/// An OpenAPI 3.0 or 3.1 document, in JSON, whose operations become tools.
///
/// A tool is called like its `operationId`, or like method and path. Its arguments are the parameters
/// and, as `body`, the request's body; what bears the same name in two places is told apart by its
/// place. Operations whose body is neither JSON nor a form are left out.
///
/// References to other documents are errors: nothing is fetched to read a document. Servers that paths
/// or operations name for themselves are not gone to.
#[must_use = "it becomes tools by `tools`"]
pub struct OpenApi {
    document: Document,
    base: Option<Url>,
    http: HttpClient,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    authorize: Option<Arc<dyn Authorize>>,
    include: Option<Vec<String>>,
    exclude: Vec<String>,
    output_schemas: bool,
    max_response: usize,
    timeout: Duration,
    pages: Pages,
}

impl OpenApi {
    /// Reads a document.
    ///
    /// # Errors
    /// It is not JSON, or of another version.
    pub fn parse(json: &str) -> Result<Self, OpenApiError> {
        Ok(Self {
            document: Document::parse(json)?,
            base: None,
            http: HttpClient::default(),
            headers: HeaderMap::new(),
            query: Vec::new(),
            authorize: None,
            include: None,
            exclude: Vec::new(),
            output_schemas: true,
            max_response: 1024 * 1024,
            timeout: Duration::from_secs(30),
            pages: Pages::default(),
        })
    }

    /// Where the API is, instead of what the document says. Credentials go there: name it yourself for
    /// a document that you do not trust.
    ///
    /// # Errors
    /// It is not a URL with the scheme `http` or `https`.
    pub fn base_url(mut self, url: &str) -> Result<Self, OpenApiError> {
        self.base = Some(base(url)?);
        Ok(self)
    }

    /// Sends requests over these connections.
    pub fn http(mut self, http: HttpClient) -> Self {
        self.http = http;
        self
    }

    /// Sends a header with every request. A parameter of the same name is no argument any more.
    ///
    /// # Errors
    /// No header has such a name or value.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, OpenApiError> {
        let fail = || OpenApiError::Credential(name.to_owned());
        let header = HeaderName::try_from(name).map_err(|_| fail())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| fail())?;
        value.set_sensitive(true);
        self.headers.insert(header, value);
        Ok(self)
    }

    /// Sends a bearer token with every request.
    ///
    /// # Errors
    /// The token holds characters that a header cannot carry.
    pub fn bearer(self, token: &str) -> Result<Self, OpenApiError> {
        self.header(header::AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// Sends a name and a password with every request.
    ///
    /// # Errors
    /// The name holds a colon.
    pub fn basic(self, user: &str, password: &str) -> Result<Self, OpenApiError> {
        if user.contains(':') {
            return Err(OpenApiError::Credential("the user".to_owned()));
        }
        let pair = STANDARD.encode(format!("{user}:{password}"));
        self.header(header::AUTHORIZATION.as_str(), &format!("Basic {pair}"))
    }

    /// Sends a key in the query of every request. A parameter of the same name is no argument any more.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Lets `authorize` put credentials on requests, and get them when the API asks for some.
    pub fn authorize(mut self, authorize: impl Authorize) -> Self {
        self.authorize = Some(Arc::new(authorize));
        self
    }

    /// Takes only operations with one of these tags, identifiers, or methods and paths (`GET /pets`).
    pub fn include<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.include.get_or_insert_default().extend(words.into_iter().map(Into::into));
        self
    }

    /// Leaves out operations with one of these tags, identifiers, or methods and paths.
    pub fn exclude<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.exclude.extend(words.into_iter().map(Into::into));
        self
    }

    /// Promises no structure of results, for an API that does not keep what its document says.
    pub const fn without_output_schemas(mut self) -> Self {
        self.output_schemas = false;
        self
    }

    /// The most bytes of a response, and of all pages together; 1 MiB unless set.
    pub const fn max_response(mut self, bytes: usize) -> Self {
        self.max_response = bytes;
        self
    }

    /// How long one request may take; 30 s unless set.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Gets up to `pages` pages of what `GET` answers, as long as its `Link` header names a next one at
    /// the same origin. The arrays that the pages hold are put together.
    pub const fn follow_links(mut self, pages: usize) -> Self {
        self.pages.most = pages;
        self
    }

    /// The same for an API that says in its answer, at the JSON pointer `next`, what the query parameter
    /// `parameter` must be to get the next page.
    pub fn follow_cursor(
        mut self,
        pages: usize,
        parameter: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        self.pages = Pages { most: pages, cursor: Some((parameter.into(), next.into())) };
        self
    }

    /// The tools.
    ///
    /// # Errors
    /// The document is malformed, refers to another one, has too many operations, or does not say where
    /// the API is.
    pub fn tools(self) -> Result<Vec<ToolEntry>, OpenApiError> {
        let base = match &self.base {
            Some(base) => base.clone(),
            None => server(&self.document)?,
        };
        let operations = self.operations()?;
        let api = Arc::new(Api {
            http: self.http,
            base,
            headers: self.headers,
            query: self.query,
            authorize: self.authorize,
            max_response: self.max_response,
            timeout: self.timeout,
            pages: self.pages,
        });
        Ok(operations.into_iter().map(|operation| entry(&api, operation)).collect())
    }

    fn operations(&self) -> Result<Vec<operation::Operation>, OpenApiError> {
        let all = self.document.operations()?;
        if all.len() > MAX_OPERATIONS {
            let hint = "cut the document down";
            return Err(OpenApiError::TooLarge { what: "operations", limit: MAX_OPERATIONS, hint });
        }
        let headers = self.headers.keys().map(|name| (Place::Header, name.to_string()));
        let query = self.query.iter().map(|(name, _)| (Place::Query, name.clone()));
        let given: HashSet<_> = headers.chain(query).collect();
        // Names do not depend on what is left out.
        let mut taken = HashSet::new();
        let named: Vec<_> = all.into_iter().map(|found| (found.name(&mut taken), found)).collect();
        let (mut operations, mut size) = (Vec::new(), 0);
        for (name, found) in named {
            let included = self.include.as_ref().is_none_or(|words| words.iter().any(|word| found.is(word)));
            if !included || self.exclude.iter().any(|word| found.is(word)) {
                continue;
            }
            if operations.len() == MAX_TOOLS {
                let hint = "name those that matter with `include`";
                return Err(OpenApiError::TooLarge {
                    what: "operations to make tools of",
                    limit: MAX_TOOLS,
                    hint,
                });
            }
            let Some(mut operation) = operation::compile(&self.document, &found, name, &given)? else {
                tracing::warn!(
                    method = found.method,
                    path = found.path,
                    "the body of an operation is of a kind that tools cannot write: it is left out"
                );
                continue;
            };
            operation.output = operation.output.filter(|_| self.output_schemas);
            size += operation.input.get().len() + operation.output.as_ref().map_or(0, |raw| raw.get().len());
            if size > MAX_SCHEMAS {
                let hint = "name the operations that matter with `include`";
                return Err(OpenApiError::TooLarge { what: "bytes of schemas", limit: MAX_SCHEMAS, hint });
            }
            operations.push(operation);
        }
        Ok(operations)
    }
}

fn entry(api: &Arc<Api>, operation: operation::Operation) -> ToolEntry {
    let (api, operation) = (Arc::clone(api), Arc::new(operation));
    let called = Arc::clone(&operation);
    let handler = move |context: Context| {
        let (api, operation) = (Arc::clone(&api), Arc::clone(&called));
        async move { api.call(&operation, context.arguments()).await }
    };
    let mut entry = tool(&operation.name, handler)
        .description(&operation.description)
        .input_schema(operation.input.clone())
        .annotations(operation.annotations());
    if let Some(title) = &operation.title {
        entry = entry.title(title);
    }
    if let Some(output) = &operation.output {
        entry = entry.output_schema(output.clone());
    }
    operation.tags.iter().fold(entry, |entry, tag| entry.tag(tag))
}

/// The address that the document names first, with the defaults of its variables.
fn server(document: &Document) -> Result<Url, OpenApiError> {
    let server = document.root.pointer("/servers/0");
    let mut url =
        server.and_then(|server| server.get("url")).and_then(Value::as_str).unwrap_or("/").to_owned();
    let variables = server.and_then(|server| server.get("variables")).and_then(Value::as_object);
    for (name, variable) in variables.into_iter().flatten() {
        let default = variable.get("default").and_then(Value::as_str).unwrap_or_default();
        url = url.replace(&format!("{{{name}}}"), default);
    }
    base(&url)
}

fn base(text: &str) -> Result<Url, OpenApiError> {
    // User info and query may be secret.
    let shown = text.split(['?', '#']).next().unwrap_or_default();
    let shown = match shown.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.rsplit('@').next().unwrap_or_default()),
        None => shown.to_owned(),
    };
    let shown = crate::protocol::excerpt(&shown).to_owned();
    let fail = |problem| OpenApiError::BaseUrl { url: shown.clone(), problem };
    let url: Url = text.parse().map_err(|_| fail("it is not a whole URL; name one with `base_url`"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(fail("its scheme is neither `http` nor `https`"));
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(fail("it holds user info, a query or a fragment"));
    }
    Ok(url)
}

impl fmt::Debug for OpenApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApi").field("base", &self.base.as_ref().map(Url::as_str)).finish_non_exhaustive()
    }
}
