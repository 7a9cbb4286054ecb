//! Places where `#[tools]` cannot stand.

use mcp_core::tools;

struct Unmarked;

#[tools]
impl Unmarked {
    async fn find(&self) {}
}

struct Optioned;

#[tools(prefix = "notes")]
impl Optioned {
    #[tool]
    async fn find(&self) {}
}

#[tools]
impl Clone for Unmarked {
    fn clone(&self) -> Self {
        Self
    }
}

#[tools]
async fn find() {}

fn main() {}
