//! API keys of two processes, in one PostgreSQL.

use std::time::Duration;

use http::Request;
use mcp_core::auth::server::{ApiKeyStore, ApiKeys, Authenticate, NewApiKey};
use mcp_edge::key::PostgresApiKeys;

async fn owner(keys: &ApiKeys, key: &str) -> Result<String, &'static str> {
    let (request, ()) = Request::get("/").header("x-api-key", key).body(()).unwrap().into_parts();
    match keys.authenticate(&request).await {
        Ok(principal) => Ok(principal.map(|who| format!("{}/{}", who.org, who.user)).unwrap_or_default()),
        Err(rejection) => Err(rejection.kind()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_one_process_takes_back_is_refused_by_the_other_within_a_second() {
    let url = std::env::var("MCP_TEST_POSTGRES_URL")
        .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into());
    let Ok((admin, connection)) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await else {
        return assert!(crate::support::skipped(true, "PostgreSQL"));
    };
    tokio::spawn(connection);
    let table = format!("api \"keys\" {}", std::process::id());
    let quoted = format!("\"{}\"", table.replace('"', "\"\""));
    admin.batch_execute(&format!("DROP TABLE IF EXISTS {quoted}")).await.unwrap();
    let (a, b) = tokio::join!(PostgresApiKeys::open(&url, &table), PostgresApiKeys::open(&url, &table));
    let (a, b) = (a.unwrap(), b.unwrap());
    let (one, two) = (ApiKeys::new(a.clone(), &[3; 32]), ApiKeys::new(b, &[3; 32]));

    let mut new = NewApiKey::new("acme", "ada");
    new.scopes = ["a".to_owned(), "b c".to_owned()].into();
    new.plan = Some("pro".into());
    let (ada, record) = one.issue(new).await.unwrap();
    let (bob, _) = two.issue(NewApiKey::new("globex", "bob")).await.unwrap();
    assert_eq!(owner(&two, ada.expose()).await, Ok("acme/ada".into()));
    assert_eq!(owner(&one, bob.expose()).await, Ok("globex/bob".into()));
    let kept = a.find(&record.id).await.unwrap().unwrap();
    assert_eq!((&kept.scopes, &kept.plan, kept.hash), (&record.scopes, &record.plan, record.hash));
    assert!(kept.last_used.is_some(), "the other process noted the use");
    assert_eq!(two.list("acme").await.unwrap().len(), 1);
    assert!(two.list("nobody").await.unwrap().is_empty());

    // Nothing in the table gives a key away. (The secret may itself have a `_`: its end is compared.)
    let secret = &ada.expose()[ada.expose().len() - 24..];
    let rows = admin.query(&format!("SELECT t::text FROM {quoted} t"), &[]).await.unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| !row.get::<_, String>(0).contains(secret)));

    // A connection that breaks is replaced.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid()";
    admin.query(end, &[&format!("%{quoted}%")]).await.unwrap();
    let again = async {
        while a.find(&record.id).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), again).await.expect("a new connection");

    assert!(!one.revoke("globex", &record.id).await.unwrap(), "another organisation's key");
    assert!(one.revoke("acme", &record.id).await.unwrap());
    let refused = async {
        while owner(&two, ada.expose()).await != Err("revoked") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(1), refused).await.expect("within a second");
    assert_eq!(owner(&two, bob.expose()).await, Ok("globex/bob".into()));
    admin.batch_execute(&format!("DROP TABLE {quoted}")).await.unwrap();
}
