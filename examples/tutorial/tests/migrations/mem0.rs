use mcp_memory::filter::Filter;
use mcp_memory::{Access, Draft, Memory, Scope, Search};
use serde_json::json;

#[test]
fn it_works() -> anyhow::Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let memory = Memory::open(folder.join("memory"))?;
    let ann = memory.of(Access::new("acme", "ann"));
    ann.store(&Scope::Private, Draft::new("Ann plays badminton on Tuesdays").tag("category:sport"))?;

    let sport = Filter::parse(&json!({ "AND": [{ "tags": { "any": ["category:sport"] } }] }))?;
    let found = ann.search(&Search::new("which sport does Ann like?").filter(sport.clone()).limit(5))?;
    assert_eq!(found.hits[0].record.content, "Ann plays badminton on Tuesdays");

    let would_go = ann.delete_where(&Scope::Private, &sport, true)?;
    assert_eq!(would_go.len(), 1);
    let receipt = memory.erase("acme", "ann")?;
    assert!(receipt.is_final());
    assert!(ann.search(&Search::new("badminton"))?.hits.is_empty());
    Ok(())
}
