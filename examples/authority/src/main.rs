//! An authorization server: people log in and agree, clients get tokens for your MCP server.
//!
//! Try it: `cargo run -p example-authority -- --resource http://127.0.0.1:8080/mcp --register`. It logs everybody in as one
//! person and forgets everything when it ends; `--help` shows how it does neither.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use mcp_authority::people::Table;
use mcp_authority::store::SqliteStore;
use mcp_authority::{Authority, Client, Person, serve};
use tokio::net::TcpListener;

const HELP: &str = "Examples:
  authority --resource http://127.0.0.1:8080/mcp --register
  AUTHORITY_PASSWORD=… authority --issuer https://login.example.com --resource https://mcp.example.com/mcp --user ada --store FILE
  AUTHORITY_CLIENT_SECRET=… authority --resource http://127.0.0.1:8080/mcp --client robot --redirect http://127.0.0.1/callback

It speaks plain HTTP: put something with the certificate of the issuer in front of it.";

/// An authorization server for MCP servers.
#[derive(Parser)]
#[command(name = "authority", after_help = HELP)]
struct Options {
    /// Serve on this address.
    #[arg(long, default_value = "127.0.0.1:9000")]
    listen: String,
    /// The URL that clients know this server by; unless given, where it listens.
    #[arg(long)]
    issuer: Option<String>,
    /// The URL of an MCP server that tokens are for (repeatable).
    #[arg(long, default_value = "http://127.0.0.1:8080/mcp")]
    resource: Vec<String>,
    /// Keep clients, grants and keys in this SQLite file.
    #[arg(long)]
    store: Option<PathBuf>,
    /// A scope that clients may ask for, and what it lets them do: `notes:read=Read your notes` (repeatable).
    #[arg(long)]
    scope: Vec<String>,
    /// A client, by its identifier. With a secret it also gets tokens for itself.
    #[arg(long)]
    client: Option<String>,
    #[arg(long, env = "AUTHORITY_CLIENT_SECRET", hide_env_values = true, requires = "client")]
    client_secret: Option<String>,
    /// Where that client may send people back to (repeatable).
    #[arg(long, requires = "client")]
    redirect: Vec<String>,
    /// Let clients register themselves.
    #[arg(long)]
    register: bool,
    /// Serve only clients with a secret or a key.
    #[arg(long)]
    confidential_only: bool,
    /// The person, and with a password how they log in. Without one, whoever comes is this person.
    #[arg(long, default_value = "ada")]
    user: String,
    #[arg(long, env = "AUTHORITY_PASSWORD", hide_env_values = true)]
    password: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    let listener = TcpListener::bind(&options.listen).await?;
    let issuer = options.issuer.unwrap_or(format!("http://{}", listener.local_addr()?));
    // 1. What tokens are for.
    let mut builder = Authority::builder(issuer).registration(options.register);
    builder = builder.public_clients(!options.confidential_only);
    builder = options.resource.into_iter().fold(builder, |builder, resource| builder.resource(resource));
    for scope in &options.scope {
        let (scope, what) =
            scope.split_once('=').context("a scope is written as `notes:read=Read your notes`")?;
        builder = builder.scope(scope, what);
    }
    // 2. Who may ask for them. Documents and registrations bring further clients.
    if let Some(id) = options.client {
        let client = match options.client_secret {
            Some(secret) => Client::confidential(&id, &secret.into()).acts_as(Person::new("example", &id)),
            None => Client::public(&id),
        };
        builder = builder.client(options.redirect.into_iter().fold(client, Client::redirect));
    }
    // 3. Who agrees.
    let person = Person::new("example", &options.user).role("admin");
    builder = match options.password.map(|password| Table::hash(&password.into())).transpose()? {
        Some(hash) => builder.people(Table::new()?.person(&options.user, &hash, person)?),
        None => builder.development(person),
    };
    // 4. What survives.
    if let Some(path) = options.store {
        builder = builder.store(SqliteStore::open(path)?);
    }
    let authority = builder.build().await?;
    eprintln!("{}", authority.issuer());
    Ok(serve(authority, listener, async { _ = tokio::signal::ctrl_c().await }).await?)
}
