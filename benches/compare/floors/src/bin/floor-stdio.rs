//! The pipe floor: one thread, blocking reads and writes, a canned line for each line.

use std::io::{BufRead, Write};

use anyhow::Result;
use clap::Parser;
use floors::{CANNED, Options};

fn main() -> Result<()> {
    Options::parse();
    let answer = [CANNED, b"\n"].concat();
    let mut stdin = std::io::stdin().lock();
    let mut stdout = std::io::stdout().lock();
    let mut line = Vec::new();
    while stdin.read_until(b'\n', &mut line)? > 0 {
        stdout.write_all(&answer)?;
        stdout.flush()?;
        line.clear();
    }
    Ok(())
}
