//! What a stack serves.

use mcp_core::service::SharedService;
use mcp_core::transport::http::Http;
use serde_json::{Map, Value};

use super::Routes;
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
