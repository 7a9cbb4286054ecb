//! Methods that cannot be tools.

use mcp_core::server::Json;
use mcp_core::{Args, tools};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Find {
    text: String,
}

struct Notes;

#[tools]
impl Notes {
    #[tool]
    fn not_async(&self) -> String {
        String::new()
    }

    #[tool]
    async fn changes(&mut self) -> String {
        String::new()
    }

    #[tool]
    async fn consumes(self) -> String {
        String::new()
    }

    #[tool]
    async fn generic<T>(&self, Args(_): Args<Find>) -> Json<Vec<T>> {
        Json(Vec::new())
    }

    #[tool]
    async fn plain(&self, text: String) -> String {
        text
    }

    #[tool(readonly)]
    async fn misspelt(&self) {}

    #[tool(name = "two words")]
    async fn badly_named(&self) {}

    #[tool(read_only, destructive)]
    async fn contradicts(&self) {}

    #[tool = "find"]
    async fn equals(&self) {}

    #[tool(name = "fine")]
    async fn first(&self) {}

    #[tool]
    async fn fine(&self) {}
}

fn main() {}
