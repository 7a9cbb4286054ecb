//! Keeping up with files: rules, skills and limits change while a stack runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ignore::WalkBuilder;
use tokio::sync::Notify;

use crate::config::{self, Config};
use crate::front::Front;
use crate::stack::{self, Changing};

/// Between two looks at the files.
const EVERY: Duration = Duration::from_secs(1);

/// What can change of a stack that runs, and by which files.
#[derive(Debug)]
pub struct Reload {
    services: Changing,
    front: Option<Front>,
    /// The configuration that is in force.
    config: Config,
    /// Makes it: reads the file, and puts what the command line says over it.
    read: Reader,
    path: Option<PathBuf>,
    seen: Seen,
}

/// How a configuration is made anew.
pub struct Reader(Box<dyn Fn() -> Result<Config, config::ConfigError> + Send>);

impl Reader {
    /// Makes it by calling a function.
    pub fn new(read: impl Fn() -> Result<Config, config::ConfigError> + Send + 'static) -> Self {
        Self(Box::new(read))
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

/// What files were like.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    config: Prints,
    rules: Prints,
    skills: Prints,
}

type Prints = BTreeMap<PathBuf, (u64, Option<SystemTime>)>;

impl Reload {
    /// Keeps up with the files of a configuration: for services of this process, and for the front where this process has one.
    #[must_use]
    pub fn new(
        services: Changing,
        front: Option<Front>,
        config: Config,
        path: Option<PathBuf>,
        read: Reader,
    ) -> Self {
        let seen = Seen::now(&config, path.as_deref());
        Self { services, front, config, read, path, seen }
    }

    /// Looks at the files now and then, and at once when it is asked to, for ever.
    pub async fn run(mut self, asked: Arc<Notify>) {
        loop {
            let told = tokio::select! {
                () = asked.notified() => true,
                () = tokio::time::sleep(EVERY) => false,
            };
            // Files may be on a disk that is slow or gone.
            let looked = tokio::task::spawn_blocking(move || {
                self.look(told);
                self
            });
            match looked.await {
                Ok(next) => self = next,
                Err(error) => {
                    tracing::error!(%error, "files are not watched any more");
                    return;
                }
            }
        }
    }

    /// Takes what changed.
    fn look(&mut self, asked: bool) {
        let mut now = Seen::now(&self.config, self.path.as_deref());
        if now == self.seen && !asked {
            return;
        }
        let (mut rules, mut skills) =
            (asked || now.rules != self.seen.rules, asked || now.skills != self.seen.skills);
        if asked || now.config != self.seen.config {
            match (self.read.0)() {
                Ok(config) => {
                    rules |= config.guardrails != self.config.guardrails;
                    skills |= config.patterns != self.config.patterns;
                    self.limits(&config);
                    // Of several processes, that which callers reach says so.
                    let fixed = self.front.iter().flat_map(|_| unchangeable(&self.config, &config));
                    for name in fixed {
                        tracing::warn!("`{name}` changed: that takes effect at the next start");
                    }
                    self.config = config;
                    now = Seen::now(&self.config, self.path.as_deref());
                }
                Err(error) => tracing::error!("the configuration stays as it was: {error}"),
            }
        }
        self.seen = now;
        let settings = stack::Config::from(&self.config);
        if rules {
            match self.services.reload_rules(&settings) {
                Ok(None) => {}
                Ok(Some(rules)) => tracing::info!(rules, "rules were read again"),
                Err(error) => tracing::error!("the rules stay as they were: {error}"),
            }
        }
        if skills {
            match self.services.reload_skills(&settings) {
                Ok(None) => {}
                Ok(Some(entries)) => tracing::info!(entries, "skills were read again"),
                Err(error) => tracing::error!("the skills stay as they were: {error}"),
            }
        }
    }

    fn limits(&self, config: &Config) {
        let Some(front) = self.front.as_ref().filter(|_| config.limits != self.config.limits) else { return };
        match front.limit(&config.limits) {
            Ok(()) => tracing::info!("other limits are in force"),
            Err(error) => tracing::error!("the limits stay as they were: {error}"),
        }
    }
}

/// What changed and cannot change while the stack runs.
fn unchangeable(old: &Config, new: &Config) -> Vec<&'static str> {
    let fixed = [
        ("server", old.server != new.server),
        ("directory", old.directory != new.directory),
        ("memory", old.memory != new.memory),
        ("patterns.skills", old.patterns.skills != new.patterns.skills),
        ("auth", old.auth != new.auth),
        ("redis", old.redis != new.redis),
        ("logging", old.logging != new.logging),
        ("telemetry", old.telemetry != new.telemetry),
    ];
    fixed.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
}

impl Seen {
    fn now(config: &Config, path: Option<&Path>) -> Self {
        let mut seen = Self::default();
        if let Some(path) = path {
            seen.config.insert(path.to_owned(), print(path));
        }
        for path in &config.guardrails.rules {
            seen.rules.insert(path.clone(), print(path));
        }
        for folder in &config.patterns.skills {
            let files = WalkBuilder::new(folder).standard_filters(false).build().filter_map(Result::ok);
            seen.skills.extend(files.map(|file| {
                let print = print(file.path());
                (file.into_path(), print)
            }));
        }
        seen
    }
}

fn print(path: &Path) -> (u64, Option<SystemTime>) {
    path.metadata().map_or((0, None), |of| (of.len(), of.modified().ok()))
}
