//! Authorization: OAuth 2.1 as the Model Context Protocol uses it. [`client`] gets credentials, [`server`] checks them.

pub mod client;
pub mod server;
