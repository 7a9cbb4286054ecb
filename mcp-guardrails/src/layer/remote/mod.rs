//! Rules of another process: a layer that asks a server of rules about each call and what came back.

mod ask;
mod leaving;
mod list;

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use mcp_core::client::Client;
use mcp_core::protocol::Method;
use mcp_core::service::{BoxError, McpService, Outcome, Request, Response, ResponseFuture};
use parking_lot::Mutex;
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

use self::ask::Who;
use super::answer;
use super::deed::Deed;
use super::flow::is_guarded;
use super::pinning::{PinMode, PinState, Unpinned};
use super::service::Next;
use crate::pin::Pins;

/// Asks a server of rules (`server::builder`) about calls, reads and prompts before they happen, and about what comes back: results, progress and
/// log messages, and each tool of a list. Clones are the same.
///
/// No answer within the deadline, one that is late or cannot be read refuse, as a guard that does not run does; the next call asks anew, so that a
/// server that is back is used at once. What its rules want redacted is refused, too: the values stay here. Tools are pinned here as well, and rules
/// know those that are not as they were approved by their labels.
#[derive(Clone)]
pub struct RemoteGuard(Arc<Inner>);

struct Inner {
    rules: Client,
    server: String,
    environment: String,
    meta: Vec<(String, String)>,
    deadline: Duration,
    pin_mode: PinMode,
    pins: Mutex<PinState>,
}

impl RemoteGuard {
    /// Asks the server behind a client, at most a second for each question.
    #[must_use]
    pub fn new(rules: Client) -> Self {
        Self(Arc::new(Inner {
            rules,
            server: String::new(),
            environment: String::new(),
            meta: Vec::new(),
            deadline: Duration::from_secs(1),
            pin_mode: PinMode::Off,
            pins: Mutex::new(PinState::new(Pins::default())),
        }))
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Inner {
            rules: shared.rules.clone(),
            server: shared.server.clone(),
            environment: shared.environment.clone(),
            meta: shared.meta.clone(),
            deadline: shared.deadline,
            pin_mode: shared.pin_mode,
            pins: Mutex::new(shared.pins.lock().clone()),
        });
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// How long an answer is waited for.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        self.with(|inner| inner.deadline = deadline)
    }

    /// What rules call the service.
    #[must_use]
    pub fn server(self, server: impl Into<String>) -> Self {
        self.with(|inner| inner.server = server.into())
    }

    /// Where it runs, e.g. `production`.
    #[must_use]
    pub fn environment(self, environment: impl Into<String>) -> Self {
        self.with(|inner| inner.environment = environment.into())
    }

    /// Something in the `_meta` of each question, such as what a server of rules asks for before it answers.
    #[must_use]
    pub fn meta(self, key: impl Into<String>, text: impl Into<String>) -> Self {
        self.with(|inner| inner.meta.push((key.into(), text.into())))
    }

    /// The tools as they were approved, and what happens to others.
    #[must_use]
    pub fn pinned(self, mode: PinMode, pins: Pins) -> Self {
        self.with(|inner| (inner.pin_mode, inner.pins) = (mode, Mutex::new(PinState::new(pins))))
    }

    /// The tools that are not as they were approved, and what of them changed.
    #[must_use]
    pub fn unpinned(&self) -> Vec<Unpinned> {
        self.0.pins.lock().unpinned()
    }

    /// Takes the definition of a tool, as it was last listed, for approved; tells whether there was one that was not.
    #[must_use]
    pub fn approve_tool(&self, tool: &str) -> bool {
        self.0.pins.lock().approve(&self.0.server, tool)
    }

    /// The definitions that are approved, to be kept.
    #[must_use]
    pub fn pins(&self) -> Pins {
        self.0.pins.lock().pins.clone()
    }

    /// The layer, to be put before a service.
    #[must_use]
    pub fn layer(&self) -> RemoteLayer {
        RemoteLayer(self.clone())
    }
}

async fn run(guard: RemoteGuard, request: Request, next: Next) -> Result<Response, BoxError> {
    let method = request.method.clone();
    if method == Method::ToolsList {
        return list::run(&guard, request, next).await;
    }
    let deed = match Deed::of(&request) {
        Ok(deed) => deed,
        Err(problem) => return Ok(answer::refusal(&method, problem)),
    };
    if method == Method::ToolsCall
        && guard.0.pin_mode == PinMode::Quarantine
        && !guard.0.pins.lock().permits(&deed.tool)
    {
        return Ok(answer::refusal(&method, answer::unpinned(&deed.tool)));
    }
    let who = Who::of(&request);
    if let Some(before) = &deed.before
        && let Err(text) = guard.ask(before, &who, true).await
    {
        return Ok(answer::refusal(&method, text));
    }
    let pass = |request| async move { next(request).await?.settled().await };
    let response = leaving::watched(&guard, &deed, &who, request, pass).await?;
    let Outcome::Result(bytes) = &response.outcome else { return Ok(response) };
    let Ok(result) = serde_json::from_slice::<Value>(bytes) else {
        return Ok(answer::refusal(&method, "the answer cannot be read, and was withheld".to_owned()));
    };
    if result.get("resultType").is_some_and(|kind| kind == "input_required") {
        return Ok(response);
    }
    let after = deed.after(Arc::new(result), bytes.len());
    Ok(match guard.ask(&after, &who, true).await {
        Ok(()) => response,
        Err(text) => {
            answer::refusal(&method, format!("it was done, and what came back is withheld ({text})"))
        }
    })
}

/// Puts a remote guard before a service. Made by [`RemoteGuard::layer`].
#[derive(Debug, Clone)]
pub struct RemoteLayer(RemoteGuard);

impl<S> Layer<S> for RemoteLayer {
    type Service = RemoteService<S>;

    fn layer(&self, inner: S) -> RemoteService<S> {
        RemoteService { guard: self.0.clone(), inner }
    }
}

/// A service behind a remote guard.
#[derive(Debug, Clone)]
pub struct RemoteService<S> {
    guard: RemoteGuard,
    inner: S,
}

impl<S: McpService> Service<Request> for RemoteService<S> {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> ResponseFuture {
        if request.id.is_none() || !is_guarded(&request.method) {
            return ResponseFuture::boxed(self.inner.call(request));
        }
        // INVARIANT: the service that was polled ready is the one that is called.
        let clone = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, clone);
        let next: Next = Box::new(move |request| ResponseFuture::boxed(ready.call(request)));
        ResponseFuture::boxed(run(self.guard.clone(), request, next))
    }
}

impl fmt::Debug for RemoteGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { server, environment, deadline, .. } = &*self.0;
        f.debug_struct("RemoteGuard")
            .field("server", server)
            .field("environment", environment)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}
