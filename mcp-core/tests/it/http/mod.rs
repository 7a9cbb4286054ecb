//! What is served over HTTP beside the endpoint of Streamable HTTP.

mod sse_transport;
#[cfg(feature = "ws")]
mod ws;
