//! What a test client is.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tower_service::Service;

use super::TestClient;
use crate::protocol::{Capability, ClientCapabilities, ProtocolVersion};
use crate::service::{BoxError, McpService, Principal, Request, Response, ResponseFuture, SharedService};

/// What a test client is, before it connects.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct TestClientBuilder {
    pub(crate) version: ProtocolVersion,
    pub(crate) capabilities: Option<ClientCapabilities>,
    pub(crate) patience: Duration,
    principal: Option<Arc<Principal>>,
}

impl TestClientBuilder {
    pub(crate) const fn new() -> Self {
        Self {
            version: ProtocolVersion::LATEST,
            capabilities: None,
            patience: Duration::from_secs(30),
            principal: None,
        }
    }

    /// The revision it speaks (default: the newest).
    pub const fn version(mut self, version: ProtocolVersion) -> Self {
        self.version = version;
        self
    }

    /// What it declares to be able to do (default: everything its revision knows).
    pub fn capabilities(mut self, capabilities: ClientCapabilities) -> Self {
        self.capabilities = Some(capabilities);
        self
    }

    /// Who calls, as authentication would have established it (default: nobody in particular).
    pub fn principal(mut self, principal: Principal) -> Self {
        self.principal = Some(Arc::new(principal));
        self
    }

    /// How long to wait for anything before the test fails (default 30 s).
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Connects, with a handshake where the revision has one.
    ///
    /// # Panics
    /// The server refuses the handshake.
    pub async fn connect(self, service: impl McpService) -> TestClient {
        let service = Stamped { service: SharedService::new(service), principal: self.principal.clone() };
        let legacy = !self.version.is_modern();
        let client = TestClient::open(&self, service);
        if legacy {
            client.initialize().await;
        }
        client
    }

    pub(crate) fn declared(&self) -> ClientCapabilities {
        use Capability::{ElicitationForm, ElicitationUrl, Roots, Sampling, SamplingTools};
        self.capabilities.clone().unwrap_or_else(|| {
            let known: &[_] = match self.version {
                ProtocolVersion::V2024_11_05 | ProtocolVersion::V2025_03_26 => &[Roots, Sampling],
                ProtocolVersion::V2025_06_18 => &[Roots, Sampling, ElicitationForm],
                _ => &[Roots, Sampling, SamplingTools, ElicitationForm, ElicitationUrl],
            };
            known.iter().cloned().collect()
        })
    }
}

/// A service whose requests all come from one caller.
#[derive(Debug, Clone)]
struct Stamped {
    service: SharedService,
    principal: Option<Arc<Principal>>,
}

impl Service<Request> for Stamped {
    type Response = Response;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request) -> ResponseFuture {
        request.peer.principal.clone_from(&self.principal);
        self.service.handle(request)
    }
}
