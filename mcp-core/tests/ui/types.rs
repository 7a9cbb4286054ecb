//! Types that a method of a set cannot have.

use mcp_core::tools;

struct Hit;
struct Notes;

#[tools]
impl Notes {
    #[tool]
    async fn returns(&self) -> Hit {
        Hit
    }

    #[tool]
    async fn takes(&self, hit: Hit) {
        drop(hit);
    }
}

fn main() {}
