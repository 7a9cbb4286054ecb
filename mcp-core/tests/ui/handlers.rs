//! Functions that are no handlers.

use mcp_core::server::{FromContext, tool};

struct Hit;

async fn takes(_: Hit) {}

async fn returns() -> Hit {
    Hit
}

fn needs<T: FromContext>() {}

fn main() {
    let _ = tool("takes", takes);
    let _ = tool("returns", returns);
    needs::<Hit>();
}
