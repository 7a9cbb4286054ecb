use std::path::Path;

use mcp_core::Server;
use mcp_core::testing::TestClient;
use mcp_memory::server::{self, Compatibility};
use mcp_memory::{Access, Memory, Scope, import};
use serde_json::json;

const EXPORT: &str = r#"{ "memories": [
    { "content": "The deploy key rotates every three weeks", "content_hash": "1", "tags": ["ops"], "memory_type": "decision", "created_at": 1750000000 }
] }"#;

/// Takes over what was kept; a second time, nothing is stored.
fn take_over(memory: &Memory, export: &Path) -> anyhow::Result<usize> {
    let me = memory.of(Access::new("local", "me"));
    let kept = import::read(import::Format::Doobidoo, export)?;
    let rehearsal = import::into(&me, &Scope::Private, kept.clone(), true)?;
    for problem in &rehearsal.left_out {
        eprintln!("left out: {problem}");
    }
    Ok(import::into(&me, &Scope::Private, kept, false)?.memories)
}

/// The tools that clients know: their prompts and scripts go on as they are.
fn compatible(memory: Memory) -> anyhow::Result<Server> {
    let server = server::builder(memory)
        .without_credentials(Access::new("local", "me"))
        .compatible(Compatibility::Doobidoo)
        .build()?;
    Ok(server)
}

#[tokio::test]
async fn it_works() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.json");
    std::fs::write(&export, EXPORT).unwrap();
    let memory = Memory::open(folder.path().join("memory")).unwrap();
    assert_eq!(take_over(&memory, &export).unwrap(), 1);
    assert_eq!(take_over(&memory, &export).unwrap(), 0);
    let client = TestClient::connect(compatible(memory).unwrap());
    let query = json!({ "query": "when do we rotate the deploy key", "n_results": 1 });
    let found = client.call("retrieve_memory", query).await;
    assert!(format!("{found:?}").contains("every three weeks"), "{found:?}");
}
