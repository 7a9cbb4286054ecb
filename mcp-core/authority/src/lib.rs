//! A small OAuth 2.1 authorization server for MCP servers: for teams that have none, and for tests.
//!
//! ```
//! use mcp_authority::{Authority, Client, Person};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let authority = Authority::builder("http://127.0.0.1:9000")
//!     .resource("http://127.0.0.1:8080/mcp")
//!     .scope("notes:read", "Read your notes")
//!     .client(Client::public("my-app").redirect("http://127.0.0.1/callback"))
//!     // Whoever comes is Ada. For people with passwords there is `people`.
//!     .development(Person::new("acme", "ada").role("admin"))
//!     .build()
//!     .await?;
//! # let stop = std::future::ready(());
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! mcp_authority::serve(authority, listener, stop).await?;
//! # Ok(()) }
//! ```
//!
//! # What it does
//!
//! Authorization codes with PKCE (S256 only), client credentials, refresh tokens that are replaced with each use and end with
//! their whole family when one is used twice; tokens bound to a key by DPoP (RFC 9449); access tokens as signed JWT (RFC 9068)
//! for one resource (RFC 8707). Clients are named in code, known by a metadata document, or register themselves (RFC 7591)
//! where that is switched on. Metadata (RFC 8414), `iss` in the answer (RFC 9207), revocation (RFC 7009), introspection (RFC
//! 7662), keys that are rotated, and encrypted in the store under keys of yours. A consent page without scripts.
//!
//! # What it does not
//!
//! No sign-up, no password reset, no sessions between authorizations, no ID tokens. [`People`] connects what you have.
//!
//! # Map
//!
//! [`Authority`] the service · [`Client`] · [`people`] who logs in · [`store`] what survives · [`Event`] what an audit log records
//!
//! # Features
//!
//! `sqlite`: [`store::SqliteStore`] · `passwords`: `people::Table`. Both are on.

mod authority;
mod authorize;
mod builder;
mod client;
mod clock;
mod consent;
mod error;
mod event;
mod introspect;
mod jose;
mod keys;
mod metadata;
mod page;
mod params;
pub mod people;
mod random;
mod redirect;
mod register;
mod replay;
mod reply;
mod revoke;
mod route;
mod scope;
mod seal;
mod serve;
pub mod store;
mod throttle;
mod ticket;
mod token;

pub use authority::Authority;
pub use builder::AuthorityBuilder;
pub use client::Client;
pub use error::BuildError;
pub use event::{Event, Holder, Log, Observer};
pub use jose::Algorithm;
pub use people::{People, Person};
pub use route::ClientAddress;
pub use scope::Scopes;
pub use serve::serve;
pub use store::Store;
