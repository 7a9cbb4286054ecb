//! From a request to the handler that serves it.
//!
//! Everything that can be refused is refused here, before a handler runs: a refusal still can be an
//! HTTP status.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use serde_json::Value;
use tower_service::Service;

use super::ask::{Board, Manner, Saved};
use super::call::{CallFuture, Slot, noop_waker, panicked};
use super::catalog::{Catalog, ComponentKind, Found};
use super::handler::{BodyFuture, ErasedHandler};
use super::state::StateMap;
use super::{Body, Context, Rejection, Server, ToolEntry};
use crate::extension::Begin;
use crate::protocol::{
    CallToolResult, Capability, CompleteParams, CompletionReference, DiscoverResult, ErrorCode, Method,
    ProtocolVersion, RawJson, RpcError, decode,
};
use crate::service::{BoxError, Outcome, Request, Response, ResponseFuture, Unmirrored};

/// What a handler needs besides the request.
struct Plan {
    handler: ErasedHandler,
    state: Arc<StateMap>,
    deadline: Option<Duration>,
    variables: indexmap::IndexMap<String, String>,
    detached: bool,
    tool: Option<Arc<ToolEntry>>,
}

impl Server {
    /// Answers a request. The response is there at once where nothing has to be waited for.
    pub fn handle(&self, request: Request) -> ResponseFuture {
        let method = request.method.clone();
        self.route(request).unwrap_or_else(|error| {
            tracing::debug!(%method, code = error.code.0, message = %error.message, "request refused");
            ResponseFuture::ready(Response::error(error))
        })
    }

    fn route(&self, request: Request) -> Result<ResponseFuture, RpcError> {
        if request.id.is_none() {
            return Ok(ResponseFuture::ready(Response::accepted()));
        }
        let catalog = self.catalog();
        let ready = |response| Ok(ResponseFuture::ready(response));
        let offers = self.offers();
        let unknown = || Err(RpcError::method_not_found(request.method.as_str()));
        match request.method {
            Method::ToolsCall if offers.tools => self.call_tool(&catalog, request),
            Method::ToolsList if offers.tools => ready(self.list(&catalog, &catalog.tools, &request)?),
            Method::ResourcesList if offers.resources => {
                ready(self.list(&catalog, &catalog.resources, &request)?)
            }
            Method::ResourceTemplatesList if offers.resources => {
                ready(self.list(&catalog, &catalog.templates, &request)?)
            }
            Method::PromptsList if offers.prompts => {
                ready(self.list(&catalog, &catalog.prompts, &request)?)
            }
            Method::ResourcesRead if offers.resources => self.read_resource(&catalog, request),
            Method::PromptsGet if offers.prompts => self.get_prompt(&catalog, request),
            Method::Complete if catalog.has_completions() => self.complete(&catalog, request),
            Method::Discover => ready(self.discover()),
            Method::Listen => self.listen(request),
            Method::Other(ref name) => match self.extension_for(name) {
                Some(extension) => {
                    let context = Context::new(request, self.within(), self.shared_state(), no_questions());
                    let future: BodyFuture = extension.handle(context.clone());
                    self.start(future, context, None)
                }
                None => unknown(),
            },
            _ => unknown(),
        }
    }

    fn discover(&self) -> Response {
        let result = DiscoverResult {
            supported_versions: ProtocolVersion::ALL.iter().map(|v| v.as_str().to_owned()).collect(),
            capabilities: self.capabilities(),
            instructions: self.instructions().map(str::to_owned),
            cache: Some(self.cache_hint()),
            meta: None,
        };
        Response::result(self.writer().complete(&result, None, None))
    }

    fn call_tool(&self, catalog: &Catalog, request: Request) -> Result<ResponseFuture, RpcError> {
        let name = member(&request, "name")?;
        let unknown =
            || RpcError::invalid_params(format!("unknown tool `{}`", crate::protocol::excerpt(&name)));
        let tool = catalog.tools.get(&*name).ok_or_else(unknown)?;
        if !self.allows(&request, ComponentKind::Tool, &tool.definition.name, &tool.tags) {
            return Err(unknown());
        }
        let tool = Arc::clone(tool);
        drop(name);
        if !request.params.get("arguments").is_none_or(|raw| raw.starts_with('{') || raw == "null") {
            return Err(RpcError::invalid_params("`arguments` must be an object"));
        }
        check_mirrored(&tool, &request)?;
        if let Err(error) = check_capabilities(&tool.requires, &request) {
            // Older revisions have no code for this: there the model learns why.
            return if request.peer.version.is_modern() {
                Err(error)
            } else {
                Ok(self.tool_failure(error.message.into_owned()))
            };
        }
        let mut detached = false;
        for extension in self.extensions() {
            detached |= extension.begin(&tool, &request)? == Begin::Detached;
        }
        #[cfg(feature = "schema")]
        if let Some(failed) = self.validate_arguments(&tool, &request) {
            return Ok(failed);
        }
        let plan = Plan {
            handler: Arc::clone(&tool.handler),
            state: Arc::clone(&tool.state),
            deadline: tool.deadline.or(self.deadline()),
            variables: indexmap::IndexMap::new(),
            detached,
            tool: Some(tool),
        };
        self.run(plan, request)
    }

    fn read_resource(&self, catalog: &Catalog, request: Request) -> Result<ResponseFuture, RpcError> {
        let uri = member(&request, "uri")?;
        let missing = || super::ResourceError::NotFound.into_rpc_error(&uri);
        let found = catalog.find_resource(&uri).ok_or_else(missing)?;
        let (handler, state, variables, allowed) = match found {
            Found::Fixed(entry) => {
                let allowed =
                    self.allows(&request, ComponentKind::Resource, &entry.definition.uri, &entry.tags);
                (&entry.handler, &entry.state, indexmap::IndexMap::new(), allowed)
            }
            Found::Templated(entry, variables) => {
                let template = &entry.definition.uri_template;
                let allowed = self.allows(&request, ComponentKind::Template, template, &entry.tags);
                (&entry.handler, &entry.state, variables, allowed)
            }
        };
        let handler = handler.as_ref().filter(|_| allowed).ok_or_else(missing)?;
        let plan = Plan {
            handler: Arc::clone(handler),
            state: Arc::clone(state),
            deadline: self.deadline(),
            variables,
            detached: false,
            tool: None,
        };
        drop(uri);
        self.run(plan, request)
    }

    fn get_prompt(&self, catalog: &Catalog, request: Request) -> Result<ResponseFuture, RpcError> {
        let name = member(&request, "name")?;
        let unknown =
            || RpcError::invalid_params(format!("unknown prompt `{}`", crate::protocol::excerpt(&name)));
        let prompt = catalog.prompts.get(&*name).ok_or_else(unknown)?;
        if !self.allows(&request, ComponentKind::Prompt, &prompt.definition.name, &prompt.tags) {
            return Err(unknown());
        }
        let plan = Plan {
            handler: Arc::clone(&prompt.handler),
            state: Arc::clone(&prompt.state),
            deadline: self.deadline(),
            variables: indexmap::IndexMap::new(),
            detached: false,
            tool: None,
        };
        drop(name);
        self.run(plan, request)
    }

    fn complete(&self, catalog: &Catalog, request: Request) -> Result<ResponseFuture, RpcError> {
        let params: CompleteParams = request.params.parse()?;
        let (completers, state) = match &params.reference {
            CompletionReference::Prompt { name, .. } => {
                let prompt = catalog.prompts.get(name.as_str());
                let prompt = prompt.filter(|p| self.allows(&request, ComponentKind::Prompt, name, &p.tags));
                let prompt = prompt.ok_or_else(|| {
                    RpcError::invalid_params(format!("`ref.name`: unknown prompt `{name}`"))
                })?;
                (&prompt.completers, &prompt.state)
            }
            CompletionReference::Resource { uri } => {
                let template = catalog.templates.get(uri.as_str());
                let template =
                    template.filter(|t| self.allows(&request, ComponentKind::Template, uri, &t.tags));
                let template = template.ok_or_else(|| {
                    RpcError::invalid_params(format!("`ref.uri`: unknown template `{uri}`"))
                })?;
                (&template.completers, &template.state)
            }
        };
        let Some(handler) = completers.get(&params.argument.name) else {
            let empty = serde_json::json!({ "completion": { "values": [], "total": 0, "hasMore": false } });
            return Ok(ResponseFuture::ready(Response::result(self.writer().complete(&empty, None, None))));
        };
        let plan = Plan {
            handler: Arc::clone(handler),
            state: Arc::clone(state),
            deadline: self.deadline(),
            variables: indexmap::IndexMap::new(),
            detached: false,
            tool: None,
        };
        self.run(plan, request)
    }

    /// Calls a handler.
    fn run(&self, plan: Plan, request: Request) -> Result<ResponseFuture, RpcError> {
        let board = self.board(&request)?;
        let context = Context::new(request, self.within(), plan.state, board).with_variables(plan.variables);
        if plan.detached {
            context.board().wish_to_detach(&noop_waker());
        }
        // Extractors and plain functions run here, before there is a future: they may panic too.
        let called = std::panic::catch_unwind(AssertUnwindSafe(|| (plan.handler)(&context)));
        let called = called.map_err(|panic| panicked(&context, &*panic))?;
        let future = match called {
            Ok(future) => future,
            // The model can mend its arguments; for prompts and resources a program has to.
            Err(Rejection::Arguments(error)) if plan.tool.is_some() => {
                return Ok(self.tool_failure(format!("invalid arguments: {error}")));
            }
            Err(rejection) => return Err(refusal(&rejection)),
        };
        #[cfg(all(feature = "schema", debug_assertions))]
        let future = check_output(future, plan.tool);
        self.start(future, context, plan.deadline)
    }

    fn start(
        &self,
        future: BodyFuture,
        context: Context,
        deadline: Option<Duration>,
    ) -> Result<ResponseFuture, RpcError> {
        let slot = Slot::take(self.in_flight(), self.max_in_flight()).ok_or_else(|| {
            RpcError::new(
                ErrorCode::OVERLOADED,
                "the server has as many requests in flight as it allows; try again",
            )
        })?;
        let call = super::RunningCall::new(future, context, slot);
        Ok(ResponseFuture::call(CallFuture::new(self.within(), call, deadline)))
    }

    fn tool_failure(&self, message: String) -> ResponseFuture {
        let body = Body::Tool(CallToolResult::error(message));
        ResponseFuture::ready(Response::result(body.write(self.writer(), self.cache_hint())))
    }

    /// The questions of a call, with the answers that the client brought.
    fn board(&self, request: &Request) -> Result<Board, RpcError> {
        let manner = match &request.peer.session {
            _ if !request.method.may_ask() => return Ok(no_questions()),
            Some(session) if session.can_be_asked && request.outbound.is_some() => Manner::Session,
            Some(_) => Manner::Never("the connection carries no questions"),
            None if request.peer.version.is_modern() => Manner::RoundTrips,
            None => Manner::Never("a client of this revision can be asked within a session only"),
        };
        let mut saved = match request.params.get_str("requestState") {
            Some(token) if manner == Manner::RoundTrips => self.open_state(&token, request)?,
            _ => Saved::default(),
        };
        if let Some(answers) = request.params.get("inputResponses").filter(|_| manner == Manner::RoundTrips) {
            let answers: std::collections::BTreeMap<String, RawJson> = decode(answers)
                .map_err(|error| RpcError::invalid_params(format!("`inputResponses`: {error}")))?;
            saved.answers.extend(answers);
        }
        Ok(Board::new(manner, saved))
    }

    #[cfg(feature = "schema")]
    fn validate_arguments(&self, tool: &ToolEntry, request: &Request) -> Option<ResponseFuture> {
        // Typed arguments are checked by decoding them; this is for schemas written by hand.
        let validator = tool.validator.as_ref().filter(|_| tool.needs.input_schema.is_none())?;
        let arguments = request.params.get("arguments").filter(|raw| *raw != "null").unwrap_or("{}");
        let value: Value = serde_json::from_str(arguments).ok()?;
        let (field, problem) = validator.check(&value).err()?;
        let at = if field.is_empty() { String::new() } else { format!("`{field}`: ") };
        Some(self.tool_failure(format!("invalid arguments: {at}{problem}")))
    }
}

fn no_questions() -> Board {
    Board::new(Manner::Never("this method asks no questions"), Saved::default())
}

fn member<'a>(request: &'a Request, name: &'static str) -> Result<std::borrow::Cow<'a, str>, RpcError> {
    request.params.get_str(name).ok_or_else(|| RpcError::invalid_params(format!("`{name}` must be a string")))
}

fn refusal(rejection: &Rejection) -> RpcError {
    match rejection {
        Rejection::NoState(_) => {
            tracing::error!(%rejection, "a handler cannot be called");
            RpcError::internal("the server is not configured for this")
        }
        Rejection::Arguments(error) => RpcError::invalid_params(format!("invalid arguments: {error}")),
        other => RpcError::invalid_request(other.to_string()),
    }
}

fn check_capabilities(required: &[Capability], request: &Request) -> Result<(), RpcError> {
    let missing = required.iter().find(|capability| !request.client().can(capability));
    missing.map_or(Ok(()), |capability| Err(RpcError::missing_capability(&capability.required())))
}

/// Whether headers that mirror arguments say the same as the arguments (2026-07-28 over HTTP).
fn check_mirrored(tool: &ToolEntry, request: &Request) -> Result<(), RpcError> {
    let Some(headers) = request.peer.headers.as_ref().filter(|_| request.peer.version.is_modern()) else {
        return Ok(());
    };
    if tool.mirrored.is_empty() || request.extensions.get::<Unmirrored>().is_some() {
        return Ok(());
    }
    let arguments = request.params.get("arguments").unwrap_or("{}");
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    for param in &tool.mirrored {
        let name = param.header.as_str();
        let value = headers.get(name);
        let unreadable =
            || RpcError::new(ErrorCode::HEADER_MISMATCH, format!("header `{name}` has invalid characters"));
        let value = value.map(|value| value.to_str().map_err(|_| unreadable())).transpose()?;
        param
            .check(value, &arguments)
            .map_err(|error| RpcError::new(ErrorCode::HEADER_MISMATCH, error.to_string()))?;
    }
    Ok(())
}

/// Checks structured output against the schema that the tool promises.
#[cfg(all(feature = "schema", debug_assertions))]
fn check_output(future: BodyFuture, tool: Option<Arc<ToolEntry>>) -> BodyFuture {
    let Some(tool) = tool.filter(|tool| tool.output_validator.is_some()) else { return future };
    Box::pin(async move {
        let body = future.await?;
        if let (Body::Tool(result), Some(validator)) = (&body, &tool.output_validator)
            && !result.is_error
        {
            let name = tool.name();
            let Some(structured) = &result.structured_content else {
                tracing::error!(tool = name, "the tool promises structured output and gave none");
                return Err(RpcError::internal(
                    "the tool gave no structured output although it promises some",
                ));
            };
            if let Err((field, problem)) = validator.check(&structured.to_value().unwrap_or_default()) {
                tracing::error!(tool = name, field, problem, "the output does not fit the schema");
                return Err(RpcError::internal(format!(
                    "the output of the tool does not fit its schema: `{field}`: {problem}"
                )));
            }
        }
        Ok(body)
    })
}

impl Service<Request> for Server {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        if request.method == Method::Listen {
            let open = Outcome::Open(Box::new(self.handle(request)));
            return ResponseFuture::ready(Response { outcome: open, shared: None });
        }
        self.handle(request)
    }
}
