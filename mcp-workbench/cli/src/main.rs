//! The `mcp` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(mcp_cli::run(mcp_cli::Invocation::of_this_process()))
}
