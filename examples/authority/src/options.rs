//! What the command line says.

use std::path::PathBuf;

use clap::Parser;

const HELP: &str = "Examples:
  authority --resource http://127.0.0.1:8080/mcp --register
  AUTHORITY_PASSWORD=… authority --issuer https://login.example.com --resource https://mcp.example.com/mcp --user ada \
    --listen 0.0.0.0:443 --cert login.pem --key login.key --store authority.db --store-key-file keys/2026
  AUTHORITY_CLIENT_SECRET=… authority --resource http://127.0.0.1:8080/mcp --client robot --redirect http://127.0.0.1/callback

A store key is 32 random bytes in a file that is kept apart from the store: `openssl rand -out keys/2026 32`. To change it, name
the new file first and the old one after it, once.";

/// An authorization server for MCP servers.
#[derive(Parser)]
#[command(name = "authority", after_help = HELP)]
pub(crate) struct Options {
    /// Serve on this address.
    #[arg(long, default_value = "127.0.0.1:9000")]
    pub(crate) listen: String,
    /// The URL that clients know this server by; unless given, where it listens.
    #[arg(long)]
    pub(crate) issuer: Option<String>,
    /// The URL of an MCP server that tokens are for (repeatable).
    #[arg(long, default_value = "http://127.0.0.1:8080/mcp")]
    pub(crate) resource: Vec<String>,
    /// Keep clients, grants and keys in this SQLite file.
    #[arg(long)]
    pub(crate) store: Option<PathBuf>,
    /// Encrypt the keys in the store under the 32 bytes in this file, whose name is the name of the key. Further ones only
    /// decrypt (repeatable).
    #[arg(long, value_name = "FILE", requires = "store")]
    pub(crate) store_key_file: Vec<PathBuf>,
    /// The certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub(crate) cert: Option<PathBuf>,
    /// Its private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Serve without TLS where other machines can reach it: something in front has the certificate of the issuer.
    #[arg(long)]
    pub(crate) insecure: bool,
    /// A scope that clients may ask for, and what it lets them do: `notes:read=Read your notes` (repeatable).
    #[arg(long)]
    pub(crate) scope: Vec<String>,
    /// A client, by its identifier. With a secret it also gets tokens for itself.
    #[arg(long)]
    pub(crate) client: Option<String>,
    #[arg(long, env = "AUTHORITY_CLIENT_SECRET", hide_env_values = true, requires = "client")]
    pub(crate) client_secret: Option<String>,
    /// Where that client may send people back to (repeatable).
    #[arg(long, requires = "client")]
    pub(crate) redirect: Vec<String>,
    /// Let clients register themselves.
    #[arg(long)]
    pub(crate) register: bool,
    /// Serve only clients with a secret or a key.
    #[arg(long)]
    pub(crate) confidential_only: bool,
    /// The person, and with a password how they log in. Without one, whoever comes is this person.
    #[arg(long, default_value = "ada")]
    pub(crate) user: String,
    #[arg(long, env = "AUTHORITY_PASSWORD", hide_env_values = true)]
    pub(crate) password: Option<String>,
}
