//! Where logs go: to the screen, and for what serves, into a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use mcp_workbench::config::{Config, LogFormat, LoggingConfig};
use mcp_workbench::processes::Told;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

/// A file that is larger is put aside when a stack starts.
const LARGE: u64 = 16 * 1024 * 1024;

/// The log of this process.
#[derive(Clone, Default)]
pub(crate) struct Logs {
    /// The file, once there is one.
    file: Arc<OnceLock<File>>,
}

impl Logs {
    /// Begins to log. Standard output may belong to a protocol: logs go to standard error, and to a file from [`folder`](Self::folder) on. RUST_LOG
    /// chooses what.
    pub(crate) fn begin(level: &str, format: LogFormat) -> Self {
        let logs = Self::default();
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
        let lines = || tracing_subscriber::fmt::layer::<Registry>();
        let screen = lines().with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
        let file = lines().with_writer(logs.clone()).with_ansi(false);
        let both = match format {
            LogFormat::Text => screen.and_then(file).boxed(),
            LogFormat::Json => screen.json().and_then(file.json()).boxed(),
        };
        tracing_subscriber::registry().with(both).with(filter).init();
        logs
    }

    /// Goes on in a file, too; tells the folder.
    pub(crate) fn folder(&self, config: &Config) -> anyhow::Result<PathBuf> {
        let folder = of(&config.logging);
        // A second file would be none of ours.
        let _ = self.file.set(open(&folder, "mcp")?);
        Ok(folder)
    }

    /// Takes the lines of services: to the screen, and a file each.
    pub(crate) fn services(&self, config: &Config) -> anyhow::Result<Told> {
        let folder = of(&config.logging);
        let files: Vec<(&str, File)> = ["memory", "guardrails", "patterns"]
            .into_iter()
            .map(|name| Ok((name, open(&folder, name)?)))
            .collect::<anyhow::Result<_>>()?;
        Ok(Arc::new(move |name, line| {
            // A log that cannot be written is no reason to end a service.
            let _ = writeln!(io::stderr(), "{name:>10} | {line}");
            if let Some((_, file)) = files.iter().find(|(of, _)| *of == name) {
                let mut file: &File = file;
                let _ = writeln!(file, "{line}");
            }
        }))
    }
}

/// The folder of logs.
pub(crate) fn of(logging: &LoggingConfig) -> PathBuf {
    logging.directory.clone().unwrap_or_else(|| PathBuf::from("logs"))
}

fn open(folder: &Path, name: &str) -> anyhow::Result<File> {
    let path = folder.join(format!("{name}.log"));
    let cannot = || format!("cannot write the log {}: choose another folder with --logs", path.display());
    fs::create_dir_all(folder).with_context(cannot)?;
    if path.metadata().is_ok_and(|of| of.len() > LARGE) {
        fs::rename(&path, path.with_extension("log.1")).with_context(cannot)?;
    }
    OpenOptions::new().create(true).append(true).open(&path).with_context(cannot)
}

/// Writes to the file, or to nothing while there is none.
pub(crate) enum Writer<'f> {
    File(&'f File),
    Nothing,
}

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Nothing => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'f> MakeWriter<'f> for Logs {
    type Writer = Writer<'f>;

    fn make_writer(&'f self) -> Writer<'f> {
        self.file.get().map_or(Writer::Nothing, Writer::File)
    }
}
