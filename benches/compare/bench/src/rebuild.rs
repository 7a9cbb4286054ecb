//! What a user pays for a change: `touch src/main.rs && cargo build` of a small server.
//!
//! As the text stays the same, an incremental build has little to do; without increments the crate is compiled as a
//! whole, which bounds the cost of any change to it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

use anyhow::{Context, Result, ensure};

use crate::options::{Options, Paths};
use crate::process::children_cpu;
use crate::results::RebuildRow;
use crate::stats::median;

/// One way to build.
#[derive(Clone, Copy)]
struct Profile {
    label: &'static str,
    name: &'static str,
    incremental: &'static str,
}

const PROFILES: [Profile; 3] = [
    Profile {
        label: "dev",
        name: "dev",
        incremental: "1",
    },
    Profile {
        label: "dev, not incremental",
        name: "dev",
        incremental: "0",
    },
    Profile {
        label: "release",
        name: "release",
        incremental: "0",
    },
];

/// Rebuilds both small servers in all profiles.
pub(crate) fn measure(options: &Options, paths: &Paths) -> Result<Vec<RebuildRow>> {
    let ours = match &options.rebuild_ours {
        Some(path) => path
            .canonicalize()
            .with_context(|| format!("no package at `{}`", path.display()))?,
        None => paths.compare.join("../../examples/hello"),
    };
    let mut packages: Vec<(&str, PathBuf)> = vec![("rmcp", paths.compare.join("rebuild"))];
    if ours.join("src/main.rs").is_file() {
        packages.push(("ours", ours));
    } else {
        eprintln!(
            "no small server at `{}`: rebuilding the other alone",
            ours.display()
        );
    }
    packages.retain(|(name, _)| options.wants(name));
    let mut rows = Vec::new();
    for (name, package) in &packages {
        for profile in PROFILES {
            build(package, profile)?;
            let mut builds = Vec::new();
            for _ in 0..options.rounds {
                File::options()
                    .append(true)
                    .open(package.join("src/main.rs"))?
                    .set_modified(SystemTime::now())?;
                builds.push(build(package, profile)?);
            }
            let row = RebuildRow {
                server: (*name).to_owned(),
                profile: profile.label.to_owned(),
                cpu_seconds: median(builds.iter().map(|build| build.0)),
                wall_seconds: median(builds.iter().map(|build| build.1)),
            };
            eprintln!("{row:?}");
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Builds a package; CPU and wall seconds, the compiler's and the linker's included.
fn build(package: &Path, profile: Profile) -> Result<(f64, f64)> {
    let (cpu, started) = (children_cpu()?, Instant::now());
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--profile", profile.name])
        .env("CARGO_INCREMENTAL", profile.incremental)
        .current_dir(package)
        .stdin(Stdio::null())
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "`{}` does not build", package.display());
    Ok((children_cpu()? - cpu, started.elapsed().as_secs_f64()))
}
