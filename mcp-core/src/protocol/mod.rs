//! JSON-RPC 2.0 and the Model Context Protocol: types and frames. No I/O, no async.

mod error;
mod frame;
mod id;
pub(crate) mod json;
mod method;
mod version;

pub(crate) use error::excerpt;
pub use error::{ErrorCode, RpcError};
pub use frame::{DEFAULT_DEPTH, DecodeError, Frame, FrameError, FrameProblem, Incoming, Params, decode};
pub use id::RequestId;
pub use method::Method;
pub use version::{ProtocolVersion, UnknownVersion};
