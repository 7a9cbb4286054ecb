//! What every store has to do, in memory and in a file. Two organisations have people of the same name.

use mcp_authority::store::{
    Code, Digest, Grant, MemoryStore, OpenError, Redeemed, Refresh, Rotation, SqliteStore, Store, StoreError,
    StoredClient, StoredKey,
};
use serde_json::json;

fn digest(n: u8) -> Digest {
    [n; 32]
}

fn refresh(n: u8, expires: u64) -> Refresh {
    Refresh { digest: digest(n), expires }
}

fn code(id: &str, org: &str, user: &str) -> Code {
    let grant = json!({
        "id": id, "client": "app", "org": org, "user": user, "scopes": ["a", "b"], "resource": "https://mcp.example",
        "key": null, "expires": 10_000,
    });
    let code =
        json!({ "grant": grant, "redirect_uri": "https://app.example/cb", "challenge": "c", "expires": 160 });
    serde_json::from_value(code).unwrap()
}

/// A grant of a person, with a first refresh token.
async fn begin(store: &dyn Store, n: u8, org: &str, user: &str) -> Grant {
    let code = code(&format!("grant-{n}"), org, user);
    store.add_code(&digest(n), &code).await.unwrap();
    let redeemed = store.redeem(&digest(n), None, Some(&refresh(n, 5000)), 100).await.unwrap();
    assert_eq!(redeemed, Redeemed::Fresh);
    code.grant
}

async fn codes(store: &dyn Store) {
    let kept = code("g", "acme", "ada");
    store.add_code(&digest(1), &kept).await.unwrap();
    assert_eq!(store.code(&digest(1)).await.unwrap(), Some(kept.clone()));
    assert_eq!(store.code(&digest(2)).await.unwrap(), None);
    assert_eq!(store.grant("g", 100).await.unwrap(), None);
    let redeem =
        async |n, now| store.redeem(&digest(n), Some("thumb"), Some(&refresh(9, 500)), now).await.unwrap();
    assert_eq!(redeem(2, 100).await, Redeemed::Unknown);
    assert_eq!(redeem(1, 160).await, Redeemed::Unknown);
    assert_eq!(redeem(1, 159).await, Redeemed::Fresh);
    assert_eq!(redeem(1, 159).await, Redeemed::Used);
    let mut grant = kept.grant;
    grant.key = Some("thumb".into());
    assert_eq!(store.grant("g", 9999).await.unwrap(), Some(grant.clone()));
    assert_eq!(store.grant("g", 10_000).await.unwrap(), None);
    let found = store.refresh(&digest(9), 200).await.unwrap();
    assert!(found.is_some_and(|(found, token)| found == grant && token.expires == 500));
    // A used code is remembered while what it gave lives, an unused one is not.
    store.add_code(&digest(3), &code("h", "acme", "ada")).await.unwrap();
    store.sweep(160, 0).await.unwrap();
    assert_eq!(redeem(1, 161).await, Redeemed::Used);
    assert_eq!(store.code(&digest(3)).await.unwrap(), None);
    store.sweep(10_000, 0).await.unwrap();
    assert_eq!(redeem(1, 161).await, Redeemed::Unknown);
}

async fn rotation(store: &dyn Store) {
    begin(store, 1, "acme", "ada").await;
    let rotate =
        async |old, new, now| store.rotate(&digest(old), &refresh(new, 5000), 10, now).await.unwrap();
    assert_eq!(rotate(99, 100, 100).await, Rotation::Ended);
    assert_eq!(rotate(1, 11, 100).await, Rotation::Rotated);
    assert_eq!(rotate(1, 12, 109).await, Rotation::Rotated);
    // Grace counts from the first use.
    assert_eq!(rotate(12, 13, 110).await, Rotation::Rotated);
    assert_eq!(rotate(11, 14, 110).await, Rotation::Rotated);
    assert!(store.grant("grant-1", 110).await.unwrap().is_some());
    assert_eq!(rotate(1, 15, 110).await, Rotation::Reused);
    assert_eq!(store.grant("grant-1", 110).await.unwrap(), None);
    for token in [1, 11, 12, 13, 14, 15] {
        assert!(store.refresh(&digest(token), 110).await.unwrap().is_none(), "{token}");
        assert_eq!(rotate(token, 16, 110).await, Rotation::Ended);
    }
    // Used after its successor was used.
    begin(store, 2, "acme", "ada").await;
    assert_eq!(rotate(2, 21, 100).await, Rotation::Rotated);
    assert_eq!(rotate(21, 22, 101).await, Rotation::Rotated);
    assert_eq!(rotate(2, 23, 102).await, Rotation::Reused);
    // Not used in time.
    begin(store, 3, "acme", "ada").await;
    assert_eq!(rotate(3, 31, 5000).await, Rotation::Ended);
    // No client overlaps with itself for ever.
    begin(store, 4, "acme", "ada").await;
    let mut outcomes = Vec::new();
    for n in 41..60 {
        outcomes.push(rotate(4, n, 100).await);
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Rotation::Rotated).count(), 16);
}

async fn people(store: &dyn Store) {
    let acme = begin(store, 1, "acme", "ada").await;
    let globex = begin(store, 2, "globex", "ada").await;
    let bob = begin(store, 3, "acme", "bob").await;
    store.add_code(&digest(4), &code("waiting-acme", "acme", "ada")).await.unwrap();
    store.add_code(&digest(5), &code("waiting-globex", "globex", "ada")).await.unwrap();
    assert_eq!(store.revoke_person("initech", "ada").await.unwrap(), 0);
    assert_eq!(store.revoke_person("acme", "ada").await.unwrap(), 1);
    assert_eq!(store.grant(&acme.id, 100).await.unwrap(), None);
    assert_eq!(store.grant(&globex.id, 100).await.unwrap().as_ref(), Some(&globex));
    assert_eq!(store.grant(&bob.id, 100).await.unwrap().as_ref(), Some(&bob));
    assert_eq!(store.redeem(&digest(4), None, None, 100).await.unwrap(), Redeemed::Unknown);
    assert_eq!(store.redeem(&digest(5), None, None, 100).await.unwrap(), Redeemed::Fresh);
    // The code of a revoked grant does not come back to life.
    assert_eq!(store.redeem(&digest(1), None, None, 100).await.unwrap(), Redeemed::Used);
    assert!(store.revoke_grant(&globex.id).await.unwrap());
    assert!(!store.revoke_grant(&globex.id).await.unwrap());
    assert!(store.refresh(&digest(2), 100).await.unwrap().is_none());
    assert!(store.refresh(&digest(3), 100).await.unwrap().is_some());
}

async fn clients(store: &dyn Store) {
    let client = |id: &str| StoredClient {
        id: id.into(),
        document: "{}".into(),
        secret: Some(digest(7)),
        issued: 100,
        expires: 200,
    };
    store.add_client(&client("a"), 2, 100).await.unwrap();
    store.add_client(&StoredClient { secret: None, ..client("b") }, 2, 100).await.unwrap();
    assert!(matches!(store.add_client(&client("c"), 2, 199).await, Err(StoreError::Full)));
    assert!(store.client("a", 199).await.unwrap() == Some(client("a")));
    assert!(store.client("b", 199).await.unwrap().is_some_and(|client| client.secret.is_none()));
    store.keep_client("a", 300).await.unwrap();
    store.keep_client("a", 250).await.unwrap();
    assert!(store.client("a", 299).await.unwrap().is_some());
    assert!(store.client("b", 200).await.unwrap().is_none());
    store.add_client(&client("c"), 2, 200).await.unwrap();
    store.sweep(300, 0).await.unwrap();
    assert!(store.client("a", 0).await.unwrap().is_none());
}

async fn tokens_and_keys(store: &dyn Store) {
    store.revoke_token("t", 200).await.unwrap();
    store.revoke_token("t", 200).await.unwrap();
    assert!(store.is_token_revoked("t").await.unwrap() && !store.is_token_revoked("u").await.unwrap());
    let key = |id: &str, created| StoredKey {
        id: id.into(),
        algorithm: "ES256".into(),
        body: vec![0, 255, 1],
        sealed: None,
        created,
        retired: None,
    };
    store.add_key(&key("one", 10)).await.unwrap();
    store.add_key(&key("two", 20)).await.unwrap();
    store.add_key(&key("three", 30)).await.unwrap();
    let retired = |key, retired| StoredKey { retired: Some(retired), ..key };
    let all = [retired(key("one", 10), 20), retired(key("two", 20), 30), key("three", 30)];
    assert_eq!(store.keys().await.unwrap(), all);
    // Only the body changes, and only of keys that there are.
    let sealed = |key: StoredKey| StoredKey { body: vec![9], sealed: Some("ring".into()), ..key };
    store.replace_keys(&[sealed(key("two", 99)), sealed(key("none", 1))]).await.unwrap();
    let all = [all[0].clone(), sealed(all[1].clone()), all[2].clone()];
    assert_eq!(store.keys().await.unwrap(), all);
    store.sweep(200, 30).await.unwrap();
    assert_eq!(store.keys().await.unwrap(), all[1..]);
    assert!(!store.is_token_revoked("t").await.unwrap());
}

macro_rules! both {
    ($($name:ident)*) => {
        mod memory {
            $(#[tokio::test] async fn $name() { super::$name(&mcp_authority::store::MemoryStore::new()).await; })*
        }
        mod sqlite {
            $(#[tokio::test] async fn $name() {
                let folder = tempfile::tempdir().unwrap();
                let store = mcp_authority::store::SqliteStore::open(folder.path().join("authority.db")).unwrap();
                super::$name(&store).await;
            })*
        }
    };
}
both! { codes rotation people clients tokens_and_keys }

#[tokio::test]
async fn families_of_many_tokens_are_trimmed() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("authority.db")).unwrap();
    let memory = MemoryStore::new();
    for (store, turns) in [(&memory as &dyn Store, 1100u64), (&sqlite, 1100)] {
        begin(store, 1, "acme", "ada").await;
        let name = |n: u64| {
            let mut digest = digest(0);
            digest[..8].copy_from_slice(&n.to_be_bytes());
            digest
        };
        let mut last = digest(1);
        for n in 0..turns {
            let next = Refresh { digest: name(n + 1), expires: 5000 };
            assert_eq!(store.rotate(&last, &next, 0, 100).await.unwrap(), Rotation::Rotated);
            last = next.digest;
        }
        assert!(store.refresh(&digest(1), 100).await.unwrap().is_none(), "the first is forgotten");
        assert!(store.refresh(&name(turns - 1001), 100).await.unwrap().is_none());
        assert!(store.refresh(&name(turns - 1000), 100).await.unwrap().is_some(), "a thousand are not");
    }
}

#[tokio::test]
async fn a_file_is_private_has_one_user_and_no_secret_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authority.db");
    let store = SqliteStore::open(&path).unwrap();
    begin(&store, 1, "acme", "ada").await;
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::InUse { .. })));
    drop(store);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
        }
    }
    let again = SqliteStore::open(&path).unwrap();
    assert!(again.refresh(&digest(1), 100).await.unwrap().is_some());
    assert_eq!(again.redeem(&digest(1), None, None, 100).await.unwrap(), Redeemed::Used);
    drop(again);
    std::fs::write(
        &path,
        "this is no database, and is longer than a header of SQLite would be: it goes on and on",
    )
    .unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Failed { .. })));
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authority.db");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Format { found: 99, supported: 2, .. }), "{error}");
}

#[tokio::test]
async fn secrets_are_stored_as_their_digest_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("authority.db");
    let world =
        super::world::World::of(super::world::builder().store(SqliteStore::open(&path).unwrap())).await;
    let code = world.code(&[]).await;
    let (access, refresh) = super::world::both(&world.exchange(&code, &[]).await);
    let registered = world.register(&json!({ "redirect_uris": ["https://a.example/cb"] })).await.json();
    let secret = registered["client_secret"].as_str().unwrap().to_owned();
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
        all.extend(std::fs::read(entry.path()).unwrap());
    }
    let holds = |text: &str| all.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(
        holds("acme") && holds(registered["client_id"].as_str().unwrap()),
        "the test looks at the right files"
    );
    let events = world.events.lock().iter().map(|event| format!("{event} {event:?}\n")).collect::<String>();
    let world = format!("{:?}", world.authority);
    assert!(events.contains("ada"));
    for secret in [code, access, refresh, secret] {
        assert!(!holds(&secret) && !events.contains(&secret) && !world.contains(&secret));
    }
}
