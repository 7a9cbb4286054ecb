//! A server that only lets in who brings a token of an authorization server, an API key of its own, or a certificate, and
//! tells each caller who they are.
//!
//!     cargo run --package example-guarded -- --listen 127.0.0.1:8080 --issuer https://auth.example.com
//!
//! It prints an API key at its start; `curl -H "X-API-Key: KEY"` or any client with a token may call `/mcp`. With
//! `--cert`, `--key` it speaks TLS, and may then listen on an address that other machines can reach; with `--client-ca` as
//! well, it speaks only with clients that have a certificate of that authority, which is all they need.

use std::path::PathBuf;

use clap::Parser;
use mcp_core::auth::server::{
    ApiKeys, Certificates, Keys, MemoryApiKeys, NewApiKey, ResourceServer, Verifier,
};
use mcp_core::service::Principal;
use mcp_core::transport::http::{Http, Listener, Pem, ServerTls};
use mcp_core::transport::told_to_stop;
use mcp_core::{Server, tool};

const HELP: &str = "Examples:
  guarded                                         an API key is printed; only with it is anybody let in
  guarded --issuer https://auth.example.com       tokens of that issuer too, for http://127.0.0.1:8080/mcp
  guarded --cert server.pem --key server.key --listen 0.0.0.0:8443 --resource https://mcp.example.com:8443/mcp
  guarded --cert server.pem --key server.key --client-ca services.pem     services know each other by certificate";

/// A server that lets in only who brings an API key, a token or a certificate, and says who they are.
#[derive(Parser)]
#[command(version, after_help = HELP)]
struct Options {
    /// Where to listen; the endpoint is /mcp.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Under which URL clients know the endpoint: tokens must be for it (default: `http://LISTEN/mcp`, with TLS `https`).
    #[arg(long)]
    resource: Option<String>,
    /// Who issues tokens.
    #[arg(long)]
    issuer: Option<String>,
    /// A scope without which nobody is let in.
    #[arg(long)]
    scope: Option<String>,
    /// The organisation of callers whose token has no claim `orgId`.
    #[arg(long)]
    org: Option<String>,
    /// The certificate, in PEM.
    #[arg(long, requires = "key")]
    cert: Option<PathBuf>,
    /// Its private key, in PEM.
    #[arg(long, requires = "cert")]
    key: Option<PathBuf>,
    /// The authorities of clients' certificates, in PEM: nobody else is spoken with.
    #[arg(long, requires = "cert")]
    client_ca: Option<PathBuf>,
}

async fn whoami(caller: Principal) -> String {
    let scopes: Vec<_> = caller.scopes.iter().map(String::as_str).collect();
    format!("{} of {}, by {}, may {}", caller.user, caller.org, caller.issuer, scopes.join(" "))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    let scheme = if options.cert.is_some() { "https" } else { "http" };
    let resource = options.resource.unwrap_or_else(|| format!("{scheme}://{}/mcp", options.listen));

    // 1. A key for programs. A real server keeps them in a store: `SqliteApiKeys`.
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let api_keys = ApiKeys::new(MemoryApiKeys::default(), &secret);
    let (key, _) = api_keys.issue(NewApiKey::new("local", "curl")).await?;
    eprintln!("API key until this process ends: {}", key.expose());

    // 2. Who may come in.
    let mut guard = ResourceServer::new(&resource)?.accept(api_keys);
    if let Some(issuer) = options.issuer {
        let mut tokens = Verifier::builder(&resource).issuer(&issuer, Keys::of_issuer(&issuer));
        if let Some(org) = options.org {
            tokens = tokens.default_org(org);
        }
        guard = guard.authorization_server(issuer).accept(tokens.build());
    }
    if options.client_ca.is_some() {
        guard = guard.accept(Certificates::of_org("local"));
    }
    if let Some(scope) = options.scope {
        guard = guard.require_scope(scope);
    }

    // 3. The server, behind it.
    let server = Server::builder("guarded", env!("CARGO_PKG_VERSION"))
        .tool(tool("whoami", whoami).description("Says who calls.").read_only())
        .build()?;
    let mut listener = Listener::bind(&options.listen).await?;
    if let (Some(cert), Some(key)) = (options.cert, options.key) {
        let mut tls = ServerTls::builder(Pem::File(cert), Pem::File(key));
        if let Some(authorities) = options.client_ca {
            tls = tls.require_clients(Pem::File(authorities));
        }
        listener = listener.tls(tls.build()?);
    }
    listener.serve(Http::new(server).authenticate(guard).correlation(true), told_to_stop()).await?;
    Ok(())
}
