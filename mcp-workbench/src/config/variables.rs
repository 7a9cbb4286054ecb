//! What the environment says, and `.env.mcp.local`.
//!
//! | variable | says |
//! |---|---|
//! | `MCP_CONFIG` | the configuration, instead of the `mcp.yaml` of this folder or one above it |
//! | `MCP_LISTEN` | `server.host` and `server.port` |
//! | `MCP_DIRECTORY` | `directory` |
//! | `MCP_MEMORY_URL`, `MCP_GUARDRAILS_URL`, `MCP_PATTERNS_URL` | `memory.url`, `guardrails.url`, `patterns.url` |
//! | `JWT_SECRET` | `auth.jwt_secret` |
//! | `REDIS_URL` | `redis.url` |
//! | `MEMORY_DATABASE_URL`, `MEMORY_KEYS_URL` | `memory.postgres.url`, `memory.postgres.keys_url` |
//! | `MEMORY_MASTER_KEY` | `memory.master_key` |
//! | `MCP_URL` | the stack, where it runs elsewhere |
//! | `MCP_TOKEN` | the bearer token for the stack |

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use super::{Config, ConfigError, Secret};
use crate::nearest::nearest;

/// The file beside the configuration that holds variables of one machine, secrets among them. It is not for version control.
pub const LOCAL: &str = ".env.mcp.local";
/// The variables that are ours.
pub const KNOWN: [&str; 13] = [
    "MCP_CONFIG",
    "MCP_DIRECTORY",
    "MCP_GUARDRAILS_URL",
    "MCP_LISTEN",
    "MCP_MEMORY_URL",
    "MCP_PATTERNS_URL",
    "MCP_TOKEN",
    "MCP_URL",
    "JWT_SECRET",
    "MEMORY_DATABASE_URL",
    "MEMORY_KEYS_URL",
    "MEMORY_MASTER_KEY",
    "REDIS_URL",
];
/// Those of the project's own tests.
const TESTS: &str = "MCP_TEST_";

/// What a variable says.
pub type Lookup<'l> = &'l dyn Fn(&str) -> Option<String>;

/// Variables: those of the process, and behind them those of [`LOCAL`].
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may be secret.
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Variables {
    /// Those of the process, and those of the file in a folder, where there is one.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it is no variable.
    pub fn read(folder: &Path) -> Result<Self, ConfigError> {
        let path = folder.join(LOCAL);
        let mut all = match fs::read_to_string(&path) {
            Ok(text) => lines(&text, &path)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(ConfigError::Read { path, source }),
        };
        all.extend(
            env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        );
        Ok(Self(all))
    }

    /// Variables that are not those of the process.
    #[must_use]
    pub fn of(all: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(all.into_iter().collect())
    }

    /// What one says; nothing where it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Those that begin as ours do and are none: a mistake in writing, most often.
    #[must_use]
    pub fn unknown(&self) -> Vec<String> {
        let is_ours = |name: &&String| name.starts_with("MCP_") && !name.starts_with(TESTS);
        let told = |name: &String| match nearest(name, KNOWN) {
            Some(near) => format!("the variable `{name}` is not known; did you mean `{near}`?"),
            None => format!("the variable `{name}` is not known"),
        };
        self.0.keys().filter(is_ours).filter(|name| !KNOWN.contains(&name.as_str())).map(told).collect()
    }

    /// Puts what they say over what a file says.
    pub(super) fn apply(&self, config: &mut Config) -> Result<(), ConfigError> {
        let text = |name: &str| self.get(name).map(str::to_owned);
        if let Some(listen) = self.get("MCP_LISTEN") {
            let wrong = || ConfigError::Variable {
                name: "MCP_LISTEN",
                problem: "must be an address and a port, e.g. `127.0.0.1:8080`".to_owned(),
            };
            let (host, port) = listen.rsplit_once(':').ok_or_else(wrong)?;
            config.server.port = port.parse().map_err(|_| wrong())?;
            config.server.host = host.to_owned();
        }
        if let Some(directory) = self.get("MCP_DIRECTORY") {
            config.directory = Some(PathBuf::from(directory));
        }
        for (name, url) in [
            ("MCP_MEMORY_URL", &mut config.memory.url),
            ("MCP_GUARDRAILS_URL", &mut config.guardrails.url),
            ("MCP_PATTERNS_URL", &mut config.patterns.url),
        ] {
            let Some(said) = text(name) else { continue };
            if !said.starts_with("http://") && !said.starts_with("https://") {
                let problem = "must be a URL that begins with `http://` or `https://`".to_owned();
                return Err(ConfigError::Variable { name, problem });
            }
            *url = Some(said);
        }
        if let Some(secret) = text("JWT_SECRET") {
            if secret.len() < super::SHORTEST_SECRET {
                let problem = "must have at least 32 bytes, e.g. from `openssl rand -hex 32`".to_owned();
                return Err(ConfigError::Variable { name: "JWT_SECRET", problem });
            }
            config.auth.jwt_secret = Some(Secret::new(secret));
        }
        for (name, setting) in [
            ("REDIS_URL", &mut config.redis.url),
            ("MEMORY_DATABASE_URL", &mut config.memory.postgres.url),
            ("MEMORY_KEYS_URL", &mut config.memory.postgres.keys_url),
            ("MEMORY_MASTER_KEY", &mut config.memory.master_key),
        ] {
            if let Some(said) = text(name) {
                *setting = Some(Secret::new(said));
            }
        }
        Ok(())
    }
}

/// The lines of a file of variables: `NAME=value`, quoted or not, `export` before it or not.
fn lines(text: &str, path: &Path) -> Result<BTreeMap<String, String>, ConfigError> {
    let mut all = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let is_name =
            |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let Some((name, value)) = line.split_once('=').filter(|(name, _)| is_name(name.trim())) else {
            // The line may hold a secret, so it is not repeated.
            let message = "is no variable: write NAME=value".to_owned();
            let problem = super::Problem { line: Some(at as u64 + 1), path: String::new(), message };
            let file = path.display().to_string();
            return Err(ConfigError::Wrong { file, problems: vec![problem] });
        };
        let value = value.trim();
        let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        let plain = || value.split(" #").next().unwrap_or_default().trim_end();
        all.insert(name.trim().to_owned(), quoted.unwrap_or_else(plain).to_owned());
    }
    Ok(all)
}

/// Fills variables into a text; none if it names none.
pub(super) fn expand(text: &str, lookup: Lookup<'_>) -> Result<Option<String>, String> {
    let Some(mut at) = text.find("${") else { return Ok(None) };
    let (mut filled, mut rest) = (String::new(), text);
    loop {
        let (before, after) = rest.split_at(at);
        let after = after.get(2..).unwrap_or_default();
        if let Some(before) = before.strip_suffix('$') {
            filled.push_str(before);
            filled.push_str("${");
            rest = after;
        } else {
            filled.push_str(before);
            let (inner, behind) = after.split_once('}').ok_or("has a `${` without `}`")?;
            let (name, default) = match inner.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (inner, None),
            };
            let value = lookup(name).filter(|value| !value.is_empty());
            match value.as_deref().or(default) {
                Some(value) => filled.push_str(value),
                None => {
                    return Err(format!(
                        "needs the variable `{name}`, which is not set: set it, or write `${{{name}:-default}}`"
                    ));
                }
            }
            rest = behind;
        }
        match rest.find("${") {
            Some(next) => at = next,
            None => break,
        }
    }
    filled.push_str(rest);
    Ok(Some(filled))
}
