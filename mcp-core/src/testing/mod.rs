//! A kit for testing servers, layers and transports: no network, no sleeps, no process.
//!
//! [`TestClient`] is a client of any revision, connected in memory. It answers questions from a
//! script, so the same test runs on the newest revision and on old sessions:
//!
//! ```
//! use mcp_core::protocol::ProtocolVersion;
//! use mcp_core::server::{Context, Elicit, ToolError, tool};
//! use mcp_core::{Server, testing::TestClient};
//! use serde_json::json;
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Colour { name: String }
//!
//! async fn paint(context: Context) -> Result<String, ToolError> {
//!     let colour = context.ask("colour", Elicit::form::<Colour>("Which colour?")).await?;
//!     Ok(colour.accepted().map_or("nothing painted".into(), |colour| format!("painted {}", colour.name)))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder("painter", "1.0.0").tool(tool("paint", paint)).build()?;
//! for version in [ProtocolVersion::V2026_07_28, ProtocolVersion::V2025_11_25] {
//!     let client = TestClient::connect_as(version, server.clone()).await;
//!     client.answer("Which colour?", json!({ "action": "accept", "content": { "name": "red" } }));
//!     let result = client.call("paint", json!({})).await;
//!     assert_eq!(result.content[0].as_text(), Some("painted red"));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`service_fn`] and [`scripted`] are services to put behind a layer or a transport, and
//! [`assert_frame`] compares JSON and says where it differs.

mod answers;
mod builder;
mod calls;
mod client;
mod frame;
mod inbox;
mod listening;
mod service;

pub use builder::TestClientBuilder;
pub use client::{Pending, TestClient};
pub use frame::{ANY, assert_frame, frame_diff};
pub use inbox::Notification;
pub use listening::Listening;
pub use service::{Scripted, ServiceFn, scripted, service_fn};

/// Fails the test.
#[track_caller]
#[expect(clippy::panic, reason = "a test kit fails tests")]
fn fail(message: impl std::fmt::Display) -> ! {
    panic!("{message}")
}
