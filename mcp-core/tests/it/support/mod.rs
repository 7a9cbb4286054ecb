//! What several tests need: a server on a free port, and a client that hides nothing of HTTP.

pub mod client;
pub mod server;
