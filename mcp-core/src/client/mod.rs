//! Clients: any server, any revision, any transport.

#[cfg(feature = "http-client")]
pub mod http;
