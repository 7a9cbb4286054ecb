//! A server as something that others install: an MCPB bundle, and the `server.json` of the MCP registry.
//!
//! The server is asked for what it is and what it offers, so that both say what it does. What the published schemas require is checked here, with the
//! option that mends it; `manifest.json` follows version 0.3 of MCPB, `server.json` the schema of 2025-12-11.

mod bundle;
mod manifest;
mod registry;

use std::path::{Path, PathBuf};

use mcp_core::Client;
use mcp_core::client::{Error as ClientError, Program};
use mcp_core::protocol::{Implementation, Tool};
use serde_json::Value;

pub use bundle::{Bundle, Entry, bundle};
pub use manifest::manifest;
pub use registry::server_json;

/// A server cannot be packaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// What is said of it does not fit.
    #[error("{option} {problem}")]
    Option {
        /// The option that says it.
        option: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// It does not answer.
    #[error("the server cannot be asked what it is")]
    Server(#[source] ClientError),
    /// A file cannot be read or written.
    #[error("cannot {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The bundle cannot be put together.
    #[error("the bundle cannot be written: {0}")]
    Zip(String),
}

impl PackageError {
    fn option(option: &'static str, problem: impl Into<String>) -> Self {
        Self::Option { option, problem: problem.into() }
    }
}

/// What runs a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Runtime {
    /// Nothing: it is a program.
    Binary,
    /// Node.js.
    Node,
    /// Python.
    Python,
}

impl Runtime {
    /// By the name of a file.
    #[must_use]
    pub fn of(program: &Path) -> Self {
        match program.extension().and_then(|extension| extension.to_str()) {
            Some("js" | "mjs" | "cjs") => Self::Node,
            Some("py") => Self::Python,
            _ => Self::Binary,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Node => "node",
            Self::Python => "python",
        }
    }
}

/// What is said of a server by whoever packages it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct About {
    /// Its name in the registry: a namespace that is yours, `/`, a name.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// One sentence, instead of the server's own.
    pub description: Option<String>,
    /// Its version, instead of the server's own.
    pub version: Option<String>,
    /// Where its source is.
    pub repository: Option<String>,
    /// Where the bundle will be found, instead of a release of the repository.
    pub url: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Variables that it needs; a client asks its user for them.
    pub variables: Vec<String>,
    /// Arguments of the program.
    pub arguments: Vec<String>,
}

/// What a server says of itself.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Asked {
    /// Name and version.
    pub info: Implementation,
    /// Its tools.
    pub tools: Vec<Tool>,
    /// Whether it has prompts.
    pub has_prompts: bool,
}

/// Starts a server, and asks it what it is.
///
/// # Errors
/// It cannot be started, or does not answer.
pub async fn ask(program: &Path, arguments: &[String]) -> Result<Asked, PackageError> {
    let command = command(program);
    let (first, rest) =
        command.split_first().map_or_else(|| (String::new(), &[][..]), |(first, rest)| (first.clone(), rest));
    let started = Program::new(first).args(rest.iter().cloned()).args(arguments.iter().cloned());
    let client = Client::connect(started).await.map_err(PackageError::Server)?;
    let asked = async {
        let about = client.server().await?;
        let tools = if about.capabilities.tools.is_some() { client.tools().await? } else { Vec::new() };
        let name = || Implementation::new(stem(program), "0.0.0");
        let info = about.info.clone().unwrap_or_else(name);
        Ok::<_, ClientError>(Asked { info, tools, has_prompts: about.capabilities.prompts.is_some() })
    };
    let asked = asked.await.map_err(PackageError::Server);
    client.close().await;
    asked
}

/// What starts a program as it lies there.
fn command(program: &Path) -> Vec<String> {
    let path = program.display().to_string();
    match Runtime::of(program) {
        // A name without a folder would be looked for where programs are installed.
        Runtime::Binary if !path.contains('/') => vec![format!("./{path}")],
        Runtime::Binary => vec![path],
        Runtime::Node => vec!["node".to_owned(), path],
        Runtime::Python => vec!["python3".to_owned(), path],
    }
}

fn stem(program: &Path) -> String {
    program.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A server that is ready to be packaged: what is said of it was checked.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checked {
    /// What is said of it.
    pub about: About,
    /// What it says.
    pub asked: Asked,
    /// Its name without the namespace.
    pub short: String,
    /// Its version.
    pub version: String,
    /// One sentence.
    pub description: String,
}

impl Checked {
    /// Checks what both schemas require.
    ///
    /// # Errors
    /// The first option that does not fit.
    pub fn new(about: About, asked: Asked) -> Result<Self, PackageError> {
        let wrong = PackageError::option;
        let name = &about.name;
        let parts = name.split_once('/').filter(|(space, short)| {
            let is = |part: &str, more: &[char]| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
            };
            is(space, &['.', '-']) && space.contains('.') && is(short, &['.', '_', '-'])
        });
        let Some((_, short)) = parts.filter(|_| name.len() <= 200) else {
            let problem = format!(
                "must be a namespace that is yours, `/` and a name, e.g. `io.github.you/{}`, not `{name}`",
                name.rsplit('/').next().unwrap_or_default()
            );
            return Err(wrong("--name", problem));
        };
        if about.author.trim().is_empty() {
            return Err(wrong("--author", "must say who made the server".to_owned()));
        }
        let version = about.version.clone().unwrap_or_else(|| asked.info.version.clone());
        if !is_semantic(&version) {
            let problem =
                format!("must be three numbers, e.g. 1.0.0 or 1.0.0-beta.1, and the server says `{version}`");
            return Err(wrong("--version-of-server", problem));
        }
        let described =
            about.description.clone().or_else(|| asked.info.description.clone()).unwrap_or_default();
        let description = described.trim().to_owned();
        let long = description.chars().count();
        if long == 0 || long > 100 {
            let problem =
                format!("must say in 1 to 100 characters what the server is for; now there are {long}");
            return Err(wrong("--description", problem));
        }
        for (option, url) in [("--repository", &about.repository), ("--url", &about.url)] {
            if let Some(url) = url.as_ref().filter(|url| !is_url(url)) {
                return Err(wrong(
                    option,
                    format!("must be an address that begins with https://, not `{url}`"),
                ));
            }
        }
        let is_variable =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some(name) = about.variables.iter().find(|name| !is_variable(name)) {
            return Err(wrong("--env", format!("must be the name of a variable, not `{name}`")));
        }
        let short = short.to_owned();
        Ok(Self { about, asked, short, version, description })
    }

    /// What the bundle is called.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}-{}.mcpb", self.short, self.version)
    }

    /// Where the bundle will be found: where it was said, or in the release of this version.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        let release = || {
            let repository = self.about.repository.as_deref()?.trim_end_matches('/').trim_end_matches(".git");
            let (version, file) = (&self.version, self.file());
            match registry::source(repository)? {
                "github" => Some(format!("{repository}/releases/download/v{version}/{file}")),
                _ => Some(format!("{repository}/-/releases/v{version}/downloads/{file}")),
            }
        };
        self.about.url.clone().or_else(release)
    }

    fn title(&self) -> Option<&str> {
        self.asked.info.title.as_deref().filter(|title| !title.is_empty())
    }
}

fn is_url(text: &str) -> bool {
    let host = text.strip_prefix("https://").and_then(|rest| rest.split('/').next());
    host.is_some_and(|host| host.contains('.')) && !text.contains(char::is_whitespace)
}

/// Whether a version is one as <https://semver.org> has it.
fn is_semantic(version: &str) -> bool {
    let (rest, build) = version.split_once('+').map_or((version, None), |(rest, build)| (rest, Some(build)));
    let (core, before) = rest.split_once('-').map_or((rest, None), |(core, before)| (core, Some(before)));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let is_word =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let words = |text: Option<&str>| text.is_none_or(|text| text.split('.').all(is_word));
    core.split('.').count() == 3 && core.split('.').all(is_number) && words(before) && words(build)
}

/// A member of an object, where there is something to say.
fn put(object: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests;
