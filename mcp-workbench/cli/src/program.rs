//! How this program was called, so that it can call itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::{env, iter};

use anyhow::Context as _;

static INVOCATION: OnceLock<Invocation> = OnceLock::new();

/// A program and what it is asked for.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The program, to be started again: in the background, for a service, or by a client. None where that is not known.
    pub program: Option<PathBuf>,
    /// The arguments, without the name of the program.
    pub arguments: Vec<OsString>,
}

impl Invocation {
    /// That of a process that is nothing but this command.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self { program: env::current_exe().ok(), arguments: env::args_os().skip(1).collect() }
    }

    /// What is parsed: the name goes first.
    pub(crate) fn words(&self) -> impl Iterator<Item = OsString> + use<> {
        iter::once(OsString::from("mcp")).chain(self.arguments.clone())
    }

    /// Keeps it for those who ask later. The first stays: a process is called once.
    pub(crate) fn keep(self) {
        let _ = INVOCATION.set(self);
    }
}

/// The program.
pub(crate) fn path() -> anyhow::Result<PathBuf> {
    let known = INVOCATION.get().and_then(|invocation| invocation.program.clone());
    known.context("this program does not know where it is")
}

/// What it was asked for.
pub(crate) fn arguments() -> &'static [OsString] {
    INVOCATION.get().map_or(&[], |invocation| &invocation.arguments)
}
