//! What is served over HTTP beside the endpoint of Streamable HTTP.

#[cfg(feature = "axum")]
mod axum;
mod rest;
mod sse_transport;
#[cfg(feature = "ws")]
mod ws;
