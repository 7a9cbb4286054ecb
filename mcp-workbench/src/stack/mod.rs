//! The local stack: memory, guardrails and patterns behind one address, in one process, with what they know in one directory.
//!
//! `/mcp` offers the tools of all services; `/mcp/memory`, `/mcp/guardrails` and `/mcp/patterns` those of one. Guardrails stand before all of them but
//! themselves: who asks them about a dangerous call is not calling it.

mod error;
mod routes;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mcp_core::server::{Mount, Server};
use mcp_core::service::SharedService;
use mcp_core::transport::http::Http;
use mcp_guardrails::layer::Guardrails;
use mcp_guardrails::operate::Sources;
use mcp_guardrails::state::{SqliteStore, Store};
use mcp_guardrails::{Engine, Format, RuleSet};
use mcp_memory::{Access, Memory, Scope};
use mcp_patterns::extension::{SkillSet, Skills};
use mcp_patterns::learn::{Learner, Settings};
use mcp_patterns::skill::{Mode, SKILL_MD};
use mcp_patterns::source::{Directory, Format as SkillFormat};
use mcp_patterns::starter::{self, Starter};
use mcp_patterns::{Catalog, Recommender};
use tower_layer::Layer as _;

pub use error::StackError;
pub use routes::Routes;
use routes::unguarded;

/// Rules that guard a stack where nobody says otherwise: see [`Config::packs`].
pub const PACKS: [&str; 3] = ["injection-in-results", "lethal-trifecta", "secret-then-egress"];
/// What is guarded against in every stack.
const LOCAL: &str = include_str!("local.yaml");
/// Before the names of the guardrails' own tools, where those of all services are offered.
const GUARDRAILS: &str = "guardrails";
/// Before those of the patterns.
const PATTERNS: &str = "patterns";

/// A stack to be.
#[derive(Debug, Clone)]
#[must_use = "a configuration does nothing until a stack is opened with it"]
pub struct Config {
    directory: PathBuf,
    packs: Vec<String>,
    rules: Vec<PathBuf>,
    skills: Vec<PathBuf>,
    access: Access,
}

impl Config {
    /// Keeps all that is known below a directory, which is made if it is not there.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            packs: PACKS.map(String::from).into(),
            rules: Vec::new(),
            skills: Vec::new(),
            access: Access::new("local", "me").write(Scope::Org),
        }
    }

    /// The packs of rules that guard it, instead of [`PACKS`].
    pub fn packs(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.packs = names.into_iter().map(Into::into).collect();
        self
    }

    /// One more file of rules that guards it.
    pub fn rules(mut self, file: impl Into<PathBuf>) -> Self {
        self.rules.push(file.into());
        self
    }

    /// One more folder of Agent Skills that are recommended and served, beside those that come with it.
    pub fn skills(mut self, folder: impl Into<PathBuf>) -> Self {
        self.skills.push(folder.into());
        self
    }

    /// Whose memories they are (default: `me` of `local`). There are no credentials: whoever reaches the stack is this person.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// What is recommended, and served as skills. What cannot be read is left out, and logged.
    fn patterns(&self) -> Result<(Recommender, SkillSet), StackError> {
        let (mut catalog, mut set) = (Catalog::builder(), SkillSet::new());
        for folder in &self.skills {
            catalog = catalog.source(Directory::new(folder, SkillFormat::Skills { strict: false }));
            for problem in set.add_tree("", folder, Mode::Lenient) {
                tracing::warn!("a skill is not served: {problem}");
            }
        }
        for (_, text) in starter::skills() {
            set.add_files("mcp-patterns", [(SKILL_MD, text.as_bytes())], Mode::Strict)?;
        }
        let catalog = Arc::new(catalog.source(Starter).build());
        for problem in &catalog.report().problems {
            tracing::warn!("{}: {}", problem.origin, problem.message);
        }
        let learner = Learner::open(self.directory.join("patterns.db"), Settings::default())?;
        Ok((Recommender::new(catalog).learner(learner), set))
    }

    /// The rules, each set with its own tests passed.
    fn engine(&self) -> Result<Engine, StackError> {
        let sources = Sources { rules: self.rules.clone(), packs: self.packs.clone(), ..Sources::default() };
        let mut loaded = sources.load()?;
        let local = RuleSet::parse(LOCAL, "local-stack", Format::Yaml)?;
        loaded.sets.insert(0, ("local-stack".to_owned(), local));
        Ok(loaded.engine()?)
    }
}

/// Services that share a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stack {
    memory: Memory,
    guardrails: Guardrails,
    patterns: Server,
    access: Access,
}

impl Stack {
    /// Opens what is in the directory.
    ///
    /// # Errors
    /// The directory cannot be made, what is in it cannot be opened, or rules cannot be read or fail their tests.
    pub fn open(config: &Config) -> Result<Self, StackError> {
        let made = |path: &Path| {
            let failed = |source| StackError::Directory { path: path.to_owned(), source };
            fs::create_dir_all(path).map_err(failed)
        };
        made(&config.directory)?;
        let engine = config.engine()?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&config.directory.join("guardrails.db"))?);
        let (recommender, skills) = config.patterns()?;
        Ok(Self {
            patterns: mcp_patterns::server::builder(recommender).skills(Skills::new(skills)).build()?,
            memory: Memory::open(config.directory.join("memory"))?,
            guardrails: Guardrails::builder(engine).store(store).server("local").build(),
            access: config.access.clone(),
        })
    }

    /// The memory.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The guardrails that stand before it.
    #[must_use]
    pub const fn guardrails(&self) -> &Guardrails {
        &self.guardrails
    }

    /// What is served over HTTP. `with` changes the settings of each endpoint.
    ///
    /// # Errors
    /// A server cannot be built.
    pub fn routes(&self, with: impl Fn(Http) -> Http) -> Result<Routes, StackError> {
        let memory = mcp_memory::server::builder(self.memory.clone())
            .without_credentials(self.access.clone())
            .build()?;
        let guardrails =
            mcp_guardrails::server::builder(self.guardrails.clone()).without_credentials().build()?;
        let all = Server::builder("mcp", env!("CARGO_PKG_VERSION"))
            .title("Local stack")
            .instructions(
                "A long-term memory, skills and patterns that fit a task, and the rules that guard both.",
            )
            .mount_with(Mount::new(&memory))
            .mount(GUARDRAILS, &guardrails)
            .mount(PATTERNS, &self.patterns)
            .build()?;
        let guarded = |server: Server| self.guardrails.layer().layer(server);
        let all = unguarded(&format!("{GUARDRAILS}_"), all.clone(), guarded(all));
        let (memory_health, engine) = (self.memory.health(), Arc::clone(self.guardrails.engine()));
        let say = move || {
            serde_json::Map::from_iter([
                ("memory".to_owned(), serde_json::json!(memory_health)),
                (GUARDRAILS.to_owned(), serde_json::json!({ "rules": engine.rules().len() })),
            ])
        };
        let part = |name: &str, service: SharedService| {
            let path = format!("/mcp/{name}");
            let http = Http::new(service).path(&path).rest(None).legacy_sse(false);
            (path, with(http).build())
        };
        Ok(Routes::new(
            with(Http::new(all).health(say)).build(),
            vec![
                part("memory", SharedService::new(guarded(memory))),
                part(GUARDRAILS, SharedService::new(guardrails)),
                part(PATTERNS, SharedService::new(guarded(self.patterns.clone()))),
            ],
        ))
    }
}
