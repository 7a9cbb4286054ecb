//! Which server a person means, and a client of it.
//!
//! | text | server |
//! |---|---|
//! | nothing, `local` | the stack: that of `MCP_URL`, or the local one: the one that runs, or what is in its directory, opened by this process |
//! | `memory`, `guardrails`, `patterns` | that part of it, or the server of `memory.url` and so on |
//! | a name in the configuration | that server |
//! | a URL, `unix:/path` | the server there |
//! | anything else | a command line that serves on standard input and output |

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{StatusCode, Uri};
use mcp_core::Client;
use mcp_core::client::http::{HttpClient, HttpClientBuilder};
use mcp_core::client::{ClientBuilder, Error as ClientError, IntoTarget as _, Program, Target};

use crate::config::variables::Variables;
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
    /// It lets nobody in without a token, and that of `MCP_TOKEN` is not for it.
    #[error(
        "cannot connect to {server}: MCP_TOKEN was not sent, for it is for the stack. Set MCP_URL to this server, or give --token, or `token` beside its `url` in mcp.yaml"
    )]
    Withheld {
        /// Which server.
        server: String,
        /// What it said.
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

/// The token of `MCP_TOKEN`, and where it is sent to beside the stack that runs here: to what `MCP_URL`, `MCP_MEMORY_URL` and so on name. A file that lies
/// about, such as the `mcp.yaml` of somebody else's folder, sends it nowhere: where the token is a variable of the process, those have to be, too.
#[derive(Debug, Clone)]
struct Ambient {
    token: Secret,
    origins: Vec<Origin>,
}

/// Scheme, host and port.
type Origin = (String, String, u16);

impl Ambient {
    fn of(variables: &Variables) -> Option<Self> {
        let token = Secret::new(variables.get("MCP_TOKEN")?);
        let of_process = std::env::var_os("MCP_TOKEN").is_some_and(|token| !token.is_empty());
        let url = |name| {
            if of_process { std::env::var(name).ok() } else { variables.get(name).map(str::to_owned) }
        };
        let names = ["MCP_URL", "MCP_MEMORY_URL", "MCP_GUARDRAILS_URL", "MCP_PATTERNS_URL"];
        let origins = names.into_iter().filter_map(url).filter_map(|url| origin(&url)).collect();
        Some(Self { token, origins })
    }
}

fn origin(url: &str) -> Option<Origin> {
    let uri: Uri = url.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?.to_lowercase(), uri.host()?.to_lowercase());
    let port = uri.port_u16().or(match scheme.as_str() {
        "https" => Some(443),
        "http" => Some(80),
        _ => None,
    })?;
    Some((scheme, host, port))
}

/// The servers that a configuration knows.
#[derive(Debug, Clone)]
pub struct Servers {
    loaded: Loaded,
    /// For the server that is named, whichever it is.
    token: Option<Secret>,
    /// For the stack alone.
    ambient: Option<Ambient>,
    /// The stack, where it runs elsewhere.
    elsewhere: Option<String>,
    client: ClientBuilder,
    /// The local stack, where this process opened it.
    opened: Arc<OnceLock<Services>>,
}

impl Servers {
    /// The servers of a configuration. `token` is for the server that is named; without it that of `MCP_TOKEN` is for the stack.
    #[must_use]
    pub fn new(loaded: &Loaded, token: Option<Secret>) -> Self {
        let client = Client::builder("mcp", env!("CARGO_PKG_VERSION"));
        let elsewhere = loaded.variables.get("MCP_URL").map(str::to_owned);
        let ambient = Ambient::of(&loaded.variables);
        Self { loaded: loaded.clone(), token, ambient, elsewhere, client, opened: Arc::default() }
    }

    /// The same servers, for a client with other settings: one that answers questions, say.
    #[must_use]
    pub fn with_client(self, client: ClientBuilder) -> Self {
        Self { client, ..self }
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
        self.open("the server", target, self.token_at(name)).await
    }

    /// A client of a part of the local stack, or of what stands in its place.
    ///
    /// # Errors
    /// It cannot be connected, or opened.
    pub async fn part(&self, part: Part) -> Result<Client, ConnectError> {
        let config = self.config();
        let elsewhere = match part {
            Part::All => None,
            Part::Memory => config.memory.url.clone(),
            Part::Guardrails => config.guardrails.url.clone(),
            Part::Patterns => config.patterns.url.clone(),
        };
        let whole = self.elsewhere.as_ref().map(|url| {
            let base = url.trim_end_matches('/');
            format!("{}{}", base.strip_suffix("/mcp").unwrap_or(base), part.path())
        });
        if let Some(url) = elsewhere.or(whole) {
            let target = url.clone().into_target().map_err(|source| failed(part.name(), source))?;
            return self.open(part.name(), target, self.token_at(&url)).await;
        }
        if let Some(running) = Running::find(&directory(config)) {
            let url = format!("{}{}", running.url, part.path());
            let target = url.into_target().map_err(|source| failed(part.name(), source))?;
            let ambient = || self.ambient.as_ref().map(|ambient| ambient.token.clone());
            let token = self.token.clone().or_else(ambient).or_else(|| self.own());
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
        let own = self.token.as_ref().or(upstream.token.as_ref());
        let token = own.or_else(|| self.token_at(upstream.url.as_deref()?));
        self.open(name, target, token).await
    }

    /// What is sent to a URL: the token that was said for it, or that of the stack where it is the stack.
    fn token_at(&self, url: &str) -> Option<&Secret> {
        let ambient = || {
            let ambient = self.ambient.as_ref()?;
            let running =
                || Running::find(&directory(self.config())).and_then(|running| origin(&running.url));
            let at = origin(url)?;
            (ambient.origins.contains(&at) || running().as_ref() == Some(&at)).then_some(&ambient.token)
        };
        self.token.as_ref().or_else(ambient)
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
        let mut builder = self.client.clone().http(http);
        if let Some(token) = token {
            builder = builder.bearer(token.expose()).map_err(|source| failed(name, source))?;
        }
        let withheld = token.is_none() && self.ambient.is_some();
        builder.connect(target).await.map_err(|source| match source {
            ClientError::Status { status, .. } if withheld && status == StatusCode::UNAUTHORIZED => {
                ConnectError::Withheld { server: name.to_owned(), source: Box::new(source) }
            }
            source => failed(name, source),
        })
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
