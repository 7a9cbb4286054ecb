//! Rules of another process: a layer that asks a server of rules about each call and what came back.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use mcp_core::client::Client;
use mcp_core::service::{BoxError, McpService, Outcome, Principal, Request, Response, ResponseFuture};
use serde_json::{Map, Value, json};
use tower_layer::Layer;
use tower_service::Service;

use super::answer;
use super::deed::Deed;
use super::flow::is_guarded;
use super::judge::Ask;
use super::service::Next;

/// Asks a server of rules (`server::builder`) about calls, reads and prompts before they happen, and about what came back. Clones are the same.
///
/// No answer within the deadline, one that is late or cannot be read refuse, as a guard that does not run does; the next call asks anew, so that a
/// server that is back is used at once. What its rules want redacted is refused, too: the values stay here. Lists of tools are passed on as they are,
/// and so are progress and log messages: [`Guardrails`](super::Guardrails) with shared rules decides over these.
#[derive(Clone)]
pub struct RemoteGuard(Arc<Inner>);

struct Inner {
    rules: Client,
    server: String,
    environment: String,
    deadline: Duration,
}

impl RemoteGuard {
    /// Asks the server behind a client, at most a second for each question.
    #[must_use]
    pub fn new(rules: Client) -> Self {
        let deadline = Duration::from_secs(1);
        Self(Arc::new(Inner { rules, server: String::new(), environment: String::new(), deadline }))
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Arc::try_unwrap(self.0).unwrap_or_else(|shared| Inner {
            rules: shared.rules.clone(),
            server: shared.server.clone(),
            environment: shared.environment.clone(),
            deadline: shared.deadline,
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

    /// The layer, to be put before a service.
    #[must_use]
    pub fn layer(&self) -> RemoteLayer {
        RemoteLayer(self.clone())
    }

    /// Whether something may happen; if not, what the caller reads.
    async fn ask(&self, ask: &Ask, who: &Who) -> Result<(), String> {
        let mut event = Map::new();
        let mut add = |name: &str, value: Value| drop(event.insert(name.to_owned(), value));
        add("phase", ask.phase.name().into());
        for (name, text) in [
            ("tool", &*ask.tool),
            ("session", &who.session),
            ("server", &self.0.server),
            ("environment", &self.0.environment),
        ] {
            add(name, text.into());
        }
        if let Some(principal) = &who.principal {
            add("user", principal.user.to_string().into());
            add("tenant", principal.org.to_string().into());
            add("roles", principal.role.iter().map(|role| role.to_string()).collect());
        }
        let given = [("arguments", &ask.arguments), ("result", &ask.result)];
        given.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))).for_each(
            |(name, value)| {
                add(name, value.clone());
            },
        );
        if let Some(prompt) = &ask.prompt {
            add("prompt", prompt.as_str().into());
        }
        let question = self.0.rules.call_tool("evaluate", json!({ "event": event, "remember": true }));
        let answered = tokio::time::timeout(self.0.deadline, question.timeout(self.0.deadline));
        let said = match answered.await {
            Ok(Ok(result)) if !result.is_error => {
                result.structured_content.as_ref().and_then(|said| said.to_value().ok())
            }
            Ok(Ok(_)) => None,
            Ok(Err(error)) => {
                tracing::error!(error = ?error, "guardrails: the server of rules cannot be asked");
                None
            }
            Err(_) => {
                tracing::error!("guardrails: the server of rules gave no answer in time");
                None
            }
        };
        said.as_ref().map_or_else(|| Err(UNGUARDED.to_owned()), verdict)
    }
}

const UNGUARDED: &str = "not done: the server of rules gave no answer, so that nobody knows whether this is safe; try again later";

/// What an answer of `evaluate` comes to. What is not known refuses.
fn verdict(said: &Value) -> Result<(), String> {
    let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
    let (rule, message) = (text("rule"), text("message"));
    let because = |message: &str| if message.is_empty() { String::new() } else { format!(": {message}") };
    match text("verdict") {
        _ if said.get("complete") != Some(&Value::Bool(true)) => Err(UNGUARDED.to_owned()),
        "allow" | "suggest" | "flag" => Ok(()),
        "require_approval" => Err(format!(
            "not done yet: the rule `{rule}` wants a person's approval{}. Let a person approve `{}`, then make the same call again",
            because(message),
            text("approval"),
        )),
        "block" => Err(format!("not done: the rule `{rule}` does not allow it{}", because(message))),
        "redact" => {
            Err(format!("not done: the rule `{rule}` wants a part of it taken out{}", because(message)))
        }
        _ => Err(UNGUARDED.to_owned()),
    }
}

/// Who asks, and in which session; no other caller's session has the same name.
struct Who {
    principal: Option<Arc<Principal>>,
    session: String,
}

impl Who {
    fn of(request: &Request) -> Self {
        let principal = request.peer.principal.clone();
        let session =
            request.peer.session.as_ref().map_or_else(String::new, |session| session.id.to_string());
        let who = principal.as_deref().map(|who| [&*who.issuer, &*who.org, &*who.user]).unwrap_or_default();
        let session = json!([who, session]).to_string();
        Self { principal, session }
    }
}

async fn run(guard: RemoteGuard, request: Request, next: Next) -> Result<Response, BoxError> {
    let method = request.method.clone();
    let deed = match Deed::of(&request) {
        Ok(deed) => deed,
        Err(problem) => return Ok(answer::refusal(&method, problem)),
    };
    let who = Who::of(&request);
    if let Some(before) = &deed.before
        && let Err(text) = guard.ask(before, &who).await
    {
        return Ok(answer::refusal(&method, text));
    }
    let response = next(request).await?.settled().await?;
    let Outcome::Result(bytes) = &response.outcome else { return Ok(response) };
    let Ok(result) = serde_json::from_slice::<Value>(bytes) else {
        return Ok(answer::refusal(&method, "the answer cannot be read, and was withheld".to_owned()));
    };
    if result.get("resultType").is_some_and(|kind| kind == "input_required") {
        return Ok(response);
    }
    let after = deed.after(Arc::new(result), bytes.len());
    Ok(match guard.ask(&after, &who).await {
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
        let is_list = request.method == mcp_core::protocol::Method::ToolsList;
        if request.id.is_none() || is_list || !is_guarded(&request.method) {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::verdict;

    #[test]
    fn what_is_not_certainly_allowed_is_refused() {
        let is = |said| verdict(&said).is_ok();
        for verdict in ["allow", "flag", "suggest"] {
            assert!(is(json!({ "verdict": verdict, "complete": true })));
            assert!(!is(json!({ "verdict": verdict, "complete": false })));
            assert!(!is(json!({ "verdict": verdict })));
        }
        for verdict in ["block", "redact", "require_approval", "other", ""] {
            assert!(!is(json!({ "verdict": verdict, "complete": true })), "{verdict}");
        }
        assert!(!is(json!([])) && !is(json!(null)));
        let text = verdict(
            &json!({ "verdict": "block", "rule": "no-wipe", "message": "delete one", "complete": true }),
        );
        assert_eq!(text.unwrap_err(), "not done: the rule `no-wipe` does not allow it: delete one");
    }
}
