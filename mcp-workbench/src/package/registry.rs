//! `server.json` of the MCP registry.

use serde_json::{Value, json};

use super::{Checked, PackageError, put};

const SCHEMA: &str = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json";
/// Where a publisher may say more.
const PUBLISHER: &str = "io.modelcontextprotocol.registry/publisher-provided";
/// Bytes that the registry takes there.
const MOST: usize = 4096;

/// What hosts a repository, as the registry calls it.
pub(super) fn source(repository: &str) -> Option<&'static str> {
    [("https://github.com/", "github"), ("https://gitlab.com/", "gitlab")]
        .into_iter()
        .find_map(|(host, name)| repository.starts_with(host).then_some(name))
}

/// The description of a server whose bundle has a hash (SHA-256, in hexadecimal digits).
///
/// # Errors
/// It is not said where the bundle will be found.
pub fn server_json(server: &Checked, sha256: &str) -> Result<Value, PackageError> {
    let about = &server.about;
    let Some(url) = server.url() else {
        let problem = "must say where the bundle will be found; with --repository of GitHub or GitLab it is the release of this version";
        return Err(PackageError::option("--url", problem));
    };
    let mut package = json!({
        "registryType": "mcpb",
        "identifier": url,
        "version": server.version,
        "fileSha256": sha256,
        "transport": { "type": "stdio" },
    });
    let variable = |name: &String| json!({ "name": name, "description": format!("What the server finds as {name}."), "isRequired": true, "isSecret": true });
    let variables: Vec<Value> = about.variables.iter().map(variable).collect();
    put(&mut package, "environmentVariables", (!variables.is_empty()).then_some(variables));
    let mut all = json!({ "$schema": SCHEMA, "name": about.name });
    put(&mut all, "title", server.title().filter(|title| title.chars().count() <= 100));
    put(&mut all, "description", Some(server.description.clone()));
    put(&mut all, "version", Some(server.version.clone()));
    let repository =
        about.repository.as_ref().and_then(|url| Some(json!({ "url": url, "source": source(url)? })));
    put(&mut all, "repository", repository);
    put(&mut all, "websiteUrl", server.asked.info.website_url.clone().filter(|url| super::is_url(url)));
    put(&mut all, "packages", Some(vec![package]));
    let names: Vec<&str> = server.asked.tools.iter().map(|tool| tool.name.as_str()).collect();
    let more = json!({ "tool": "mcp package", "version": env!("CARGO_PKG_VERSION"), "tools": names });
    let fits = more.to_string().len() <= MOST;
    put(&mut all, "_meta", fits.then(|| json!({ PUBLISHER: more })));
    Ok(all)
}
