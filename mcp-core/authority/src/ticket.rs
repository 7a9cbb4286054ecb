//! What a person is asked, sealed so that the form can carry it: nothing is kept while they think.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::Internal;
use crate::scope::Scopes;

const LONGEST: usize = 32 * 1024;

/// A request for authorization that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    pub(crate) scopes: Scopes,
    pub(crate) resource: String,
    pub(crate) challenge: String,
    /// The name of the key that the code is bound to.
    pub(crate) key: Option<String>,
    /// The SHA-256 of the cookie of the browser that asked: no other may answer.
    pub(crate) browser: String,
    pub(crate) expires: u64,
}

/// Seals tickets. It lives as long as the process: after a restart people start again.
pub(crate) struct TicketKey(hmac::Key);

impl TicketKey {
    pub(crate) fn new() -> Result<Self, Internal> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        key.map(Self).map_err(|_| Internal::Random)
    }

    pub(crate) fn seal(&self, ticket: &Ticket) -> String {
        // INVARIANT: a ticket has no maps with keys that are not text, so that it can be written.
        let body = serde_json::to_vec(ticket).unwrap_or_default();
        let tag = hmac::sign(&self.0, &body);
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&body), URL_SAFE_NO_PAD.encode(tag.as_ref()))
    }

    /// A ticket of ours that has not expired.
    pub(crate) fn open(&self, text: &str, now: u64) -> Option<Ticket> {
        if text.len() > LONGEST {
            return None;
        }
        let (body, tag) = text.split_once('.')?;
        let (body, tag) = (URL_SAFE_NO_PAD.decode(body).ok()?, URL_SAFE_NO_PAD.decode(tag).ok()?);
        hmac::verify(&self.0, &body, &tag).ok()?;
        let ticket: Ticket = serde_json::from_slice(&body).ok()?;
        (now < ticket.expires).then_some(ticket)
    }
}

impl std::fmt::Debug for TicketKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TicketKey")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            client: "app".into(),
            redirect_uri: "https://a.example/cb".into(),
            state: Some("s".into()),
            scopes: Scopes::parse("a b").unwrap(),
            resource: "https://mcp.example/mcp".into(),
            challenge: "c".into(),
            key: None,
            browser: "b".into(),
            expires: 100,
        }
    }

    #[test]
    fn a_ticket_comes_back_until_it_expires() {
        let key = TicketKey::new().unwrap();
        let sealed = key.seal(&ticket());
        assert_eq!(key.open(&sealed, 99), Some(ticket()));
        assert_eq!(key.open(&sealed, 100), None);
        assert_eq!(TicketKey::new().unwrap().open(&sealed, 99), None);
    }

    proptest! {
        #[test]
        fn a_changed_ticket_is_none(at in 0usize..200, with in "[A-Za-z0-9_.-]") {
            let key = TicketKey::new().unwrap();
            let sealed = key.seal(&ticket());
            let at = at % sealed.len();
            let changed = format!("{}{with}{}", &sealed[..at], &sealed[at + 1..]);
            prop_assume!(changed != sealed);
            prop_assert_eq!(key.open(&changed, 99), None);
        }

        #[test]
        fn no_text_breaks_the_reader(text in "\\PC*") {
            prop_assert_eq!(TicketKey::new().unwrap().open(&text, 0), None);
        }
    }
}
