//! The local stack: memory, guardrails and patterns behind one address, in one process, with what they know in one directory.
//!
//! `/mcp` offers the tools of all services; `/mcp/memory`, `/mcp/guardrails` and `/mcp/patterns` those of one. Guardrails stand before all of them but
//! themselves: who asks them about a dangerous call is not calling it.

mod changing;
mod error;
mod routes;
mod services;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mcp_core::server::{BuildError, Server};
use mcp_core::service::SharedService;
use mcp_core::transport::http::Http;
use mcp_guardrails::layer::Guardrails;
use mcp_guardrails::operate::Sources;
use mcp_guardrails::state::{RedisStore, SqliteStore, Store};
use mcp_guardrails::{Engine, Format, RuleSet};
use mcp_memory::{Access, Memory, Scope};
use mcp_patterns::extension::{Folders, SkillSet, Skills};
use mcp_patterns::learn::{Learner, Settings};
use mcp_patterns::{Catalog, Recommender};
use tower_layer::Layer as _;

pub use changing::Changing;
pub use error::StackError;
pub(crate) use routes::unguarded;
pub use routes::{RouteBody, Routes};
pub use services::Services;

use crate::config::MemoryConfig;
use crate::connect::Part;
use crate::kept;
use crate::secret::Secret;

/// Rules that guard a stack where nobody says otherwise: see [`Config::packs`].
pub const PACKS: [&str; 4] =
    ["injection-in-prompts", "injection-in-results", "lethal-trifecta", "secret-then-egress"];
/// How long rules may take on a machine that is busy with other things, and their store with them.
pub(crate) const ANSWERING: Duration = Duration::from_secs(2);
/// What is guarded against in every stack.
const LOCAL: &str = include_str!("local.yaml");
/// Before the names of the guardrails' own tools, where those of all services are offered.
pub(crate) const GUARDRAILS: &str = "guardrails";
/// Before those of the patterns.
pub(crate) const PATTERNS: &str = "patterns";

/// A stack to be.
#[derive(Debug, Clone)]
#[must_use = "a configuration does nothing until a stack is opened with it"]
pub struct Config {
    directory: PathBuf,
    packs: Vec<String>,
    rules: Vec<PathBuf>,
    skills: Vec<PathBuf>,
    access: Access,
    memory: MemoryConfig,
    /// Whether callers without credentials are somebody.
    open: bool,
    redis: Option<Secret>,
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
            memory: MemoryConfig::default(),
            open: true,
            redis: None,
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

    /// Whose memories they are (default: `me` of `local`) where there are no credentials: whoever reaches the stack is this person.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Lets in who has no credentials, although others need some: the person whose stack it is, in their own process.
    pub const fn without_credentials(mut self) -> Self {
        self.open = true;
        self
    }

    /// Folders of skills, and those that come with the stack.
    fn folders(&self) -> Folders {
        Folders::new(&self.skills)
    }

    /// What is served as skills. What cannot be read is left out, and logged.
    fn skill_set(&self) -> SkillSet {
        let (set, problems) = self.folders().skills();
        for problem in problems {
            tracing::warn!("a skill is not served: {problem}");
        }
        set
    }

    /// What is recommended.
    fn catalog(&self) -> Catalog {
        let catalog = self.folders().catalog().build();
        for problem in &catalog.report().problems {
            tracing::warn!("{}: {}", problem.origin, problem.message);
        }
        catalog
    }

    /// What guardrails remember, and where.
    fn store(&self) -> Result<Arc<dyn Store>, StackError> {
        Ok(match &self.redis {
            Some(url) => Arc::new(RedisStore::new(url.expose(), "mcp")?),
            None => Arc::new(SqliteStore::open(&self.directory.join("guardrails.db"))?),
        })
    }

    /// The guardrails alone.
    fn guardrails(&self) -> Result<Guardrails, StackError> {
        let engine = Engine::builder().build(self.rule_set()?)?;
        Ok(Guardrails::builder(engine).store(self.store()?).deadline(ANSWERING).server("local").build())
    }

    fn patterns(&self) -> Result<Patterns, StackError> {
        let catalog = Arc::new(self.catalog());
        let learner = Learner::open(self.directory.join("patterns.db"), Settings::default())?;
        let recommender = Recommender::new(Arc::clone(&catalog)).learner(learner);
        let skills = Skills::new(self.skill_set());
        let server = mcp_patterns::server::builder(recommender).skills(skills.clone()).build()?;
        Ok(Patterns { server, catalog, skills })
    }

    fn made(&self) -> Result<(), StackError> {
        let failed = |source| StackError::Directory { path: self.directory.clone(), source };
        fs::create_dir_all(&self.directory).map_err(failed)
    }

    fn memory(&self) -> Result<Memory, StackError> {
        Ok(kept::memory(&self.directory, &self.memory)?)
    }

    fn memory_server(&self, memory: Memory) -> Result<Server, BuildError> {
        let server = mcp_memory::server::builder(memory);
        if self.open { server.without_credentials(self.access.clone()) } else { server }.build()
    }

    fn guardrails_server(&self, guardrails: Guardrails) -> Result<Server, BuildError> {
        let server = mcp_guardrails::server::builder(guardrails);
        if self.open { server.without_credentials() } else { server }.build()
    }

    /// One service by itself, without guardrails before it: for a process of its own, behind a stack that has them.
    ///
    /// # Errors
    /// What is in the directory cannot be opened, or rules cannot be used.
    pub fn alone(&self, part: Part) -> Result<(Server, Changing), StackError> {
        self.made()?;
        let mut changing = Changing::default();
        let server = match part {
            Part::Memory => self.memory_server(self.memory()?)?,
            Part::Guardrails => {
                let guardrails = self.guardrails()?;
                changing.guardrails = Some(guardrails.clone());
                self.guardrails_server(guardrails)?
            }
            Part::Patterns => {
                let patterns = self.patterns()?;
                changing.patterns = Some(patterns.clone());
                patterns.server
            }
            Part::All => return Err(StackError::NotAlone),
        };
        Ok((server, changing))
    }

    /// The rules of all sets, each of which passed its own tests.
    fn rule_set(&self) -> Result<RuleSet, StackError> {
        let sources = Sources { rules: self.rules.clone(), packs: self.packs.clone(), ..Sources::default() };
        let mut loaded = sources.load()?;
        let local = RuleSet::parse(LOCAL, "local-stack", Format::Yaml)?;
        loaded.sets.insert(0, ("local-stack".to_owned(), local));
        Ok(loaded.together()?)
    }
}

impl From<&crate::config::Config> for Config {
    fn from(config: &crate::config::Config) -> Self {
        let access = Access::new(&config.memory.org, &config.memory.user).write(Scope::Org);
        Self {
            directory: crate::connect::directory(config),
            packs: config.guardrails.packs.clone(),
            rules: config.guardrails.rules.clone(),
            skills: config.patterns.skills.clone(),
            access,
            memory: config.memory.clone(),
            // Where there are credentials, nobody is let in without.
            open: config.auth.jwt_secret.is_none(),
            redis: config.redis.url.clone(),
        }
    }
}

/// Patterns, and what of them can be read again.
#[derive(Debug, Clone)]
struct Patterns {
    server: Server,
    catalog: Arc<Catalog>,
    skills: Skills,
}

/// Services that share a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stack {
    memory: Memory,
    guardrails: Guardrails,
    patterns: Patterns,
    config: Config,
}

impl Stack {
    /// Opens what is in the directory.
    ///
    /// # Errors
    /// The directory cannot be made, what is in it cannot be opened, or rules cannot be read or fail their tests.
    pub fn open(config: &Config) -> Result<Self, StackError> {
        config.made()?;
        Ok(Self {
            guardrails: config.guardrails()?,
            patterns: config.patterns()?,
            memory: config.memory()?,
            config: config.clone(),
        })
    }

    /// What of it can be read again while it runs.
    #[must_use]
    pub fn changing(&self) -> Changing {
        Changing { guardrails: Some(self.guardrails.clone()), patterns: Some(self.patterns.clone()) }
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

    /// What is served, each service by itself and all of them in one, with guardrails before what they guard.
    ///
    /// # Errors
    /// A server cannot be built.
    pub fn services(&self) -> Result<Services, StackError> {
        let memory = self.config.memory_server(self.memory.clone())?;
        let guardrails = self.config.guardrails_server(self.guardrails.clone())?;
        let guarded = |service| SharedService::new(self.guardrails.layer().layer(service));
        Ok(Services::assemble(memory, guardrails, self.patterns.server.clone(), SharedService::new, guarded)?)
    }

    /// What is served over HTTP. `with` changes the settings of each endpoint.
    ///
    /// # Errors
    /// A server cannot be built.
    pub fn routes(&self, with: impl Fn(Http) -> Http) -> Result<Routes, StackError> {
        Ok(self.services()?.routes(self.health(), with))
    }

    /// What `/health` says of it.
    pub fn health(&self) -> impl Fn() -> serde_json::Map<String, serde_json::Value> + Send + Sync + use<> {
        let (memory, engine) = (self.memory.health(), Arc::clone(self.guardrails.engine()));
        move || {
            serde_json::Map::from_iter([
                ("memory".to_owned(), serde_json::json!(memory)),
                (GUARDRAILS.to_owned(), serde_json::json!({ "rules": engine.rules().len() })),
            ])
        }
    }
}
