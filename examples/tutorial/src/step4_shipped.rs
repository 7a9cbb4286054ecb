//! Step 4: for a team. Everybody has a key, and only with one is anybody let in.

mod notes;

use std::io::Write as _;

use anyhow::Context as _;
use mcp_core::auth::server::{ApiKeys, NewApiKey, ResourceServer, SqliteApiKeys};
use mcp_core::transport::http::{Http, Listener};
use mcp_core::transport::told_to_stop;
use mcp_guardrails::layer::Guardrails;
use mcp_guardrails::{Engine, Format, RuleSet};
use mcp_memory::Memory;
use tower_layer::Layer as _;

const RULES: &str = include_str!("rules.yaml");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let directory = std::env::var("NOTES_DIRECTORY").unwrap_or_else(|_| "notes".into());
    let memory = Memory::open(&directory)?;
    let keys = ApiKeys::new(SqliteApiKeys::open(format!("{directory}/api-keys.db"))?, &secret()?);
    let mut words = std::env::args().skip(1);
    let listen = match (words.next().as_deref(), words.next()) {
        (Some("key"), Some(user)) => {
            let (key, _) = keys.issue(NewApiKey::new("acme", user)).await?;
            writeln!(std::io::stdout(), "{}", key.expose())?;
            return Ok(());
        }
        (Some("serve"), Some(address)) => address,
        _ => anyhow::bail!("say `key USER` for a new key, or `serve 127.0.0.1:8080`"),
    };
    let rules = RuleSet::parse(RULES, "rules.yaml", Format::Yaml)?;
    let guardrails = Guardrails::builder(Engine::builder().build(rules)?).build();
    let guard = ResourceServer::new(&format!("http://{listen}/mcp"))?.accept(keys);
    let http =
        Http::new(guardrails.layer().layer(notes::server(memory)?)).authenticate(guard).correlation(true);
    Listener::bind(&listen).await?.serve(http, told_to_stop()).await?;
    Ok(())
}

/// What the keys in the store are hashed with: whoever has the store alone has no key.
fn secret() -> anyhow::Result<[u8; 32]> {
    let text = std::env::var("NOTES_SECRET").context("set NOTES_SECRET, e.g. to $(openssl rand -hex 16)")?;
    text.into_bytes().try_into().map_err(|_| anyhow::anyhow!("NOTES_SECRET must have 32 characters"))
}
