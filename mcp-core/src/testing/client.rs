//! The client: requests, and what comes back.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::inbox::{Inbox, Notification, Outcome};
use super::{TestClientBuilder, fail};
use crate::protocol::{ProtocolVersion, RequestId, RpcError, meta};
use crate::service::McpService;
use crate::transport::memory;

/// How often one request may be answered with questions.
const ROUNDS: usize = 16;

/// A client of any revision, connected to a service in memory. Cheap to clone; clones are the same
/// client. Dropping the last one closes the connection.
///
/// See the [module](crate::testing) for an example.
#[derive(Clone)]
pub struct TestClient(Arc<Inner>);

struct Inner {
    tx: mpsc::Sender<Bytes>,
    version: ProtocolVersion,
    /// What goes with every request of the newest revision, and with the handshake of older ones.
    capabilities: Value,
    next: AtomicI64,
    inbox: Arc<Inbox>,
    reader: JoinHandle<()>,
    patience: Duration,
}

impl TestClient {
    /// A client of the newest revision. Call it within a tokio runtime.
    pub fn connect(service: impl McpService) -> Self {
        Self::open(&Self::builder(), service)
    }

    /// A client of any revision, after the handshake where there is one.
    ///
    /// # Panics
    /// The server refuses the handshake.
    pub async fn connect_as(version: ProtocolVersion, service: impl McpService) -> Self {
        Self::builder().version(version).connect(service).await
    }

    /// A client with other capabilities, or in somebody's name.
    pub const fn builder() -> TestClientBuilder {
        TestClientBuilder::new()
    }

    pub(crate) fn open(builder: &TestClientBuilder, service: impl McpService) -> Self {
        let memory::MemoryChannel { tx, rx } = memory::connect(service);
        let inbox = Arc::new(Inbox::default());
        let (filled, replies) = (Arc::clone(&inbox), tx.clone());
        let reader = tokio::spawn(async move { filled.fill(rx, replies).await });
        let capabilities = serde_json::to_value(builder.declared()).unwrap_or_default();
        let (version, patience) = (builder.version, builder.patience);
        Self(Arc::new(Inner { tx, version, capabilities, next: AtomicI64::new(1), inbox, reader, patience }))
    }

    /// Opens the session of an old revision. Returns when the server tells it what changes.
    pub(crate) async fn initialize(&self) {
        let params = json!({
            "protocolVersion": self.0.version.as_str(),
            "capabilities": self.0.capabilities,
            "clientInfo": { "name": "test-client", "version": env!("CARGO_PKG_VERSION") },
        });
        let welcome = self.request("initialize", params).await;
        let welcome = welcome.unwrap_or_else(|error| fail(format!("`initialize` was refused: {error}")));
        if welcome.get("protocolVersion").is_none_or(|version| *version != self.0.version.as_str()) {
            fail(format!("the server does not speak {}: {welcome}", self.0.version));
        }
        self.notify("notifications/initialized", json!({})).await;
        // Messages are taken in order: the answer says that the notification was taken.
        drop(self.request("ping", json!({})).await);
    }

    /// The revision spoken.
    #[must_use]
    pub fn version(&self) -> ProtocolVersion {
        self.0.version
    }

    /// Answers a question whenever it comes: `question` is its key (2026-07-28), its message, or its
    /// method, looked for in this order. Several answers to the same question are given in turn, the
    /// last one again and again.
    pub fn answer(&self, question: impl Into<String>, answer: impl Into<Value>) -> &Self {
        self.0.inbox.answers.add(question.into(), answer.into());
        self
    }

    /// The questions that came, in the order in which they came.
    #[must_use]
    pub fn questions(&self) -> Vec<Value> {
        self.0.inbox.questions()
    }

    /// Sends a request and waits for its answer. Where the answer is `input_required` and the script
    /// has answers to all that is asked, asks again with those.
    ///
    /// # Errors
    /// The server refused.
    ///
    /// # Panics
    /// Nothing comes within the client's patience, or the server never stops asking.
    pub async fn request(&self, method: &str, mut params: Value) -> Result<Value, RpcError> {
        for _ in 0..ROUNDS {
            let result = self.start(method, params.clone()).await.response().await?;
            if result.get("resultType").is_none_or(|kind| kind != "input_required") {
                return Ok(result);
            }
            self.0.inbox.asked(&result);
            let Some(answers) = self.0.inbox.answers.find_all(&result) else { return Ok(result) };
            if let Some(params) = params.as_object_mut() {
                params.insert("inputResponses".into(), answers.into());
                match result.get("requestState") {
                    Some(state) => params.insert("requestState".into(), state.clone()),
                    None => params.remove("requestState"),
                };
            }
        }
        fail(format!("`{method}` was answered with questions {ROUNDS} times"))
    }

    /// Sends a request without waiting for its answer.
    pub async fn start(&self, method: &str, params: Value) -> Pending {
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let outcome = self.0.inbox.expect(id);
        let params = self.stamped(params);
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        Pending { id, method: method.to_owned(), outcome, client: self.clone() }
    }

    /// Sends a notification.
    pub async fn notify(&self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params })).await;
    }

    /// Gives up on a request: no answer will come.
    pub async fn cancel(&self, id: RequestId) {
        self.notify("notifications/cancelled", json!({ "requestId": id })).await;
    }

    /// Sends a frame just as it is.
    pub async fn send(&self, frame: &Value) {
        self.send_raw(frame.to_string()).await;
    }

    /// Sends bytes as one message, whatever they are.
    ///
    /// # Panics
    /// The server closed the connection.
    pub async fn send_raw(&self, message: impl Into<Bytes>) {
        if self.0.tx.send(message.into()).await.is_err() {
            fail("the server closed the connection");
        }
    }

    /// Takes the oldest notification; waits for one.
    ///
    /// # Panics
    /// None comes within the client's patience.
    pub async fn next_notification(&self) -> Notification {
        self.wait("a notification", self.0.inbox.notification(|_| true)).await
    }

    /// Takes the notifications that have come, without waiting.
    #[must_use]
    pub fn notifications(&self) -> Vec<Notification> {
        self.0.inbox.notifications()
    }

    /// Takes the oldest answer to nothing that the client asked, such as the refusal of a message
    /// that could not be read; waits for one.
    ///
    /// # Panics
    /// None comes within the client's patience.
    pub async fn next_stray(&self) -> Value {
        self.wait("an answer", self.0.inbox.stray()).await
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.0.inbox
    }

    pub(crate) async fn wait<T>(&self, what: &str, arrival: impl Future<Output = T>) -> T {
        match tokio::time::timeout(self.0.patience, arrival).await {
            Ok(arrived) => arrived,
            Err(_) => fail(format!("waited {:?} for {what}", self.0.patience)),
        }
    }

    /// Adds what every request of the newest revision carries. What the test wrote itself stays.
    fn stamped(&self, mut params: Value) -> Value {
        if !self.0.version.is_modern() {
            return params;
        }
        if let Some(params) = params.as_object_mut() {
            let own = params.entry("_meta").or_insert_with(|| Map::new().into());
            if let Some(own) = own.as_object_mut() {
                let mut add = |key: &str, value: Value| {
                    own.entry(key).or_insert(value);
                };
                add(meta::PROTOCOL_VERSION, self.0.version.as_str().into());
                add(meta::CLIENT_CAPABILITIES, self.0.capabilities.clone());
                add(
                    meta::CLIENT_INFO,
                    json!({ "name": "test-client", "version": env!("CARGO_PKG_VERSION") }),
                );
            }
        }
        params
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClient").field("version", &self.0.version).finish_non_exhaustive()
    }
}

/// A request that was sent.
#[derive(Debug)]
#[must_use = "the answer comes with `response`"]
pub struct Pending {
    id: i64,
    method: String,
    outcome: oneshot::Receiver<Outcome>,
    client: TestClient,
}

impl Pending {
    /// Its identifier.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id.into()
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// The server refused.
    ///
    /// # Panics
    /// None comes within the client's patience, or the connection ends.
    pub async fn response(mut self) -> Result<Value, RpcError> {
        let (client, what) = (self.client.clone(), format!("the answer to `{}`", self.method));
        client.wait(&what, self.outcome()).await
    }

    /// Waits for the answer as long as it takes.
    pub(crate) async fn outcome(&mut self) -> Outcome {
        match (&mut self.outcome).await {
            Ok(outcome) => outcome,
            Err(_) => fail(format!("the connection ended before the answer to `{}`", self.method)),
        }
    }

    /// Whether there is no answer so far.
    #[must_use]
    pub fn is_open(&mut self) -> bool {
        matches!(self.outcome.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }
}
