//! Model Context Protocol servers.
pub mod extension;
pub mod protocol;
pub mod server;
pub mod service;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;

/// # Example
/// ```
/// use mcp_core::{Args, Server, tools};
///
/// struct Counter(std::sync::atomic::AtomicI64);
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Add { /// How much to add.
///              amount: i64 }
///
/// #[tools]
/// impl Counter {
///     /// Adds to the counter and says what it shows then.
///     #[tool]
///     async fn add(&self, Args(Add { amount }): Args<Add>) -> String {
///         (self.0.fetch_add(amount, std::sync::atomic::Ordering::Relaxed) + amount).to_string()
///     }
///
///     /// Says what the counter shows.
///     #[tool(read_only, title = "Show the counter")]
///     async fn show(&self) -> String {
///         self.0.load(std::sync::atomic::Ordering::Relaxed).to_string()
///     }
/// }
///
/// let server = Server::builder("counter", "1.0.0").tools(Counter(0.into())).build()?;
/// # Ok::<(), mcp_core::server::BuildError>(())
/// ```
#[cfg(feature = "macros")]
pub use mcp_core_macros::tools;
pub use server::{Args, Server, State, tool};
pub use transport::serve;
