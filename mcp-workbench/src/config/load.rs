//! Finding and reading the file.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

use super::check::Check;
use super::variables::{Lookup, Variables};
use super::{Config, ConfigError, Problem, document, json_schema};

/// Names that the file may have.
const NAMES: [&str; 2] = ["mcp.yaml", "mcp.yml"];

/// A configuration, and where it came from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Loaded {
    /// What it says.
    pub config: Config,
    /// The file, where there is one.
    pub path: Option<PathBuf>,
    /// The variables of the process and of the file beside it.
    pub variables: Variables,
    /// What looks like a mistake and is none for certain.
    pub warnings: Vec<String>,
}

/// The `mcp.yaml` of a folder or the nearest one above it.
#[must_use]
pub fn discover(from: &Path) -> Option<PathBuf> {
    from.ancestors().flat_map(|folder| NAMES.map(|name| folder.join(name))).find(|path| path.is_file())
}

/// Reads the configuration of a command: the named file, that of `MCP_CONFIG`, or the nearest; without one, what the environment says.
///
/// # Errors
/// It cannot be read, or something in it or in the environment is wrong.
pub fn load(named: Option<&Path>) -> Result<Loaded, ConfigError> {
    let here = env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let mut variables = Variables::read(&here)?;
    let named = named.map(Path::to_owned).or_else(|| variables.get("MCP_CONFIG").map(PathBuf::from));
    let path = named.or_else(|| discover(&here));
    let mut config = Config::default();
    if let Some(path) = &path {
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.clone(), source })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| *folder != here) {
            variables = Variables::read(folder)?;
        }
        let lookup = |name: &str| variables.get(name).map(str::to_owned);
        config = read(&text, &path.display().to_string(), &lookup)?;
        below(&mut config, folder.unwrap_or_else(|| Path::new("")));
    }
    variables.apply(&mut config)?;
    let warnings = variables.unknown();
    Ok(Loaded { config, path, variables, warnings })
}

/// Reads a text.
///
/// # Errors
/// It says what cannot be said: each mistake with its line.
pub fn read(text: &str, file: &str, lookup: Lookup<'_>) -> Result<Config, ConfigError> {
    let wrong = |problems| ConfigError::Wrong { file: file.to_owned(), problems };
    let document = document::parse(text).map_err(|problem| wrong(vec![problem]))?;
    let schema = json_schema();
    let mut check = Check::new(&schema, lookup);
    let value = check.value(&document, &schema).unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    if !check.problems.is_empty() {
        return Err(wrong(check.problems));
    }
    let read = serde_json::from_value::<Config>(value);
    let config = read.map_err(|error| {
        wrong(vec![Problem { line: None, path: String::new(), message: error.to_string() }])
    })?;
    let problems = inconsistent(&config);
    if problems.is_empty() { Ok(config) } else { Err(wrong(problems)) }
}

/// What each setting allows by itself, and all together do not.
fn inconsistent(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut add = |path: String, message: &str| {
        problems.push(Problem { line: None, path, message: message.to_owned() });
    };
    for (name, server) in &config.servers {
        if server.url.is_some() == server.command.is_some() {
            add(format!("servers.{name}"), "needs either a `url` or a `command`");
        }
    }
    if config.auth.jwt_secret.as_ref().is_some_and(|secret| secret.expose().len() < super::SHORTEST_SECRET) {
        add("auth.jwt_secret".to_owned(), "must have at least 32 bytes, e.g. from `openssl rand -hex 32`");
    }
    let memory = &config.memory;
    if memory.postgres.url.is_none() && memory.postgres.keys_url.is_some() {
        add("memory.postgres.keys_url".to_owned(), "means nothing without `memory.postgres.url`");
    }
    if memory.master_key.is_some() && memory.master_key_file.is_some() {
        add(
            "memory.master_key".to_owned(),
            "and `memory.master_key_file` say the same: leave out one of them",
        );
    }
    if config.limits.burst.is_some() && config.limits.calls_per_second.is_none() {
        add("limits.burst".to_owned(), "means nothing without `limits.calls_per_second`");
    }
    problems
}

/// Lets paths begin at the folder of the file, or with `~/` at home.
fn below(config: &mut Config, folder: &Path) {
    let rules = config.guardrails.rules.iter_mut().chain(&mut config.patterns.skills);
    let tls = config.server.tls.iter_mut().flat_map(|tls| [&mut tls.certificate, &mut tls.key]);
    let places = config.directory.iter_mut().chain(&mut config.logging.directory);
    let places = places.chain(&mut config.memory.master_key_file);
    for path in rules.chain(tls).chain(places) {
        let home = path.strip_prefix("~").ok().zip(env::var_os("HOME"));
        *path = match home {
            Some((rest, home)) => PathBuf::from(home).join(rest),
            None => folder.join(&*path),
        };
    }
}
