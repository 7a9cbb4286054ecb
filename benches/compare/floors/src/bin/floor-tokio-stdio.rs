//! What tokio's own standard streams cost: the same as `floor-stdio`, through the blocking pool.

use anyhow::Result;
use clap::Parser;
use floors::{CANNED, Options};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

#[tokio::main]
async fn main() -> Result<()> {
    Options::parse();
    let answer = [CANNED, b"\n"].concat();
    let mut stdin = BufReader::new(tokio::io::stdin());
    let mut stdout = tokio::io::stdout();
    let mut line = Vec::new();
    while stdin.read_until(b'\n', &mut line).await? > 0 {
        stdout.write_all(&answer).await?;
        stdout.flush().await?;
        line.clear();
    }
    Ok(())
}
