//! The seam: one request in, one response out.
//!
//! Servers, layers, gateways and transports meet here and nowhere else. The shape is tower's
//! [`Service`], so that layers for time-outs, limits and balancing written for tower work on every
//! transport.

mod erased;
mod future;
mod outbound;
mod principal;
mod request;
mod response;

use tower_service::Service;

pub use erased::SharedService;
pub use future::ResponseFuture;
pub use outbound::{Event, Notification, Outbound, Question, Reply, SharedOutbound};
pub use principal::{Principal, same_caller};
pub(crate) use request::Unmirrored;
pub use request::{ClientView, Peer, Request, SessionPeer};
pub(crate) use response::error_frame;
#[cfg(feature = "http-server")]
pub(crate) use response::result_head;
pub use response::{Outcome, Response};

/// An error of the path to a handler: it broke before an answer was there.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One request in, one response out. Implemented by every [`Service`] of the right shape: write a
/// [`Service`] or a function for [`middleware::from_fn`](crate::middleware::from_fn), never this.
pub trait McpService:
    Service<Request, Response = Response, Error = BoxError, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> McpService for S where
    S: Service<Request, Response = Response, Error = BoxError, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static
{
}
