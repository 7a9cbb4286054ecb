//! A store that ends with the process.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{Code, Digest, Grant, Redeemed, Refresh, Rotation, Store, StoreError, StoredClient, StoredKey};

/// Used tokens of a family that are remembered.
pub(super) const MOST_USED: usize = 1000;
/// Successors that one refresh token may get by overlapping requests.
pub(super) const MOST_SUCCESSORS: usize = 16;

/// Keeps everything in memory. For tests, and for clients that act for themselves.
#[derive(Default)]
pub struct MemoryStore(Mutex<State>);

#[derive(Default)]
struct State {
    clients: HashMap<String, StoredClient>,
    codes: HashMap<Digest, (Code, bool)>,
    grants: HashMap<String, Grant>,
    tokens: HashMap<Digest, Token>,
    /// Grows with each token, so that the order of their use is known.
    count: u64,
    revoked: BTreeMap<String, u64>,
    keys: Vec<StoredKey>,
}

struct Token {
    grant: String,
    parent: Option<Digest>,
    order: u64,
    used: Option<u64>,
    expires: u64,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl State {
    fn living(&self, id: &str, now: u64) -> Option<&Grant> {
        self.grants.get(id).filter(|grant| grant.expires > now)
    }

    fn add_token(&mut self, grant: &str, parent: Option<Digest>, token: &Refresh) {
        self.count += 1;
        let grant = grant.to_owned();
        let token_row = Token { grant, parent, order: self.count, used: None, expires: token.expires };
        self.tokens.insert(token.digest, token_row);
    }

    fn revoke(&mut self, id: &str) -> bool {
        self.tokens.retain(|_, token| token.grant != id);
        self.grants.remove(id).is_some()
    }

    /// Forgets the oldest used tokens of a family that has very many.
    fn trim(&mut self, grant: &str) {
        let used = |token: &&Token| token.grant == grant && token.used.is_some();
        let mut orders: Vec<_> = self.tokens.values().filter(used).map(|token| token.order).collect();
        if orders.len() > MOST_USED {
            orders.sort_unstable();
            let first = orders[orders.len() - MOST_USED];
            self.tokens
                .retain(|_, token| token.grant != grant || token.used.is_none() || token.order >= first);
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn add_client(&self, client: &StoredClient, most: usize, now: u64) -> Result<(), StoreError> {
        let mut state = self.0.lock();
        state.clients.retain(|_, client| client.expires > now);
        if state.clients.len() >= most {
            return Err(StoreError::Full);
        }
        state.clients.insert(client.id.clone(), client.clone());
        Ok(())
    }

    async fn client(&self, id: &str, now: u64) -> Result<Option<StoredClient>, StoreError> {
        Ok(self.0.lock().clients.get(id).filter(|client| client.expires > now).cloned())
    }

    async fn keep_client(&self, id: &str, until: u64) -> Result<(), StoreError> {
        if let Some(client) = self.0.lock().clients.get_mut(id) {
            client.expires = client.expires.max(until);
        }
        Ok(())
    }

    async fn add_code(&self, digest: &Digest, code: &Code) -> Result<(), StoreError> {
        self.0.lock().codes.insert(*digest, (code.clone(), false));
        Ok(())
    }

    async fn code(&self, digest: &Digest) -> Result<Option<Code>, StoreError> {
        Ok(self.0.lock().codes.get(digest).map(|(code, _)| code.clone()))
    }

    async fn redeem(
        &self,
        digest: &Digest,
        key: Option<&str>,
        refresh: Option<&Refresh>,
        now: u64,
    ) -> Result<Redeemed, StoreError> {
        let mut state = self.0.lock();
        let Some((code, used)) = state.codes.get_mut(digest) else { return Ok(Redeemed::Unknown) };
        if *used {
            return Ok(Redeemed::Used);
        }
        if code.expires <= now {
            return Ok(Redeemed::Unknown);
        }
        *used = true;
        let grant = Grant { key: key.map(str::to_owned), ..code.grant.clone() };
        if let Some(token) = refresh {
            state.add_token(&grant.id, None, token);
        }
        state.grants.insert(grant.id.clone(), grant);
        Ok(Redeemed::Fresh)
    }

    async fn grant(&self, id: &str, now: u64) -> Result<Option<Grant>, StoreError> {
        Ok(self.0.lock().living(id, now).cloned())
    }

    async fn refresh(&self, digest: &Digest, now: u64) -> Result<Option<(Grant, Refresh)>, StoreError> {
        let state = self.0.lock();
        let found =
            state.tokens.get(digest).and_then(|token| Some((state.living(&token.grant, now)?, token)));
        Ok(found.map(|(grant, token)| (grant.clone(), Refresh { digest: *digest, expires: token.expires })))
    }

    async fn rotate(
        &self,
        old: &Digest,
        new: &Refresh,
        grace: u64,
        now: u64,
    ) -> Result<Rotation, StoreError> {
        let mut state = self.0.lock();
        let Some(token) = state.tokens.get(old) else { return Ok(Rotation::Ended) };
        let (grant, used, expires) = (token.grant.clone(), token.used, token.expires);
        if state.living(&grant, now).is_none() {
            return Ok(Rotation::Ended);
        }
        if let Some(used) = used {
            let successors: Vec<_> =
                state.tokens.values().filter(|token| token.parent.as_ref() == Some(old)).collect();
            let overlaps = now < used.saturating_add(grace)
                && successors.len() < MOST_SUCCESSORS
                && successors.iter().all(|token| token.used.is_none());
            if !overlaps {
                state.revoke(&grant);
                return Ok(Rotation::Reused);
            }
        } else if expires <= now {
            return Ok(Rotation::Ended);
        }
        if let Some(token) = state.tokens.get_mut(old) {
            token.used.get_or_insert(now);
        }
        state.add_token(&grant, Some(*old), new);
        state.trim(&grant);
        Ok(Rotation::Rotated)
    }

    async fn revoke_grant(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.0.lock().revoke(id))
    }

    async fn revoke_person(&self, org: &str, user: &str) -> Result<usize, StoreError> {
        let mut state = self.0.lock();
        let theirs = |grant: &&Grant| grant.org == org && grant.user == user;
        let ids: Vec<_> = state.grants.values().filter(theirs).map(|grant| grant.id.clone()).collect();
        for id in &ids {
            state.revoke(id);
        }
        state.codes.retain(|_, (code, used)| *used || code.grant.org != org || code.grant.user != user);
        Ok(ids.len())
    }

    async fn revoke_token(&self, id: &str, until: u64) -> Result<(), StoreError> {
        self.0.lock().revoked.insert(id.to_owned(), until);
        Ok(())
    }

    async fn is_token_revoked(&self, id: &str) -> Result<bool, StoreError> {
        Ok(self.0.lock().revoked.contains_key(id))
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        Ok(self.0.lock().keys.clone())
    }

    async fn add_key(&self, key: &StoredKey) -> Result<(), StoreError> {
        let mut state = self.0.lock();
        for old in &mut state.keys {
            old.retired.get_or_insert(key.created);
        }
        state.keys.push(key.clone());
        Ok(())
    }

    async fn replace_keys(&self, keys: &[StoredKey]) -> Result<(), StoreError> {
        let mut state = self.0.lock();
        for key in keys {
            if let Some(found) = state.keys.iter_mut().find(|found| found.id == key.id) {
                (found.body, found.sealed) = (key.body.clone(), key.sealed.clone());
            }
        }
        Ok(())
    }

    fn is_durable(&self) -> bool {
        false
    }

    async fn sweep(&self, now: u64, keys: u64) -> Result<(), StoreError> {
        let mut state = self.0.lock();
        state.clients.retain(|_, client| client.expires > now);
        // A used code is remembered while what it gave lives.
        state
            .codes
            .retain(|_, (code, used)| if *used { code.grant.expires > now } else { code.expires > now });
        let over: Vec<_> = state
            .grants
            .values()
            .filter(|grant| grant.expires <= now)
            .map(|grant| grant.id.clone())
            .collect();
        for id in over {
            state.revoke(&id);
        }
        state.tokens.retain(|_, token| token.expires > now);
        state.revoked.retain(|_, until| *until > now);
        state.keys.retain(|key| key.retired.is_none_or(|retired| retired >= keys));
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("MemoryStore").field("grants", &state.grants.len()).finish_non_exhaustive()
    }
}
