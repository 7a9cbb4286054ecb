//! The transport that the command line asks for.

use std::collections::VecDeque;
use std::fmt;

#[cfg(feature = "http-server")]
use super::http::{Http, Listener};
use super::{ServeError, Stdio, Transport, stdio};
use crate::service::SharedService;

/// The transport that the command line of the program asks for: `--stdio` (also without options) or
/// `--listen ADDR`. `--help` says so and ends the program, as does an option that is not known.
///
/// ```no_run
/// # #[tokio::main]
/// # async fn main() -> Result<(), mcp_core::Error> {
/// use mcp_core::{Server, serve, transport};
///
/// let server = Server::builder("hello", "1.0.0").build()?;
/// serve(server, transport::from_args()).await?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn from_args() -> FromArgs {
    let mut args = std::env::args();
    let program = args.next().unwrap_or_default();
    match parse(args) {
        Ok(Some(choice)) => FromArgs(choice),
        Ok(None) => {
            eprint!("{}", help(&program));
            std::process::exit(0)
        }
        Err(problem) => {
            eprint!("{problem}\n\n{}", help(&program));
            std::process::exit(2)
        }
    }
}

/// A transport chosen on the command line. Make it with [`from_args`].
#[derive(Debug)]
pub struct FromArgs(Choice);

#[derive(Debug)]
enum Choice {
    Stdio(Stdio),
    #[cfg(feature = "http-server")]
    Listen {
        address: String,
        insecure: bool,
    },
}

/// What is wrong with a command line.
#[derive(Debug, PartialEq, Eq)]
struct Problem(String);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn parse(args: impl Iterator<Item = String>) -> Result<Option<Choice>, Problem> {
    let mut choice = None;
    #[cfg_attr(not(feature = "http-server"), expect(unused_mut, reason = "only listeners can be reached"))]
    let mut insecure = false;
    let mut args: VecDeque<String> = args.collect();
    while let Some(arg) = args.pop_front() {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (arg, None),
        };
        let chosen = match name.as_str() {
            "--help" | "-h" => return Ok(None),
            "--stdio" if value.is_none() => Choice::Stdio(stdio()),
            #[cfg(feature = "http-server")]
            "--insecure" if value.is_none() => {
                insecure = true;
                continue;
            }
            #[cfg(feature = "http-server")]
            "--listen" => {
                let address = value.or_else(|| args.pop_front()).filter(|address| !address.starts_with("--"));
                let missing = || Problem("--listen needs an address, like 127.0.0.1:8080".into());
                Choice::Listen { address: address.ok_or_else(missing)?, insecure: false }
            }
            other => return Err(Problem(format!("unknown option `{other}`"))),
        };
        if choice.replace(chosen).is_some() {
            return Err(Problem("--stdio and --listen cannot be used together".into()));
        }
    }
    match choice.unwrap_or_else(|| Choice::Stdio(stdio())) {
        #[cfg(feature = "http-server")]
        Choice::Listen { address, .. } => Ok(Some(Choice::Listen { address, insecure })),
        Choice::Stdio(_) if insecure => Err(Problem("--insecure goes with --listen".into())),
        chosen @ Choice::Stdio(_) => Ok(Some(chosen)),
    }
}

fn help(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let mut text = format!("An MCP server.\n\nUsage: {name} [--stdio");
    if cfg!(feature = "http-server") {
        text.push_str(" | --listen ADDR [--insecure]");
    }
    text.push_str("]\n\n  --stdio        one JSON message per line on standard input and output (default)\n");
    if cfg!(feature = "http-server") {
        text.push_str("  --listen ADDR  Streamable HTTP, e.g. 127.0.0.1:8080; the endpoint is /mcp\n");
        text.push_str("  --insecure     lets everybody call, without TLS, where ADDR can be reached from other machines\n");
    }
    text
}

impl Transport for FromArgs {
    async fn serve(self, service: SharedService) -> Result<(), ServeError> {
        match self.0 {
            Choice::Stdio(stdio) => stdio.serve(service).await,
            #[cfg(feature = "http-server")]
            Choice::Listen { address, insecure } => {
                let bind = |source| ServeError::Bind { address: address.clone(), source };
                let listener = Listener::bind(&address).await.map_err(bind)?;
                let mut http = Http::new(service);
                if insecure {
                    http = http.allow_plain().allow_anonymous();
                }
                tracing::info!("serving http://{address}/mcp");
                Ok(listener.serve(http, super::told_to_stop()).await?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(args: &[&str]) -> String {
        match parse(args.iter().map(ToString::to_string)) {
            Ok(Some(Choice::Stdio(_))) => "stdio".into(),
            #[cfg(feature = "http-server")]
            Ok(Some(Choice::Listen { address, insecure: false })) => address,
            #[cfg(feature = "http-server")]
            Ok(Some(Choice::Listen { address, insecure: true })) => format!("{address}, open"),
            Ok(None) => "help".into(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn options_choose_a_transport() {
        assert_eq!(chosen(&[]), "stdio");
        assert_eq!(chosen(&["--stdio"]), "stdio");
        assert_eq!(chosen(&["--help"]), "help");
        assert_eq!(chosen(&["--port"]), "unknown option `--port`");
    }

    #[test]
    #[cfg(feature = "http-server")]
    fn addresses_are_taken_either_way() {
        assert_eq!(chosen(&["--listen", "127.0.0.1:1"]), "127.0.0.1:1");
        assert_eq!(chosen(&["--listen=127.0.0.1:1"]), "127.0.0.1:1");
        assert_eq!(chosen(&["--insecure", "--listen", "0.0.0.0:1"]), "0.0.0.0:1, open");
        assert_eq!(chosen(&["--insecure"]), "--insecure goes with --listen");
        assert_eq!(chosen(&["--listen"]), "--listen needs an address, like 127.0.0.1:8080");
        assert_eq!(chosen(&["--stdio", "--listen", "x"]), "--stdio and --listen cannot be used together");
    }
}
