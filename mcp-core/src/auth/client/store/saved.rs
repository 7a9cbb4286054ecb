//! What is kept for one account at one server.

use serde::{Deserialize, Serialize};

use super::super::Secret;
use super::super::credentials::Client;

/// Authorization servers to remember; a server that moves more often has to ask again.
const MAX_GRANTS: usize = 8;

/// Tokens and registrations, by authorization server. Serializing gives them away: encrypt the result.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Saved {
    /// The one in use comes first.
    grants: Vec<Grant>,
    /// The key that tokens are bound to.
    pub(in super::super) proof_key: Option<Secret>,
}

/// How a token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) enum Kind {
    Bearer,
    DPoP,
}

/// What one authorization server gave us.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in super::super) struct Grant {
    pub(in super::super) issuer: String,
    pub(in super::super) client: Option<Client>,
    /// The resource that the tokens are for.
    pub(in super::super) resource: String,
    /// What was asked for.
    pub(in super::super) scopes: Vec<String>,
    pub(in super::super) kind: Kind,
    pub(in super::super) access: Option<Secret>,
    /// In seconds of the epoch.
    pub(in super::super) expires_at: Option<u64>,
    pub(in super::super) refresh: Option<Secret>,
}

impl Saved {
    /// The grant in use.
    pub(in super::super) fn current(&self) -> Option<&Grant> {
        self.grants.first()
    }

    /// What an authorization server gave us.
    pub(in super::super) fn of(&self, issuer: &str) -> Option<&Grant> {
        self.grants.iter().find(|grant| grant.issuer == issuer)
    }

    /// The authorization server that a client belongs to: `found` if it is known there.
    pub(in super::super) fn issuer_of(&self, client: &str, found: &str) -> Option<&str> {
        let mut known =
            self.grants.iter().filter(|grant| grant.client.as_ref().is_some_and(|known| known.id == client));
        let first = known.clone().next()?;
        Some(&known.find(|grant| grant.issuer == found).unwrap_or(first).issuer)
    }

    /// Forgets everything but the key.
    pub(in super::super) fn forget(&mut self) {
        self.grants.clear();
    }

    /// A registration is no longer known, and with it its tokens.
    pub(in super::super) fn forget_client(&mut self, issuer: &str) {
        self.forget_refresh(issuer);
        self.grants.iter_mut().filter(|grant| grant.issuer == issuer).for_each(|grant| grant.client = None);
    }

    /// A refresh token is no longer good.
    pub(in super::super) fn forget_refresh(&mut self, issuer: &str) {
        self.grants.iter_mut().filter(|grant| grant.issuer == issuer).for_each(|grant| grant.refresh = None);
    }

    /// Puts a grant in use, in place of an older one of the same authorization server.
    pub(in super::super) fn put(&mut self, mut grant: Grant) {
        // Credentials that the application gives are not ours to keep.
        if let Some(client) = grant.client.as_mut().filter(|client| client.key.is_some() || client.is_given())
        {
            client.secret = None;
            client.key = None;
        }
        self.grants.retain(|known| known.issuer != grant.issuer);
        self.grants.insert(0, grant);
        self.grants.truncate(MAX_GRANTS);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Registered;
    use super::*;

    fn grant(issuer: &str, client: &Registered) -> Grant {
        Grant {
            issuer: issuer.into(),
            client: Some(Client::registered(client)),
            resource: "https://mcp.example".into(),
            scopes: vec!["a".into()],
            kind: Kind::Bearer,
            access: Some("hunter2".into()),
            expires_at: None,
            refresh: Some("hunter3".into()),
        }
    }

    #[test]
    fn every_issuer_has_its_own() {
        let mut saved = Saved::default();
        for issuer in ["https://a", "https://b", "https://a"] {
            saved.put(grant(issuer, &Registered::public(issuer)));
        }
        assert_eq!(saved.current().unwrap().issuer, "https://a");
        assert_eq!(saved.of("https://b").unwrap().client.as_ref().unwrap().id, "https://b");
        assert!(saved.of("https://a/").is_none());
        assert_eq!(saved.grants.len(), 2);
        for number in 0..20 {
            saved.put(grant(&number.to_string(), &Registered::public("x")));
        }
        assert_eq!(saved.grants.len(), MAX_GRANTS);
        assert_eq!(saved.current().unwrap().issuer, "19");
    }

    #[test]
    fn what_the_application_gave_is_not_kept_and_nothing_is_shown() {
        let mut saved = Saved::default();
        saved.put(grant("https://a", &Registered::with_secret("me", "hunter4")));
        let text = serde_json::to_string(&saved).unwrap();
        assert!(text.contains("hunter2") && text.contains("hunter3") && !text.contains("hunter4"));
        assert!(!format!("{saved:?}").contains("hunter"));
    }
}
