//! rmcp over standard input and output.

use anyhow::Result;
use clap::Parser;
use peer_rmcp::{Options, Plain};
use rmcp::ServiceExt;
use rmcp::transport::io::{stdio, stdio_pipes};

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    options.fix_tools();
    if options.pipes {
        Plain.serve(stdio_pipes()).await?.waiting().await?;
    } else {
        Plain.serve(stdio()).await?.waiting().await?;
    }
    Ok(())
}
