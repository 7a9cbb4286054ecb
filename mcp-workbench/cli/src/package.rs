//! `mcp package`: a server as something that others install.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;
use mcp_workbench::package::{About, Checked, ask, bundle, manifest, server_json};
use serde_json::json;

use crate::show;

const HELP: &str = "The program is started once and asked for its name, version and tools. A program is packaged for this system; a script with all files that it needs
(--file). What .gitignore and .mcpbignore name is left out. Variables (--env) are asked of whoever installs the bundle.

Examples:
  mcp package target/release/notes --name io.github.ann/notes --author Ann --repository https://github.com/ann/notes -- --stdio
  mcp package server.py --file lib --name io.github.ann/notes --author Ann --env API_KEY --out dist";

/// Make a bundle (MCPB) of a server, and the registry's server.json.
#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Package {
    /// The program that serves on standard input and output: a binary, a .js or a .py.
    program: PathBuf,
    /// Its arguments.
    #[arg(last = true)]
    arguments: Vec<String>,
    /// Its name in the registry, e.g. io.github.you/notes.
    #[arg(long)]
    name: String,
    /// Who made it.
    #[arg(long)]
    author: String,
    /// What it is for, in at most 100 characters (default: what the server says).
    #[arg(long)]
    description: Option<String>,
    /// Its version (default: what the server says).
    #[arg(long, value_name = "VERSION")]
    version_of_server: Option<String>,
    /// Where its source is.
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
    /// Where the bundle will be found (default: the release v… of the repository).
    #[arg(long)]
    url: Option<String>,
    /// Its licence, e.g. MIT.
    #[arg(long)]
    license: Option<String>,
    /// A variable that it needs.
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// One more file or folder, beside the program.
    #[arg(long, value_name = "PATH")]
    file: Vec<PathBuf>,
    /// The folder that both files are written to.
    #[arg(long, default_value = ".")]
    out: PathBuf,
    /// Replaces files that are there.
    #[arg(long)]
    force: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

impl Package {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        ensure!(
            self.program.is_file(),
            "there is no file {}: name the program that serves",
            self.program.display()
        );
        let asked = ask(&self.program, &self.arguments).await?;
        let mut about = About::default();
        (about.name, about.author, about.description) = (self.name, self.author, self.description);
        (about.version, about.repository, about.url) = (self.version_of_server, self.repository, self.url);
        (about.license, about.variables, about.arguments) = (self.license, self.env, self.arguments);
        let server = Checked::new(about, asked)?;
        let (to, described) = (self.out.join(server.file()), self.out.join("server.json"));
        let has_place = server.url().is_some();
        for path in [&to, &described].into_iter().filter(|path| has_place || *path == &to) {
            ensure!(self.force || !path.exists(), "{} is there already: --force replaces it", path.display());
        }
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot make the folder {}", self.out.display()))?;
        let manifest = manifest(&server, &self.program);
        let made = bundle(&to, &manifest, &self.program, &self.file)?;
        let registry = if has_place { Some(server_json(&server, &made.sha256)?) } else { None };
        if let Some(registry) = &registry {
            let text = format!("{}\n", serde_json::to_string_pretty(registry)?);
            std::fs::write(&described, text)
                .with_context(|| format!("cannot write {}", described.display()))?;
        }
        if self.json {
            return show::json(
                &json!({ "bundle": to, "size": made.size, "sha256": made.sha256, "manifest": manifest, "server": registry }),
            );
        }
        let tools = server.asked.tools.len();
        let short = format!("{} {}", server.short, server.version);
        show::line(format_args!(
            "{}: {short}, {tools} tools, {} files, {} bytes, SHA-256 {}",
            to.display(),
            made.files.len() + 1,
            made.size,
            made.sha256
        ))?;
        match registry {
            Some(_) => Ok(show::line(format_args!(
                "{}: publish it once the bundle is at {}",
                described.display(),
                server.url().unwrap_or_default()
            ))?),
            None => {
                show::note("no server.json: say where the bundle will be found, with --repository or --url");
                Ok(())
            }
        }
    }
}
