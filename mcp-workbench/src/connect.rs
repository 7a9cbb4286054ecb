//! Which server a person means, and a client of it.
//!
//! | text | server |
//! |---|---|
//! | nothing, `local` | the local stack: the one that runs, or what is in its directory, opened by this process |
//! | `memory`, `guardrails`, `patterns` | that part of it, or the server of `memory.url` and so on |
//! | a name in the configuration | that server |
//! | a URL, `unix:/path` | the server there |
//! | anything else | a command line that serves on standard input and output |

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use mcp_core::Client;
use mcp_core::client::http::{HttpClient, HttpClientBuilder};
use mcp_core::client::{Error as ClientError, IntoTarget as _, Program, Target};

use crate::config::{Config, ConfigError, Loaded, Upstream};
use crate::nearest::nearest;
use crate::running::Running;
use crate::secret::Secret;
use crate::stack::{self, Services, Stack, StackError};
use crate::token::{Claims, OWNER, issue};

/// How long a token of our own lasts.
const LASTS: Duration = Duration::from_secs(300);

/// A part of the local stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// All of them behind one endpoint.
    All,
    /// The memory.
    Memory,
    /// The guardrails.
    Guardrails,
    /// The patterns.
    Patterns,
}

impl Part {
    /// The services, each by itself.
    pub const SERVICES: [Self; 3] = [Self::Memory, Self::Guardrails, Self::Patterns];

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "local",
            Self::Memory => "memory",
            Self::Guardrails => "guardrails",
            Self::Patterns => "patterns",
        }
    }

    /// The part of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::All, Self::Memory, Self::Guardrails, Self::Patterns]
            .into_iter()
            .find(|part| part.name() == name)
    }

    /// Where it is on the address of a stack.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::All => "/mcp",
            Self::Memory => "/mcp/memory",
            Self::Guardrails => "/mcp/guardrails",
            Self::Patterns => "/mcp/patterns",
        }
    }
}

/// A server cannot be connected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// It is not a name that is known, and no program either.
    #[error("there is no server `{name}`{}", known(.near.as_deref()))]
    Unknown {
        /// What was written.
        name: String,
        /// What was probably meant.
        near: Option<String>,
    },
    /// It is not there, or does not speak the protocol.
    #[error("cannot connect to {server}")]
    Client {
        /// Which server.
        server: String,
        /// Why.
        source: Box<ClientError>,
    },
    /// The local stack cannot be opened.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

fn known(near: Option<&str>) -> String {
    let near = near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"));
    format!("{near}: give a URL, a command line, a name in `mcp.yaml`, or `local` for the stack")
}

/// The servers that a configuration knows.
#[derive(Debug, Clone)]
pub struct Servers {
    loaded: Loaded,
    token: Option<Secret>,
    /// The local stack, where this process opened it.
    opened: Arc<OnceLock<Services>>,
}

impl Servers {
    /// The servers of a configuration. `token` is for the server that is named; without it that of `MCP_TOKEN` is.
    #[must_use]
    pub fn new(loaded: &Loaded, token: Option<Secret>) -> Self {
        let token = token.or_else(|| loaded.variables.get("MCP_TOKEN").map(Secret::new));
        Self { loaded: loaded.clone(), token, opened: Arc::default() }
    }

    /// A client of the server that is meant.
    ///
    /// # Errors
    /// There is none of that name, or it cannot be connected.
    pub async fn connect(&self, server: Option<&str>) -> Result<Client, ConnectError> {
        let name = server.unwrap_or(Part::All.name());
        if let Some(upstream) = self.config().servers.get(name) {
            return self.upstream(name, upstream).await;
        }
        if let Some(part) = Part::named(name) {
            return self.part(part).await;
        }
        let is_place = name.contains("://") || name.starts_with("unix:");
        if !is_place && !name.contains([' ', '/', '\\']) && !is_program(name) {
            let parts = Part::SERVICES.map(Part::name);
            let names = self.config().servers.keys().map(String::as_str).chain(parts);
            let near = nearest(name, names).map(str::to_owned);
            return Err(ConnectError::Unknown { name: name.to_owned(), near });
        }
        let failed = |source| failed("the server", source);
        let target = name.into_target().map_err(failed)?;
        self.open("the server", target, self.token.as_ref()).await
    }

    /// A client of a part of the local stack, or of what stands in its place.
    ///
    /// # Errors
    /// It cannot be connected, or opened.
    pub async fn part(&self, part: Part) -> Result<Client, ConnectError> {
        let config = self.config();
        let elsewhere = match part {
            Part::All => None,
            Part::Memory => config.memory.url.as_ref(),
            Part::Guardrails => config.guardrails.url.as_ref(),
            Part::Patterns => config.patterns.url.as_ref(),
        };
        if let Some(url) = elsewhere {
            let target = url.into_target().map_err(|source| failed(part.name(), source))?;
            return self.open(part.name(), target, self.token.as_ref()).await;
        }
        if let Some(running) = Running::find(&directory(config)) {
            let url = format!("{}{}", running.url, part.path());
            let target = url.into_target().map_err(|source| failed(part.name(), source))?;
            let token = self.token.clone().or_else(|| self.own());
            let name = format!("{} at {}", part.name(), running.url);
            return self.open_by(self.own_http(&running.url), &name, target, token.as_ref()).await;
        }
        let target = Target::service(self.opened()?.part(part).clone());
        self.open(part.name(), target, None).await
    }

    fn opened(&self) -> Result<Services, ConnectError> {
        if let Some(services) = self.opened.get() {
            return Ok(services.clone());
        }
        let services = Stack::open(&stack::Config::from(self.config()).without_credentials())?.services()?;
        Ok(self.opened.get_or_init(|| services).clone())
    }

    const fn config(&self) -> &Config {
        &self.loaded.config
    }

    /// A token of whoever owns the stack: who knows the secret may be anybody.
    fn own(&self) -> Option<Secret> {
        let config = self.config();
        let claims = Claims {
            org: config.memory.org.clone(),
            user: config.memory.user.clone(),
            role: None,
            scopes: OWNER.map(str::to_owned).into(),
            lasts: LASTS,
        };
        issue(&config.auth, &claims)
    }

    async fn upstream(&self, name: &str, upstream: &Upstream) -> Result<Client, ConnectError> {
        let failed = |source| failed(name, source);
        let target = match (&upstream.url, &upstream.command) {
            (Some(url), _) => url.into_target().map_err(failed)?,
            (None, command) => {
                let program = Program::new(command.clone().unwrap_or_default()).args(upstream.args.clone());
                let with =
                    |program: Program, (name, value): (&String, &Secret)| program.env(name, value.expose());
                upstream.env.iter().fold(program, with).into_target().map_err(failed)?
            }
        };
        self.open(name, target, self.token.as_ref().or(upstream.token.as_ref())).await
    }

    /// Where the stack serves by a certificate, the authorities in its file are trusted: who configured it is who calls.
    fn own_http(&self, url: &str) -> HttpClient {
        let tls = self.config().server.tls.as_ref().filter(|_| url.starts_with("https://"));
        let pem = tls.and_then(|tls| std::fs::read(&tls.certificate).ok());
        pem.into_iter().fold(HttpClient::builder(), HttpClientBuilder::root_certificate).build()
    }

    async fn open(&self, name: &str, target: Target, token: Option<&Secret>) -> Result<Client, ConnectError> {
        self.open_by(HttpClient::default(), name, target, token).await
    }

    async fn open_by(
        &self,
        http: HttpClient,
        name: &str,
        target: Target,
        token: Option<&Secret>,
    ) -> Result<Client, ConnectError> {
        let mut builder = Client::builder("mcp", env!("CARGO_PKG_VERSION")).http(http);
        if let Some(token) = token {
            builder = builder.bearer(token.expose()).map_err(|source| failed(name, source))?;
        }
        builder.connect(target).await.map_err(|source| failed(name, source))
    }
}

/// Where the local stack keeps what it knows.
#[must_use]
pub fn directory(config: &Config) -> PathBuf {
    config.directory.clone().unwrap_or_else(|| PathBuf::from(".mcp"))
}

fn failed(server: &str, source: ClientError) -> ConnectError {
    ConnectError::Client { server: server.to_owned(), source: Box::new(source) }
}

/// Whether there is a program of that name.
fn is_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
