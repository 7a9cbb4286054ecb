//! The command line, which all clients of `interop/` share.

use anyhow::{Context as _, bail};

/// What to check, and where.
pub(crate) struct Options {
    /// The revision that must be negotiated.
    pub(crate) revision: String,
    /// The names of the checks.
    pub(crate) checks: Vec<String>,
    /// The server.
    pub(crate) target: Target,
}

/// A server.
pub(crate) enum Target {
    /// Streamable HTTP.
    Url(String),
    /// A program and its arguments, on its standard input and output.
    Command(String, Vec<String>),
}

impl Options {
    /// Reads the arguments.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let (mut revision, mut checks, mut target) = (None, None, None);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("`{argument}` lacks its value"));
            match argument.as_str() {
                "--revision" => revision = Some(value()?),
                "--checks" => checks = Some(value()?.split(',').map(str::to_owned).collect()),
                "--url" => target = Some(Target::Url(value()?)),
                "--" => {
                    let program = value()?;
                    target = Some(Target::Command(program, arguments.by_ref().collect()));
                }
                other => bail!("unknown argument `{other}`"),
            }
        }
        Ok(Self {
            revision: revision.context("`--revision` is missing")?,
            checks: checks.context("`--checks` is missing")?,
            target: target.context("`--url` or a command is missing")?,
        })
    }
}
