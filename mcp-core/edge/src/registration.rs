//! What a registry of services is told of a server: the data of Consul's registration
//! (`PUT /v1/agent/service/register`). Sending it is for whoever runs the server.

use std::collections::BTreeMap;

use http::Uri;
use mcp_core::protocol::{DiscoverResult, Method, Params, RpcError, meta};
use mcp_core::service::{BoxError, McpService, Request, SharedService};
use serde::Serialize;

/// The longest value that Consul keeps in `Meta`.
const LONGEST: usize = 512;

/// A server, as Consul is told of it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use mcp_core::{Server, tool};
/// use mcp_edge::Registration;
///
/// let server = Server::builder("filesystem", "1.2.0").tool(tool("read", async || "text")).build()?;
/// let registration = Registration::of(server, &"http://10.0.0.7:8080/mcp".parse()?).await?;
/// let json = serde_json::to_value(&registration)?;
/// assert_eq!(json["Name"], "mcp-filesystem");
/// assert_eq!(json["Meta"]["capabilities"], "tools");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Registration {
    /// Names this instance: service, host and port.
    #[serde(rename = "ID")]
    pub id: String,
    /// Names the service: `mcp-` and the server's name.
    pub name: String,
    /// `mcp`, and the newest revision that is spoken.
    pub tags: Vec<String>,
    /// The host under which it is reached.
    pub address: String,
    /// The port.
    pub port: u16,
    /// The path of the endpoint, the server's version, what it can do, and the revisions it speaks.
    pub meta: BTreeMap<String, String>,
    /// How Consul finds out whether it is well.
    pub check: Check,
}

/// How Consul finds out whether a server is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Check {
    /// What it asks.
    #[serde(rename = "HTTP")]
    pub http: String,
    /// How often.
    pub interval: String,
    /// How long it waits.
    pub timeout: String,
    /// When it gives the instance up.
    pub deregister_critical_service_after: String,
}

/// A server cannot be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The URL has no host or port that others could reach.
    #[error("`{0}` has no host and port that a registry could hand on")]
    Url(String),
    /// The server does not say what it is.
    #[error("the server does not say what it is")]
    Refused(#[from] RpcError),
    /// The server cannot be asked.
    #[error("the server cannot be asked what it is")]
    Broken(#[source] BoxError),
}

impl Registration {
    /// What there is to say about a server that others reach at `url`, as the server itself says it.
    ///
    /// # Errors
    /// The URL names no host, or the server does not answer.
    pub async fn of(service: impl McpService, url: &Uri) -> Result<Self, RegistrationError> {
        let refuse = || RegistrationError::Url(url.path().chars().take(200).collect());
        let (Some(host), Some(scheme)) = (url.host(), url.scheme_str()) else { return Err(refuse()) };
        let address = host.trim_matches(['[', ']']).to_owned();
        let port = match (url.port_u16(), scheme) {
            (Some(port), _) => port,
            (None, "http") => 80,
            (None, "https") => 443,
            (None, _) => return Err(refuse()),
        };
        let request = Request::new(1, Method::Discover, Params::default());
        let answer = SharedService::new(service).handle(request).await.map_err(RegistrationError::Broken)?;
        let result = answer.into_result()?;
        let unreadable = |error: serde_json::Error| RegistrationError::Broken(error.into());
        let about: DiscoverResult = serde_json::from_slice(&result).map_err(unreadable)?;
        let (server, version) = named(&about);
        let name = format!("mcp-{}", plain(&server));
        let mut tags = vec!["mcp".to_owned()];
        tags.extend(about.supported_versions.iter().max().map(|newest| format!("mcp-{newest}")));
        let meta = BTreeMap::from([
            ("capabilities".to_owned(), shortened(&capabilities(&about).join(","))),
            ("path".to_owned(), shortened(url.path())),
            ("protocol-versions".to_owned(), shortened(&about.supported_versions.join(","))),
            ("secure".to_owned(), (scheme == "https").to_string()),
            ("version".to_owned(), shortened(&version)),
        ]);
        let colon = if url.port().is_some() { format!(":{port}") } else { String::new() };
        Ok(Self {
            id: format!("{name}-{}-{port}", plain(&address)),
            name,
            tags,
            address,
            port,
            meta,
            check: Check {
                http: format!("{scheme}://{host}{colon}/ready"),
                interval: "10s".to_owned(),
                timeout: "2s".to_owned(),
                deregister_critical_service_after: "1m".to_owned(),
            },
        })
    }
}

/// Name and version, as the server says them in `_meta`.
fn named(about: &DiscoverResult) -> (String, String) {
    let info = about.meta.as_ref().and_then(|meta| meta.get(meta::SERVER_INFO));
    let said = |member: &str| info.and_then(|info| Some(info.get(member)?.as_str()?.to_owned()));
    (said("name").unwrap_or_else(|| "server".to_owned()), said("version").unwrap_or_default())
}

fn capabilities(about: &DiscoverResult) -> Vec<String> {
    let can = &about.capabilities;
    let known = [
        ("tools", can.tools.is_some()),
        ("resources", can.resources.is_some()),
        ("prompts", can.prompts.is_some()),
        ("completions", can.completions),
    ];
    let known = known.into_iter().filter(|(_, has)| *has).map(|(name, _)| name.to_owned());
    known.chain(can.extensions.keys().cloned()).collect()
}

/// A name that can be part of a host name, as Consul's DNS wants it.
fn plain(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(letter).take(40).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "server".to_owned() } else { name.to_owned() }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use mcp_core::{Server, tool};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_server_is_described_as_consul_wants_it() {
        let server = Server::builder("File System", "1.2.0")
            .tool(tool("read", async || "text"))
            .expects_prompts()
            .build()
            .unwrap();
        let url = "https://[fd00::7]/tools/mcp?key=secret".parse().unwrap();
        let registration = Registration::of(server, &url).await.unwrap();
        assert_eq!(
            serde_json::to_value(&registration).unwrap(),
            json!({
                "ID": "mcp-file-system-fd00--7-443",
                "Name": "mcp-file-system",
                "Tags": ["mcp", "mcp-2026-07-28"],
                "Address": "fd00::7",
                "Port": 443,
                "Meta": {
                    "capabilities": "tools,prompts",
                    "path": "/tools/mcp",
                    "protocol-versions": registration.meta["protocol-versions"],
                    "secure": "true",
                    "version": "1.2.0",
                },
                "Check": {
                    "HTTP": "https://[fd00::7]/ready",
                    "Interval": "10s",
                    "Timeout": "2s",
                    "DeregisterCriticalServiceAfter": "1m",
                },
            })
        );
        assert!(registration.meta["protocol-versions"].contains("2026-07-28"));
    }

    #[tokio::test]
    async fn what_nobody_can_reach_is_not_registered() {
        let server = Server::builder("s", "1.0.0").build().unwrap();
        let error = Registration::of(server, &"/tmp/s".parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("no host and port"), "{error}");
    }
}
