//! An access token (RFC 9068), with what our servers want to know of a caller.

use serde_json::{Value, json};

use crate::authority::Inner;
use crate::error::Internal;
use crate::people::Person;
use crate::random;
use crate::scope::Scopes;

/// What a token is about.
pub(super) struct Subject<'a> {
    pub(super) client: &'a str,
    /// The person, or the client itself.
    pub(super) subject: &'a str,
    pub(super) person: &'a Person,
    pub(super) scopes: &'a Scopes,
    pub(super) resource: &'a str,
    pub(super) key: Option<&'a str>,
    /// The grant that it comes from.
    pub(super) family: Option<&'a str>,
}

impl Inner {
    pub(super) fn access_token(&self, subject: &Subject<'_>, now: u64) -> Result<String, Internal> {
        let random = random::token::<16>()?;
        // Whoever revokes a grant revokes its tokens, without a list of them.
        let id = subject.family.map_or_else(|| random.clone(), |family| format!("{family}.{random}"));
        let mut claims = json!({
            "iss": self.issuer, "sub": subject.subject, "aud": subject.resource, "client_id": subject.client,
            "iat": now, "exp": now + self.settings.access, "jti": id, "scope": subject.scopes.to_string(),
            "orgId": subject.person.org, "userId": subject.person.user,
        });
        let mut set = |name: &str, value: Value| claims[name] = value;
        if let Some(role) = &subject.person.role {
            set("role", role.as_str().into());
        }
        if let Some(plan) = &subject.person.plan {
            set("plan", plan.as_str().into());
        }
        if let Some(key) = subject.key {
            set("cnf", json!({ "jkt": key }));
        }
        self.keys.sign(&claims)
    }
}
