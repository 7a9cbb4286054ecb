//! Echo servers written the way the official SDK's documentation shows: `#[tool_router]`, `#[tool_handler]`.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use rmcp::handler::server::router::tool::{ToolRoute, ToolRouter};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ProgressNotificationParam, Tool};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, schemars, tool, tool_handler, tool_router};

/// How many tools there are in all; the macros' routers are built by functions without arguments.
static TOOLS: OnceLock<usize> = OnceLock::new();

/// Options that every peer understands, and some that only this one has.
#[derive(Debug, clap::Parser)]
pub struct Options {
    /// Address to listen on.
    #[arg(long, conflicts_with = "stdio")]
    pub listen: Option<SocketAddr>,
    /// Speak over standard input and output.
    #[arg(long)]
    pub stdio: bool,
    /// Number of tools in all; the first two are `echo` and `add`.
    #[arg(long, default_value_t = 2)]
    pub tools: usize,
    /// Answer with event streams, the SDK's default; `echo` then reports progress once if asked.
    #[arg(long)]
    pub sse: bool,
    /// Keep sessions for old revisions, the SDK's default.
    #[arg(long)]
    pub sessions: bool,
    /// Set TCP_NODELAY on accepted connections, which `axum::serve` does not.
    #[arg(long)]
    pub nodelay: bool,
    /// Keep the router in a field instead of building it on every call, as the macro does by default.
    #[arg(long)]
    pub router_in_field: bool,
    /// Use the SDK's poll-based pipes instead of tokio's standard streams.
    #[arg(long)]
    pub pipes: bool,
}

impl Options {
    /// Fixes the number of tools for the whole process.
    pub fn fix_tools(&self) {
        TOOLS.get_or_init(|| self.tools.max(2));
    }
}

/// Arguments of `echo`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct EchoArgs {
    /// Text to send back.
    message: String,
}

/// Arguments of `add`.
#[derive(serde::Deserialize, schemars::JsonSchema)]
pub struct AddArgs {
    /// First summand.
    a: i64,
    /// Second summand.
    b: i64,
}

/// The macro's default: `Self::tool_router()` on every call.
#[derive(Clone, Default)]
pub struct Plain;

#[tool_router(router = written_router)]
impl Plain {
    #[tool(description = "Sends the message back")]
    async fn echo(&self, Parameters(args): Parameters<EchoArgs>) -> String {
        args.message
    }

    #[tool(description = "Adds two numbers")]
    async fn add(&self, Parameters(args): Parameters<AddArgs>) -> String {
        (args.a + args.b).to_string()
    }

    fn tool_router() -> ToolRouter<Self> {
        filled(Self::written_router())
    }
}

#[tool_handler]
impl ServerHandler for Plain {}

/// The variant that keeps its router: built once, shared by all clones.
#[derive(Clone)]
pub struct Kept(Arc<ToolRouter<Self>>);

impl Default for Kept {
    fn default() -> Self {
        Self(Arc::new(filled(Self::written_router())))
    }
}

#[tool_router(router = written_router)]
impl Kept {
    #[tool(description = "Sends the message back")]
    async fn echo(&self, Parameters(args): Parameters<EchoArgs>) -> String {
        args.message
    }

    #[tool(description = "Adds two numbers")]
    async fn add(&self, Parameters(args): Parameters<AddArgs>) -> String {
        (args.a + args.b).to_string()
    }
}

#[tool_handler(router = self.0)]
impl ServerHandler for Kept {}

/// The variant for streams: `echo` reports progress once when the caller gave a token.
#[derive(Clone, Default)]
pub struct Noting;

#[tool_router(router = written_router)]
impl Noting {
    #[tool(description = "Sends the message back, after one progress note")]
    async fn echo(
        &self,
        Parameters(args): Parameters<EchoArgs>,
        context: RequestContext<RoleServer>,
    ) -> Result<String, ErrorData> {
        if let Some(token) = context.meta.get_progress_token() {
            let note = ProgressNotificationParam::new(token, 1.0);
            context
                .peer
                .notify_progress(note)
                .await
                .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        }
        Ok(args.message)
    }

    #[tool(description = "Adds two numbers")]
    async fn add(&self, Parameters(args): Parameters<AddArgs>) -> String {
        (args.a + args.b).to_string()
    }

    fn tool_router() -> ToolRouter<Self> {
        filled(Self::written_router())
    }
}

#[tool_handler]
impl ServerHandler for Noting {}

/// Adds routes until the router has as many tools as were asked for.
fn filled<S: Send + Sync + 'static>(mut router: ToolRouter<S>) -> ToolRouter<S> {
    static SCHEMA: OnceLock<Arc<JsonObject>> = OnceLock::new();
    let schema = SCHEMA.get_or_init(rmcp::handler::server::tool::schema_for_type::<EchoArgs>);
    for index in 2..TOOLS.get().copied().unwrap_or(2) {
        let tool = Tool::new(format!("filler_{index}"), "Fills the list", Arc::clone(schema));
        router.add_route(ToolRoute::new_dyn(tool, |_| {
            Box::pin(async { Ok(CallToolResult::success(vec![ContentBlock::text("filler")]).into()) })
        }));
    }
    router
}
