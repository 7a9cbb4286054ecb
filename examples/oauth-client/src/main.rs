//! Lists the tools of a server that wants a token: the client finds the authorization server, and you agree in a browser.
//!
//! Try it: `cargo run -p example-oauth-client -- https://your.server/mcp --store tokens --key-file key`, and again: the
//! second time nobody is asked. `head -c 32 /dev/urandom > key` makes a key.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use mcp_core::auth::client::{FileStore, Loopback, OAuth, Registered};
use mcp_core::client::Client;
use url::Url;

const HELP: &str = "Examples:
  oauth-client https://example.com/mcp
  oauth-client https://example.com/mcp --store tokens --key-file key
  OAUTH_CLIENT_SECRET=… oauth-client https://example.com/mcp --client-id robot

Without a secret a person agrees in a browser.";

/// Lists the tools of a server that wants a token.
#[derive(Debug, Parser)]
#[command(name = "oauth-client", after_help = HELP)]
struct Options {
    /// The server.
    url: Url,
    /// The client's identifier, where the authorization server has given one out.
    #[arg(long)]
    client_id: Option<String>,
    /// Its secret. With both, no person is asked: the client has rights of its own.
    #[arg(long, env = "OAUTH_CLIENT_SECRET", hide_env_values = true, requires = "client_id")]
    client_secret: Option<String>,
    /// A file that keeps tokens, encrypted.
    #[arg(long, requires = "key_file")]
    store: Option<PathBuf>,
    /// The 32 bytes to encrypt it with.
    #[arg(long)]
    key_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    // 1. Who we are, and how a person is asked.
    let mut oauth = OAuth::builder(options.url.clone()).client_name("oauth-client example");
    oauth = match (options.client_id, options.client_secret) {
        (Some(id), Some(secret)) => oauth.client_credentials(Registered::with_secret(id, secret)),
        (Some(id), None) => oauth.registered(Registered::public(id)).consent(Loopback::announced()),
        (None, _) => oauth.consent(Loopback::announced()),
    };
    // 2. Where tokens are kept.
    if let (Some(path), Some(key)) = (options.store, options.key_file) {
        let key: [u8; 32] = std::fs::read(&key)?.try_into().ok().context("the key must have 32 bytes")?;
        oauth = oauth.store(FileStore::new(path, &key));
    }
    // 3. A client like any other; it asks for a token when the server wants one. People need time.
    let client = Client::builder("oauth-client", env!("CARGO_PKG_VERSION"))
        .authorize(oauth.build()?)
        .connect_timeout(Duration::from_secs(300))
        .connect(options.url)
        .await?;
    for tool in client.tools().await? {
        writeln!(std::io::stdout(), "{}", tool.name)?;
    }
    client.close().await;
    Ok(())
}
