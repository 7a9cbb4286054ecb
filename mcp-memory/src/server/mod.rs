//! A memory as an MCP server: six tools, a resource per memory, two prompts.
//!
//! Who calls decides what is seen: see [`access`]. An answer is never larger than it may be, and says what it left out.
//!
//! ```
//! use mcp_core::testing::TestClient;
//! use mcp_memory::{Access, Memory, server};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = std::env::temp_dir().join(format!("memory-server-doc-{}", std::process::id()));
//! let memory = Memory::open(&directory)?;
//! // Over standard input and output there is one caller, and nobody who vouches for them.
//! let server = server::builder(memory).without_credentials(Access::new("local", "me")).build()?;
//! let client = TestClient::connect(server);
//! client.call("memory_store", json!({ "memories": [{ "content": "Backups run at two" }] })).await;
//! let found = client.call("memory_search", json!({ "query": "when do backups run" })).await;
//! assert!(format!("{found:?}").contains("Backups run at two"));
//! # std::fs::remove_dir_all(directory).ok();
//! # Ok(()) }
//! ```

mod answer;
mod arguments;
mod compat;
mod prompts;
mod tools;

use std::collections::HashMap;
use std::sync::Arc;

pub use compat::Compatibility;
use mcp_core::server::{BuildError, ToolEntry, prompt, resource};
use mcp_core::service::Principal;
use mcp_core::{Server, template, tool};

use crate::{Access, Memory, Quota, Scope};

const INSTRUCTIONS: &str = "Long-term memory. Search before you ask the person for something they may have said before. Store decisions, \
     facts, preferences and lessons as one short memory each, in words that can be found again.";

/// What a caller may see, from who they are: their own memories and those of the organisation; with the scope `workspace:NAME` those of
/// a workspace, read and written; with `memory:org` the organisation's, written; with `memory:act-as` those of the users that they name.
#[must_use]
pub fn access(who: &Principal) -> Access {
    let access = Access::new(&who.org, &who.user);
    who.scopes.iter().fold(access, |access, scope| match scope.split_once(':') {
        Some(("workspace", name)) if !name.is_empty() => access.write(Scope::Workspace(name.to_owned())),
        Some(("memory", "org")) => access.write(Scope::Org),
        Some(("memory", "act-as")) => access.act_as(),
        _ => access,
    })
}

/// A server to be.
#[must_use = "a builder does nothing until it builds"]
pub struct Builder {
    memory: Memory,
    anonymous: Option<Access>,
    access: AccessOf,
    compatible: Option<Compatibility>,
    beside: bool,
    plans: HashMap<String, Quota>,
}

type AccessOf = Arc<dyn Fn(&Principal) -> Access + Send + Sync>;

/// What all calls share.
#[derive(Clone)]
struct Shared {
    memory: Memory,
    anonymous: Option<Access>,
    access: AccessOf,
    plans: Arc<HashMap<String, Quota>>,
}

/// A server of a memory. Callers without credentials are refused.
pub fn builder(memory: Memory) -> Builder {
    let access = Arc::new(access);
    Builder { memory, anonymous: None, access, compatible: None, beside: false, plans: HashMap::new() }
}

impl Builder {
    /// What callers may do for whom nobody vouches. Right for standard input and output, and for nothing that others can reach.
    pub fn without_credentials(mut self, access: Access) -> Self {
        self.anonymous = Some(access);
        self
    }

    /// Another way from who calls to what they may see (default: [`access`]).
    pub fn access(mut self, of: impl Fn(&Principal) -> Access + Send + Sync + 'static) -> Self {
        self.access = Arc::new(of);
        self
    }

    /// How much each user of a plan may keep.
    pub fn plan(mut self, name: impl Into<String>, quota: Quota) -> Self {
        self.plans.insert(name.into(), quota);
        self
    }

    /// Offers the tools of another memory instead of ours, so that its clients go on as they are.
    pub const fn compatible(mut self, with: Compatibility) -> Self {
        self.compatible = Some(with);
        self
    }

    /// Whether our own tools are offered beside those of another memory (default: no). Where a name is taken, it is theirs.
    pub const fn beside_own_tools(mut self, beside: bool) -> Self {
        self.beside = beside;
        self
    }

    /// The server.
    ///
    /// # Errors
    /// Never for reasons of its own: see [`mcp_core::server::ServerBuilder::build`].
    pub fn build(self) -> Result<Server, BuildError> {
        let plans = Arc::new(self.plans);
        let shared = Shared { memory: self.memory, anonymous: self.anonymous, access: self.access, plans };
        let mut tools = self.compatible.map_or_else(Vec::new, Compatibility::tools);
        if self.compatible.is_none() || self.beside {
            let free: Vec<ToolEntry> = own_tools()
                .into_iter()
                .filter(|own| tools.iter().all(|tool| tool.name() != own.name()))
                .collect();
            tools.extend(free);
        }
        let server =
            Server::builder("memory", env!("CARGO_PKG_VERSION")).instructions(INSTRUCTIONS).state(shared);
        tools
            .into_iter()
            .fold(server, mcp_core::server::ServerBuilder::tool)
            .template(
                template("memory://{id}", "memory", tools::read)
                    .description("A memory.")
                    .mime_type("application/json"),
            )
            .resource(
                resource("memory://stats", "stats", tools::stats)
                    .description("How much there is, of what.")
                    .mime_type("application/json"),
            )
            .prompt(
                prompt("recall", prompts::recall)
                    .description("Looks up what is known of a topic before the work begins."),
            )
            .prompt(
                prompt("remember", prompts::remember)
                    .description("Keeps what a conversation has brought, a short memory for each thing."),
            )
            .build()
    }
}

fn own_tools() -> [ToolEntry; 6] {
    [
        tool("memory_store", tools::store)
            .description("Stores memories. One that is there already is not stored twice.")
            .idempotent()
            .closed_world(),
        tool("memory_search", tools::search)
            .description("Finds memories by words, by meaning and by what was said around them.")
            .read_only()
            .closed_world(),
        tool("memory_list", tools::list)
            .description("Lists memories, the newest first, page by page.")
            .read_only()
            .closed_world(),
        tool("memory_get", tools::get)
            .description("Returns one memory whole, with what it said before.")
            .read_only()
            .closed_world(),
        tool("memory_update", tools::update)
            .description("Changes a memory and keeps the version before; with `supersede`, puts a new memory in its place.")
            .closed_world(),
        tool("memory_delete", tools::delete)
            .description("Deletes one memory by `id`, or all that pass a `filter`; try `dry_run` first.")
            .destructive()
            .closed_world(),
    ]
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("anonymous", &self.anonymous).finish_non_exhaustive()
    }
}
