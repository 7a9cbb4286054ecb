//! An authorization server: people log in and agree, clients get tokens for your MCP server.
//!
//! Try it: `cargo run -p example-authority -- --resource http://127.0.0.1:8080/mcp --register`. It logs everybody in as one
//! person and forgets everything when it ends; `--help` shows how it does neither.

mod options;

use anyhow::Context as _;
use clap::Parser;
use mcp_authority::people::Table;
use mcp_authority::store::SqliteStore;
use mcp_authority::{Authority, Client, Person, serve};
use mcp_core::transport::http::{Listener, Pem, ServerTls};
use mcp_core::transport::told_to_stop;

use crate::options::Options;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let options = Options::parse();
    let mut listener = Listener::bind(&options.listen).await?;
    let mut scheme = "http";
    if let (Some(cert), Some(key)) = (options.cert, options.key) {
        listener = listener.tls(ServerTls::builder(Pem::File(cert), Pem::File(key)).build()?);
        scheme = "https";
    }
    if options.insecure {
        listener = listener.allow_plain();
    }
    let issuer = options.issuer.unwrap_or(format!("{scheme}://{}", listener.local_addr()?));
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
    for path in &options.store_key_file {
        let key = std::fs::read(path).with_context(|| path.display().to_string())?;
        let key = key.as_slice().try_into().with_context(|| format!("{} is not 32 bytes", path.display()))?;
        let name =
            path.file_name().and_then(std::ffi::OsStr::to_str).context("a file has a name in UTF-8")?;
        builder = builder.store_key(name, key);
    }
    let authority = builder.build().await?;
    eprintln!("{}", authority.issuer());
    Ok(serve(authority, listener, told_to_stop()).await?)
}
