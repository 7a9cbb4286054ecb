//! Authorization: OAuth 2.1 as the Model Context Protocol uses it.

pub mod client;
pub mod server;
