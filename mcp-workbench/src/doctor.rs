//! What could be wrong with a stack, and what to do then.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use mcp_guardrails::operate::{Sources, test};
use mcp_patterns::Catalog;
use mcp_patterns::source::{Directory, Format};
use serde::Serialize;

use crate::config::variables::LOCAL;
use crate::config::{Config, Loaded};
use crate::connect::{Part, Servers, directory};
use crate::kept;
use crate::running::Running;

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Good,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// What was seen.
    pub says: String,
    /// What to do.
    pub next: Option<String>,
}

impl Check {
    fn good(name: &'static str, says: impl Into<String>) -> Self {
        Self { name, state: State::Good, says: says.into(), next: None }
    }

    fn warning(name: &'static str, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name, state: State::Warning, says: says.into(), next: Some(next.into()) }
    }

    fn bad(name: &'static str, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name, state: State::Bad, says: says.into(), next: Some(next.into()) }
    }
}

/// Looks at everything.
pub async fn examine(loaded: &Loaded, servers: &Servers) -> Vec<Check> {
    let config = &loaded.config;
    let running = Running::find(&directory(config));
    let mut checks = vec![settings(loaded), variables(loaded), secrets(loaded), place(config)];
    checks.push(match &running {
        Some(running) => answers(running, servers).await,
        None => address(config),
    });
    checks.extend([memory(config), rules(config), skills(config)]);
    checks
}

fn settings(loaded: &Loaded) -> Check {
    match &loaded.path {
        Some(path) => Check::good("settings", format!("{} is right", path.display())),
        None => Check::good("settings", "there is no mcp.yaml: defaults, and what the environment says"),
    }
}

fn variables(loaded: &Loaded) -> Check {
    if loaded.warnings.is_empty() {
        return Check::good("variables", "all that begin with MCP_ are known");
    }
    Check::warning("variables", loaded.warnings.join("; "), "correct their names, or unset them")
}

/// Whether others can read what is secret.
fn secrets(loaded: &Loaded) -> Check {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = loaded.path.as_deref().and_then(Path::parent).unwrap_or_else(|| Path::new(""));
    let path = folder.join(LOCAL);
    match fs::metadata(&path) {
        Ok(of) if of.permissions().mode() & 0o077 != 0 => Check::warning(
            "secrets",
            format!("others can read {}", path.display()),
            format!("chmod 600 {}", path.display()),
        ),
        Ok(_) => Check::good("secrets", format!("only its owner can read {}", path.display())),
        Err(_) => Check::good("secrets", format!("there is no {LOCAL}")),
    }
}

fn place(config: &Config) -> Check {
    let directory = directory(config);
    let probe = directory.join(".doctor");
    let tried = fs::create_dir_all(&directory)
        .and_then(|()| fs::write(&probe, ""))
        .and_then(|()| fs::remove_file(&probe));
    match tried {
        Ok(()) => Check::good("directory", format!("{} can be written", directory.display())),
        Err(error) => Check::bad(
            "directory",
            format!("{} cannot be written: {error}", directory.display()),
            "choose another with --directory, MCP_DIRECTORY or `directory:` in mcp.yaml",
        ),
    }
}

fn address(config: &Config) -> Check {
    let listen = config.server.listen();
    match TcpListener::bind(&listen) {
        Ok(_) => Check::good("stack", format!("none runs; {listen} is free for `mcp up`")),
        Err(error) => Check::warning(
            "stack",
            format!("none runs on this directory, and {listen} cannot be listened on: {error}"),
            "choose another address with `mcp up --listen`, MCP_LISTEN or `server:` in mcp.yaml",
        ),
    }
}

async fn answers(running: &Running, servers: &Servers) -> Check {
    let listed = match servers.part(Part::All).await {
        Ok(client) => client.tools().await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match listed {
        Ok(tools) => Check::good("stack", format!("{} answers with {} tools", running.url, tools.len())),
        Err(error) => Check::bad(
            "stack",
            format!("{} runs (pid {}) and does not answer: {error}", running.url, running.pid),
            "`mcp logs` says why; `mcp down` ends it",
        ),
    }
}

fn memory(config: &Config) -> Check {
    let (directory, shared) = (directory(config), config.memory.postgres.url.is_some());
    let path = directory.join("memory");
    if !shared && !path.exists() {
        return Check::good("memory", "there is nothing in it yet");
    }
    let place = if shared {
        format!("PostgreSQL (schema {})", config.memory.postgres.schema)
    } else {
        path.display().to_string()
    };
    match kept::memory(&directory, &config.memory) {
        Ok(_) if shared && config.memory.postgres.keys_url.is_none() => Check::warning(
            "memory",
            format!("it is in {place}; its keys are in a file of this machine, and no other can read it"),
            "keep that file safe, or set `memory.postgres.keys_url` (MEMORY_KEYS_URL) to another database before anything is stored",
        ),
        Ok(_) => Check::good("memory", format!("it can be opened: {place}")),
        Err(error) => {
            Check::bad("memory", format!("{place} cannot be opened: {}", causes(&error)), next(shared, &path))
        }
    }
}

fn next(shared: bool, path: &Path) -> String {
    if shared {
        "correct `memory.postgres` in mcp.yaml or MEMORY_DATABASE_URL; the role owns the schema, and may make it".to_owned()
    } else {
        format!("look at {}; restore it from a backup if it is damaged", path.display())
    }
}

/// An error and what it came from.
fn causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn rules(config: &Config) -> Check {
    let guardrails = &config.guardrails;
    let sources =
        Sources { rules: guardrails.rules.clone(), packs: guardrails.packs.clone(), ..Sources::default() };
    let next = "`mcp guard test --rules FILE` says more";
    match sources.load() {
        Ok(loaded) => {
            let tested = test(&loaded);
            let failed: Vec<String> = tested.iter().filter_map(|set| set.error.clone()).collect();
            let (rules, tests) =
                tested.iter().fold((0, 0), |(rules, tests), set| (rules + set.rules, tests + set.tests));
            if failed.is_empty() {
                Check::good("rules", format!("{rules} rules pass {tests} tests"))
            } else {
                Check::bad("rules", failed.join("; "), next)
            }
        }
        Err(error) => Check::bad("rules", error.to_string(), next),
    }
}

fn skills(config: &Config) -> Check {
    let of = |folder| Directory::new(folder, Format::Skills { strict: false });
    let folders = &config.patterns.skills;
    if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
        return Check::bad(
            "skills",
            format!("there is no folder {}", missing.display()),
            "correct `patterns.skills` in mcp.yaml",
        );
    }
    let catalog =
        folders.iter().fold(Catalog::builder(), |catalog, folder| catalog.source(of(folder))).build();
    let report = catalog.report();
    match report.problems.first() {
        None => {
            Check::good("skills", format!("{} of your own, beside those that come with it", report.entries))
        }
        Some(problem) => Check::warning(
            "skills",
            format!("{}: {} ({} problems)", problem.origin, problem.message, report.problems.len()),
            "correct the file: it is left out until then",
        ),
    }
}
