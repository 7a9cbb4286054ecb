//! API keys: shown once, kept as a hash, good until they expire or are taken back.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use mcp_core::auth::server::{ApiKeyStore, ApiKeys, MemoryApiKeys, NewApiKey};

use super::{Clock, NOW, guard, outcome, run};
use crate::support::client::Client;

const SECRET: [u8; 32] = [9; 32];

fn of(org: &str, user: &str) -> NewApiKey {
    let mut new = NewApiKey::new(org, user);
    new.scopes = ["mcp:use".to_owned()].into();
    new.role = Some("editor".to_owned());
    new
}

/// The end of a key's secret, which may itself have a `_`.
fn end_of(key: &str) -> &str {
    &key[key.len() - 24..]
}

async fn every_store(store: impl ApiKeyStore + Clone) {
    let clock = Clock::new();
    let keys = || ApiKeys::new(store.clone(), &SECRET).clock(clock.reading());
    let admin = keys();
    let (ada, record) = admin.issue(of("acme", "ada")).await.unwrap();
    let (bob, _) = admin.issue(of("globex", "bob")).await.unwrap();
    let mut soon = of("acme", "carol");
    soon.expires = Some(UNIX_EPOCH + Duration::from_secs(NOW + 60));
    let (carol, _) = admin.issue(soon).await.unwrap();
    assert!(!format!("{ada:?} {record:?}").contains(end_of(ada.expose())));
    let running = run(guard().require_scope("mcp:use").accept(keys())).await;
    let mut client = Client::connect(running.address).await;
    let bearer = |key: &str| format!("Bearer {key}");
    assert_eq!(outcome(&mut client, &[("authorization", &bearer(ada.expose()))]).await, Ok("ada".into()));
    assert_eq!(outcome(&mut client, &[("x-api-key", bob.expose())]).await, Ok("bob".into()));
    assert_eq!(outcome(&mut client, &[("x-api-key", carol.expose())]).await, Ok("carol".into()));
    let other_end = if ada.expose().ends_with('x') { "y" } else { "x" };
    let forged = format!("{}{other_end}", &ada.expose()[..ada.expose().len() - 1]);
    let swapped = ada.expose().replacen(&record.id, &"0".repeat(16), 1);
    for wrong in [forged.as_str(), &swapped, "mcpk_", "mcpk_short", "", "other", &ada.expose().to_uppercase()]
    {
        let (status, challenge) = outcome(&mut client, &[("x-api-key", wrong)]).await.unwrap_err();
        assert_eq!(status, 401, "{wrong}");
        assert!(challenge.contains("the API key is not known here"), "{challenge}");
    }
    clock.advance(60);
    let (_, challenge) = outcome(&mut client, &[("x-api-key", carol.expose())]).await.unwrap_err();
    assert!(challenge.contains("expired"), "{challenge}");
    // Each organisation has its own.
    let users = |records: Vec<mcp_core::auth::server::ApiKeyRecord>| {
        let mut users: Vec<_> = records.into_iter().map(|record| record.user).collect();
        users.sort();
        users
    };
    assert_eq!(users(admin.list("acme").await.unwrap()), ["ada", "carol"]);
    assert_eq!(users(admin.list("globex").await.unwrap()), ["bob"]);
    assert!(admin.list("nobody").await.unwrap().is_empty());
    assert!(!admin.revoke("globex", &record.id).await.unwrap(), "another organisation's key");
    assert_eq!(outcome(&mut client, &[("x-api-key", ada.expose())]).await, Ok("ada".into()));
    let used = admin.list("acme").await.unwrap().into_iter().find(|known| known.id == record.id).unwrap();
    assert_eq!((used.last_used, used.revoked), (Some(NOW + 60), None));
    // Taken back by another process: refused within a second.
    assert!(admin.revoke("acme", &record.id).await.unwrap());
    assert!(!admin.revoke("acme", &record.id).await.unwrap(), "only once");
    let refused = async {
        loop {
            match outcome(&mut client, &[("x-api-key", ada.expose())]).await {
                Ok(_) => tokio::task::yield_now().await,
                Err((status, challenge)) => return (status, challenge),
            }
        }
    };
    let (status, challenge) =
        tokio::time::timeout(Duration::from_secs(1), refused).await.expect("within a second");
    assert!(status == 401 && challenge.contains("revoked"), "{challenge}");
    // With another secret no key is good.
    let other = run(guard().accept(ApiKeys::new(store.clone(), &[1; 32]))).await;
    let mut client = Client::connect(other.address).await;
    assert_eq!(outcome(&mut client, &[("x-api-key", bob.expose())]).await.unwrap_err().0, 401);
}

#[derive(Clone)]
struct Shared(Arc<MemoryApiKeys>);

#[async_trait::async_trait]
impl ApiKeyStore for Shared {
    async fn insert(
        &self,
        record: &mcp_core::auth::server::ApiKeyRecord,
    ) -> Result<(), mcp_core::auth::server::ApiKeyError> {
        self.0.insert(record).await
    }
    async fn find(
        &self,
        id: &str,
    ) -> Result<Option<mcp_core::auth::server::ApiKeyRecord>, mcp_core::auth::server::ApiKeyError> {
        self.0.find(id).await
    }
    async fn list(
        &self,
        org: &str,
    ) -> Result<Vec<mcp_core::auth::server::ApiKeyRecord>, mcp_core::auth::server::ApiKeyError> {
        self.0.list(org).await
    }
    async fn touch(&self, id: &str, when: u64) -> Result<(), mcp_core::auth::server::ApiKeyError> {
        self.0.touch(id, when).await
    }
    async fn revoke(
        &self,
        org: &str,
        id: &str,
        when: u64,
    ) -> Result<bool, mcp_core::auth::server::ApiKeyError> {
        self.0.revoke(org, id, when).await
    }
}

#[tokio::test]
async fn keys_in_memory() {
    every_store(Shared(Arc::default())).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn keys_in_sqlite() {
    use mcp_core::auth::server::SqliteApiKeys;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.db");
    every_store(SqliteApiKeys::open(&path).unwrap()).await;
    // They are there after a restart, and no key is in the file.
    let again = SqliteApiKeys::open(&path).unwrap();
    let keys = ApiKeys::new(again, &SECRET);
    let (fresh, _) = keys.issue(of("acme", "dave")).await.unwrap();
    assert_eq!(keys.list("acme").await.unwrap().len(), 3);
    drop(keys);
    let secret = end_of(fresh.expose());
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteApiKeys::open(&path).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "the file has format 99, which is newer than 1");
}
