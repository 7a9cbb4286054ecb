//! Where a server is.

use std::fmt;

#[cfg(feature = "http-client")]
use url::Url;

use super::Error;
#[cfg(feature = "stdio")]
use super::wire::child::Program;
use crate::Server;
use crate::service::{McpService, SharedService};

/// Where a server is: a URL, a program, a socket, or in this process.
///
/// Text is understood like this:
///
/// | text | server | feature |
/// |---|---|---|
/// | `https://…`, `http://…` | Streamable HTTP, or the older HTTP+SSE | `http-client` (`https`: `tls`) |
/// | `ws://…`, `wss://…` | WebSocket | `ws` and `http-client` |
/// | `unix:/run/notes.sock` | Unix socket | `stdio` |
/// | `notes-server --stdio` | a program that is started; quote arguments that hold spaces | `stdio` |
///
/// The last line runs what it is given: take it from nobody who may not run programs.
#[derive(Clone)]
pub struct Target(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    #[cfg(feature = "stdio")]
    Program(Program),
    #[cfg(all(feature = "stdio", unix))]
    Unix(std::path::PathBuf),
    #[cfg(feature = "http-client")]
    Url(Url),
    Service(SharedService),
}

impl Target {
    /// A server in this process, layers and all.
    pub fn service(service: impl McpService) -> Self {
        Self(Kind::Service(SharedService::new(service)))
    }

    /// A Unix socket.
    #[cfg(all(feature = "stdio", unix))]
    pub fn unix(path: impl Into<std::path::PathBuf>) -> Self {
        Self(Kind::Unix(path.into()))
    }

    /// Whether both are the same server, as far as that can be told: a server of this process is the
    /// same as none.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            #[cfg(feature = "stdio")]
            (Kind::Program(one), Kind::Program(two)) => one == two,
            #[cfg(all(feature = "stdio", unix))]
            (Kind::Unix(one), Kind::Unix(two)) => one == two,
            #[cfg(feature = "http-client")]
            (Kind::Url(one), Kind::Url(two)) => one == two,
            _ => false,
        }
    }

    /// Names the target, without what may be secret.
    pub(crate) fn name(&self) -> String {
        match &self.0 {
            #[cfg(feature = "stdio")]
            Kind::Program(program) => program.program.clone(),
            #[cfg(all(feature = "stdio", unix))]
            Kind::Unix(path) => format!("unix:{}", path.display()),
            #[cfg(feature = "http-client")]
            Kind::Url(url) => {
                let host = url.host_str().unwrap_or_default();
                let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}://{host}{port}{}", url.scheme(), url.path())
            }
            Kind::Service(_) => "a server in this process".to_owned(),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.name()).finish()
    }
}

/// What names a server.
pub trait IntoTarget {
    /// The server.
    ///
    /// # Errors
    /// It names none, or needs a feature that is not there.
    fn into_target(self) -> Result<Target, Error>;
}

impl IntoTarget for Target {
    fn into_target(self) -> Result<Target, Error> {
        Ok(self)
    }
}

impl IntoTarget for Server {
    fn into_target(self) -> Result<Target, Error> {
        Ok(Target::service(self))
    }
}

#[cfg(feature = "stdio")]
impl IntoTarget for Program {
    fn into_target(self) -> Result<Target, Error> {
        Ok(Target(Kind::Program(self)))
    }
}

#[cfg(feature = "http-client")]
impl IntoTarget for Url {
    fn into_target(self) -> Result<Target, Error> {
        Ok(Target(Kind::Url(self)))
    }
}

impl IntoTarget for &String {
    fn into_target(self) -> Result<Target, Error> {
        self.as_str().into_target()
    }
}

impl IntoTarget for String {
    fn into_target(self) -> Result<Target, Error> {
        self.as_str().into_target()
    }
}

impl IntoTarget for &str {
    fn into_target(self) -> Result<Target, Error> {
        let fail = |problem| Error::Target { target: shown(self), problem };
        let text = self.trim();
        match text.split_once(':').map(|(scheme, _)| scheme) {
            #[cfg(feature = "http-client")]
            Some("http" | "https") => {
                let url = text.parse().map_err(|_| fail("it is not a URL"))?;
                Ok(Target(Kind::Url(url)))
            }
            #[cfg(all(feature = "http-client", feature = "ws"))]
            Some("ws" | "wss") => {
                let url = text.parse().map_err(|_| fail("it is not a URL"))?;
                Ok(Target(Kind::Url(url)))
            }
            #[cfg(not(feature = "http-client"))]
            Some("http" | "https") => Err(fail("it needs the feature `http-client` of mcp-core")),
            #[cfg(not(all(feature = "http-client", feature = "ws")))]
            Some("ws" | "wss") => Err(fail("it needs the features `ws` and `http-client` of mcp-core")),
            #[cfg(all(feature = "stdio", unix))]
            Some("unix") => Ok(Target::unix(text.trim_start_matches("unix:").trim_start_matches("//"))),
            _ => program(text).map_err(fail),
        }
    }
}

/// The text of a target for messages: without user info and query.
fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    match text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(feature = "stdio")]
fn program(text: &str) -> Result<Target, &'static str> {
    let mut words = words(text)?.into_iter();
    let program = words.next().ok_or("it is empty; give a URL or a command line")?;
    Ok(Target(Kind::Program(Program::new(program).args(words))))
}

#[cfg(not(feature = "stdio"))]
fn program(_: &str) -> Result<Target, &'static str> {
    Err("a command line needs the feature `stdio` of mcp-core")
}

/// Splits a command line at white space; quotes keep what they enclose together. No shell is asked.
#[cfg(feature = "stdio")]
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed");
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "stdio")]
    #[test]
    fn command_lines_are_split_like_people_expect() {
        let check = |text: &str, expect: &[&str]| assert_eq!(words(text).unwrap(), expect, "{text}");
        check("a  b\tc", &["a", "b", "c"]);
        check(r#"a "b c" 'd "e"' f" "g"#, &["a", "b c", "d \"e\"", "f g"]);
        check("a ''", &["a", ""]);
        check(r"C:\bin\a.exe b", &[r"C:\bin\a.exe", "b"]);
        assert!(words("a 'b").is_err());
    }

    #[test]
    fn bad_targets_name_the_problem_and_no_secret() {
        let error = "".into_target().unwrap_err().to_string();
        assert!(error.contains("empty") || error.contains("stdio"), "{error}");
        assert_eq!(shown("https://user:secret@host/mcp?key=secret"), "https://host/mcp");
    }
}
