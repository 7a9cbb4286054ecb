//! Skills over MCP (`io.modelcontextprotocol/skills`): a server that serves them, and a host that trusts none of it.
//!
//! ```
//! use mcp_core::{Client, Server};
//! use mcp_patterns::extension::{Grant, SkillHost, SkillSet, Skills};
//! use mcp_patterns::skill::Mode;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = "---\nname: refunds\ndescription: Pays money back.\n---\n\n# Refunds\n";
//! let mut set = SkillSet::new();
//! set.add_files("billing", [("SKILL.md", text.as_bytes())], Mode::Strict)?;
//! let server = Skills::new(set).install(Server::builder("shop", "1.0.0")).build()?;
//!
//! let host = SkillHost::new();
//! host.connect("shop", Client::connect(server).await?)?;
//! let listed = host.refresh("shop").await?;
//! let id = listed.skills[0].id.clone();
//! host.approve(&id, Grant::default())?;
//! let loaded = host.load(&id).await?;
//! assert!(loaded.for_context().contains("from the server `shop`"));
//! # Ok(()) }
//! ```

mod callers;
mod entry;
mod folders;
mod host;
mod serve;
mod set;
#[cfg(test)]
mod tests;
mod uri;

pub use entry::{Manifest, SkillEntry, SkillResource};
pub use folders::Folders;
pub use host::{
    Approval, Grant, HostError, Listing, Loaded, Refused, Settings, SkillHost, SkillId, Summary, Verification,
};
pub use serve::Skills;
pub use set::{PublishError, SkillSet};

/// The identifier of the extension.
pub const ID: &str = "io.modelcontextprotocol/skills";
