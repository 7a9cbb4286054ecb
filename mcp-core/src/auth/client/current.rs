//! The token in use.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::HeaderValue;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use url::Url;

use super::credentials::now;
use super::dpop::{self, Proofs};
use super::store::{Grant, Kind};
use super::{AuthError, Secret};

/// A token is renewed this long before its end.
const EARLY: u64 = 30;
/// Answers to what was sent with the token before come this late at most.
const LATE: Duration = Duration::from_secs(60);
/// So old, a token may have ended unseen.
const FRESH: Duration = Duration::from_secs(60);

/// Where a token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Stored,
    Refreshed,
    Issued,
}

/// A token, ready to be sent.
pub(super) struct Current {
    access: Secret,
    header: HeaderValue,
    kind: Kind,
    expires_at: Option<u64>,
    renew_at: Option<u64>,
    pub(super) origin: Origin,
    since: Instant,
    /// Whether the server took it once.
    accepted: AtomicBool,
}

impl Current {
    /// None if there is no token in the grant, or none that a header can hold.
    pub(super) fn of(grant: &Grant, origin: Origin) -> Option<Self> {
        let access = grant.access.clone()?;
        let scheme = match grant.kind {
            Kind::Bearer => "Bearer",
            Kind::DPoP => "DPoP",
        };
        let mut header = HeaderValue::try_from(format!("{scheme} {}", access.expose())).ok()?;
        header.set_sensitive(true);
        // Short lives are not spent on renewing.
        let early = |at: u64| EARLY.min(at.saturating_sub(now()) / 10);
        let renew_at = grant.expires_at.map(|at| at.saturating_sub(early(at)));
        let (since, accepted) = (Instant::now(), AtomicBool::new(false));
        let (kind, expires_at) = (grant.kind, grant.expires_at);
        Some(Self { access, header, kind, expires_at, renew_at, origin, since, accepted })
    }

    pub(super) fn is_due(&self) -> bool {
        self.renew_at.is_some_and(|at| at <= now())
    }

    pub(super) fn is_over(&self) -> bool {
        self.expires_at.is_some_and(|at| at <= now())
    }

    pub(super) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Whether another token of this kind would fare no better: the server never took it, although it was
    /// got just now or for the very request.
    pub(super) fn is_fresh(&self, again: bool) -> bool {
        !self.accepted.load(Ordering::Relaxed) && (again || self.since.elapsed() < FRESH)
    }

    /// Puts the token on a request, with a proof if it is bound to a key.
    pub(super) fn put(
        &self,
        method: &Method,
        url: &Url,
        proofs: Option<&Proofs>,
        headers: &mut HeaderMap,
    ) -> Result<(), AuthError> {
        headers.insert(AUTHORIZATION, self.header.clone());
        if let (Kind::DPoP, Some(proofs)) = (self.kind, proofs) {
            headers.insert(dpop::PROOF, proofs.proof(method, url, Some(&self.access))?);
        }
        Ok(())
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("kind", &self.kind)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Requests on their way: an answer does not say which token it is about.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    open: u32,
    /// Requests that were on their way when the token changed.
    late: u32,
    changed: Option<Instant>,
}

impl Traffic {
    pub(super) const fn sent(&mut self) {
        self.open = self.open.saturating_add(1);
    }

    pub(super) const fn answered(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// The token was replaced.
    pub(super) fn changed(&mut self) {
        self.late = std::mem::take(&mut self.open);
        self.changed = Some(Instant::now());
    }

    /// Whether a first answer may be about the token before, so that the same request with the new one may
    /// do. True at most once for each request that was on its way.
    pub(super) fn take_late(&mut self) -> bool {
        let late = self.late > 0 && self.changed.is_some_and(|at| at.elapsed() < LATE);
        if late {
            self.late -= 1;
        }
        late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_answers_are_counted() {
        let mut traffic = Traffic::default();
        for _ in 0..3 {
            traffic.sent();
        }
        traffic.answered();
        assert!(!traffic.take_late());
        traffic.changed();
        assert!(traffic.take_late() && traffic.take_late() && !traffic.take_late());
        traffic.answered();
        traffic.changed();
        assert!(!traffic.take_late());
    }

    #[test]
    fn short_tokens_live_until_near_their_end() {
        let current = |lifetime: u64| {
            let grant = Grant {
                issuer: "https://a".into(),
                client: None,
                resource: "https://r".into(),
                scopes: Vec::new(),
                kind: Kind::Bearer,
                access: Some("hunter2".into()),
                expires_at: Some(now() + lifetime),
                refresh: None,
            };
            Current::of(&grant, Origin::Issued).unwrap()
        };
        assert!(current(0).is_due() && current(0).is_over());
        assert!(!current(60).is_due() && !current(3600).is_due());
        assert!(!format!("{:?}", current(60)).contains("hunter2"));
        let mut current = current(3600);
        assert!(current.is_fresh(false) && current.is_fresh(true));
        current.since = Instant::now().checked_sub(FRESH).unwrap();
        assert!(!current.is_fresh(false) && current.is_fresh(true));
        current.accept();
        assert!(!current.is_fresh(true));
    }
}
