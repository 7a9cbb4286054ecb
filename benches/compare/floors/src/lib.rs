//! What the floor servers share: their options and the one canned answer.

use std::net::SocketAddr;

/// The answer that servers without a parser give to everything.
pub const CANNED: &[u8] = br#"{"jsonrpc":"2.0","id":0,"result":{"resultType":"complete","content":[{"type":"text","text":"0000000000000000"}]}}"#;

/// Options that every peer understands, so that one tool can start them all.
#[derive(Debug, clap::Parser)]
pub struct Options {
    /// Address to listen on.
    #[arg(long, conflicts_with = "stdio")]
    pub listen: Option<SocketAddr>,
    /// Speak over standard input and output.
    #[arg(long)]
    pub stdio: bool,
    /// Accepted for symmetry: a floor has no tools.
    #[arg(long, default_value_t = 2)]
    pub tools: usize,
}

impl Options {
    /// The address to listen on, loopback with a free port if none was given.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listen
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)))
    }
}
