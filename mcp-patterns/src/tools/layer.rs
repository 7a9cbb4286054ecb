//! The layer as tower sees it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use mcp_core::protocol::{Method, RpcError};
use mcp_core::service::{BoxError, McpService, Outcome, Request, Response, ResponseFuture};
use serde::Deserialize;
use serde_json::{Map, Value};
use tower_layer::Layer;
use tower_service::Service;

use super::caller::Caller;
use super::listed::List;
use super::{CALL, SEARCH, ToolSearch, answer};
use crate::PatternError;

/// Pages of the list of the service behind.
const PAGES: usize = 1_000;
/// Bytes of a query that are looked at.
const QUERY: usize = 4_096;

/// Puts a search before a service. Made by [`ToolSearch::layer`].
#[derive(Debug, Clone)]
pub struct ToolSearchLayer {
    search: ToolSearch,
}

impl ToolSearchLayer {
    pub(super) const fn new(search: ToolSearch) -> Self {
        Self { search }
    }
}

impl<S> Layer<S> for ToolSearchLayer {
    type Service = ToolSearchService<S>;

    fn layer(&self, inner: S) -> ToolSearchService<S> {
        ToolSearchService { search: self.search.clone(), inner }
    }
}

/// A service whose tools are searched.
#[derive(Debug, Clone)]
pub struct ToolSearchService<S> {
    search: ToolSearch,
    inner: S,
}

impl<S: McpService> Service<Request> for ToolSearchService<S> {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        let is_ours = request.id.is_some() && matches!(request.method, Method::ToolsList | Method::ToolsCall);
        if !is_ours {
            return ResponseFuture::boxed(self.inner.call(request));
        }
        // INVARIANT: the service that was polled ready is the one that is called first.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        let search = self.search.clone();
        ResponseFuture::boxed(async move {
            let answer = match request.method {
                Method::ToolsList => search.list(ready, &request).await?,
                _ => search.call(ready, request).await?,
            };
            Ok(answer.unwrap_or_else(Response::error))
        })
    }
}

/// An answer, an error for the client, or a path that broke.
type Answer<T = Response> = Result<Result<T, RpcError>, BoxError>;

/// `?` for errors that the client gets.
macro_rules! attempt {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        }
    };
}

#[derive(Deserialize)]
struct Query {
    query: String,
    #[serde(default)]
    limit: Option<usize>,
}

#[derive(Deserialize)]
struct Called {
    name: String,
    #[serde(default)]
    arguments: Option<Map<String, Value>>,
}

impl ToolSearch {
    async fn list<S: McpService>(&self, service: S, request: &Request) -> Answer {
        if request.params.get("cursor").is_some_and(|cursor| cursor != "null") {
            return Ok(Err(RpcError::invalid_params(
                "`cursor` is not one that was given out: the list has one page",
            )));
        }
        let list = attempt!(self.behind(service, request).await?);
        let shown =
            if list.tools.len() <= self.0.above { None } else { Some(self.shown(&Caller::of(request))) };
        Ok(Ok(match shown {
            Some(shown) => answer::list(&list, &shown),
            None => {
                let mut members = list.members.clone();
                members.insert("tools".to_owned(), list.tools.iter().map(|(_, tool)| tool.clone()).collect());
                Response::result(Value::Object(members).to_string())
            }
        }))
    }

    async fn call<S: McpService>(&self, service: S, request: Request) -> Answer {
        let name = request.params.get_str("name").unwrap_or_default().into_owned();
        let arguments = request.params.get("arguments").unwrap_or("{}");
        if name == SEARCH {
            return match serde_json::from_str::<Query>(arguments) {
                Ok(query) => self.search(service, &request, query).await,
                Err(error) => Ok(Ok(answer::mistake(&format!(
                    "invalid arguments: {error}; `query` says what is to be done"
                )))),
            };
        }
        let caller = Caller::of(&request);
        if name != CALL {
            let response = once(service, request).await?;
            if is_success(&response) {
                self.learn(caller, name).await;
            }
            return Ok(Ok(response));
        }
        let called: Called = match serde_json::from_str(arguments) {
            Ok(called) => called,
            Err(error) => return Ok(Ok(answer::mistake(&format!("invalid arguments: {error}")))),
        };
        if called.name == SEARCH || called.name == CALL {
            return Ok(Ok(answer::mistake(
                "`name` must be that of a tool that was found with `search_tools`",
            )));
        }
        let inner = attempt!(answer::rewritten(&request, |members| {
            members.insert("name".to_owned(), called.name.clone().into());
            members.insert("arguments".to_owned(), Value::Object(called.arguments.unwrap_or_default()));
        }));
        let response = once(service, inner).await?;
        if is_success(&response) {
            self.learn(caller, called.name).await;
        }
        Ok(Ok(response))
    }

    async fn search<S: McpService>(&self, service: S, request: &Request, query: Query) -> Answer {
        let list = attempt!(self.behind(service, request).await?);
        let (search, caller, behind) = (self.clone(), Caller::of(request), Arc::clone(&list));
        let limit = query.limit.unwrap_or(5).clamp(1, 20);
        let found = blocking(move || {
            let mut end = query.query.len().min(QUERY);
            while !query.query.is_char_boundary(end) {
                end -= 1;
            }
            search.find(&caller, query.query.get(..end).unwrap_or_default(), limit, &behind.names())
        });
        match found.await {
            Ok(names) => Ok(Ok(answer::found(&list, &names))),
            Err(error) => {
                tracing::error!(%error, "tools cannot be searched");
                Ok(Err(RpcError::internal("the tools cannot be searched; try again")))
            }
        }
    }

    /// The tools of the service behind, as it lists them to the caller of a request.
    async fn behind<S: McpService>(&self, service: S, request: &Request) -> Answer<Arc<List>> {
        let (mut pages, mut cursor): (Vec<Bytes>, Option<String>) = (Vec::new(), None);
        while pages.len() < PAGES {
            let mut asked = attempt!(answer::rewritten(request, |members| {
                members.retain(|name, _| name == "_meta");
                if let Some(cursor) = cursor.take() {
                    members.insert("cursor".to_owned(), cursor.into());
                }
            }));
            asked.method = Method::ToolsList;
            let page = attempt!(once(service.clone(), asked).await?.into_result());
            #[derive(Deserialize)]
            #[serde(rename_all = "camelCase")]
            struct Next {
                next_cursor: Option<String>,
            }
            let next: Option<Next> = serde_json::from_slice(&page).ok();
            pages.push(page);
            cursor = next.and_then(|next| next.next_cursor);
            if cursor.is_none() {
                break;
            }
        }
        let search = self.clone();
        let list =
            blocking(move || Ok(search.0.lists.read(&pages, &search.0.pool, search.0.recommender.catalog())));
        let list = list.await.unwrap_or_default();
        Ok(list.ok_or_else(|| RpcError::internal("the list of tools cannot be read")))
    }

    /// Learns from a call that came to a good end.
    async fn learn(&self, caller: Caller, tool: String) {
        let search = self.clone();
        if let Err(error) = blocking(move || search.succeeded(&caller, &tool)).await {
            tracing::warn!(%error, "what was called could not be learned from");
        }
    }
}

/// Whether a call came to a good end.
fn is_success(response: &Response) -> bool {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Ended {
        #[serde(default)]
        is_error: bool,
        #[serde(default)]
        result_type: Option<String>,
    }
    let Outcome::Result(bytes) = &response.outcome else { return false };
    serde_json::from_slice::<Ended>(bytes)
        .is_ok_and(|ended| !ended.is_error && ended.result_type.is_none_or(|kind| kind == "complete"))
}

/// Calls a service, and waits for the end.
async fn once<S: McpService>(mut service: S, request: Request) -> Result<Response, BoxError> {
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await?.settled().await
}

/// Runs what reads files or counts long where nobody waits for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PatternError> + Send + 'static,
) -> Result<T, PatternError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(source) => Err(PatternError::Store { doing: "run a search", source: Box::new(source) }),
    }
}
