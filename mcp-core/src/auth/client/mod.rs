//! OAuth for clients: from a 401 to a token, each step in a file of its own.
//!
//! [`OAuth`] implements [`Authorize`](crate::client::http::Authorize); give it to an HTTP transport.
//!
//! ```
//! use mcp_core::auth::client::{FileStore, Loopback, OAuth};
//! use url::Url;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let key = [0; 32];
//! let oauth = OAuth::builder(Url::parse("https://mcp.example.com/mcp")?)
//!     .client_name("My application")
//!     .consent(Loopback::announced())
//!     .client_id_metadata(Url::parse("https://app.example.com/client.json")?)
//!     .store(FileStore::new("tokens", &key))
//!     .build()?;
//! # Ok(()) }
//! ```
//!
//! When the server asks for a token: its [resource metadata](ResourceMetadata) names an authorization
//! server (RFC 9728; else the fallbacks of 2025-03-26), whose [metadata](ServerMetadata) says what it can do
//! (RFC 8414, OpenID Connect). The client is [registered](Registered) by hand, by a metadata document, or
//! dynamically. A person agrees ([`consent`]), and the code is exchanged for a token. Tokens are refreshed,
//! stored ([`TokenStore`]), bound to a key where wanted (DPoP), and asked for anew with more scopes where
//! the server wants more.
//!
//! Without a person: [`client_credentials`](OAuthBuilder::client_credentials),
//! [`enterprise`](OAuthBuilder::enterprise) and [`workload`](OAuthBuilder::workload).

mod assertion;
mod authorization;
mod builder;
mod challenge;
mod client_credentials;
mod code;
pub mod consent;
mod credentials;
mod current;
mod discovery;
mod dpop;
mod enterprise;
mod error;
mod grants;
mod jws;
mod legacy;
mod loopback;
mod oauth;
mod pkce;
mod random;
mod refresh;
mod registration;
mod renewal;
mod resource_metadata;
mod scope;
mod secret;
mod server_metadata;
mod session;
mod settings;
mod step_up;
mod store;
mod token;
mod web;
mod workload;

pub use assertion::Assertion;
pub use builder::{BuildError, OAuthBuilder};
pub use challenge::Challenge;
pub use credentials::Registered;
pub use enterprise::Enterprise;
pub use error::{AuthError, DocumentError, KeyError, ResponseError};
pub use jws::SigningKey;
pub use loopback::Loopback;
pub use oauth::OAuth;
pub use registration::ApplicationType;
pub use resource_metadata::ResourceMetadata;
pub use secret::Secret;
pub use server_metadata::ServerMetadata;
pub use store::{FileStore, MemoryStore, Saved, StoreError, StoreKey, TokenStore};
pub use token::TokenResponse;
pub(in crate::auth) use web::is_loopback;
