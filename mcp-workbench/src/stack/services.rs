//! What a stack serves.

use mcp_core::server::{BuildError, Mount, Server};
use mcp_core::service::SharedService;
use mcp_core::transport::http::Http;
use serde_json::{Map, Value};

use super::{GUARDRAILS, PATTERNS, Routes, unguarded};
use crate::connect::Part;

/// The services of a stack, to be served or called in this process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services {
    pub(crate) all: SharedService,
    pub(crate) memory: SharedService,
    pub(crate) guardrails: SharedService,
    pub(crate) patterns: SharedService,
}

impl Services {
    /// Each by itself and all of them in one; `open` makes a service of a server, and `guarded` puts guardrails before what they guard.
    pub(crate) fn assemble(
        memory: Server,
        guardrails: Server,
        patterns: Server,
        open: impl Fn(Server) -> SharedService,
        guarded: impl Fn(SharedService) -> SharedService,
    ) -> Result<Self, BuildError> {
        let all = Server::builder("mcp", env!("CARGO_PKG_VERSION"))
            .title("Local stack")
            .instructions(
                "A long-term memory, skills and patterns that fit a task, and the rules that guard both.",
            )
            .mount_with(Mount::new(&memory))
            .mount(GUARDRAILS, &guardrails)
            .mount(PATTERNS, &patterns)
            .build()?;
        let all = open(all);
        Ok(Self {
            all: unguarded(&format!("{GUARDRAILS}_"), all.clone(), guarded(all)),
            memory: guarded(open(memory)),
            guardrails: open(guardrails),
            patterns: guarded(open(patterns)),
        })
    }

    /// One of them.
    #[must_use]
    pub const fn part(&self, part: Part) -> &SharedService {
        match part {
            Part::All => &self.all,
            Part::Memory => &self.memory,
            Part::Guardrails => &self.guardrails,
            Part::Patterns => &self.patterns,
        }
    }

    /// All of them over HTTP. `with` changes the settings of each endpoint.
    pub fn routes(
        &self,
        health: impl Fn() -> Map<String, Value> + Send + Sync + 'static,
        with: impl Fn(Http) -> Http,
    ) -> Routes {
        let of = |part: Part| {
            let http = Http::new(self.part(part).clone()).path(part.path()).rest(None).legacy_sse(false);
            (part.path().to_owned(), with(http).build())
        };
        Routes::new(with(Http::new(self.all.clone()).health(health)).build(), Part::SERVICES.map(of).into())
    }
}
