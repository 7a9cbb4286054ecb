//! Credentials that were refused before any layer ran.

use super::Edge;
use crate::audit::RefusedLogin;

impl Edge {
    /// Counts and audits refused credentials. [`guard`](Self::guard) does it for those of `mcp_core::auth::server`; this is for others.
    /// `kind` is one of few words.
    pub fn login_refused(&self, kind: &str, refused: &RefusedLogin<'_>) {
        self.0.refused_logins.with(&[kind]).increment();
        if let Some(audit) = &self.0.audit {
            // The request is refused whether the entry is kept or not.
            drop(audit.append_refused_login(refused));
        }
    }
}
